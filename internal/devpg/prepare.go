package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// identity is as whom Postgres runs: it refuses root.
type identity struct {
	uid, gid  int
	other     bool // somebody else than we are: root becomes postgres or nobody
	namespace bool // root looks like nobody to it, its files stay root's
}

// attributes start a process as that identity, in a group of its own: the
// terminal's ^C is ours first.
func (i identity) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	switch {
	case i.namespace:
		namespace(a)
	case i.other:
		a.Credential = &syscall.Credential{Uid: uint32(i.uid), Gid: uint32(i.gid)}
	}
	return a
}

// give makes a folder the identity's, and everything in it.
func (i identity) give(path string) error {
	if !i.other {
		return nil
	}
	return filepath.Walk(path, func(p string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, i.uid, i.gid)
	})
}

// identityFor chooses as whom to run what is in these folders.
func identityFor(dirs ...string) (identity, error) {
	if os.Geteuid() != 0 {
		return identity{}, nil
	}
	for _, d := range dirs {
		if !reachable(d) {
			return identity{namespace: true}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody", "daemon"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid != 0 {
			return identity{uid: uid, gid: gid, other: true}, nil
		}
	}
	return identity{}, errors.New("refusing to run Postgres as root, and there is no user postgres, nobody or daemon to run it as")
}

// reachable reports whether anybody may go into the folder.
func reachable(path string) bool {
	for p := path; ; p = filepath.Dir(p) {
		st, err := os.Stat(p)
		if err != nil || st.Mode().Perm()&0o001 == 0 {
			return false
		}
		if p == filepath.Dir(p) {
			return true
		}
	}
}

// prepare finds the binaries, decides as whom they run, and makes the folders.
func (s *Server) prepare(ctx context.Context) error {
	f := &finder{cache: s.opts.cache, major: s.existing(), say: func(text string) { s.log.Info(text) }}
	if f.cache == "" {
		f.cache = cacheDir(s.opts.Dir)
	}
	find := s.opts.bins
	if find == nil {
		find = func(ctx context.Context, f *finder) (binaries, error) { return f.find(ctx) }
	}
	var err error
	if s.bin, err = find(ctx, f); err != nil {
		return err
	}
	s.data = filepath.Join(s.home, strconv.Itoa(s.bin.major))
	bin, err := filepath.EvalSymlinks(s.bin.dir)
	if err != nil {
		return err
	}
	if s.as, err = identityFor(s.home, bin); err != nil {
		return err
	}
	return s.makeSocketFolder()
}

func (s *Server) makeSocketFolder() error {
	if err := os.MkdirAll(s.sock, 0o700); err != nil {
		return fmt.Errorf("make the folder of the socket: %w", err)
	}
	st, err := os.Lstat(s.sock)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return fmt.Errorf("%s is no folder: remove it", s.sock)
	}
	if err := s.as.give(s.sock); err != nil {
		return err
	}
	return os.Chmod(s.sock, 0o700)
}

// existing is the major version of the data that is there; 0 for none.
func (s *Server) existing() int {
	found, _ := filepath.Glob(filepath.Join(s.home, "*", "PG_VERSION"))
	newest := 0
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if n, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && n > newest {
			newest = n
		}
	}
	return newest
}

// cacheDir is .cache/pg beside the nearest go.mod, or below dir.
func cacheDir(dir string) string {
	at, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, ".cache", "pg")
		}
		if at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	return filepath.Join(dir, "cache")
}

// initialize makes the data folder, beside its place and then moved there, so
// that a kill leaves none that is half made.
func (s *Server) initialize(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.data, "PG_VERSION")); err == nil {
		return s.as.give(s.data)
	}
	fresh := s.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return err
	}
	if err := s.as.give(fresh); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin.dir, "initdb"), "-D", fresh, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = s.home, environment(), s.as.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a new database: %w: %s", err, lastLine(string(out)))
	}
	if err := os.RemoveAll(s.data); err != nil { // without PG_VERSION it holds nothing
		return err
	}
	return os.Rename(fresh, s.data)
}
