package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
)

// output is what the program writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

type texts chan gateway.Inbound

func (texts) Receipts(context.Context, []gateway.Receipt) error { return nil }
func (texts) Late(context.Context, []gateway.Result) error      { return nil }
func (texts) Changed(gateway.Health)                            {}
func (c texts) Inbound(_ context.Context, ms []gateway.Inbound) error {
	for _, m := range ms {
		c <- m
	}
	return nil
}

// The whole program: it listens, takes a message, writes the witness, passes on a typed text and
// says at its end what it saw.
func TestProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	file := filepath.Join(t.TempDir(), "seen.jsonl")
	in, keys := io.Pipe()
	defer keys.Close()
	var log output
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--listen", "127.0.0.1:0", "--witness", file, "--receipt-delay", "1ms"}, in, io.Discard, &log)
	}()
	addr := ""
	for range 1000 {
		if m := regexp.MustCompile(`listening on (\S+)`).FindStringSubmatch(log.String()); m != nil {
			addr = m[1]
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	c, inbox := smpp.New(smpp.Route{Name: "t", Addrs: []string{addr}, SystemID: "me"}), make(texts, 1)
	go func() { _ = c.Run(ctx, inbox) }()
	for range 1000 {
		if c.Health().CanSend() {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	m := gateway.Outbound{N: 1, From: "TIDINGS", To: "447700900123", Text: "Hello"}
	_ = c.Submit(ctx, []gateway.Outbound{m}, func(r gateway.Result) {
		if r.Outcome != gateway.Accepted {
			t.Errorf("result %+v", r)
		}
	})
	_, _ = io.WriteString(keys, "nonsense\n447700900123 TIDINGS Stop it please\n")
	if got := <-inbox; got.Text != "Stop it please" || got.From != "447700900123" {
		t.Errorf("text %+v", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if s := log.String(); !strings.Contains(s, "1 submits, 1 parts taken") || !strings.Contains(s, `write "from to text"`) {
		t.Errorf("log %s", s)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	submits := 0
	if err := smsc.ReadWitness(f, func(l smsc.Line) error {
		if l.Event == "submit" && l.To == m.To && l.Text == m.Text {
			submits++
		}
		return nil
	}); err != nil || submits != 1 {
		t.Errorf("%d submits in the witness, %v", submits, err)
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"--refused", "many"}, {"--listen", "nowhere"}, {"--unheard-of"}} {
		if err := run(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard); err == nil {
			t.Errorf("%v passes", args)
		}
	}
}
