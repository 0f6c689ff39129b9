package smpp

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// B6: the carrier unbinds: it is answered, nothing new goes there, what is on the wire may still
// be answered, then a new connection is made.
func TestPeerUnbinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			seq, _, _ := w.submit()
			w.empty(cmdUnbind, 0, 42)
			if h, _, _ := w.want(cmdUnbind | response); h.seq != 42 {
				t.Errorf("unbind answered with number %d", h.seq)
			}
			time.Sleep(5 * time.Second)
			w.accept(seq, "ab")
			w.idle()
		}, func(w *wire) { w.bound(); w.idle() })
		r := s.route()
		r.Window = 1
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
			rs := send(t.Context(), t, c, texts(3))
			if rs[0].Outcome != gateway.Accepted || rs[1].Outcome != gateway.NotSent || rs[2].Outcome != gateway.NotSent {
				t.Errorf("outcomes %+v", rs)
			}
			time.Sleep(2 * time.Second)
			if !c.Health().CanSend() || len(s.times()) != 2 {
				t.Errorf("not bound again: %+v", c.Health())
			}
		})
	})
}

// B7: a drain waits for the answers, takes receipts, says unbind and waits for its answer.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		last := make(chan string, 1)
		s := newScript(func(w *wire) {
			w.bound()
			a, _, _ := w.submit()
			b, _, _ := w.submit()
			time.Sleep(3 * time.Second)
			w.accept(a, "1")
			w.send(standardReceipt("1").appendTo(nil, cmdDeliverSM, 1))
			if h, _, _ := w.want(cmdDeliverSM | response); h.status != 0 {
				t.Error("receipt not taken while draining")
			}
			w.accept(b, "2")
			h, _, ok := w.want(cmdUnbind)
			if !ok {
				last <- "no unbind"
				return
			}
			w.empty(cmdUnbind|response, 0, h.seq)
			w.read()
			last <- "unbound"
		})
		r := s.route()
		r.Window = 2
		c, _, stop := runClient(r)
		synctest.Wait()
		done := make(chan map[int32]gateway.Result)
		go func() { done <- send(t.Context(), t, c, texts(4)) }()
		synctest.Wait()
		stop()
		rs := <-done
		if got := tally(rs); got[gateway.Accepted] != 2 || got[gateway.NotSent] != 2 {
			t.Errorf("outcomes %v", got)
		}
		if s := <-last; s != "unbound" {
			t.Error(s)
		}
		if h := c.Health(); h.State != gateway.Down {
			t.Errorf("health %+v", h)
		}
		if r := one(t.Context(), t, c, texts(1)[0]); r.Outcome != gateway.NotSent {
			t.Errorf("after the end: %+v", r)
		}
	})
}

// A client runs once at a time.
func TestRunTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) { w.bound(); w.idle() })
		inBubble(t, s.route(), func(t *testing.T, c *Client, n *notes) {
			if err := c.Run(t.Context(), n); !errors.Is(err, errRunning) {
				t.Errorf("error %v", err)
			}
		})
	})
}

// B6: the carrier unbinds in the middle of a long message: no further part is written.
func TestPeerUnbindsBetweenParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			seq, _, _ := w.submit()
			b := appendEmpty(nil, cmdUnbind, 0, 42)
			w.send(appendResp(b, cmdSubmitSM, 0, seq, "1")) // in one segment
			if _, _, ok := w.submit(); ok {
				t.Error("a part was written after unbind")
			}
		}, func(w *wire) { w.bound(); w.idle() })
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			m := texts(1)[0]
			m.Text = long(2)
			if r := one(t.Context(), t, c, m); r.Outcome != gateway.Unknown {
				t.Errorf("result %+v", r)
			}
		})
	})
}

// B7: a drain does not leave before the receipts are answered that the sink still holds.
func TestDrainAnswersReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := make(chan uint32, 1)
		s := newScript(func(w *wire) {
			w.bound()
			w.send(standardReceipt("1").appendTo(nil, cmdDeliverSM, 1))
			h, _, _ := w.read()
			first <- h.command
			w.idle()
		})
		c, n := New(s.route()), &notes{}
		n.fail = func() error { time.Sleep(5 * time.Second); return nil }
		stop := run(c, n)
		stop()
		if got := <-first; got != cmdDeliverSM|response {
			t.Errorf("command %#x came first", got)
		}
	})
}
