package smpp

import (
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// hoard is a carrier that answers only when it has a number of submits, in an order of its own,
// and counts how many were unanswered at most (B17).
type hoard struct {
	yes
	mu    sync.Mutex
	held  []uint32
	most  int
	full  int
	order func([]uint32)
	total int
	sent  int
}

func (h *hoard) Submit(p *Peer, m *SM) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent++
	h.held = append(h.held, m.Seq)
	h.most = max(h.most, len(h.held))
	if len(h.held) < h.full && h.sent < h.total {
		return
	}
	h.order(h.held)
	for _, seq := range h.held {
		p.AnswerTo(seq, false, StatusOK, "id-"+string(rune('a'+seq%26)))
	}
	h.held = h.held[:0]
}

// B17: never more than the window on the wire, counted by the peer. B20: any order of answers.
func TestWindowIsAHardLimit(t *testing.T) {
	orders := map[string]func([]uint32){
		"reverse": slices.Reverse[[]uint32],
		"random":  func(s []uint32) { rand.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] }) },
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			h := &hoard{full: 7, order: order, total: 1000}
			r := startServer(t, h).route()
			r.Window, r.firstSequence = 7, 0x7FFFFFF0 // B15: the wrap-around is in the middle
			c, _ := startClient(t, r)
			if got := tally(send(t.Context(), t, c, texts(1000))); got[gateway.Accepted] != 1000 {
				t.Errorf("outcomes %v", got)
			}
			if h.most != 7 {
				t.Errorf("B17: at most %d on the wire", h.most)
			}
		})
	}
}

// B15: numbers run from 1 to 0x7FFFFFFF, then from 1 again, and skip those in flight.
func TestSequence(t *testing.T) {
	w := newWindow(4, 0x7FFFFFFE)
	a := w.put(&item{}, 0)
	if a != 0x7FFFFFFE || w.sequence() != 0x7FFFFFFF || w.sequence() != 1 {
		t.Errorf("begins %x, then %x", a, w.last)
	}
	if _, ok := w.take(a + uint32(len(w.cells))); ok { // B20: a stray answer in the same cell is nobody's
		t.Error("another number was taken for it")
	}
	if _, ok := w.take(a); !ok {
		t.Error("not found")
	}
	if _, ok := w.take(a); ok || w.used != 0 {
		t.Error("found twice")
	}
	w = newWindow(4, 1)
	first := w.put(&item{}, 0)
	seen := map[uint32]bool{}
	for range 100 {
		seq := w.sequence()
		if seq&w.mask == first&w.mask || seen[seq] {
			t.Fatalf("number %d while %d is in flight", seq, first)
		}
		seen[seq] = true
	}
}

// B18: a full window blocks, and lets go when ctx ends: unwritten ones at once.
func TestFullWindowReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			seq, _, _ := w.submit()
			time.Sleep(10 * time.Second)
			w.accept(seq, "1")
			w.idle()
		})
		r := s.route()
		r.Window = 1
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			start := time.Now()
			var early time.Duration
			rs := map[int32]gateway.Result{}
			_ = c.Submit(ctx, texts(3), func(r gateway.Result) {
				rs[r.N] = r
				if r.Outcome == gateway.NotSent {
					early = time.Since(start)
				}
			})
			if early != 2*time.Second || rs[0].Outcome != gateway.Accepted || tally(rs)[gateway.NotSent] != 2 {
				t.Errorf("released after %v: %v", early, tally(rs))
			}
		})
	})
}

// B19: an answer that comes while the rest of the same write still waits to be read.
func TestAnswerDuringWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			var head [headerLen]byte
			for i := range 3 { // octet by octet: the client's write is not over
				if n, _ := readFull(w.Conn, head[:]); !n {
					return
				}
				h := parseHeader(head[:])
				if i > 0 {
					readFull(w.Conn, make([]byte, h.length-headerLen))
				}
				w.accept(h.seq, "1")
				if i == 0 {
					readFull(w.Conn, make([]byte, h.length-headerLen))
				}
			}
			w.idle()
		})
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if got := tally(send(t.Context(), t, c, texts(3))); got[gateway.Accepted] != 3 {
				t.Errorf("outcomes %v", got)
			}
			if n := c.Counters(); n.StrayResponses != 0 {
				t.Errorf("%d answers were not expected", n.StrayResponses)
			}
		})
	})
}

func readFull(c net.Conn, b []byte) (bool, error) {
	for len(b) > 0 {
		n, err := c.Read(b)
		if err != nil {
			return false, err
		}
		b = b[n:]
	}
	return true, nil
}

