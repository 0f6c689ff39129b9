package devpg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func start(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Dir: dir, Test: true, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// run executes SQL and gives the first value of the last row.
func run(t *testing.T, s *Server, sql string) (got string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.DSN(Database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if err := c.QueryRow(t.Context(), sql).Scan(&got); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return got
}

// open is a folder that every user of the computer may enter; t.TempDir is one
// that root alone may.
func open(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not in time: %s", what)
}

// A first start, a second starter, a clean stop, a later start.
func TestLife(t *testing.T) {
	dir := open(t)
	first := start(t, dir)
	if first.Adopted || first.PID() == 0 {
		t.Fatal("the first starter does not own its server")
	}
	run(t, first, "create table kept as select 'yes' as answer")

	second := start(t, dir)
	if !second.Adopted {
		t.Fatal("the second starter started another server")
	}
	second.Stop()
	if got := run(t, first, "select answer from kept"); got != "yes" {
		t.Fatal("who adopted a server stopped it")
	}

	pid := first.PID()
	first.Stop()
	first.Stop() // a second time does nothing
	if syscall.Kill(pid, 0) == nil {
		t.Fatal("the server outlives its stop")
	}
	third := start(t, dir)
	if third.Adopted {
		t.Fatal("a server that was stopped is adopted")
	}
	if got := run(t, third, "select answer from kept"); got != "yes" {
		t.Fatal("the data is gone")
	}
	if log := third.logged(); strings.Contains(log, "not properly shut down") {
		t.Fatalf("the stop was not clean:\n%s", log)
	}
}

func TestRecoversFromKill(t *testing.T) {
	s := start(t, t.TempDir())
	run(t, s, "create table kept as select 'yes' as answer")
	run(t, s, "checkpoint")
	before := s.PID()
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is started again", func() bool { p := s.PID(); return p != 0 && p != before })
	eventually(t, "it answers", func() bool { return s.answers(t.Context()) == nil })
	if got := run(t, s, "select answer from kept"); got != "yes" {
		t.Fatal("the data is gone")
	}
}

// A program that is killed takes its server with it, or leaves one that the next
// start stops: either way the next start owns a server with the data.
func TestStarterIsKilled(t *testing.T) {
	dir := open(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperStarter$")
	cmd.Env = append(os.Environ(), "DEVPG_STARTER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanf(out, "pid %d\n", &pid); err != nil || pid == 0 {
		t.Fatalf("the helper did not start a server: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	s := start(t, dir)
	if s.Adopted || s.PID() == pid {
		t.Fatal("the next starter does not own its server")
	}
	if syscall.Kill(pid, 0) == nil {
		t.Fatal("the old server is still there")
	}
	if got := run(t, s, "select answer from kept"); got != "yes" {
		t.Fatal("the data is gone")
	}
}

// TestHelperStarter is the other program of TestStarterIsKilled.
func TestHelperStarter(t *testing.T) {
	dir := os.Getenv("DEVPG_STARTER")
	if dir == "" {
		return
	}
	s := start(t, dir)
	run(t, s, "create table kept as select 'yes' as answer")
	fmt.Fprintf(os.Stdout, "pid %d\n", s.PID())
	time.Sleep(time.Minute)
}

func TestStalePIDFile(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	data := s.data
	s.Stop()
	// After a crash of the computer the number may be anybody's, such as ours.
	if err := os.WriteFile(filepath.Join(data, "postmaster.pid"), fmt.Appendf(nil, "%d\n%s\n", os.Getpid(), data), 0o644); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
}

// Programs of tests that run at the same time each have their own server.
func TestStartTestIsAlone(t *testing.T) {
	root := t.TempDir()
	t.Cleanup(func() { _ = os.RemoveAll(testDir(root)) })
	a, err := StartTest(t.Context(), root, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Stop)
	b, err := StartTest(t.Context(), root, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	if a.Adopted || b.Adopted || a.sock == b.sock {
		t.Fatal("two servers of tests are one")
	}
}

func TestRootOnlyFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not run: only root has such folders")
		return
	}
	dir := t.TempDir()
	s := start(t, dir)
	if got := run(t, s, "select 'up'"); got != "up" {
		t.Fatal(got)
	}
	if !s.as.namespace && strings.HasPrefix(s.data, dir) {
		t.Fatal("Postgres entered a folder that is closed to it")
	}
}

func TestNoBinaries(t *testing.T) {
	defer func(p []string) { places = p }(places)
	places = nil
	t.Setenv("PATH", t.TempDir())
	t.Setenv("PG_BIN", "")
	_, err := Start(t.Context(), Options{Dir: t.TempDir(), cache: t.TempDir()})
	if err == nil {
		t.Fatal("started without PostgreSQL")
	}
	for _, want := range []string{"no PostgreSQL was found", "15 or newer", "npm is not installed", "Install it", "PG_BIN", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s in: %v", want, err)
		}
	}

	t.Setenv("PG_BIN", "/nowhere")
	if _, err = Start(t.Context(), Options{Dir: t.TempDir(), cache: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "PG_BIN is /nowhere") {
		t.Errorf("a wrong PG_BIN gave: %v", err)
	}

	// Data of a version that is not here is never thrown away.
	t.Setenv("PG_BIN", "")
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "pg", "99"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pg", "99", "PG_VERSION"), []byte("99\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err = Start(t.Context(), Options{Dir: dir, cache: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "made by PostgreSQL 99") {
		t.Errorf("data of another version gave: %v", err)
	}
}

func TestHydrate(t *testing.T) {
	dir := t.TempDir()
	lib := filepath.Join(dir, "native", "lib")
	if err := os.MkdirAll(lib, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lib, "libpq.so.5.18"), []byte("library"), 0o644); err != nil {
		t.Fatal(err)
	}
	write := func(links ...map[string]string) {
		b, err := json.Marshal(links)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "native", "pg-symlinks.json"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(map[string]string{"source": "native/lib/libpq.so.5.18", "target": "native/lib/libpq.so.5"})
	for range 2 { // again is no mistake
		if err := hydrate(dir); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(filepath.Join(lib, "libpq.so.5")); err != nil || !bytes.Equal(b, []byte("library")) {
		t.Fatalf("%s %v", b, err)
	}
	write(map[string]string{"source": "native/lib/libpq.so.5.18", "target": "../../evil"})
	if err := hydrate(dir); err == nil {
		t.Fatal("a link leaves the package")
	}
}
