package generic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/gatewaytest"
	"tidings/internal/gateway/smsc"
)

const kannelConf = `
group = core
admin-port = %d
admin-password = x
smsbox-port = %d
store-type = file
store-location = "%s"

group = smsc
smsc = smpp
host = 127.0.0.1
port = %d
smsc-username = "kannel"
smsc-password = "x"
system-type = ""
transceiver-mode = true
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %d

group = sendsms-user
username = me
password = hunter2secret
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "%s?token=%s&from=%%p&to=%%P&text=%%a"
`

// The preset against a real Kannel that sends through the simulated carrier.
func TestKannel(t *testing.T) {
	if os.Getenv("INTEROP") == "" {
		t.Skip("INTEROP=1 runs it; it needs Kannel")
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	var seen bytes.Buffer
	carrier, err := smsc.Start(ctx, smsc.Config{Witness: &seen})
	if err != nil {
		t.Fatal(err)
	}
	hook := gatewaytest.NewHook(t)
	port := startKannel(t, carrier.Addr(), hook.URL)
	g := newGateway(t, fmt.Sprintf(`{"preset":"kannel","base_url":"http://127.0.0.1:%d","plain":true,"username":"me"}`, port), hook.URL)
	in := &inbox{}
	hook.Serve(g, in)
	go func() { _ = g.Run(ctx, in) }()

	send := func(to, text string) (out gateway.Result) {
		m := gateway.Outbound{Tenant: 1, Session: 2, N: int32(len(to) + len(text)), Attempt: 1, From: "447700900002", To: to, Text: text}
		_ = g.Submit(ctx, []gateway.Outbound{m}, func(r gateway.Result) { out = r })
		return out
	}
	for range 200 {
		if send("447700900000", "Warm up").Outcome == gateway.Accepted {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	want, texts := map[string]gateway.State{}, map[string]string{}
	for to, x := range map[string]struct {
		text  string
		state gateway.State
	}{
		"447700900001": {"Hé & +1 100 %d %P", gateway.Delivered}, "447700909907": {"Plain", gateway.Undelivered},
		"447700900003": {"Привет, это длинный текст, который не помещается в одну часть сообщения на телефоне", gateway.Delivered},
		"447700909911": {"Reply", gateway.Delivered},
	} {
		r := send(to, x.text)
		if r.Outcome != gateway.Accepted {
			t.Fatalf("%+v", r)
		}
		want[r.Parts[0].MatchID], texts[to] = x.state, x.text
	}
	for id, state := range want {
		in.await(t, func() bool { return in.states[id] == state })
	}
	in.await(t, func() bool {
		return len(in.texts) == 1 && in.texts[0].Text == "STOP" && in.texts[0].From == "447700909911"
	})
	cancel()
	_ = carrier.Wait()
	_ = smsc.ReadWitness(&seen, func(l smsc.Line) error {
		if l.Complete && texts[l.To] != "" {
			got := l.Message
			if got == "" {
				got = l.Text
			}
			if got != texts[l.To] || l.From != "447700900002" {
				t.Errorf("%s got %q from %s", l.To, got, l.From)
			}
			delete(texts, l.To)
		}
		return nil
	})
	if len(texts) != 0 {
		t.Errorf("the carrier did not see %v", texts)
	}
}

// startKannel starts both of its programs and returns the port that takes messages.
func startKannel(t *testing.T, carrier, hook string) int {
	t.Helper()
	dir := t.TempDir()
	ports := make([]int, 3)
	for i := range ports {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = ln.Addr().(*net.TCPAddr).Port
		ln.Close()
	}
	_, smpp, _ := net.SplitHostPort(carrier)
	var smppPort int
	fmt.Sscan(smpp, &smppPort)
	conf := filepath.Join(dir, "kannel.conf")
	text := fmt.Sprintf(kannelConf, ports[0], ports[1], filepath.Join(dir, "store"), smppPort, ports[2], hook, testSecrets["webhook_secret"])
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bearerbox", "smsbox"} {
		program, err := exec.LookPath(name)
		if errors.Is(err, exec.ErrNotFound) {
			program = "/usr/sbin/" + name
		}
		cmd := exec.Command(program, "-v", "4", conf)
		cmd.Dir = dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		time.Sleep(time.Second) // each waits in vain if the one before does not listen
	}
	return ports[2]
}

// inbox keeps what came.
type inbox struct {
	gateway.Sink
	mu     sync.Mutex
	states map[string]gateway.State
	texts  []gateway.Inbound
}

func (b *inbox) Receipts(_ context.Context, rs []gateway.Receipt) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.states == nil {
		b.states = map[string]gateway.State{}
	}
	for _, r := range rs {
		b.states[r.MatchID] = r.State
	}
	return nil
}

func (b *inbox) Inbound(_ context.Context, ms []gateway.Inbound) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts = append(b.texts, ms...)
	return nil
}

func (b *inbox) Changed(gateway.Health) {}

func (b *inbox) await(t *testing.T, ok func() bool) {
	t.Helper()
	for range 1500 {
		b.mu.Lock()
		done := ok()
		b.mu.Unlock()
		if done {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t.Fatalf("waited in vain: %v %v", b.states, b.texts)
}
