package smpp

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// cutConn breaks after so many octets in one direction, in the middle of whatever it is.
type cutConn struct {
	net.Conn
	out, in int // octets that still pass; negative: no limit
}

var errCut = errors.New("cut")

func (c *cutConn) Write(b []byte) (int, error) {
	if c.out < 0 || len(b) <= c.out {
		n, err := c.Conn.Write(b)
		if c.out >= 0 {
			c.out -= n
		}
		return n, err
	}
	n, _ := c.Conn.Write(b[:c.out])
	c.out = 0
	c.Conn.Close()
	return n, errCut
}

func (c *cutConn) Read(b []byte) (int, error) {
	if c.in >= 0 && len(b) > c.in {
		b = b[:c.in]
	}
	if c.in == 0 {
		c.Conn.Close()
		return 0, errCut
	}
	n, err := c.Conn.Read(b)
	if c.in > 0 {
		c.in -= n
	}
	return n, err
}

// saw is what a peer saw of each number.
type saw struct {
	mu    sync.Mutex
	parts map[string]int // submits by number
}

// serve takes everything.
func (s *saw) serve(w *wire) {
	if !w.bound() {
		return
	}
	for {
		seq, m, ok := w.submit()
		if !ok {
			return
		}
		s.mu.Lock()
		s.parts[m.Dest.Digits]++
		s.mu.Unlock()
		w.accept(seq, "1")
	}
}

// B27, B28: the connection is cut at every octet of the stream, either way. Each message has one
// outcome; one that was seen is never NotSent, one that was not seen is never Accepted.
func TestCutAtEveryOctet(t *testing.T) {
	m := texts(4)
	m[1].Text = long(2)
	for direction, octets := range map[string]int{"out": 700, "in": 160} {
		t.Run(direction, func(t *testing.T) {
			kinds := map[gateway.Outcome]int{}
			for at := 40; at < octets; at++ {
				synctest.Test(t, func(t *testing.T) { cutAt(t, m, direction, at, kinds) })
				if t.Failed() {
					t.Fatalf("cut at octet %d", at)
				}
			}
			if kinds[gateway.Accepted] == 0 || kinds[gateway.Unknown] == 0 || kinds[gateway.NotSent] == 0 {
				t.Errorf("not all outcomes were met: %v", kinds)
			}
		})
	}
}

func cutAt(t *testing.T, m []gateway.Outbound, direction string, at int, kinds map[gateway.Outcome]int) {
	peer := &saw{parts: map[string]int{}}
	s := newScript(peer.serve, nil)
	r := s.route()
	r.Window = 2
	r.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := s.dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if direction == "out" {
			return &cutConn{conn, at, -1}, nil
		}
		return &cutConn{conn, -1, at}, nil
	}
	inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
		rs := send(t.Context(), t, c, m)
		time.Sleep(time.Minute)
		synctest.Wait()
		peer.mu.Lock()
		defer peer.mu.Unlock()
		for i := range m {
			r, seen, whole := rs[m[i].N], peer.parts[m[i].To], 1
			if i == 1 {
				whole = 2 // parts
			}
			kinds[r.Outcome]++
			if r.Outcome == gateway.NotSent && seen > 0 || r.Outcome == gateway.Accepted && seen != whole || seen > whole {
				t.Errorf("message %d was seen %d times: %+v", i, seen, r)
			}
		}
	})
}

// killer is a carrier that cuts its connection off every so many submits, without answering the
// last of them, and counts what it saw of each number.
type killer struct {
	yes
	mu    sync.Mutex
	n     int
	kills int
	seen  map[string]int
}

func (k *killer) Submit(p *Peer, m *SM) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen[m.Dest.Digits]++
	if k.n++; k.n%97 == 0 && k.kills < 100 {
		k.kills++
		p.Close()
		return
	}
	p.Answer(m, StatusOK, "1")
}

// B29: the peer is killed 100 times; what is NotSent is sent again, what is Unknown never. Nobody
// gets anything twice, everybody has one outcome, and what is Accepted was seen.
func TestKillThePeer(t *testing.T) {
	k := &killer{seen: map[string]int{}}
	r := startServer(t, k).route()
	r.Binds, r.Window, r.Backoff = 2, 20, 20*time.Millisecond
	c, _ := startClient(t, r)
	final := map[string]gateway.Outcome{}
	left := texts(12_000)
	for len(left) > 0 {
		awaitReady(t, c)
		batch := left[:min(len(left), 400)]
		left = append([]gateway.Outbound(nil), left[len(batch):]...)
		for n, r := range send(t.Context(), t, c, batch) {
			i := slices.IndexFunc(batch, func(m gateway.Outbound) bool { return m.N == n })
			if r.Outcome == gateway.NotSent {
				left = append(left, batch[i])
				continue
			}
			final[batch[i].To] = r.Outcome
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	unknown := 0
	for to, outcome := range final {
		if k.seen[to] > 1 {
			t.Errorf("%s got it %d times", to, k.seen[to])
		}
		if outcome == gateway.Accepted && k.seen[to] != 1 {
			t.Errorf("%s is accepted and was never seen", to)
		}
		if outcome == gateway.Unknown {
			unknown++
		}
	}
	if len(final) != 12_000 || k.kills != 100 || unknown == 0 || unknown > 100*40 {
		t.Errorf("%d messages, %d kills, %d unknown", len(final), k.kills, unknown)
	}
	t.Logf("%d kills, %d unknown", k.kills, unknown)
}
