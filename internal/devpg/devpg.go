// Package devpg runs a Postgres of its own, for `make run` and `make test`:
// nothing to install, no port, no password, gone when the program ends.
//
// The server listens on a unix socket in a folder that only its user can enter.
// Whoever starts first owns the server; who comes second, on the same folder,
// uses it (adopts it) and never stops it. For production set DATABASE_URL.
package devpg

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	superuser = "tidings"
	// Database is the database that every server has.
	Database = "tidings"
	// patience is how long a server may take to come up, recovery included.
	patience = 60 * time.Second
	// sockets is how the path of every socket's folder begins.
	sockets = "/tmp/pg-"
)

// Options says which server to start.
type Options struct {
	Dir  string       // everything is kept below it: the data in Dir/pg/<major version>
	Test bool         // fast and forgetful: a crash of the machine may lose everything
	Log  *slog.Logger // nil: silent

	// Settings are further settings of Postgres, by name.
	Settings map[string]string

	alone bool   // give errLocked where somebody else owns the folder
	cache string // folder of fetched binaries; empty: .cache/pg of the module, else Dir/cache
}

// Server is a running Postgres.
type Server struct {
	Adopted bool // somebody else started it, and will stop it

	opts    Options
	log     *slog.Logger
	home    string // Dir/pg, absolute, without links
	sock    string // folder of the socket
	data    string // folder of the database files, named after the major version
	bin     binaries
	as      identity
	release func() // gives the folder back to the next starter

	mu       sync.Mutex
	process  *os.Process // nil between two lives
	begun    bool
	stopping bool
	done     chan struct{} // closed when the server has ended for good
}

// Start gives a server that answers: its own, or the one that is already running
// in the folder. ctx limits the start only; the server runs until Stop, or until
// this process ends. The error is a sentence for people.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{opts: o, log: o.Log, done: make(chan struct{})}
	if err := s.settle(); err != nil {
		return nil, fmt.Errorf("keep a database in %s: %w", o.Dir, err)
	}
	owner, err := s.ownOrAdopt(ctx)
	if err != nil {
		return nil, err
	}
	if owner {
		err = s.start(ctx)
	} else {
		s.Adopted = true
		err = s.Create(ctx, Database) // its owner may be about to
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

// settle finds the server's places. The socket's path must be short (107 bytes;
// 103 on macOS), so it is never below Dir.
func (s *Server) settle() error {
	home, err := filepath.Abs(filepath.Join(s.opts.Dir, "pg"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	if s.home, err = filepath.EvalSymlinks(home); err != nil {
		return err
	}
	s.sock = fmt.Sprintf("%s%x", sockets, sha256.Sum256([]byte(s.home)))[:len(sockets)+12]
	return nil
}

// ownOrAdopt waits until the folder is ours or its server answers.
func (s *Server) ownOrAdopt(ctx context.Context) (owner bool, err error) {
	path := filepath.Join(s.home, "lock")
	for said := false; ; {
		release, err := lock(path)
		if err == nil {
			s.release = sync.OnceFunc(release)
			return true, nil
		}
		if s.opts.alone && errors.Is(err, errLocked) {
			return false, err
		}
		if !errors.Is(err, errLocked) {
			return false, fmt.Errorf("keep a database in %s: %w", s.opts.Dir, err)
		}
		if s.answers(ctx) == nil {
			s.log.Info("using the database that is already running", "dir", s.home)
			return false, nil
		}
		if !said {
			s.log.Info("waiting for the database that is starting or stopping", "dir", s.home)
			said = true
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("wait for the database in %s, which somebody else starts or stops: %w", s.opts.Dir, ctx.Err())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// start prepares the folder and starts Postgres in it. The folder is ours.
func (s *Server) start(ctx context.Context) error {
	began := time.Now()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := s.endOrphan(ctx); err != nil {
		return err
	}
	if err := s.initialize(ctx); err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	if err := s.Create(ctx, Database); err != nil {
		return err
	}
	s.log.Debug("database started", "version", s.bin.major, "bin", s.bin.dir, "data", s.data, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// DSN is the address of one database of the server.
func (s *Server) DSN(db string) string {
	return fmt.Sprintf("host=%s port=5432 user=%s dbname=%s sslmode=disable", s.sock, superuser, db)
}

// PID is the process of the server: 0 while there is none, or if it is adopted.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Pid
}

// Stop ends the server, clean, and waits for it. An adopted server goes on.
func (s *Server) Stop() {
	if s.Adopted {
		return
	}
	s.mu.Lock()
	s.stopping = true
	p, begun := s.process, s.begun
	s.mu.Unlock()
	if begun {
		end(p, s.done)
		_ = os.Remove(s.sock)
	}
	s.release()
}
