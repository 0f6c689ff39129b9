package smsc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
)

// safeBuffer is a witness in memory.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) lines(t *testing.T) (out []Line) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ReadWitness(bytes.NewReader(s.b.Bytes()), func(l Line) error { out = append(out, l); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// carrier starts one for the time of a test.
func carrier(t testing.TB, cfg Config) (s *Server, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { cancel(); _ = s.Wait() })
	t.Cleanup(stop)
	return s, stop
}

// sink keeps what comes back.
type sink struct {
	mu       sync.Mutex
	receipts []gateway.Receipt
	texts    []gateway.Inbound
	away     bool
}

var errAway = errors.New("away")

func (s *sink) Receipts(_ context.Context, rs []gateway.Receipt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errAway
	}
	s.receipts = append(s.receipts, rs...)
	return nil
}

func (s *sink) Inbound(_ context.Context, ms []gateway.Inbound) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, ms...)
	return nil
}

func (*sink) Late(context.Context, []gateway.Result) error { return nil }
func (*sink) Changed(gateway.Health)                       {}

func (s *sink) got() ([]gateway.Receipt, []gateway.Inbound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.receipts), slices.Clone(s.texts)
}

// client runs one against a carrier.
func client(t testing.TB, s *Server, change func(*smpp.Route)) (*smpp.Client, *sink, func()) {
	t.Helper()
	r := smpp.Route{Name: "sim", Addrs: []string{s.Addr()}, SystemID: "tidings", Window: 50, Backoff: 20 * time.Millisecond, UserReference: true}
	if change != nil {
		change(&r)
	}
	c, k := smpp.New(r), &sink{}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.Run(ctx, k) })
	stop := sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	await(t, "a bind", func() bool { return c.Health().CanSend() })
	return c, k, stop
}

func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 20_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

func submit(t testing.TB, c *smpp.Client, ms ...gateway.Outbound) map[int32]gateway.Result {
	t.Helper()
	out := map[int32]gateway.Result{}
	if err := c.Submit(context.Background(), ms, func(r gateway.Result) { out[r.N] = r }); err != nil {
		t.Error(err)
	}
	return out
}

func message(to string) gateway.Outbound {
	return gateway.Outbound{Tenant: 1, Session: 2, N: 3, Attempt: 1, From: "TIDINGS", To: to, Text: "Hello € \"you\"", Ref: 7}
}

// The table of numbers: what each leads to, tried over the wire. A message that may be tried
// again is.
// The receipt of …06 really comes before the response.
// docs/simulator.md names exactly the numbers that are special.
// The witness has a line for every part, in JSON that the standard library reads the same way.
func TestWitness(t *testing.T) {
	var w safeBuffer
	s, stop := carrier(t, Config{Witness: &w, ReceiptDelay: time.Millisecond})
	c, k, _ := client(t, s, nil)
	m := message("447700900123")
	m.Text = strings.Repeat("Zoë said \"hi\"\n☺ ", 9)
	m.NotAfter = time.Now().Add(time.Hour)
	r := submit(t, c, m)[m.N]
	refused := message("447700909901")
	refused.N = 4
	submit(t, c, refused)
	await(t, "receipts", func() bool { rs, _ := k.got(); return len(rs) == len(r.Parts) && s.Stats().Waiting == 0 })
	stop()
	var text strings.Builder
	var parts, acks int
	for _, l := range w.lines(t) {
		switch {
		case l.Event == "ack":
			acks++
		case l.Outcome == Refused:
			if l.Status != smpp.StatusInvDest || l.To != refused.To || l.ID != "" {
				t.Errorf("refused %+v", l)
			}
		default:
			parts++
			text.WriteString(l.Text)
			if l.Ref != 7 || int(l.Part) != parts || int(l.Total) != len(r.Parts) || l.ID != r.Parts[parts-1].ProviderID ||
				l.UserRef != m.UserRef() || l.SystemID != "tidings" || l.Outcome != Taken || l.Coding != 8 || !strings.HasPrefix(l.Validity, "00000000") {
				t.Errorf("line %+v", l)
			}
			if l.Complete != (parts == len(r.Parts)) || l.Complete && l.Message != m.Text {
				t.Errorf("complete %v: %q", l.Complete, l.Message)
			}
		}
	}
	if text.String() != m.Text || parts != len(r.Parts) || acks != parts {
		t.Errorf("%d parts, %d acks, text %q", parts, acks, text.String())
	}
	if n := s.Stats(); n.Messages != 1 || n.Refused != 1 || n.Accepted != int64(parts) {
		t.Errorf("stats %+v", n)
	}
}

