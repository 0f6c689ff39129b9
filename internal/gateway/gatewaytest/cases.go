package gatewaytest

import (
	"context"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// An ordinary message is accepted, and its receipt names it.
func accepted(t *testing.T, w *world) {
	m := message(1, "0000")
	r := w.one(t, m)
	if r.Outcome != gateway.Accepted || w.Carrier.Submits(m.To) != 1 {
		t.Fatalf("%d submits, %+v", w.Carrier.Submits(m.To), r)
	}
	await(t, "the receipt", func() bool { return len(w.sink.about(m.To)) > 0 })
	x := w.sink.about(m.To)[0]
	if x.MatchID != r.Parts[0].MatchID || x.State != gateway.Delivered || !x.Final || x.GatewayID != w.Gateway.ID() {
		t.Errorf("receipt %+v of %+v", x, r)
	}
	long := message(2, "0000")
	long.Text, long.Parts = strings.Repeat("Xylophone ", 30), 2
	if r := w.one(t, long); r.Outcome != gateway.Accepted {
		t.Errorf("two parts: %+v", r)
	}
}

// Each class of a definite no; nothing is tried again by itself.
func refused(t *testing.T, w *world) {
	for i, tt := range []struct {
		end   string
		class gateway.Class
	}{
		{badNumber, gateway.Recipient}, {tryLater, gateway.Temporary}, {badSender, gateway.Route}, {badText, gateway.Content},
	} {
		m := message(int32(i), tt.end)
		r := w.one(t, m)
		if r.Outcome != gateway.Refused || r.Class != tt.class || w.Carrier.Submits(m.To) != 1 {
			t.Errorf("%s: %d submits, %+v", tt.end, w.Carrier.Submits(m.To), r)
		}
	}
}

// A carrier that asks to slow down: a refusal with a wait, and the same message goes the next time.
func throttled(t *testing.T, w *world) {
	m := message(0, slowDown)
	if r := w.one(t, m); r.Outcome != gateway.Refused || r.Class != gateway.Throttled || r.RetryAfter < time.Second {
		t.Errorf("%+v", r)
	}
	slowed := false
	await(t, "the news of it", func() bool {
		for _, h := range w.sink.healths() {
			slowed = slowed || h.State == gateway.Slowed
		}
		return slowed
	})
	if !w.Gateway.Health().CanSend() {
		t.Error("slower is not stopped")
	}
	m.Attempt = 2
	if r := w.one(t, m); r.Outcome != gateway.Accepted || w.Carrier.Submits(m.To) != 2 {
		t.Errorf("%d submits, %+v", w.Carrier.Submits(m.To), r)
	}
}

// F12, B21: written and not answered in time is Unknown, and is not written again.
func neverAnswered(t *testing.T, w *world) {
	m := message(0, neverSays)
	if r := w.one(t, m); r.Outcome != gateway.Unknown || w.Carrier.Submits(m.To) != 1 {
		t.Errorf("%d submits, %+v", w.Carrier.Submits(m.To), r)
	}
}

// F12, B28: the connection breaks after the message arrived. Whether the carrier sends it cannot
// be known, and nothing may write it again.
func cutAfterWriting(t *testing.T, w *world) {
	for _, end := range []string{cutsLost, cutsTaken} {
		await(t, "the gateway to be ready", func() bool { return w.Gateway.Health().CanSend() })
		m := message(0, end)
		if r := w.one(t, m); r.Outcome != gateway.Unknown || w.Carrier.Submits(m.To) != 1 {
			t.Errorf("%s: %d submits, %+v", end, w.Carrier.Submits(m.To), r)
		}
	}
	to := number(0, cutsTaken)
	await(t, "the receipt of what was taken", func() bool { return len(w.sink.about(to)) > 0 })
}

// B28: nobody at the carrier's address: certainly not sent, and with a time to come again.
func nobodyThere(t *testing.T, w *world) {
	w.Carrier.Leave()
	var r gateway.Result
	for range 20 { // the first may meet a connection that is just being closed
		if r = w.one(t, message(0, "0000")); r.Outcome == gateway.NotSent {
			break
		}
	}
	if r.Outcome != gateway.NotSent || r.RetryAfter == 0 {
		t.Errorf("%+v", r)
	}
	await(t, "the news of it", func() bool { return !w.Gateway.Health().CanSend() })
	if h := w.Gateway.Health(); h.Detail == "" || h.Binds != 0 {
		t.Errorf("health %+v", h)
	}
}

// Without Run nothing leaves.
func notRunning(t *testing.T, w *world) {
	w.stop()
	m := message(0, "0000")
	if r := w.one(t, m); r.Outcome != gateway.NotSent || w.Carrier.Submits(m.To) != 0 {
		t.Errorf("%d submits, %+v", w.Carrier.Submits(m.To), r)
	}
	if h := w.Gateway.Health(); h.State != gateway.Down {
		t.Errorf("health %+v", h)
	}
}

// B18: the end of ctx gives back at once what was not written; what was written gets its answer.
func stopped(t *testing.T, w *world) {
	ctx, cancel := context.WithCancel(t.Context())
	batch := make([]gateway.Outbound, 8)
	arrived := func() (n int) {
		for i := range batch {
			n += w.Carrier.Submits(batch[i].To)
		}
		return n
	}
	for i := range batch {
		batch[i] = message(int32(i), early) // answered after 300 ms
	}
	go func() {
		for arrived() < 2 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	n := map[gateway.Outcome]int{}
	for _, r := range w.send(ctx, t, batch...) {
		n[r.Outcome]++
	}
	if n[gateway.Accepted] != 2 || n[gateway.NotSent] != 6 || arrived() != 2 {
		t.Errorf("%d arrived, outcomes %v", arrived(), n)
	}
	m := message(0, "0000")
	if r := w.send(ctx, t, m)[0]; r.Outcome != gateway.NotSent || w.Carrier.Submits(m.To) != 0 {
		t.Errorf("after the end: %+v", r)
	}
}

// B32: nothing is written at or after NotAfter.
func hoursEnded(t *testing.T, w *world) {
	a, b := message(0, "0000"), message(1, noReceipt)
	a.NotAfter, b.NotAfter = time.Now(), time.Now().Add(time.Hour)
	rs := w.send(t.Context(), t, a, b)
	if rs[0].Outcome != gateway.NotSent || w.Carrier.Submits(a.To) != 0 || rs[1].Outcome != gateway.Accepted {
		t.Errorf("%+v", rs)
	}
}

// B27, B17: many messages of every kind at once, from several callers.
func oneOutcomeEach(t *testing.T, w *world) {
	ends := []string{"0000", badNumber, noReceipt, undelivers, twice}
	batch := make([]gateway.Outbound, 60)
	for i := range batch {
		batch[i] = message(int32(i), ends[i%len(ends)])
	}
	for _, r := range w.send(t.Context(), t, batch...) {
		want := gateway.Accepted
		if ends[int(r.N)%len(ends)] == badNumber {
			want = gateway.Refused
		}
		if r.Outcome != want {
			t.Errorf("%+v", r)
		}
	}
	for i := range batch {
		if n := w.Carrier.Submits(batch[i].To); n != 1 {
			t.Errorf("message %d arrived %d times", i, n)
		}
	}
	if rs := w.send(t.Context(), t); len(rs) != 0 {
		t.Error("an empty batch has outcomes")
	}
}

// Receipts before their answer, twice, of what was not delivered; and a person's text.
func receipts(t *testing.T, w *world) {
	batch := []gateway.Outbound{message(0, early), message(1, twice), message(2, undelivers), message(3, saysStop)}
	rs := w.send(t.Context(), t, batch...)
	for i, want := range []struct {
		n     int
		state gateway.State
	}{{1, gateway.Delivered}, {2, gateway.Delivered}, {1, gateway.Undelivered}, {1, gateway.Delivered}} {
		await(t, "receipts", func() bool { return len(w.sink.about(batch[i].To)) >= want.n })
		for _, x := range w.sink.about(batch[i].To) {
			if x.MatchID != rs[int32(i)].Parts[0].MatchID || x.State != want.state || !x.Final {
				t.Errorf("receipt %+v of %+v", x, rs[int32(i)])
			}
		}
	}
	await(t, "the text", func() bool { return len(w.sink.inbound()) > 0 })
	if m := w.sink.inbound()[0]; m.From != batch[3].To || m.Text != "STOP" || m.GatewayID != w.Gateway.ID() {
		t.Errorf("inbound %+v", m)
	}
}

// B37: what the sink does not keep is not acknowledged, and comes again.
func sinkFails(t *testing.T, w *world) {
	w.sink.mu.Lock()
	w.sink.fail = 1
	w.sink.mu.Unlock()
	m := message(0, "0000")
	w.one(t, m)
	await(t, "the receipt, again", func() bool { return len(w.sink.about(m.To)) == 1 })
	w.sink.mu.Lock()
	defer w.sink.mu.Unlock()
	if w.sink.failed != 1 {
		t.Errorf("the sink failed %d times", w.sink.failed)
	}
}

// B7: Run waits for the answers that are owed; nothing is Unknown after a drain.
func drain(t *testing.T, w *world) {
	batch := make([]gateway.Outbound, 6)
	for i := range batch {
		batch[i] = message(int32(i), early)
	}
	go func() {
		for w.Carrier.Submits(batch[0].To)+w.Carrier.Submits(batch[1].To) < 2 {
			time.Sleep(time.Millisecond)
		}
		w.stop()
	}()
	n := map[gateway.Outcome]int{}
	for _, r := range w.send(t.Context(), t, batch...) {
		n[r.Outcome]++
	}
	if n[gateway.Accepted] != 2 || n[gateway.NotSent] != 4 {
		t.Errorf("outcomes %v", n)
	}
	w.stop()
	if h := w.Gateway.Health(); h.State != gateway.Down || h.CanSend() {
		t.Errorf("health %+v", h)
	}
}

// What cannot be sent at all is refused, and never reaches the carrier.
func beforeTheWire(t *testing.T, w *world) {
	for name, tt := range map[string]struct {
		change func(*gateway.Outbound)
		class  gateway.Class
	}{
		"number": {func(m *gateway.Outbound) { m.To = "call me" }, gateway.Recipient},
		"long":   {func(m *gateway.Outbound) { m.Text, m.Parts = strings.Repeat("Xylophone ", 400), 0 }, gateway.Content},
		"count":  {func(m *gateway.Outbound) { m.Parts = 3 }, gateway.Content},
	} {
		m := message(0, "0000")
		tt.change(&m)
		if r := w.one(t, m); r.Outcome != gateway.Refused || r.Class != tt.class || w.Carrier.Submits(m.To) != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
