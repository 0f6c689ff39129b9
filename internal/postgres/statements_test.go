package postgres_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tidings/internal/postgres/pgtest"
)

// Every statement of this package can be prepared on the newest schema, as the
// role that runs it. Statements that are put together at run time are counted,
// so that they do not become many unseen.
func TestStatementsPrepare(t *testing.T) {
	conn, err := pgx.Connect(t.Context(), pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "set role tidings_platform"); err != nil {
		t.Fatal(err)
	}
	s := statements(t)
	for sql, at := range s.whole {
		if _, err := conn.Prepare(t.Context(), "", sql); err != nil {
			t.Errorf("%s: %v\n%s", at, err, sql)
		}
	}
	if n := len(s.whole); n < 150 || s.pieces > n/10 {
		t.Errorf("%d statements were prepared and %d are put together at run time", n, s.pieces)
	}
}

type found struct {
	whole  map[string]string // statement to where it stands
	pieces int
}

var statement = regexp.MustCompile(`^\s*(select|insert|update|delete|with)\s`)

// statements reads the package's own source: constant strings that begin as a
// statement does, with the constants they are made of put in.
func statements(t *testing.T) found {
	t.Helper()
	places := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(places, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	known := constants(files)
	out := found{whole: map[string]string{}}
	each(files, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			return false // a piece, seen where it is put in
		}
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		sql, whole, is := fold(e, known)
		switch {
		case !is:
			return true
		case !statement.MatchString(sql):
		case whole:
			out.whole[sql] = places.Position(n.Pos()).String()
		default:
			out.pieces++
		}
		return false
	})
	return out
}

func each(files []*ast.File, fn func(ast.Node) bool) {
	for _, f := range files {
		ast.Inspect(f, fn)
	}
}

// constants are the strings that have a name.
func constants(files []*ast.File) map[string]string {
	out := map[string]string{}
	for range 3 { // one may be made of another
		each(files, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
				for i, name := range v.Names {
					if s, whole, is := fold(v.Values[i], out); is && whole {
						out[name.Name] = s
					}
				}
			}
			return true
		})
	}
	return out
}

// fold is what a string expression says; whole reports whether all of it is known.
func fold(e ast.Expr, known map[string]string) (s string, whole, is bool) {
	switch x := e.(type) {
	case *ast.BasicLit:
		if x.Kind != token.STRING {
			return "", false, false
		}
		s, err := strconv.Unquote(x.Value)
		return s, err == nil, err == nil
	case *ast.Ident:
		s, is = known[x.Name]
		return s, is, is
	case *ast.BinaryExpr:
		if x.Op != token.ADD {
			return "", false, false
		}
		a, wholeA, isA := fold(x.X, known)
		b, wholeB, _ := fold(x.Y, known)
		return a + b, wholeA && wholeB, isA
	}
	return "", false, false
}