func TestLineIsJSON(t *testing.T) {
	in := Line{
		Time: time.Date(2025, 11, 23, 1, 2, 3, 4000, time.UTC), Event: "submit", SystemID: "a\x01\"b\\", From: "x\xffy", To: "4",
		Text: "Zoë ☺ 😀\n\t\x00", Coding: 8, Ref: 300, Part: 1, Total: 2, ID: "f", UserRef: 9, Validity: "v", Status: 0x45,
		Outcome: Taken, Complete: true, Message: "whole",
	}
	var out Line
	if err := json.Unmarshal(in.append(nil), &out); err != nil {
		t.Fatal(err)
	}
	in.From = "x\uFFFDy"
	if !reflect.DeepEqual(in, out) {
		t.Errorf("\n in %+v\nout %+v", in, out)
	}
}

// B37, B38: receipts are kept while the client cannot take them, and come again over the next
// connection under the same id.
func TestReceiptsAreKept(t *testing.T) {
	s, _ := carrier(t, Config{ReceiptDelay: time.Millisecond, Window: 5})
	c, k, stop := client(t, s, nil)
	k.mu.Lock()
	k.away = true
	k.mu.Unlock()
	var ms []gateway.Outbound
	for i := range 40 {
		m := message("44770090" + string([]byte{'0', byte('0' + i/10), byte('0' + i%10), '1'}))
		m.N = int32(i)
		ms = append(ms, m)
	}
	ids := map[string]bool{}
	for _, r := range submit(t, c, ms...) {
		ids[r.Parts[0].MatchID] = true
	}
	await(t, "all to wait", func() bool { return s.Stats().Waiting > 0 })
	stop()
	if n := s.Stats(); n.Receipts != 0 {
		t.Errorf("stats %+v", n)
	}
	_, k, _ = client(t, s, nil)
	await(t, "the receipts", func() bool { return s.Stats().Receipts == 40 })
	rs, _ := k.got()
	for _, r := range rs {
		delete(ids, r.MatchID)
	}
	if len(rs) != 40 || len(ids) != 0 || len(submitDuplicates(rs)) != 0 {
		t.Errorf("%d receipts, %d missing", len(rs), len(ids))
	}
}

func submitDuplicates(rs []gateway.Receipt) (twice []string) {
	seen := map[string]bool{}
	for _, r := range rs {
		if seen[r.MatchID] {
			twice = append(twice, r.MatchID)
		}
		seen[r.MatchID] = true
	}
	return twice
}

// A person texts by themselves, also at length; a sender nobody uses is refused.
func TestSay(t *testing.T) {
	s, _ := carrier(t, Config{})
	if err := s.Say("447700900123", "TIDINGS", "STOP"); err == nil {
		t.Error("said to nobody")
	}
	_, k, _ := client(t, s, nil)
	if err := s.Say("+447700900123", "60777", "Stop ☺"); err != nil {
		t.Fatal(err)
	}
	await(t, "the text", func() bool { _, ms := k.got(); return len(ms) == 1 })
	if _, ms := k.got(); ms[0].Text != "Stop ☺" || ms[0].From != "447700900123" || ms[0].To != "60777" {
		t.Errorf("text %+v", ms[0])
	}
}

// Credentials, the number of binds and the rate are held to.
func TestTerms(t *testing.T) {
	s, _ := carrier(t, Config{SystemID: "tidings", Password: "right", MaxBinds: 1, Rate: 20})
	wrong := smpp.New(smpp.Route{Name: "w", Addrs: []string{s.Addr()}, SystemID: "tidings", Password: "wrong"})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = wrong.Run(ctx, &sink{}) }()
	await(t, "the refusal", func() bool { return wrong.Health().State == gateway.Turned })
	cancel()
	<-done
	c, _, _ := client(t, s, func(r *smpp.Route) { r.Password, r.Binds = "right", 2 })
	await(t, "the second bind to be refused", func() bool { return strings.Contains(c.Health().Detail, "too many") })
	var ms []gateway.Outbound
	for i := range 10 {
		m := message("4477009001" + string([]byte{'0', byte('0' + i)}))
		m.N = int32(i)
		ms = append(ms, m)
	}
	classes := map[gateway.Class]int{}
	for _, r := range submit(t, c, ms...) {
		classes[r.Class]++
	}
	if classes[gateway.Throttled] == 0 || classes[0] == 0 {
		t.Errorf("classes %v", classes)
	}
}

