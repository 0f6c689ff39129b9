package smpp

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// B37: a receipt is answered 0 only after the sink has it, "try again" when the sink cannot take
// it, and taken when it comes again.
func TestReceiptAnsweredAfterSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		answers := make(chan uint32, 3)
		s := newScript(func(w *wire) {
			w.bound()
			for i := range 3 {
				w.send(standardReceipt("77").appendTo(nil, cmdDeliverSM, uint32(i)))
				h, _, ok := w.want(cmdDeliverSM | response)
				if !ok {
					return
				}
				answers <- h.status
			}
			w.idle()
		})
		c, n := New(s.route()), &notes{}
		tries := 0
		n.fail = func() error {
			<-release
			if tries++; tries == 1 {
				return errors.New("the database is away")
			}
			return nil
		}
		stop := run(c, n)
		defer stop()
		time.Sleep(20 * time.Second)
		if len(answers) != 0 {
			t.Error("answered before it was durable")
		}
		close(release)
		if a, b, c := <-answers, <-answers, <-answers; a != StatusTryAgain || b != 0 || c != 0 {
			t.Errorf("answers %#x %#x %#x", a, b, c)
		}
		if len(n.receipts) != 2 || n.receipts[0].MatchID != "77" || n.receipts[0].To != "447946012345" {
			t.Errorf("receipts %+v", n.receipts)
		}
	})
}

// B23: a sink that is stuck does not hold up the answers to submits; receipts that find no room
// are answered "try again" after five seconds, and the socket is always read.
func TestStuckSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const extra = 5
		nacks := make(chan time.Duration, extra)
		release := make(chan struct{})
		s := newScript(func(w *wire) {
			w.bound()
			go func() {
				for i := range 2 * inboxRoom { // two rooms: one batch may be with the sink
					w.send(standardReceipt("1").appendTo(nil, cmdDeliverSM, uint32(i)))
				}
			}()
			start := time.Now()
			for {
				h, _, ok := w.read()
				if !ok {
					return
				}
				switch h.command {
				case cmdSubmitSM:
					w.accept(h.seq, "1")
				case cmdEnquireLink:
					w.empty(cmdEnquireLink|response, 0, h.seq)
				case cmdUnbind:
					w.empty(cmdUnbind|response, 0, h.seq)
				case cmdDeliverSM | response:
					if h.status == StatusTryAgain && len(nacks) < extra {
						nacks <- time.Since(start)
					}
				}
			}
		})
		c, n := New(s.route()), &notes{}
		n.fail = func() error { <-release; return nil }
		stop := run(c, n)
		defer stop()
		defer close(release)
		synctest.Wait()
		start := time.Now()
		if got := tally(send(t.Context(), t, c, texts(100))); got[gateway.Accepted] != 100 || time.Since(start) > 50*time.Millisecond {
			t.Errorf("outcomes %v after %v", got, time.Since(start))
		}
		for range extra {
			if d := <-nacks; d < 5*time.Second || d > 7*time.Second {
				t.Errorf("no room: answered after %v", d)
			}
		}
	})
}

// run runs a client with a sink of the test's.
func run(c *Client, n *notes) (stop func()) {
	_, _, stop = runWith(c, n)
	synctest.Wait()
	return stop
}

// B39: texts of people and receipts are told apart by their marks, not by their words.
func TestTextsAndReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sneaky := &SM{Source: Address{1, 1, "+447946012345"}, Dest: Address{0, 1, "60777"}, Short: []byte("id:1 stat:DELIVRD err:000")}
		wide := &SM{Source: sneaky.Source, Dest: sneaky.Dest, Coding: 8, Short: []byte("\x00S\x00T\x00O\x00P\x00 \x26\x3A")}
		classed := &SM{Source: sneaky.Source, Dest: sneaky.Dest, Coding: 0x11, Short: []byte("stop")}
		latin := &SM{Source: sneaky.Source, Dest: sneaky.Dest, Coding: 3, Short: []byte("arr\xEAt")}
		udh := &SM{Source: sneaky.Source, Dest: sneaky.Dest, ESMClass: esmUDHI, Short: []byte("\x05\x00\x03\x01\x02\x01Stop please")}
		payload := &SM{Data: true, Source: sneaky.Source, Dest: sneaky.Dest, TLVs: []TLV{{TagPayload, []byte("by payload")}}}
		named := &SM{Source: sneaky.Source, Dest: sneaky.Dest, Coding: 1, Short: []byte("5 \x1Be \x00home")}
		ascii := &SM{Source: sneaky.Source, Dest: sneaky.Dest, Coding: 1, Short: []byte("me@home [1]\n")}
		s := newScript(func(w *wire) {
			w.bound()
			for i, m := range []*SM{sneaky, wide, classed, latin, udh, payload, named, ascii} {
				command := cmdDeliverSM
				if m.Data {
					command = cmdDataSM
				}
				w.send(m.appendTo(nil, command, uint32(i)))
				if h, _, ok := w.want(command | response); !ok || h.status != 0 {
					t.Errorf("text %d: answer %+v", i, h)
				}
			}
			w.idle()
		})
		inBubble(t, s.route(), func(t *testing.T, _ *Client, n *notes) {
			synctest.Wait()
			want := []string{"id:1 stat:DELIVRD err:000", "STOP ☺", "stop", "arrêt", "Stop please", "by payload", "5 € @home", "me@home [1]\n"}
			if len(n.texts) != len(want) || len(n.receipts) != 0 {
				t.Fatalf("%d texts, %d receipts", len(n.texts), len(n.receipts))
			}
			for i, m := range n.texts {
				if m.Text != want[i] || m.From != "447946012345" || m.To != "60777" || m.GatewayID != "test" {
					t.Errorf("text %+v", m)
				}
			}
		})
	})
}

// A deliver_sm that ends too early is nacked, and the session lives on.
func TestMalformedDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(func(w *wire) {
			w.bound()
			b := append(appendEmpty(nil, cmdDeliverSM, 0, 3), "\x00\x01\x0144"...)
			w.send(end(b, 0))
			if h, _, _ := w.read(); h.command != cmdGenericNack || h.status != statusInvCmdLen || h.seq != 3 {
				t.Errorf("answer %+v", h)
			}
			seq, _, _ := w.submit()
			w.accept(seq, "1")
			w.idle()
		})
		inBubble(t, s.route(), func(t *testing.T, c *Client, _ *notes) {
			if r := one(t.Context(), t, c, texts(1)[0]); r.Outcome != gateway.Accepted || c.Counters().Malformed != 1 {
				t.Errorf("result %+v", r)
			}
		})
	})
}
