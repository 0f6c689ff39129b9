package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// kannelClient lets Kannel send through our simulator: messages by HTTP, receipts by HTTP.
func (s *site) kannelClient(ctx context.Context) (report, error) {
	c, err := newCentre(ctx)
	if err != nil {
		return report{}, err
	}
	k, err := s.startKannel(ctx, c)
	if err != nil {
		return report{}, err
	}
	if !await(ctx, func() bool { return c.Stats().Binds > 0 }) {
		return report{}, fmt.Errorf("kannel did not bind: %s", s.log("bearerbox.log"))
	}
	ms := messages(people, plainText, gsmText, wideText, strings.Repeat(plainText+" ", 8)+"End.")
	accepted := 0
	for i, m := range ms {
		if err := k.send(ctx, i, m); err != nil {
			return report{Messages: len(ms)}, fmt.Errorf("kannel refused message %d: %w", i, err)
		}
		accepted++
	}
	// Of a long message Kannel asks for the receipt of the last part alone.
	await(ctx, func() bool { return k.delivered() == len(ms) })
	await(ctx, func() bool { st := c.Stats(); return st.Waiting == 0 && st.Accepted >= int64(len(ms)) })
	if n := k.delivered(); n != len(ms) {
		return report{Messages: len(ms), Accepted: accepted}, fmt.Errorf("kannel passed on the receipts of %d messages of %d", n, len(ms))
	}
	r, err := c.report(ms, accepted, k.delivered(), k.strays())
	r.Due = len(ms)
	return r, err
}

// kannelRun is a running Kannel.
type kannelRun struct {
	sendsms, back string // addresses of its HTTP interface, and of ours
	mu            sync.Mutex
	final         map[string]int // messages by their number, receipts "delivered"
	other         int
}

func (s *site) startKannel(ctx context.Context, c *centre) (*kannelRun, error) {
	k := &kannelRun{final: map[string]int{}}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: k, ReadHeaderTimeout: time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(ln) }()
	var ports [3]int
	for i := range ports {
		if ports[i], err = freePort(ctx); err != nil {
			return nil, err
		}
	}
	k.back = "http://" + ln.Addr().String()
	k.sendsms = fmt.Sprintf("http://127.0.0.1:%d/cgi-bin/sendsms", ports[2])
	conf, err := peers.ReadFile("peer/kannel.conf")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, "kannel.conf")
	text := fmt.Sprintf(string(conf), ports[0], ports[1], ports[2], c.capture.port(), s.dir)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, err
	}
	for i, box := range []string{"bearerbox", "smsbox"} {
		cmd := exec.CommandContext(ctx, box, "-v", "4", path)
		complaint := &tail{}
		cmd.Dir, cmd.Stderr = s.dir, complaint
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = cmd.Wait() })
		if !await(ctx, func() bool { return answers(ctx, ports[i+1]) }) {
			return nil, fmt.Errorf("%s did not start: %s", box, complaint.b)
		}
	}
	return k, nil
}

// freePort is one that nobody listens on.
func freePort(ctx context.Context) (int, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

func answers(ctx context.Context, port int) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// log is the end of a log file.
func (s *site) log(name string) string {
	b, _ := os.ReadFile(filepath.Join(s.dir, name))
	return string(b[max(0, len(b)-300):])
}

// send hands a message to Kannel; receipts of success and failure are to come back.
func (k *kannelRun) send(ctx context.Context, i int, m message) error {
	q := url.Values{
		"username": {"interop"}, "password": {"interop"}, "from": {"TIDINGS"}, "to": {m.To}, "text": {m.Text}, "charset": {"UTF-8"},
		"dlr-mask": {"3"}, "dlr-url": {fmt.Sprintf("%s/?message=%d&type=%%d", k.back, i)},
	}
	if m.Text == wideText {
		q.Set("coding", "2")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.sendsms+"?"+q.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if said, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s: %s", res.Status, said)
	}
	return nil
}

// ServeHTTP takes a receipt; type 1 is delivered.
func (k *kannelRun) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.FormValue("type") == "1" {
		k.final[r.FormValue("message")]++
	} else {
		k.other++
	}
}

func (k *kannelRun) delivered() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.final)
}

func (k *kannelRun) strays() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.other
}
