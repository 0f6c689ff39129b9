package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/config"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
)

// program is the whole of Tidings, as `make run` starts it, on a database of
// the test's own and with a clock that the test sets back.
type program struct {
	t    *testing.T
	url  string
	dir  string
	app  *app.App
	late atomic.Int64 // nanoseconds by which its clock is behind
	log  syncBuffer
	stop func()
}

func start(t *testing.T) *program {
	t.Helper()
	p := &program{t: t, dir: t.TempDir()}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	c := &config.Config{
		Command: config.Dev, Role: config.All, Listen: "127.0.0.1:0", CarrierListen: "127.0.0.1:0", DataDir: p.dir,
		DatabaseURL: pgtest.Fresh(t), Secret: bytes.Repeat([]byte("tidings!"), 4),
	}
	log := slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	l, err := listen(ctx, c.Listen)
	if err != nil {
		t.Fatal(err)
	}
	stopCarrier, err := carrier(ctx, c, log)
	if err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(ctx, c.DatabaseURL, 24)
	if err != nil {
		t.Fatal(err)
	}
	p.app = newApp(c, db, log)
	p.app.Now = p.now
	if err := p.app.Seed(ctx, app.SeedOptions{}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- work(ctx, c, p.app, l, log) }()
	p.url = "http://" + l.Addr().(*net.TCPAddr).String()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("it stopped with %v", err)
		}
		stopCarrier()
		db.Close()
	})
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("its log:\n%s", p.log.String())
		}
	})
	return p
}

func (p *program) now() time.Time { return time.Now().Add(-time.Duration(p.late.Load())) }

// before sets the clock back to so much before a full minute, which it
// returns: a date cannot be chosen to the second, and a test should not wait.
func (p *program) before(d time.Duration) time.Time {
	now := p.now()
	minute := now.Truncate(time.Minute)
	p.late.Add(int64(now.Sub(minute) + d))
	return minute
}

// check asks the invariants, as `tidings check` does.
func (p *program) check() {
	p.t.Helper()
	var out bytes.Buffer
	if err := check(context.WithoutCancel(p.t.Context()), p.app, &out); err != nil {
		p.t.Errorf("%v: %s", err, out.String())
	}
}

// seen is one line of the witness: what the carrier saw, whatever the program believes.
type seen struct {
	Event   string
	Time    time.Time
	From    string
	To      string
	Text    string
	Outcome string
}

// witness reads the submits so far.
func (p *program) witness() (out []seen) {
	p.t.Helper()
	f, err := os.Open(filepath.Join(p.dir, "carrier.jsonl"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var s seen
		if json.Unmarshal(lines.Bytes(), &s) == nil && s.Event == "submit" {
			out = append(out, s)
		}
	}
	return out
}

// syncBuffer is a log that many goroutines write.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
