package smpp

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// behaviours are B1 to B45, what an excellent client must do.
const behaviours = 45

var behaviour = regexp.MustCompile(`\bB([1-9]\d?)\b`)

// TestEveryBehaviourIsTested: each behaviour is named by a test, wherever it stands. With -v it
// prints which.
func TestEveryBehaviourIsTested(t *testing.T) {
	of := map[int][]string{}
	for _, dir := range []string{"internal", "cmd", "web"} {
		root := filepath.Join("..", "..", "..", dir)
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			return named(path, of)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var table strings.Builder
	for b := 1; b <= behaviours; b++ {
		if len(of[b]) == 0 {
			t.Errorf("no test names B%d", b)
		}
		fmt.Fprintf(&table, "B%d: %s\n", b, strings.Join(of[b], ", "))
	}
	t.Log("\n" + table.String())
}

// named adds the tests of a file by the behaviours that they name.
func named(path string, of map[int][]string) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		words := f.Doc.Text()
		for _, c := range file.Comments {
			if c.Pos() > f.Pos() && c.End() < f.End() {
				words += c.Text()
			}
		}
		for _, m := range behaviour.FindAllStringSubmatch(words, -1) {
			b, _ := strconv.Atoi(m[1])
			if !slices.Contains(of[b], f.Name.Name) {
				of[b] = append(of[b], f.Name.Name)
			}
		}
	}
	return nil
}
