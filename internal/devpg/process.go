package devpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// forgetful are the settings of a server of tests.
var forgetful = map[string]string{
	"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off",
	"wal_level": "minimal", "max_wal_senders": "0", "max_connections": "200",
	"max_parallel_workers_per_gather": "0", "max_wal_size": "256MB", "min_wal_size": "32MB", "checkpoint_timeout": "1h",
}

// lasting are the settings of the server of `make run`: as durable as a real
// one, with fewer checkpoints than the default.
var lasting = map[string]string{
	"max_connections": "200", "shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "15min", "random_page_cost": "1.1",
}

func (s *Server) arguments() []string {
	args := []string{"-D", s.data, "-k", s.sock, "-c", "listen_addresses=", "-c", "unix_socket_permissions=0700", "-c", "TimeZone=UTC", "-c", "log_timezone=UTC"}
	sets := []map[string]string{lasting, s.opts.Settings}
	if s.opts.Test {
		sets[0] = forgetful
	}
	for _, set := range sets {
		for name, value := range set {
			args = append(args, "-c", name+"="+value)
		}
	}
	return args
}

// environment keeps the caller's own PG… variables and language away.
func environment() []string {
	return []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
}

// run starts Postgres and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	failed := make(chan error, 1)
	s.mu.Lock()
	s.begun = true
	s.mu.Unlock()
	go s.supervise(ctx, failed)
	for {
		if s.answers(ctx) == nil {
			return nil
		}
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			return fmt.Errorf("wait for Postgres to answer: %w: %s", ctx.Err(), s.lastWords())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// supervise starts Postgres, and starts it again if it ends though nobody
// stopped it: then it recovers by itself. It keeps its thread to the end: on
// Linux Postgres is told to stop when the thread that started it ends, so that
// no server outlives a program that was killed. starting limits the time in
// which a start may be tried again.
func (s *Server) supervise(starting context.Context, failed chan<- error) {
	runtime.LockOSThread()
	defer close(s.done)
	for quick := 0; ; {
		began := time.Now()
		err := s.live()
		s.mu.Lock()
		s.process = nil
		stopping := s.stopping
		s.mu.Unlock()
		switch {
		case stopping:
			return
		case s.heldByTheDead():
			// The children of a killed server take a moment to notice.
		case starting.Err() == nil, quick >= 20:
			s.log.Error("the database ended", "err", err, "log", s.lastWords())
			failed <- fmt.Errorf("start Postgres: %w: %s", err, s.lastWords())
			return
		default:
			s.log.Warn("the database ended and is started again", "err", err)
			if quick++; time.Since(began) > time.Minute {
				quick = 0
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// live is one life of the server process.
func (s *Server) live() error {
	out, err := s.openLog()
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	//nolint:noctx // it ends by Stop, in its own way, not when a context does
	cmd := exec.Command(filepath.Join(s.bin.dir, "postgres"), s.arguments()...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = filepath.Dir(s.data), environment(), out, out
	cmd.SysProcAttr = s.as.attributes()
	dieWithUs(cmd.SysProcAttr)
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		return nil
	}
	err = cmd.Start()
	s.process = cmd.Process
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return cmd.Wait()
}

// answers reports nil when the server takes connections.
func (s *Server) answers(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(s.sock, ".s.PGSQL.5432")); err != nil {
		return err
	}
	c, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// Create makes a database unless it is there.
func (s *Server) Create(ctx context.Context, db string) error {
	c, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("create the database %s: %w", db, err)
	}
	defer func() { _ = c.Close(ctx) }()
	var there bool
	if err := c.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", db).Scan(&there); err != nil || there {
		return err
	}
	_, err = c.Exec(ctx, "create database "+pgx.Identifier{db}.Sanitize())
	var pe *pgconn.PgError
	if errors.As(err, &pe) && (pe.Code == "42P04" || pe.Code == "23505") {
		return nil // somebody else did at the same moment
	}
	if err != nil {
		return fmt.Errorf("create the database %s: %w", db, err)
	}
	return nil
}

// end stops a server process: without waiting for its clients, then harder.
// ended is closed when it has been seen to end.
func end(p *os.Process, ended <-chan struct{}) {
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}} {
		if p != nil {
			_ = p.Signal(step.signal)
		}
		select {
		case <-ended:
			return
		case <-time.After(step.wait):
		}
	}
}

// endOrphan stops a server that a killed program left behind in our folder.
func (s *Server) endOrphan(ctx context.Context) error {
	pid := postmaster(s.data)
	if pid == 0 {
		return nil
	}
	alive, sure := isPostmaster(pid, s.data)
	if sure && !alive { // the number belongs to somebody else by now
		return os.Remove(filepath.Join(s.data, "postmaster.pid"))
	}
	if alive && !sure {
		alive = s.answers(ctx) == nil
	}
	if !alive {
		return nil
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("stop the database that was left behind: %w", err)
	}
	s.log.Info("stopping the database that was left behind", "pid", pid)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; i < 3000 && syscall.Kill(pid, 0) == nil; i++ {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	end(p, ended)
	return nil
}

// postmaster is the process number in the file that a running server keeps; 0
// without one.
func postmaster(data string) int {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 {
		return 0
	}
	return pid
}

func (s *Server) logPath() string { return filepath.Join(s.home, "postgres.log") }

// openLog begins a new log and keeps the one before.
func (s *Server) openLog() (*os.File, error) {
	_ = os.Rename(s.logPath(), s.logPath()+".before")
	return os.OpenFile(s.logPath(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
}

func (s *Server) logged() string {
	f, err := os.Open(s.logPath())
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	b, _ := io.ReadAll(io.LimitReader(f, 64<<10))
	return string(b)
}

// lastWords are the lines in which Postgres says why it ended.
func (s *Server) lastWords() string {
	lines := strings.Split(strings.TrimSpace(s.logged()), "\n")
	grave := slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		return !strings.Contains(l, "FATAL") && !strings.Contains(l, "PANIC") && !strings.Contains(l, "HINT")
	})
	if len(grave) == 0 {
		grave = lines
	}
	return strings.Join(grave[max(0, len(grave)-4):], " ")
}

// heldByTheDead reports whether Postgres refused because processes of a server
// that was killed have not all ended.
func (s *Server) heldByTheDead() bool { return strings.Contains(s.logged(), "is still in use") }
