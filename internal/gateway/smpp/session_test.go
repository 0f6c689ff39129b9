package smpp

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// B1: what a refused bind leads to: no hammering with wrong credentials, a try again by hand.
func TestBindRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status uint32
		waits  []time.Duration
		state  string
	}{
		{"password", statusInvPassword, []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, time.Hour}, gateway.Turned},
		{"system id", statusInvSystemID, []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}, gateway.Turned},
		{"too many", statusAlreadyBound, []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, time.Minute}, gateway.Backoff},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(func(w *wire) {
					h, _, _ := w.read()
					w.empty(h.command|response, tt.status, h.seq)
				})
				inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
					if h := c.Health(); h.State != tt.state || h.Detail == "" || h.CanSend() {
						t.Errorf("health %+v", h)
					}
					for i, wait := range tt.waits {
						times := s.times()
						time.Sleep(time.Until(times[i].Add(wait - time.Millisecond)))
						if got := len(s.times()); got != i+1 {
							t.Fatalf("try %d came before %v", i+1, wait)
						}
						time.Sleep(2 * time.Millisecond)
						if got := len(s.times()); got != i+2 {
							t.Fatalf("no try %d after %v", i+1, wait)
						}
					}
					before := len(s.times())
					c.RetryNow()
					synctest.Wait()
					if got := len(s.times()); got != before+1 {
						t.Error("RetryNow did not try")
					}
				})
			})
		})
	}
}

// B1: with wrong credentials only one of the binds is tried.
func TestBindRefusedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			h, _, _ := w.read()
			w.empty(h.command|response, statusInvPassword, h.seq)
		})
		r := s.route()
		r.Binds = 4
		inBubble(t, r, func(t *testing.T, _ *Client, _ *notes) {
			time.Sleep(50 * time.Second)
			if n := len(s.times()); n != 1 {
				t.Errorf("%d tries within a minute", n)
			}
		})
	})
}

// B1: a transmitter and a receiver as one route; receipts come over the receiver.
func TestPair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := func(w *wire) {
			h, _, _ := w.read()
			w.send(appendResp(nil, h.command, 0, h.seq, "peer"))
			if h.command == cmdBindRX {
				w.send(standardReceipt("77").appendTo(nil, cmdDeliverSM, 9))
			}
			if seq, _, ok := w.submit(); ok {
				if h.command != cmdBindTX {
					t.Error("submit_sm over the receiver")
				}
				w.accept(seq, "77")
				w.idle()
			}
		}
		r := newScript(peer).route()
		r.Mode = Pair
		inBubble(t, r, func(t *testing.T, c *Client, n *notes) {
			if r := one(t.Context(), t, c, texts(1)[0]); r.Outcome != gateway.Accepted {
				t.Errorf("outcome %+v", r)
			}
			synctest.Wait()
			if len(n.receipts) != 1 || c.Health().Binds != 1 {
				t.Errorf("%d receipts, %d binds", len(n.receipts), c.Health().Binds)
			}
		})
	})
}

// B2: a carrier that never answers the bind.
func TestBindTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := make(chan time.Duration, 10)
		s := newScript(func(w *wire) {
			start := time.Now()
			w.idle()
			closed <- time.Since(start)
		}, nil)
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if d := <-closed; d != 15*time.Second {
				t.Errorf("closed after %v", d)
			}
			synctest.Wait()
			if h := c.Health(); h.State != gateway.Backoff || !strings.Contains(h.Detail, "did not answer the bind") {
				t.Errorf("health %+v", h)
			}
		})
	})
}

// B3: what follows the bind response in the same segment is not lost.
func TestPDUsBehindBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acks := make(chan uint32, 2)
		s := newScript(func(w *wire) {
			h, _, _ := w.read()
			b := appendResp(nil, h.command, 0, h.seq, "peer")
			b = standardReceipt("1").appendTo(b, cmdDeliverSM, 1)
			b = standardReceipt("2").appendTo(b, cmdDeliverSM, 2)
			w.send(b)
			for range 2 {
				h, _, _ := w.want(cmdDeliverSM | response)
				acks <- h.status
			}
			w.idle()
		})
		inBubble(t, s.route(), func(t *testing.T, _ *Client, n *notes) {
			if <-acks != 0 || <-acks != 0 {
				t.Error("not acknowledged")
			}
			if len(n.receipts) != 2 {
				t.Errorf("%d receipts", len(n.receipts))
			}
		})
	})
}

