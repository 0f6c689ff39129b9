package torture

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is what is killed: the product, or a worker with a fault in it.
type program struct {
	path string
	args []string
	env  []string
}

// process is one life of a worker.
type process struct {
	cmd     *exec.Cmd
	pid     int
	log     string
	started time.Time
	killed  time.Time // by us; zero: it ended by itself, or lives
	ended   chan struct{}
}

// read is all it has logged.
func (p *process) read() string {
	b, _ := os.ReadFile(p.log)
	return string(b)
}

// said reports whether it has logged the words.
func (p *process) said(words string) bool {
	b, err := os.ReadFile(p.log)
	return err == nil && bytes.Contains(b, []byte(words))
}

// slot keeps one worker running, as a supervisor does: when it ends it is
// started again at once.
type slot struct {
	t       *testing.T
	program program
	dir     string
	name    string

	mu       sync.Mutex
	now      *process
	lives    []*process
	failed   int // ended by themselves: the database was away at the start
	stopping bool
	over     chan struct{}
}

func startSlot(t *testing.T, name string, p program) *slot {
	t.Helper()
	s := &slot{t: t, program: p, dir: t.TempDir(), name: name, over: make(chan struct{})}
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	go s.supervise()
	t.Cleanup(func() {
		s.mu.Lock()
		s.stopping = true
		p := s.now
		s.mu.Unlock()
		_ = p.cmd.Process.Kill()
		<-s.over
		if t.Failed() {
			s.lastWords()
		}
	})
	return s
}

func (s *slot) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &process{log: filepath.Join(s.dir, fmt.Sprintf("%d.log", len(s.lives))), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	p.cmd = exec.Command(s.program.path, s.program.args...)
	p.cmd.Env = append(os.Environ(), s.program.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = attributes()
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.pid = p.cmd.Process.Pid
	s.now, s.lives = p, append(s.lives, p)
	return nil
}

func (s *slot) supervise() {
	defer close(s.over)
	for {
		p := s.current()
		err := p.cmd.Wait()
		close(p.ended)
		s.mu.Lock()
		stopping, killed := s.stopping, !p.killed.IsZero()
		s.mu.Unlock()
		if stopping {
			return
		}
		if !killed {
			s.mu.Lock()
			s.failed++
			s.mu.Unlock()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				s.t.Errorf("%s ended by itself: %v", s.name, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err := s.start(); err != nil {
			s.t.Errorf("start %s again: %v", s.name, err)
			return
		}
	}
}

// current is the life that it has now.
func (s *slot) current() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// kill ends the life it has now, without a word, and returns it. Another begins.
func (s *slot) kill() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.now
	p.killed = time.Now()
	_ = p.cmd.Process.Kill()
	return p
}

// term asks it to stop in an orderly way and waits; it says how long that took,
// and how it ended.
func (s *slot) term(patience time.Duration) (time.Duration, error) {
	s.mu.Lock()
	s.stopping = true
	p := s.now
	s.mu.Unlock()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-s.over:
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			return time.Since(began), fmt.Errorf("%s ended with %d", s.name, code)
		}
		return time.Since(began), nil
	case <-time.After(patience):
		return time.Since(began), fmt.Errorf("%s did not end in %v", s.name, patience)
	}
}

// lastWords shows the end of its log.
func (s *slot) lastWords() {
	said, err := os.ReadFile(s.current().log)
	if err == nil {
		s.t.Logf("the last words of %s:\n%s", s.name, said[max(0, len(said)-2500):])
	}
}

// build makes a program of the module.
func build(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	for i, a := range args {
		if a == "-o" {
			return args[i+1]
		}
	}
	return ""
}
