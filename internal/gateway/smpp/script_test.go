package smpp

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// wire is the carrier's end of a connection, for tests that decide on every octet.
type wire struct {
	net.Conn
	in *framer
	sm SM
}

// read waits for a PDU; ok is false when the client is gone.
func (w *wire) read() (h header, body []byte, ok bool) {
	for {
		pdu, err := w.in.next()
		if err != nil {
			return header{}, nil, false
		}
		if pdu != nil {
			return parseHeader(pdu), pdu[headerLen:], true
		}
		if w.in.fill() != nil {
			return header{}, nil, false
		}
	}
}

// want reads until a PDU of that command comes; enquire_link is answered on the way.
func (w *wire) want(command uint32) (h header, body []byte, ok bool) {
	for {
		h, body, ok = w.read()
		if !ok || h.command == command {
			return h, body, ok
		}
		if h.command == cmdEnquireLink {
			w.empty(cmdEnquireLink|response, 0, h.seq)
		}
	}
}

// submit waits for a submit_sm and parses it.
func (w *wire) submit() (seq uint32, m *SM, ok bool) {
	h, body, ok := w.want(cmdSubmitSM)
	if ok {
		_, err := w.sm.parse(h.command, body)
		ok = err == nil
	}
	return h.seq, &w.sm, ok
}

func (w *wire) send(b []byte) { _, _ = w.Write(b) }

func (w *wire) empty(command, status, seq uint32) { w.send(appendEmpty(nil, command, status, seq)) }

// accept answers a submit_sm with an id.
func (w *wire) accept(seq uint32, id string) { w.send(appendResp(nil, cmdSubmitSM, 0, seq, id)) }

// bound answers the bind.
func (w *wire) bound() (ok bool) {
	h, _, ok := w.read()
	if ok {
		w.send(appendResp(nil, h.command, 0, h.seq, "peer"))
	}
	return ok
}

// idle answers what a client asks while nothing else happens, until it is gone.
func (w *wire) idle() {
	for {
		h, _, ok := w.read()
		if !ok {
			return
		}
		switch h.command {
		case cmdEnquireLink:
			w.empty(cmdEnquireLink|response, 0, h.seq)
		case cmdUnbind:
			w.empty(cmdUnbind|response, 0, h.seq)
		}
	}
}

// script is a carrier in memory: each connection is served by the next function, the last one
// serves all that follow. A nil function refuses the connection.
type script struct {
	mu    sync.Mutex
	peers []func(*wire)
	dials []time.Time
	addrs []string
}

func newScript(peers ...func(*wire)) *script { return &script{peers: peers} }

func (s *script) dial(_ context.Context, _, addr string) (net.Conn, error) {
	s.mu.Lock()
	peer := s.peers[min(len(s.dials), len(s.peers)-1)]
	s.dials = append(s.dials, time.Now())
	s.addrs = append(s.addrs, addr)
	s.mu.Unlock()
	if peer == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	go func() {
		defer theirs.Close()
		peer(&wire{Conn: theirs, in: newFramer(theirs)})
	}()
	return ours, nil
}

func (s *script) route() Route {
	return Route{Name: "test", Addrs: []string{"one:1"}, SystemID: "tidings", Password: "secret", Dial: s.dial}
}

func (s *script) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.dials...)
}

// inBubble runs a test with a client against a script, on a clock that jumps.
func inBubble(t *testing.T, r Route, f func(t *testing.T, c *Client, n *notes)) {
	t.Helper()
	c, n, stop := runClient(r)
	defer func() { stop(); synctest.Wait() }()
	synctest.Wait()
	f(t, c, n)
}

// texts makes n messages to different people.
func texts(n int) []gateway.Outbound {
	out := make([]gateway.Outbound, n)
	for i := range out {
		out[i] = gateway.Outbound{
			Tenant: 1, Session: 2, N: int32(i), Attempt: 1, From: "TIDINGS",
			To:   "4479460" + string([]byte{byte('0' + i/10000%10), byte('0' + i/1000%10), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)}),
			Text: "Hello", Ref: byte(i),
		}
	}
	return out
}

// long is a text of n parts.
func long(n int) string {
	b := make([]byte, 153*n)
	for i := range b {
		b[i] = "abcdefghij"[i/153%10]
	}
	return string(b)
}

// send submits a batch and returns the results by N. Each message must have exactly one.
func send(ctx context.Context, t testing.TB, c *Client, batch []gateway.Outbound) map[int32]gateway.Result {
	t.Helper()
	out := map[int32]gateway.Result{}
	if err := c.Submit(ctx, batch, func(r gateway.Result) {
		if _, twice := out[r.N]; twice {
			t.Errorf("B27: message %d has two outcomes", r.N)
		}
		out[r.N] = r
	}); err != nil {
		t.Error(err)
	}
	if len(out) != len(batch) {
		t.Errorf("B27: %d outcomes of %d messages", len(out), len(batch))
	}
	return out
}

// one submits a single message.
func one(ctx context.Context, t testing.TB, c *Client, m gateway.Outbound) gateway.Result {
	t.Helper()
	return send(ctx, t, c, []gateway.Outbound{m})[m.N]
}

// tally counts results by outcome.
func tally(rs map[int32]gateway.Result) map[gateway.Outcome]int {
	out := map[gateway.Outcome]int{}
	for _, r := range rs {
		out[r.Outcome]++
	}
	return out
}
