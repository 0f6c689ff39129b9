// Command mutants breaks the protocol of the dispatch in every way that matters,
// one at a time, and demands that a named test notices: a guarantee whose loss no
// test sees is none.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// mutant is a fault, and who must notice it.
type mutant struct {
	name   string
	tests  tests
	plain  string // statements for the database of the tests
	sql    []text // of its functions: in is how their names begin
	code   []text // of the program: in is a pattern of files
	either bool   // some of sql is enough: the protocol has had more than one form
	same   bool   // the test brings the fault along, and succeeds when it is noticed
}

// tests names those that must fail.
type tests struct{ pkg, run string }

// text is what stands there, and what stands there in the mutant.
type text struct{ in, from, to string }

func main() {
	only := flag.String("run", "", "only mutants whose names match")
	flag.Parse()
	if err := run(context.Background(), *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(protocol), func(m mutant) bool { return !match.MatchString(m.name) })
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{dir: dir, built: map[string]string{}}
	if err := b.sound(ctx, chosen); err != nil {
		return err
	}
	alive := 0
	for _, m := range chosen {
		began := time.Now()
		how, err := b.try(ctx, m)
		if err != nil {
			alive++
			how = "NOT CAUGHT: " + err.Error()
		}
		fmt.Fprintf(os.Stdout, "%-52s %-36s %s (%.0f s)\n", m.name, m.tests.run, how, time.Since(began).Seconds())
	}
	if alive > 0 {
		return fmt.Errorf("%d of %d mutants live", alive, len(chosen))
	}
	fmt.Fprintf(os.Stdout, "%d mutants, each caught by its test.\n", len(chosen))
	return nil
}

// bench builds test programs and runs them.
type bench struct {
	dir   string
	built map[string]string // package without a fault to its test program
}

// sound demands that the tests succeed where nothing is broken.
func (b *bench) sound(ctx context.Context, ms []mutant) error {
	names := map[string][]string{}
	for _, m := range ms {
		if !m.same && !slices.Contains(names[m.tests.pkg], m.tests.run) {
			names[m.tests.pkg] = append(names[m.tests.pkg], m.tests.run)
		}
	}
	for pkg, all := range names {
		program, err := b.program(ctx, pkg)
		if err != nil {
			return err
		}
		if out, failed := b.test(ctx, program, tests{pkg, strings.Join(all, "|")}, ""); failed {
			return fmt.Errorf("a test fails where nothing is broken:\n%s", out)
		}
	}
	return nil
}

// try breaks one thing and says how it was noticed.
func (b *bench) try(ctx context.Context, m mutant) (how string, err error) {
	if m.same {
		program, err := b.program(ctx, m.tests.pkg)
		if err != nil {
			return "", err
		}
		if out, failed := b.test(ctx, program, m.tests, ""); failed {
			return "", errors.New(out)
		}
		return "caught", nil
	}
	program, err := b.program(ctx, m.tests.pkg)
	if len(m.code) > 0 {
		program, err = b.mutated(ctx, m)
	}
	if err != nil {
		return "", err
	}
	out, failed := b.test(ctx, program, m.tests, statements(m))
	switch {
	case strings.Contains(out, gone):
		return "", errors.New(out)
	case !failed:
		return "", errors.New("the test succeeds")
	case strings.Contains(out, "template of the test databases"):
		return "", fmt.Errorf("the fault could not be made:\n%s", out)
	case !strings.Contains(out, "--- FAIL: "):
		return "", fmt.Errorf("the test did not run:\n%s", out)
	}
	return "caught: " + reason(out), nil
}

// reason is the first thing that the test said.
func reason(out string) string {
	for line := range strings.Lines(out) {
		if _, says, ok := strings.Cut(line, "_test.go:"); ok {
			_, says, _ = strings.Cut(strings.TrimSpace(says), " ")
			return says[:min(len(says), 90)]
		}
	}
	return "it ended"
}

// program builds the tests of a package as they are.
func (b *bench) program(ctx context.Context, pkg string) (string, error) {
	if p, ok := b.built[pkg]; ok {
		return p, nil
	}
	p := filepath.Join(b.dir, filepath.Base(pkg)+".test")
	b.built[pkg] = p
	return p, build(ctx, "-o", p, pkg)
}

func build(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "go", append([]string{"test", "-c"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// mutated builds the tests with other texts in some files; the files stay as they are.
func (b *bench) mutated(ctx context.Context, m mutant) (string, error) {
	replace := map[string]string{}
	for i, t := range m.code {
		file, changed, err := change(t)
		if err != nil {
			return "", err
		}
		copied := filepath.Join(b.dir, fmt.Sprintf("mutant%d.go", i))
		if err := os.WriteFile(copied, []byte(changed), 0o600); err != nil {
			return "", err
		}
		replace[file] = copied
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.dir, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		return "", err
	}
	program := filepath.Join(b.dir, "mutant.test")
	return program, build(ctx, "-overlay", path, "-o", program, m.tests.pkg)
}

const gone = "the text is gone"

// change finds the one file in which the text stands, and gives it with the other.
func change(t text) (file, changed string, err error) {
	files, err := filepath.Glob(t.in)
	if err != nil {
		return "", "", err
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return "", "", err
		}
		if !strings.Contains(string(b), t.from) {
			continue
		}
		if file != "" {
			return "", "", fmt.Errorf("%q stands in %s and in %s", t.from, file, f)
		}
		if file, err = filepath.Abs(f); err != nil {
			return "", "", err
		}
		changed = strings.ReplaceAll(string(b), t.from, t.to)
	}
	if file == "" {
		return "", "", fmt.Errorf("%s: %q in %s", gone, t.from, t.in)
	}
	return file, changed, nil
}

// statements are those that break the database. A function is changed where the
// text stands; where it stands nowhere they fail.
func statements(m mutant) string {
	var b strings.Builder
	b.WriteString(m.plain)
	if len(m.sql) == 0 {
		return b.String()
	}
	b.WriteString("; do $mutant$ declare f record; n int := 0; total int := 0; begin\n")
	for _, t := range m.sql {
		fmt.Fprintf(&b, `n := 0;
for f in select pg_get_functiondef(p.oid) as words from pg_proc p
		where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.proname like %s loop
	if position(%s in f.words) > 0 then execute replace(f.words, %s, %s); n := n + 1; end if;
end loop;
total := total + n;
`, quote(t.in+"%"), quote(t.from), quote(t.from), quote(t.to))
		if !m.either {
			fmt.Fprintf(&b, "if n = 0 then raise '%s: %%', %s; end if;\n", gone, quote(t.from))
		}
	}
	fmt.Fprintf(&b, "if total = 0 then raise '%s'; end if;\nend $mutant$", gone)
	return strings.TrimPrefix(b.String(), "; ")
}

func quote(s string) string { return "$t$" + s + "$t$" }

// test runs tests of a program in the folder of their package.
func (b *bench) test(ctx context.Context, program string, t tests, fault string) (out string, failed bool) {
	cmd := exec.CommandContext(ctx, program, "-test.run", "^("+t.run+")$", "-test.timeout", "5m", "-test.count", "1")
	cmd.Dir = t.pkg
	cmd.Env = append(os.Environ(), "TIDINGS_TEST_FAULT="+fault) // pgtest.Fault
	words, err := cmd.CombinedOutput()
	return string(words), err != nil
}
