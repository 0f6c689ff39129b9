package smpp

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// The table of statuses: each line is a class, a wait, or a reason to bind anew.
func TestStatusClasses(t *testing.T) {
	want := map[gateway.Class][]uint32{
		gateway.Throttled: {0x58, 0x14},
		gateway.Temporary: {0x08, 0x64, 0xFF, 0x45, 0x400, 0x4FF, 0x5A, 0x94, 0x7777},
		gateway.Recipient: {0x0B, 0x50, 0x51, 0xFE},
		gateway.Route:     {0x0A, 0x48, 0x49, 0x15, 0x53, 0x100, 0x103, 0x01, 0x43, 0x104, 0xC0, 0xC4},
		gateway.Content:   {0x61, 0x62, 0x06, 0x07, 0x54, 0x55, 0x63, 0x33, 0x34, 0x40, 0x42, 0x44, 0x65, 0x66, 0x0C, 0x02, 0x03},
	}
	var r Route
	for class, statuses := range want {
		for _, s := range statuses {
			rule := r.rule(s)
			if rule.Class != class || rule.Outcome != gateway.Refused || rule.Detail == "" {
				t.Errorf("%#x is %+v, not class %d", s, rule, class)
			}
			if again := class == gateway.Temporary || class == gateway.Throttled; again != (rule.After > 0) {
				t.Errorf("%#x waits %v", s, rule.After)
			}
		}
	}
	if rule := r.rule(0x04); rule.Outcome != gateway.NotSent || !rule.Rebind {
		t.Errorf("0x04 is %+v", rule)
	}
	r.Statuses = map[uint32]Rule{0x0B: {Outcome: gateway.Refused, Class: gateway.Temporary, After: time.Minute}}
	if rule := r.rule(0x0B); rule.Class != gateway.Temporary {
		t.Error("a route cannot override a status")
	}
	for status, word := range map[uint32]string{0x58: "smpp:0x58", 0x0B: "smpp:0x0B", 0x400: "smpp:0x400", 0xFF: "smpp:0xFF"} {
		if got := code(status); got != word {
			t.Errorf("%#x is %q", status, got)
		}
	}
}

// answers is a peer that answers submits with these statuses in turn, then accepts; every
// submitted part is sent to seen.
func answers(seen chan<- string, statuses ...uint32) func(*wire) {
	return func(w *wire) {
		w.bound()
		for i := 0; ; i++ {
			seq, m, ok := w.submit()
			if !ok {
				return
			}
			if seen != nil {
				seen <- string(m.Short)
			}
			if i < len(statuses) && statuses[i] != 0 {
				w.empty(cmdSubmitSM|response, statuses[i], seq) // B12: without a body
			} else {
				w.accept(seq, "ID"+string(rune('A'+i)))
			}
		}
	}
}

// 0x04: the message is certainly not sent, and the session is bound anew.
func TestNotBoundStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(answers(nil, statusInvBind), func(w *wire) { w.bound(); w.idle() })
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if r := one(t.Context(), t, c, texts(1)[0]); r.Outcome != gateway.NotSent {
				t.Errorf("outcome %+v", r)
			}
			time.Sleep(2 * time.Second)
			if len(s.times()) != 2 {
				t.Error("not bound anew")
			}
		})
	})
}

// B31: parts go one after the other, in order, over one bind, with the same reference; the
// result lists the ids.
func TestLongMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make(chan string, 9)
		r := newScript(answers(seen)).route()
		r.Binds, r.Window = 2, 1
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
			m := texts(1)[0]
			m.Text, m.Parts, m.Ref = long(3), 3, 0
			res := one(t.Context(), t, c, m)
			if res.Outcome != gateway.Accepted || len(res.Parts) != 3 || res.Class != 0 {
				t.Fatalf("result %+v", res)
			}
			var whole strings.Builder
			for i, p := range res.Parts {
				part := <-seen
				if want := string([]byte{5, 0, 3, 0, 3, byte(i + 1)}); part[:6] != want || len(part) != 159 {
					t.Errorf("part %d begins % x", i+1, part[:6])
				}
				whole.WriteString(part[6:])
				if want := "ID" + string(rune('A'+i)); int(p.N) != i+1 || p.ProviderID != want || p.MatchID != strings.ToLower(want) {
					t.Errorf("part %+v", p)
				}
			}
			if whole.String() != m.Text {
				t.Error("another text arrived")
			}
		})
	})
}

// What a refusal in the middle of a long message means.
func TestPartRefused(t *testing.T) {
	for _, tt := range []struct {
		name     string
		statuses []uint32
		outcome  gateway.Outcome
		class    gateway.Class
		parts    int // submitted
	}{
		{"first throttled", []uint32{StatusThrottled}, gateway.Refused, gateway.Throttled, 1},
		{"first temporary", []uint32{StatusSysErr}, gateway.Refused, gateway.Temporary, 1},
		{"first recipient", []uint32{StatusInvDest}, gateway.Refused, gateway.Recipient, 1},
		{"second recipient", []uint32{0, StatusInvDest}, gateway.Refused, gateway.Recipient, 2},
		{"second route", []uint32{0, StatusInvSource}, gateway.Refused, gateway.Content, 2},
		{"second not bound", []uint32{0, statusInvBind}, gateway.Refused, gateway.Content, 2},
		{"second throttled once", []uint32{0, StatusThrottled}, gateway.Accepted, 0, 4},
		{"third busy twice", []uint32{0, 0, StatusSysErr, StatusQueueFull}, gateway.Accepted, 0, 5},
		{"second throttled always", []uint32{0, 0x58, 0x58, 0x58, 0x58, 0x58, 0x58}, gateway.Refused, gateway.Content, 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := make(chan string, 20)
				s := newScript(answers(seen, tt.statuses...))
				inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
					m := texts(1)[0]
					m.Text = long(3)
					r := one(t.Context(), t, c, m)
					if r.Outcome != tt.outcome || r.Class != tt.class || len(seen) != tt.parts {
						t.Errorf("%d submits, result %+v", len(seen), r)
					}
					taken := 0
					for _, p := range r.Parts {
						if p.Outcome == gateway.Accepted {
							taken++
						}
					}
					if taken > 0 && r.Outcome != gateway.Accepted && (r.RetryAfter != 0 || r.Class == gateway.Temporary || r.Class == gateway.Throttled) {
						t.Errorf("I2: %d parts taken, and yet it may be tried again: %+v", taken, r)
					}
				})
			})
		})
	}
}