// Shares are met roughly, and the same seed gives the same fates.
// The connection is cut at every n-th submit; that one is lost, and nobody gets anything twice.
func TestCutEvery(t *testing.T) {
	var w safeBuffer
	s, stop := carrier(t, Config{CutEvery: 50, Witness: &w, Plain: true})
	c, _, _ := client(t, s, nil)
	left := map[int32]gateway.Outbound{}
	for i := range 600 {
		m := message("44770091" + string([]byte{byte('0' + i/1000), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)}))
		m.N = int32(i)
		left[m.N] = m
	}
	for len(left) > 0 {
		var batch []gateway.Outbound
		for _, m := range left {
			if batch = append(batch, m); len(batch) == 100 {
				break
			}
		}
		await(t, "a bind", func() bool { return c.Health().CanSend() })
		for n, r := range submit(t, c, batch...) {
			if r.Outcome != gateway.NotSent {
				delete(left, n)
			}
		}
	}
	stop()
	seen := map[string]int{}
	for _, l := range w.lines(t) {
		if l.Event == "submit" {
			seen[l.To]++
		}
	}
	for to, n := range seen {
		if n > 1 {
			t.Errorf("%s was sent %d times", to, n)
		}
	}
	if len(seen) < 500 {
		t.Errorf("%d seen", len(seen))
	}
}

// A connection that is cut off before the answer has its message taken: nobody is told, and the receipt comes
// over the next one.
func TestCutAfterTaking(t *testing.T) {
	s, _ := carrier(t, Config{Shares: Shares{Cut: 1}})
	c, k, _ := client(t, s, nil)
	m := message("447700900123")
	if r := submit(t, c, m)[m.N]; r.Outcome != gateway.Unknown {
		t.Errorf("result %+v", r)
	}
	await(t, "the receipt", func() bool { rs, _ := k.got(); return len(rs) == 1 })
}

// With jitter answers and receipts overtake each other, and none is lost.
func TestJitter(t *testing.T) {
	s, _ := carrier(t, Config{Jitter: 100 * time.Millisecond, Seed: 1})
	c, k, _ := client(t, s, func(r *smpp.Route) { r.Window = 100 })
	var ms []gateway.Outbound
	for i := range 50 {
		m := message("4477009001" + string([]byte{byte('0' + i/10), byte('0' + i%10)}))
		m.N = int32(i)
		ms = append(ms, m)
	}
	var order []int32
	if err := c.Submit(t.Context(), ms, func(r gateway.Result) { order = append(order, r.N) }); err != nil {
		t.Fatal(err)
	}
	if len(order) != len(ms) || slices.IsSorted(order) {
		t.Errorf("answered in the order %v", order)
	}
	await(t, "the receipts", func() bool { rs, _ := k.got(); return len(rs) == len(ms) })
}

// BenchmarkCarrier is submits with receipts and a witness, client and carrier in one process.
func BenchmarkCarrier(b *testing.B) {
	s, _ := carrier(b, Config{Witness: &safeBuffer{}, Plain: true, ReceiptDelay: 50 * time.Millisecond, Window: 1000})
	c, _, _ := client(b, s, func(r *smpp.Route) { r.Window = 500; r.UserReference = false })
	batch := make([]gateway.Outbound, 5000)
	for i := range batch {
		batch[i] = message("447700900123")
	}
	b.ResetTimer()
	for left := b.N; left > 0; left -= len(batch) {
		_ = c.Submit(b.Context(), batch[:min(left, len(batch))], func(gateway.Result) {})
	}
	await(b, "the receipts", func() bool { return s.Stats().Receipts >= int64(b.N) })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}
