package smpp

import (
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// B25: parts a second, counted by the peer over one-second windows; a long message counts as
// many times as it has parts.
func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		s := newScript(func(w *wire) {
			w.bound()
			for {
				seq, _, ok := w.submit()
				if !ok {
					return
				}
				at = append(at, time.Now())
				w.accept(seq, "1")
			}
		})
		r := s.route()
		r.PartsPerSecond, r.Window = 50, 100
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
			m := texts(200)
			for i := range m {
				m[i].Text = long(1 + i%2*2) // one part or three
				m[i].Text = m[i].Text[:len(m[i].Text)-20]
			}
			start := time.Now()
			if got := tally(send(t.Context(), t, c, m)); got[gateway.Accepted] != 200 {
				t.Errorf("outcomes %v", got)
			}
			if d := time.Since(start); d > 9*time.Second { // 400 parts at 50/s
				t.Errorf("took %v: slower than allowed", d)
			}
			synctest.Wait()
			for i := range at {
				n := 0
				for _, b := range at[i:] {
					if b.Sub(at[i]) < time.Second {
						n++
					}
				}
				if n > 55 { // the limit and one burst of a tenth
					t.Fatalf("%d parts within a second", n)
				}
			}
		})
	})
}

// B26: a carrier that takes 40 parts a second and throttles the rest: nothing is lost, the
// speed settles at nine tenths of what it takes or more, and few are sent in vain.
func TestSlowDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken, refused, half := 0, 0, time.Time{}
		s := newScript(func(w *wire) {
			w.bound()
			tokens, last := 40.0, time.Now()
			for {
				seq, _, ok := w.submit()
				if !ok {
					return
				}
				tokens = min(40, tokens+time.Since(last).Seconds()*40)
				last = time.Now()
				if tokens < 1 {
					refused++
					w.empty(cmdSubmitSM|response, StatusThrottled, seq)
					continue
				}
				tokens--
				if taken++; taken == 3000 {
					half = time.Now()
				}
				w.accept(seq, "1")
			}
		})
		r := s.route()
		r.PartsPerSecond = 200
		inBubble(t, r, func(t *testing.T, c *Client, n *notes) {
			left := texts(6000)
			for len(left) > 0 {
				batch := left[:min(len(left), 20)]
				rs := send(t.Context(), t, c, batch)
				kept := append([]gateway.Outbound(nil), left[len(batch):]...)
				for _, m := range batch {
					switch r := rs[m.N]; {
					case r.Outcome == gateway.Accepted:
					case r.Class == gateway.Throttled && r.RetryAfter > 0:
						kept = append(kept, m)
					default:
						t.Fatalf("outcome %+v", r)
					}
				}
				left = kept
			}
			speed := 3000 / time.Since(half).Seconds() // once it has settled
			if taken != 6000 || speed < 0.9*40 || refused > 40 {
				t.Errorf("%d taken, at last %.1f a second; %d were throttled", taken, speed, refused)
			}
			slowed := false
			for _, h := range n.health {
				slowed = slowed || h.State == gateway.Slowed
			}
			if !slowed {
				t.Error("nobody was told of it")
			}
			time.Sleep(10 * time.Second)
			if h := c.Health(); h.State != gateway.Ready {
				t.Errorf("health %+v", h)
			}
		})
	})
}
