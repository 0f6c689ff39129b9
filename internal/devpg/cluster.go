package devpg

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// prepare chooses the binaries, whom to run as, and the data folder.
func (s *Server) prepare(ctx context.Context) error {
	f := &finder{cache: cmp.Or(s.opts.cache, defaultCache(s.opts.Dir)), log: s.log}
	majors := slices.Concat(existing(s.home), existing(s.refuge()))
	var err error
	if s.bin, err = f.findFor(ctx, majors); err != nil {
		return err
	}
	s.data = filepath.Join(s.home, strconv.Itoa(s.bin.major))
	var ok bool
	s.as, ok = identify(s.home, s.bin.dir)
	if ok && s.as.namespace && !s.runs(ctx) {
		ok = false
	}
	if ok {
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("the user this runs as has no name on this computer, and PostgreSQL refuses such a user: add one (useradd), or set DATABASE_URL")
	}
	return s.moveOut(ctx, f)
}

// refuge is where the data lives when Postgres cannot enter our folder.
func (s *Server) refuge() string {
	return fmt.Sprintf("/var/tmp/tidings-pg-%x", sha256.Sum256([]byte(s.home)))[:len("/var/tmp/tidings-pg-")+12]
}

// moveOut is for root in a folder that only root can enter, on a computer that
// allows no user namespaces.
func (s *Server) moveOut(ctx context.Context, f *finder) error {
	home := s.refuge()
	if err := os.MkdirAll(home, 0o755); err != nil {
		return fmt.Errorf("keep a database in %s: %w", home, err)
	}
	if uid, err := uidOf(home); err != nil || uid != 0 {
		return fmt.Errorf("%s belongs to somebody else; remove it", home)
	}
	users := unprivileged()
	if len(users) == 0 {
		return errors.New("PostgreSQL refuses to run as root, and this computer has no user postgres, nobody or daemon: add one (useradd postgres), or set DATABASE_URL")
	}
	s.as = users[0]
	if !s.as.reaches(s.bin.dir) {
		f.cache, f.private = filepath.Join(home, "cache"), true
		var err error
		if s.bin, err = f.findFor(ctx, existing(home)); err != nil {
			return err
		}
	}
	s.data = filepath.Join(home, strconv.Itoa(s.bin.major))
	s.log.Info("only root can enter the folder, so the database is kept elsewhere", "dir", s.opts.Dir, "data", s.data)
	return nil
}

// runs reports whether Postgres can be started as the identity at all.
func (s *Server) runs(ctx context.Context) bool {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin.dir, "postgres"), "--version")
	cmd.Env, cmd.SysProcAttr = environment(), s.as.attributes()
	return cmd.Run() == nil
}

// existing lists the major versions that have data in home, the one used last
// first.
func existing(home string) []int {
	type found struct {
		major int
		used  time.Time
	}
	var all []found
	entries, _ := os.ReadDir(home)
	for _, e := range entries {
		major, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		data := filepath.Join(home, e.Name())
		if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err != nil {
			continue
		}
		f := found{major: major}
		if info, err := os.Stat(filepath.Join(data, "postmaster.opts")); err == nil { // written at each start
			f.used = info.ModTime()
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Or(b.used.Compare(a.used), b.major-a.major) })
	out := make([]int, len(all))
	for i, f := range all {
		out[i] = f.major
	}
	return out
}

// initialize makes the folders what Postgres asks for: the data folder, at the
// first start, under another name until it is whole.
func (s *Server) initialize(ctx context.Context) error {
	if err := s.as.private(s.sock); err != nil {
		return fmt.Errorf("make the folder of the database's socket: %w", err)
	}
	if _, err := os.Stat(filepath.Join(s.data, "PG_VERSION")); err == nil {
		return s.as.own(s.data)
	}
	fresh := s.data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	if err := s.as.private(fresh); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin.dir, "initdb"),
		"-D", fresh, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = filepath.Dir(s.data), environment(), s.as.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make the database with %s: %w: %s", cmd.Path, err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(fresh, s.data); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	return nil
}