// B28, B31: a break between two parts is Unknown, whichever side of the wire it falls on.
func TestBreakBetweenParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			seq, _, _ := w.submit()
			w.accept(seq, "first")
		}, func(w *wire) { w.bound(); w.idle() })
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			m := texts(1)[0]
			m.Text = long(2)
			r := one(t.Context(), t, c, m)
			if r.Outcome != gateway.Unknown || len(r.Parts) == 0 || r.Parts[0].ProviderID != "first" {
				t.Errorf("result %+v", r)
			}
		})
	})
}

// What cannot be sent at all is refused before the wire.
func TestRefusedBeforeTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			if _, _, ok := w.submit(); ok {
				t.Error("something was sent")
			}
		})
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			base := texts(1)[0]
			for name, tt := range map[string]struct {
				change func(*gateway.Outbound)
				class  gateway.Class
			}{
				"number": {func(m *gateway.Outbound) { m.To = "call me" }, gateway.Recipient},
				"sender": {func(m *gateway.Outbound) { m.From = "A far too long name" }, gateway.Route},
				"at":     {func(m *gateway.Outbound) { m.From = "me@home" }, gateway.Route},
				"long":   {func(m *gateway.Outbound) { m.Text = long(11) }, gateway.Content},
				"count":  {func(m *gateway.Outbound) { m.Text, m.Parts = long(3), 2 }, gateway.Content},
			} {
				m := base
				tt.change(&m)
				if r := one(t.Context(), t, c, m); r.Outcome != gateway.Refused || r.Class != tt.class || r.Detail == "" {
					t.Errorf("%s: %+v", name, r)
				}
			}
		})
	})
}

// B32: nothing is written at or after NotAfter, not even what waited in the queue, and the
// carrier is told to give up then.
func TestNotAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		validity := make(chan string, 5)
		s := newScript(func(w *wire) {
			w.bound()
			for {
				seq, m, ok := w.submit()
				if !ok {
					return
				}
				validity <- m.Validity
				time.Sleep(20 * time.Second)
				w.accept(seq, "1")
			}
		})
		r := s.route()
		r.Window = 1
		now := time.Date(2030, 1, 1, 20, 59, 0, 0, time.UTC)
		start := time.Now()
		r.Now = func() time.Time { return now.Add(time.Since(start)) }
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
			m := texts(4)
			m[0].NotAfter = now.Add(time.Hour + 61*time.Second)
			m[1].NotAfter = now.Add(19 * time.Second) // its turn comes after 20 s
			m[2].NotAfter = now.Add(-time.Second)
			m[3].NotAfter = now.Add(100 * time.Hour)
			rs := send(t.Context(), t, c, m)
			for i, want := range []gateway.Outcome{gateway.Accepted, gateway.NotSent, gateway.NotSent, gateway.Accepted} {
				if rs[int32(i)].Outcome != want {
					t.Errorf("message %d: %+v", i, rs[int32(i)])
				}
			}
			if a, b := <-validity, <-validity; a != "000000010101000R" || b != "000002000000000R" {
				t.Errorf("validity %s and %s", a, b)
			}
		})
	})
}

// B32: the hours end between two parts.
func TestNotAfterBetweenParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			seq, _, _ := w.submit()
			time.Sleep(10 * time.Second)
			w.accept(seq, "1")
			if _, _, ok := w.submit(); ok {
				t.Error("a part was written after its time")
			}
		})
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			m := texts(1)[0]
			m.Text, m.NotAfter = long(2), time.Now().Add(5*time.Second)
			if r := one(t.Context(), t, c, m); r.Outcome != gateway.Unknown {
				t.Errorf("result %+v", r)
			}
		})
	})
}

// B21: a late answer to the last part completes a long message; to an earlier one it cannot.
func TestLateParts(t *testing.T) {
	for lateAt, want := range map[int]int{1: 0, 2: 1} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(func(w *wire) {
				w.bound()
				for i := 1; ; i++ {
					seq, _, ok := w.submit()
					if !ok {
						return
					}
					if i == lateAt {
						time.Sleep(40 * time.Second)
					}
					w.accept(seq, "p"+string(rune('0'+i)))
				}
			})
			r := s.route()
			r.Enquire = time.Hour
			inBubble(t, r, func(t *testing.T, c *Client, n *notes) {
				m := texts(1)[0]
				m.Text = long(2)
				if r := one(t.Context(), t, c, m); r.Outcome != gateway.Unknown || len(r.Parts) != lateAt {
					t.Errorf("result %+v", r)
				}
				time.Sleep(20 * time.Second)
				synctest.Wait()
				if len(n.lates) != want {
					t.Fatalf("late answer to part %d: %+v", lateAt, n.lates)
				}
				if want == 1 && (n.lates[0].Outcome != gateway.Accepted || len(n.lates[0].Parts) != 2) {
					t.Errorf("late %+v", n.lates[0])
				}
			})
		})
	}
}