// B5: waits grow to a minute at most, with jitter; several hosts in turn.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(nil)
		r := s.route()
		r.Addrs = []string{"one:1", "two:2"}
		inBubble(t, r, func(t *testing.T, _ *Client, _ *notes) {
			time.Sleep(40 * time.Minute)
			times, different := s.times(), map[time.Duration]bool{}
			if len(times) < 50 {
				t.Fatalf("%d tries", len(times))
			}
			for i := 1; i < 50; i++ {
				d := times[i].Sub(times[i-1])
				if limit := min(time.Minute, time.Second<<min(i-1, 6)); d > limit+time.Millisecond {
					t.Errorf("wait %d was %v", i, d)
				}
				different[d.Round(time.Second)] = true
				if s.addrs[i] == s.addrs[i-1] {
					t.Errorf("try %d went to the same host", i)
				}
			}
			if len(different) < 15 {
				t.Errorf("only %d different waits: no jitter", len(different))
			}
		})
	})
}

// B5: only a session that lasted a minute makes the next wait short again.
func TestBackoffReset(t *testing.T) {
	for _, lasts := range []time.Duration{10 * time.Second, 61 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(func(w *wire) {
				w.bound()
				stop := time.AfterFunc(lasts, func() { w.Close() })
				defer stop.Stop()
				w.idle()
			})
			inBubble(t, s.route(), func(t *testing.T, _ *Client, _ *notes) {
				time.Sleep(40 * time.Minute)
				longest, times := time.Duration(0), s.times()
				for i := 1; i < len(times); i++ {
					longest = max(longest, times[i].Sub(times[i-1])-lasts)
				}
				if short := longest <= time.Second+time.Millisecond; short != (lasts >= time.Minute) {
					t.Errorf("sessions of %v: the longest wait was %v", lasts, longest)
				}
			})
		})
	}
}

// B8: life is asked for only after silence, and a black hole is left within 25 s.
func TestBlackHole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan time.Duration, 2)
		s := newScript(func(w *wire) {
			w.bound()
			for range 10 { // chatter: no enquire_link may come
				time.Sleep(10 * time.Second)
				w.empty(cmdAlertNotify, 0, 5)
			}
			start := time.Now()
			if h, _, _ := w.read(); h.command != cmdEnquireLink || time.Since(start) != 15*time.Second {
				t.Errorf("command %x after %v", h.command, time.Since(start))
			}
			w.read()
			gone <- time.Since(start)
		}, nil)
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if d := <-gone; d > 26*time.Second {
				t.Errorf("left after %v", d)
			}
			synctest.Wait()
			if h := c.Health(); h.CanSend() || !strings.Contains(h.Detail, errSilent.Error()) {
				t.Errorf("health %+v", h)
			}
		})
	})
}

// B8: the carrier's enquire_link is answered at once, even with a full window.
func TestAnswersEnquireWithFullWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			seq, _, _ := w.submit()
			start := time.Now()
			w.empty(cmdEnquireLink, 0, 0xFFFFFFFF)
			if h, _, _ := w.read(); h.command != cmdEnquireLink|response || h.seq != 0xFFFFFFFF || time.Since(start) != 0 {
				t.Errorf("answer %+v after %v", h, time.Since(start))
			}
			w.accept(seq, "1")
			w.idle()
		})
		r := s.route()
		r.Window = 1
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) { one(t.Context(), t, c, texts(1)[0]) })
	})
}

// B9: half a PDU and then nothing; and a carrier that does not read.
func TestHalfPDU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan time.Duration, 1)
		s := newScript(func(w *wire) {
			w.bound()
			start := time.Now()
			w.send(appendResp(nil, cmdSubmitSM, 0, 1, "123456")[:19])
			w.idle()
			gone <- time.Since(start)
		}, nil)
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if d := <-gone; d < 10*time.Second || d > 12*time.Second {
				t.Errorf("left after %v", d)
			}
		})
	})
}

func TestStalledReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			_, _ = io.ReadFull(w.Conn, make([]byte, 40)) // half a PDU, and never reads on
			time.Sleep(15 * time.Second)
		}, nil)
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			start := time.Now()
			rs := send(t.Context(), t, c, texts(3)) // in one write, of which one PDU is read
			if d := time.Since(start); d > 11*time.Second {
				t.Errorf("took %v", d)
			}
			// B28: the first has begun to leave, of the others no octet did.
			if rs[0].Outcome != gateway.Unknown || rs[1].Outcome != gateway.NotSent || rs[2].Outcome != gateway.NotSent {
				t.Errorf("outcomes %v", tally(rs))
			}
			time.Sleep(5 * time.Second)
		})
	})
}

// B10: losing one bind does not touch the other's window; both share one queue.
func TestTwoBinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan string, 4)
		s := newScript(func(w *wire) {
			w.bound()
			w.submit()
			got <- "first"
			time.Sleep(time.Second) // and breaks with one on the wire
		}, func(w *wire) {
			w.bound()
			seq, _, _ := w.submit()
			got <- "second"
			time.Sleep(5 * time.Second)
			w.accept(seq, "1")
			w.idle()
		}, nil)
		r := s.route()
		r.Binds, r.Window = 2, 1
		inBubble(t, r, func(t *testing.T, c *Client, _ *notes) {
			rs := tally(send(t.Context(), t, c, texts(2)))
			if rs[gateway.Unknown] != 1 || rs[gateway.Accepted] != 1 {
				t.Errorf("outcomes %v", rs)
			}
			if <-got == <-got {
				t.Error("both over one bind")
			}
		})
	})
}

// B11: lengths that cannot be, and a peer of another protocol.
func TestImpossibleLength(t *testing.T) {
	for _, tt := range []struct{ name, sent, detail string }{
		{"short", "\x00\x00\x00\x0f\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01", "impossible length, 15"},
		{"long", "\x7f\x00\x00\x10\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01", "impossible length"},
		{"web", "HTTP/1.1 400 Bad Request\r\n", `does not speak SMPP: its first octets read "HTTP"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(func(w *wire) {
					w.bound()
					w.send([]byte(tt.sent))
					if h, _, ok := w.read(); !ok || h.command != cmdGenericNack || h.status != statusInvCmdLen {
						t.Errorf("answer %+v", h)
					}
					if _, _, ok := w.read(); ok {
						t.Error("not closed")
					}
				}, nil)
				inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
					if h := c.Health(); !strings.Contains(h.Detail, tt.detail) {
						t.Errorf("detail %q", h.Detail)
					}
				})
			})
		})
	}
}

// B11: the same where the bind is answered by something else.
func TestBindAnsweredByWebServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) { w.read(); w.send([]byte("HTTP/1.1 400 Bad Request\r\n")); w.read() }, nil)
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if h := c.Health(); !strings.Contains(h.Detail, "does not speak SMPP") && !strings.Contains(h.Detail, "connection refused") {
				t.Errorf("detail %q", h.Detail)
			}
		})
	})
}

// B14: an unknown command is nacked with its number; an unknown response is only counted.
func TestUnknownCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			w.empty(0x80000099, 0, 7)
			w.empty(0x00000099, 0, 0xFFFFFFFE)
			if h, _, _ := w.read(); h.command != cmdGenericNack || h.status != statusInvCmdID || h.seq != 0xFFFFFFFE {
				t.Errorf("answer %+v", h)
			}
			w.idle()
		})
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			synctest.Wait()
			if n := c.Counters(); n.StrayResponses != 1 {
				t.Errorf("counters %+v", n)
			}
		})
	})
}

// standardReceipt is a receipt as the specification shows it.
func standardReceipt(id string) *SM {
	return &SM{
		ESMClass: esmReceipt, Source: Address{1, 1, "447946012345"}, Dest: Address{5, 0, "TIDINGS"},
		Short: []byte("id:" + id + " sub:001 dlvrd:001 submit date:2511231200 done date:2511231201 stat:DELIVRD err:000 text:Hello"),
	}
}

// B2: a carrier that asks for life before it answers the bind is answered.
func TestEnquireBeforeBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			h, _, _ := w.read()
			w.empty(cmdEnquireLink, 0, 8)
			if e, _, _ := w.read(); e.command != cmdEnquireLink|response || e.seq != 8 {
				t.Errorf("answer %+v", e)
			}
			w.send(appendResp(nil, h.command, 0, h.seq, "peer"))
			w.idle()
		})
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if !c.Health().CanSend() {
				t.Errorf("health %+v", c.Health())
			}
		})
	})
}
