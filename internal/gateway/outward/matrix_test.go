package outward

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// plain is the simplest dialect: 2xx with an id is yes, everything else by its status.
type plain struct {
	url    string
	method string
	header string // set to "1"
	pad    int    // octets added to the body, so that it does not fit one buffer
}

func (p *plain) Request(ctx context.Context, m *gateway.Outbound, _ time.Time) (*http.Request, error) {
	if p.method == http.MethodGet {
		return http.NewRequestWithContext(ctx, p.method, p.url+"?text="+strings.Repeat("x", p.pad), nil)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(m.To+strings.Repeat("x", p.pad)))
	if err == nil && p.header != "" {
		r.Header.Set(p.header, "1")
	}
	return r, err
}

func (p *plain) Answer(_ *gateway.Outbound, a Answer) Verdict {
	if a.Status < 300 && string(a.Body) == "id" {
		return Verdict{Outcome: gateway.Accepted, Parts: []gateway.Part{{N: 1, Outcome: gateway.Accepted, ProviderID: "id", MatchID: "id"}}}
	}
	return ByStatus(a)
}

// peer is a carrier that decides on every octet; play gets each connection.
type peer struct {
	net.Listener
	mu    sync.Mutex
	whole int // requests that arrived whole
}

func newPeer(t *testing.T, play func(p *peer, c net.Conn, in *bufio.Reader)) *peer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Listener: ln}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				play(p, c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() { ln.Close(); all.Wait() })
	return p
}

// read takes one whole request.
func (p *peer) read(in *bufio.Reader) bool {
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return false
	}
	p.mu.Lock()
	p.whole++
	p.mu.Unlock()
	return true
}

func (p *peer) arrived() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.whole
}

func testClient() *http.Client {
	return Client(Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, MaxAnswer: 1000})
}

// run makes a sender that runs for the time of a test.
func run(t *testing.T, c Config) *Sender {
	t.Helper()
	c.ID, c.Now = "test", time.Now
	def := func(p *int, n int) {
		if *p == 0 {
			*p = n
		}
	}
	def(&c.InFlight, 4)
	def(&c.MaxParts, 10)
	if c.Client == nil {
		c.Client = testClient()
	}
	if c.Timeout == 0 {
		c.Timeout = 300 * time.Millisecond
	}
	s := NewSender(c)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx, nobody{}) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	for !s.Health().CanSend() {
		time.Sleep(time.Millisecond)
	}
	return s
}

type nobody struct{ gateway.Sink }

func (nobody) Changed(gateway.Health) {}

func one(ctx context.Context, s *Sender, m gateway.Outbound) (out gateway.Result) {
	if m.To == "" {
		m.To = "447700900001"
	}
	_ = s.Submit(ctx, []gateway.Outbound{m}, func(r gateway.Result) { out = r })
	return out
}

func answer(status int, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

// F12: each point at which a connection can break, for a request of one buffer and one of many.
func TestBreaks(t *testing.T) {
	whole := answer(200, "id")
	hangUp := func(keep int) func(*peer, net.Conn, *bufio.Reader) {
		return func(p *peer, c net.Conn, in *bufio.Reader) {
			if p.read(in) {
				_, _ = io.WriteString(c, whole[:keep])
			}
		}
	}
	for name, tt := range map[string]struct {
		play func(*peer, net.Conn, *bufio.Reader)
		want gateway.Outcome
		code string
	}{
		"at the first octet":       {func(_ *peer, _ net.Conn, in *bufio.Reader) { _, _ = in.ReadByte() }, gateway.Unknown, "connection"},
		"in the headers":           {func(_ *peer, _ net.Conn, in *bufio.Reader) { _, _ = in.ReadString('\n') }, gateway.Unknown, "connection"},
		"after the request":        {hangUp(0), gateway.Unknown, "connection"},
		"in the status":            {hangUp(8), gateway.Unknown, "connection"},
		"in the answer's headers":  {hangUp(20), gateway.Unknown, "connection"},
		"before the answer's body": {hangUp(len(whole) - 2), gateway.Unknown, "connection"},
		"in the answer's body":     {hangUp(len(whole) - 1), gateway.Unknown, "connection"},
		"after the answer":         {hangUp(len(whole)), gateway.Accepted, ""},
		"no answer":                {func(p *peer, _ net.Conn, in *bufio.Reader) { p.read(in); _, _ = in.ReadByte() }, gateway.Unknown, "timeout"},
		"half an answer, then none": {func(p *peer, c net.Conn, in *bufio.Reader) {
			p.read(in)
			_, _ = io.WriteString(c, whole[:len(whole)-1])
			_, _ = in.ReadByte()
		}, gateway.Unknown, "timeout"},
		"no HTTP": {func(p *peer, c net.Conn, in *bufio.Reader) {
			p.read(in)
			_, _ = io.WriteString(c, "220 mail ready\r\n")
		}, gateway.Unknown, "connection"},
		"an endless answer": {func(p *peer, c net.Conn, in *bufio.Reader) {
			p.read(in)
			_, _ = io.WriteString(c, answer(200, strings.Repeat("x", 5000)))
		}, gateway.Unknown, "answer"},
		"an answer before the body": {func(_ *peer, c net.Conn, in *bufio.Reader) {
			_, _ = in.ReadString('\n')
			_, _ = io.WriteString(c, answer(401, ""))
			_, _ = io.Copy(io.Discard, in)
		}, gateway.Refused, "http:401"},
	} {
		for _, pad := range []int{0, 200_000} {
			t.Run(fmt.Sprintf("%s, %d", name, pad), func(t *testing.T) {
				t.Parallel()
				p := newPeer(t, tt.play)
				s := run(t, Config{Dialect: &plain{url: "http://" + p.Addr().String(), pad: pad}})
				if r := one(t.Context(), s, gateway.Outbound{}); r.Outcome != tt.want || r.Code != tt.code || p.arrived() > 1 {
					t.Errorf("arrived %d times: %+v", p.arrived(), r)
				}
			})
		}
	}
}

// F12: what certainly was not written.
func TestUnwritten(t *testing.T) {
	silent := newPeer(t, func(_ *peer, _ net.Conn, in *bufio.Reader) { _, _ = io.Copy(io.Discard, in) })
	gone := newPeer(t, nil)
	gone.Close()
	slow := testClient() // a connection that is long in coming
	slow.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, errors.New("too late")
	}}
	for name, tt := range map[string]struct {
		url    string
		client *http.Client
		m      gateway.Outbound
		ctx    time.Duration
		code   string
	}{
		"refused":            {url: "http://" + gone.Addr().String(), code: "not-connected"},
		"no such name":       {url: "http://name.invalid", code: "not-connected"},
		"not public":         {url: "http://10.0.0.1", client: Client(Options{}), code: "not-connected"},
		"no TLS there":       {url: "https://" + silent.Addr().String(), ctx: 100 * time.Millisecond, code: "stopped"},
		"stopped in dialing": {url: "http://a.example", client: slow, ctx: 50 * time.Millisecond, code: "stopped"},
		"hours end in dialing": {
			url: "http://a.example", client: slow, code: "not-after",
			m: gateway.Outbound{NotAfter: time.Now().Add(1500 * time.Millisecond)},
		},
		"hours are over": {url: "http://a.example", m: gateway.Outbound{NotAfter: time.Now()}, code: "not-after"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := run(t, Config{Dialect: &plain{url: tt.url}, Client: tt.client})
			ctx := t.Context()
			if tt.ctx > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.ctx)
				defer cancel()
			}
			r := one(ctx, s, tt.m)
			if r.Outcome != gateway.NotSent || r.Code != tt.code || (r.RetryAfter > 0) != (tt.code == "not-connected") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// B43: the address of a request, which may hold its text and a password, is in no words.