// B21: no answer within the timer is Unknown; the place stays taken for as long again; a late
// answer is believed; three in a row end the session.
func TestResponseTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			first, _, _ := w.submit()
			start := time.Now()
			late := time.AfterFunc(45*time.Second, func() { w.accept(first, "LATE1") })
			defer late.Stop()
			seq, _, _ := w.submit() // of the second call: only when the place is free
			if d := time.Since(start); d < 44*time.Second {
				t.Errorf("B21: the place was free after %v", d)
			}
			w.accept(seq, "2")
			w.idle()
		})
		r := s.route()
		r.Window = 1
		inBubble(t, r, func(t *testing.T, c *Client, n *notes) {
			m := texts(2)
			start := time.Now()
			if r := one(t.Context(), t, c, m[0]); r.Outcome != gateway.Unknown || r.Code != "timeout" {
				t.Errorf("outcome %+v", r)
			}
			if d := time.Since(start); d < 30*time.Second || d > 32*time.Second {
				t.Errorf("after %v", d)
			}
			if r := one(t.Context(), t, c, m[1]); r.Outcome != gateway.Accepted || r.Parts[0].ProviderID != "2" {
				t.Errorf("outcome %+v", r)
			}
			synctest.Wait()
			if len(n.lates) != 1 || n.lates[0].N != 0 || n.lates[0].Outcome != gateway.Accepted || n.lates[0].Parts[0].MatchID != "late1" {
				t.Errorf("late %+v", n.lates)
			}
		})
	})
}

// B21: three timers in a row run out: the session is given up, those after it are Unknown.
func TestThreeExpiriesRebind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) { w.bound(); w.idle() })
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			for _, r := range send(t.Context(), t, c, texts(3)) {
				if r.Outcome != gateway.Unknown || r.Code != "timeout" {
					t.Errorf("outcome %+v", r)
				}
			}
			time.Sleep(3 * time.Second)
			if n := len(s.times()); n != 2 || !c.Health().CanSend() {
				t.Errorf("%d connections, health %+v", n, c.Health())
			}
		})
	})
}

// B22: a generic_nack with our number settles that request; one with another number only counts.
func TestGenericNack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			a, _, _ := w.submit()
			b, _, _ := w.submit()
			w.empty(cmdGenericNack, statusInvCmdID, 0)
			w.empty(cmdGenericNack, StatusThrottled, b)
			w.accept(a, "1")
			w.idle()
		})
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			rs := send(t.Context(), t, c, texts(2))
			if rs[0].Outcome != gateway.Accepted || rs[1].Outcome != gateway.Refused || rs[1].Class != gateway.Throttled {
				t.Errorf("outcomes %+v", rs)
			}
			if n := c.Counters(); n.StrayNacks != 1 {
				t.Errorf("counters %+v", n)
			}
		})
	})
}

// B22: a request that was answered by generic_nack leaves the window: with room for one, the next
// goes out at once.
func TestGenericNackFreesTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			a, _, _ := w.submit()
			w.empty(cmdGenericNack, StatusThrottled, a)
			b, _, _ := w.submit()
			w.accept(b, "2")
			w.idle()
		})
		r := s.route()
		r.Window = 1
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a second is the pause after throttling
			defer cancel()
			m := texts(2)
			first, second := one(ctx, t, c, m[0]), one(ctx, t, c, m[1])
			if first.Outcome != gateway.Refused || second.Outcome != gateway.Accepted {
				t.Errorf("outcomes %+v, %+v", first, second)
			}
		})
	})
}

// countConn counts the reads and writes of a connection: each is a system call.
type countConn struct {
	net.Conn
	calls *atomic.Int64
}

func (c countConn) Write(b []byte) (int, error) {
	c.calls.Add(1)
	return c.Conn.Write(b)
}

func (c countConn) Read(b []byte) (int, error) {
	c.calls.Add(1)
	return c.Conn.Read(b)
}

// B24: a tenth of a system call a message at most. `make bench smpp` measures the speed.
func TestWritesAreCoalesced(t *testing.T) {
	var calls atomic.Int64
	r := startServer(t, &yes{}).route()
	r.Window = 1000
	r.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return countConn{conn, &calls}, err
	}
	c, _ := startClient(t, r)
	send(t.Context(), t, c, texts(20_000))
	if n := calls.Load(); n > 2000 {
		t.Errorf("%d reads and writes for 20000 messages", n)
	}
}

// B24: the kernel does not hold small writes back, even where the dialer would have let it.
func TestNoDelay(t *testing.T) {
	r := startServer(t, &yes{}).route()
	var socket *net.TCPConn
	r.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if err == nil {
			socket = conn.(*net.TCPConn)
			err = socket.SetNoDelay(false)
		}
		return conn, err
	}
	startClient(t, r)
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	on := 0
	_ = raw.Control(func(fd uintptr) { on, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY) })
	if err != nil || on == 0 {
		t.Errorf("TCP_NODELAY is %d (%v)", on, err)
	}
}

// TestConcurrentSubmits: many lanes share the binds; each gets exactly its own results.
func TestConcurrentSubmits(t *testing.T) {
	r := startServer(t, &yes{}).route()
	r.Binds, r.Window = 3, 20
	c, _ := startClient(t, r)
	await(t, "three binds", func() bool { return c.Health().Binds == 3 })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if got := tally(send(context.Background(), t, c, texts(200))); got[gateway.Accepted] != 200 {
					t.Errorf("outcomes %v", got)
				}
			}
		})
	}
	wg.Wait()
}
