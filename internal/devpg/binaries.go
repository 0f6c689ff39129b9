package devpg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldest is the oldest major version whose SQL Tidings may use.
const oldest = 15

// binaries is a folder with postgres and initdb of one major version.
type binaries struct {
	dir   string
	major int
}

// places are where systems keep PostgreSQL: Debian, Red Hat, Alpine, Homebrew
// on Arm and Intel, Postgres.app, MacPorts, Linuxbrew.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/usr/libexec/postgresql*",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/opt/local/lib/postgresql*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
}

// finder looks for PostgreSQL on this computer, and fetches one if there is none.
type finder struct {
	cache   string // folder of fetched binaries
	private bool   // look into the cache only
	log     *slog.Logger
}

// findFor finds binaries for data that is already there, or the newest.
func (f *finder) findFor(ctx context.Context, majors []int) (binaries, error) {
	if len(majors) == 0 {
		return f.find(ctx, 0)
	}
	var first error
	for _, m := range majors {
		b, err := f.find(ctx, m)
		if err == nil {
			return b, nil
		}
		if first == nil {
			first = err
		}
	}
	return binaries{}, first
}

// find gives binaries of the major version want; 0 takes any that is new enough.
func (f *finder) find(ctx context.Context, want int) (binaries, error) {
	dirs, err := f.candidates(ctx)
	if err != nil {
		return binaries{}, err
	}
	for _, dir := range dirs {
		if b, err := look(ctx, dir); err == nil && b.major >= oldest && (want == 0 || want == b.major) {
			return b, nil
		}
	}
	if want != 0 && want != fetchedMajor {
		return binaries{}, fmt.Errorf("the database here was made by PostgreSQL %d, which is not on this computer any more: "+
			"install it, say where it is with PG_BIN, or move the folder away to begin with an empty database", want)
	}
	dir, err := f.fetch(ctx)
	if err != nil {
		return binaries{}, fmt.Errorf("no PostgreSQL was found on this computer (%d or newer is needed) and fetching one did not work: %w. "+
			"Install it (Debian: apt-get install postgresql; macOS: brew install postgresql@17), say where it is with PG_BIN, "+
			"or set DATABASE_URL to one that runs", oldest, err)
	}
	return look(ctx, dir)
}

// candidates are folders that may hold PostgreSQL, the best first.
func (f *finder) candidates(ctx context.Context) ([]string, error) {
	if f.private {
		return []string{f.fetched()}, nil
	}
	if dir := os.Getenv("PG_BIN"); dir != "" {
		b, err := look(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("PG_BIN is %s, where no PostgreSQL runs: %w", dir, err)
		}
		if b.major < oldest {
			return nil, fmt.Errorf("PG_BIN is %s, which holds PostgreSQL %d: %d or newer is needed", dir, b.major, oldest)
		}
		return []string{dir}, nil
	}
	var dirs []string
	for _, pattern := range places {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(found, func(a, b string) int { return number(b) - number(a) })
		dirs = append(dirs, found...)
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	return append(dirs, f.fetched()), nil
}

var digits = regexp.MustCompile(`\d+`)

// number is the version in a path such as /usr/lib/postgresql/15/bin.
func number(path string) int {
	n, _ := strconv.Atoi(digits.FindString(path)) // no number: 0, the oldest
	return n
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// look asks the PostgreSQL in a folder for its version.
func look(ctx context.Context, dir string) (binaries, error) {
	if dir == "" {
		return binaries{}, errors.New("no folder")
	}
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return binaries{}, fmt.Errorf("%s --version: %w: %s", cmd.Path, err, strings.TrimSpace(string(out)))
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return binaries{}, fmt.Errorf("%s --version says %q", cmd.Path, out)
	}
	major, err := strconv.Atoi(string(m[1]))
	return binaries{dir: dir, major: major}, err
}