func TestWordsWithoutAddress(t *testing.T) {
	gone := newPeer(t, nil)
	gone.Close()
	s := run(t, Config{Dialect: &plain{url: "http://" + gone.Addr().String() + "/secret", method: http.MethodGet, pad: 9}})
	r := one(t.Context(), s, gateway.Outbound{})
	if said := r.Detail + s.Health().Detail; strings.Contains(said, "xxx") || strings.Contains(said, "secret") || !strings.Contains(said, "refused") {
		t.Error(said)
	}
}

// F12: each status.
func TestStatuses(t *testing.T) {
	status := make(chan int, 1)
	p := newPeer(t, func(p *peer, c net.Conn, in *bufio.Reader) {
		for p.read(in) {
			n := <-status
			_, _ = io.WriteString(c, answer(n, map[bool]string{true: "", false: "id"}[n == 204 || n == 304]))
		}
	})
	want := map[int]gateway.Class{
		301: gateway.Route, 307: gateway.Route, 308: gateway.Route,
		400: gateway.Temporary, 401: gateway.Route, 402: gateway.Route, 403: gateway.Route, 404: gateway.Route, 405: gateway.Route,
		410: gateway.Route, 413: gateway.Content, 414: gateway.Content, 415: gateway.Route, 422: gateway.Temporary, 429: gateway.Throttled,
	}
	doubt := []int{204, 300, 302, 303, 304, 408, 409, 425, 499, 500, 501, 502, 503, 504, 511, 520, 599, 600, 999}
	check := func(n int) gateway.Result {
		s := run(t, Config{Dialect: &plain{url: "http://" + p.Addr().String()}})
		status <- n
		return one(t.Context(), s, gateway.Outbound{})
	}
	for n, class := range want {
		if r := check(n); r.Outcome != gateway.Refused || r.Class != class || r.Code != fmt.Sprintf("http:%d", n) {
			t.Errorf("%d: %+v", n, r)
		}
	}
	for _, n := range doubt {
		if r := check(n); r.Outcome != gateway.Unknown {
			t.Errorf("%d: %+v", n, r)
		}
	}
	for _, n := range []int{200, 201, 202} {
		if r := check(n); r.Outcome != gateway.Accepted {
			t.Errorf("%d: %+v", n, r)
		}
	}
}

// F12: a connection that was used before breaks. The library makes such a request again by itself
// if its method or a header says that it may be repeated; it must not.
func TestNeverTwiceByItself(t *testing.T) {
	for _, d := range []plain{{method: http.MethodGet}, {}, {header: "Idempotency-Key"}, {header: "X-Idempotency-Key"}} {
		first := true
		p := newPeer(t, func(p *peer, c net.Conn, in *bufio.Reader) {
			if p.read(in) && first {
				first = false
				_, _ = io.WriteString(c, answer(200, "id"))
				p.read(in)
				// And hangs up, as a server does that closes an idle connection just then.
			}
		})
		d.url = "http://" + p.Addr().String()
		s := run(t, Config{Dialect: &d})
		if r := one(t.Context(), s, gateway.Outbound{}); r.Outcome != gateway.Accepted {
			t.Fatalf("%+v", r)
		}
		if r := one(t.Context(), s, gateway.Outbound{}); r.Outcome != gateway.Unknown || p.arrived() != 2 {
			t.Errorf("%s %s: arrived %d times, %+v", d.method, d.header, p.arrived(), r)
		}
	}
}
