package main

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tidings/internal/gateway/smsc"
)

// peers are the programs that drive the implementations of others.
//
//go:embed peer
var peers embed.FS

// message is one text to one number.
type message struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

// The alphabets and lengths that matter.
const (
	plainText = "Hello from the harbour, the boat leaves at ten."
	gsmText   = "Prix: 12,50 € [à bord] ~ Ægir sagt: Ça va? {ok}"
	wideText  = "Zażółć gęślą jaźń ☺ 😀 Привет"
	latinText = "Un arrêt à l'île, forêt et château"
)

// messages makes n messages, of these texts in turn.
func messages(n int, texts ...string) []message {
	out := make([]message, n)
	for i := range out {
		out[i] = message{To: fmt.Sprintf("4479460%05d", i), Text: texts[i%len(texts)]}
	}
	return out
}

// file puts a file of a peer into the directory of the run.
func (s *site) file(name string) (string, error) {
	b, err := peers.ReadFile("peer/" + name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.dir, name)
	return path, os.WriteFile(path, b, 0o600)
}

// command prepares a peer's program.
func (s *site) command(ctx context.Context, env []string, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append(os.Environ(), "NODE_PATH="+filepath.Join(s.cache, "node_modules")), env...)
	cmd.Dir, cmd.Stderr = s.dir, &tail{}
	return cmd
}

// tail keeps the end of what a program complains of.
type tail struct {
	mu sync.Mutex
	b  []byte
}

// Write keeps the last of it.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	t.b = t.b[max(0, len(t.b)-300):]
	return len(b), nil
}

// centre is our simulator with a relay in front of it, for a peer's client.
type centre struct {
	*smsc.Server
	witness *lines
	capture *capture
}

// lines is a witness in memory.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds to it.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func newCentre(ctx context.Context) (*centre, error) {
	c := &centre{witness: &lines{}}
	var err error
	if c.Server, err = smsc.Start(ctx, smsc.Config{Plain: true, ReceiptDelay: 50 * time.Millisecond, Witness: c.witness}); err != nil {
		return nil, err
	}
	c.capture, err = newCapture(ctx, c.Addr())
	return c, err
}

// report compares what arrived with what was meant.
func (c *centre) report(ms []message, accepted, receipts, strays int) (report, error) {
	r := report{Messages: len(ms), Accepted: accepted, Receipts: receipts, Strays: strays, Parts: int(c.Stats().Accepted), capture: c.capture}
	r.Due = r.Parts
	time.Sleep(100 * time.Millisecond) // the witness writes every so often
	want := map[string]string{}
	for _, m := range ms {
		want[m.To] = m.Text
	}
	c.witness.mu.Lock()
	defer c.witness.mu.Unlock()
	err := smsc.ReadWitness(&c.witness.b, func(l smsc.Line) error {
		text := l.Text
		if l.Message != "" {
			text = l.Message
		}
		to := strings.TrimPrefix(l.To, "+")
		if l.Event == "submit" && l.Complete && want[to] == text {
			r.Texts++
			delete(want, to)
		}
		return nil
	})
	return r, err
}

// summary is what a peer's client says at its end.
type summary struct{ Accepted, Refused, Receipts, Strays int }

// client runs a peer's client against our simulator.
func (s *site) client(ctx context.Context, ms []message, in io.Reader, name, script string) (report, error) {
	c, err := newCentre(ctx)
	if err != nil {
		return report{}, err
	}
	path, err := s.file(script)
	if err != nil {
		return report{}, err
	}
	cmd := s.command(ctx, []string{fmt.Sprintf("PORT=%d", c.capture.port())}, name, path)
	cmd.Stdin = in
	out, err := cmd.Output()
	if err != nil {
		return report{Messages: len(ms)}, fmt.Errorf("%s: %w: %s", script, err, cmd.Stderr.(*tail).b)
	}
	var sum summary
	if err := json.Unmarshal(out, &sum); err != nil {
		return report{}, err
	}
	return c.report(ms, sum.Accepted, sum.Receipts, sum.Strays)
}

func (s *site) nodeClient(ctx context.Context) (report, error) {
	ms := messages(people, plainText, gsmText, wideText, latinText)
	in, err := json.Marshal(ms)
	if err != nil {
		return report{}, err
	}
	return s.client(ctx, ms, bytes.NewReader(in), "node", "client.js")
}

func (s *site) perlClient(ctx context.Context) (report, error) {
	ms := messages(people, plainText, "Stop at the red light; turn left, (then) go on: 100 % sure!")
	var in strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&in, "%s\t%s\n", m.To, m.Text)
	}
	return s.client(ctx, ms, strings.NewReader(in.String()), "perl", "client.pl")
}

// nodeCentre is node-smpp as an SMS centre.
type nodeCentre struct {
	port int
	mu   sync.Mutex
	seen []submitSeen
}

// submitSeen is a submit as node-smpp understood it.
type submitSeen struct{ ID, From, To, Text, UDH string }

func (s *site) nodeCentre(ctx context.Context, env ...string) (*nodeCentre, error) {
	path, err := s.file("smsc.js")
	if err != nil {
		return nil, err
	}
	cmd := s.command(ctx, env, "node", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = cmd.Wait() })
	in := bufio.NewScanner(out)
	c := &nodeCentre{}
	if !in.Scan() {
		return nil, fmt.Errorf("node-smpp did not start: %s", cmd.Stderr.(*tail).b)
	}
	if _, err := fmt.Sscan(in.Text(), &c.port); err != nil {
		return nil, errors.Join(errors.New(in.Text()), err)
	}
	go func() {
		for in.Scan() {
			var l submitSeen
			if json.Unmarshal(in.Bytes(), &l) == nil {
				c.mu.Lock()
				c.seen = append(c.seen, l)
				c.mu.Unlock()
			}
		}
	}()
	return c, nil
}

// texts puts together what each number was sent. The parts of a message come in order.
func (c *nodeCentre) texts() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]string{}
	for _, l := range c.seen {
		out[l.To] += l.Text
	}
	return out
}
