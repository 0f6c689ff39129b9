// Package gatewaytest is what every gateway must do, whatever it speaks: one suite that runs
// against the simulated carrier and against carriers over HTTP.
//
// What a carrier does depends on the number, as docs/simulator.md tells it: numbers that end in
// 99 and two more digits are special.
package gatewaytest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// Harness is a gateway with a carrier of its own at the other end.
type Harness struct {
	Gateway gateway.Gateway // may have 2 messages under way at once; 1 s until a message is Unknown
	Carrier Carrier
	Hook    *Hook    // where the carrier posts to; nil where receipts come over the connection
	Secrets []string // must not be seen anywhere
}

// Carrier is the other end.
type Carrier interface {
	Submits(to string) int // how many whole messages for that number have arrived
	Leave()                // nobody answers at the carrier's address any more
}

// The numbers of docs/simulator.md that the suite uses; ten digits go before them.
const (
	badNumber  = "9901" // Recipient
	slowDown   = "9903" // Throttled once
	noReceipt  = "9904"
	twice      = "9905" // the receipt
	early      = "9906" // the receipt 300 ms before the answer
	undelivers = "9907"
	neverSays  = "9910"
	saysStop   = "9911"
	tryLater   = "9917" // Temporary
	cutsLost   = "9919" // reads the message, then hangs up
	badSender  = "9930" // Route
	badText    = "9931" // Content
	cutsTaken  = "9933" // the same, and delivers
)

// secretText must not be seen outside the message.
const secretText = "Dear Xylophone, your order is ready"

// world is a harness that runs, and everything it said.
type world struct {
	Harness
	sink *sink
	said *strings.Builder
	stop func()
}

// Run runs the suite. build is called for each test.
func Run(t *testing.T, build func(t *testing.T) Harness) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"Accepted", accepted},
		{"Refused", refused},
		{"Throttled", throttled},
		{"NeverAnswered", neverAnswered},
		{"CutAfterWriting", cutAfterWriting},
		{"NobodyThere", nobodyThere},
		{"NotRunning", notRunning},
		{"Stopped", stopped},
		{"HoursEnded", hoursEnded},
		{"OneOutcomeEach", oneOutcomeEach},
		{"Receipts", receipts},
		{"SinkFails", sinkFails},
		{"Drain", drain},
		{"RefusedBeforeTheWire", beforeTheWire},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // they wait more than they work
			w := start(t, build(t))
			test.run(t, w)
			w.stop()
			w.quiet(t)
		})
	}
}

func start(t *testing.T, h Harness) *world {
	t.Helper()
	w := &world{Harness: h, sink: &sink{}, said: &strings.Builder{}}
	if h.Hook != nil {
		h.Hook.Serve(h.Gateway.(gateway.WebhookParser), w.sink)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := h.Gateway.Run(ctx, w.sink); err != nil {
			t.Error(err)
		}
	})
	w.stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(w.stop)
	await(t, "the gateway to be ready", func() bool { return h.Gateway.Health().CanSend() })
	return w
}

// send submits a batch. Each message must have exactly one outcome, and done is never called
// twice at the same time.
func (w *world) send(ctx context.Context, t *testing.T, batch ...gateway.Outbound) map[int32]gateway.Result {
	t.Helper()
	out := map[int32]gateway.Result{}
	var busy sync.Mutex
	err := w.Gateway.Submit(ctx, batch, func(r gateway.Result) {
		if !busy.TryLock() {
			t.Error("done was called while it was running")
			return
		}
		defer busy.Unlock()
		if _, again := out[r.N]; again {
			t.Errorf("B27: message %d has two outcomes", r.N)
		}
		out[r.N] = r
		w.note(r.Code, r.Detail)
		for _, p := range r.Parts {
			w.note(p.Code)
		}
	})
	if err != nil {
		t.Error(err)
		w.note(err.Error())
	}
	if len(out) != len(batch) {
		t.Errorf("B27: %d outcomes of %d messages", len(out), len(batch))
	}
	for i := range batch {
		r := out[batch[i].N]
		check(t, &r, &batch[i])
	}
	return out
}

func (w *world) note(words ...string) {
	w.said.WriteString(strings.Join(words, "\n") + "\n")
}

// one submits a single message.
func (w *world) one(t *testing.T, m gateway.Outbound) gateway.Result {
	t.Helper()
	return w.send(t.Context(), t, m)[m.N]
}

// check is what holds for every result.
func check(t *testing.T, r *gateway.Result, m *gateway.Outbound) {
	t.Helper()
	if r.Tenant != m.Tenant || r.Session != m.Session || r.Attempt != m.Attempt || r.At.IsZero() {
		t.Errorf("the result is not of its message: %+v", r)
	}
	retry := r.Class == gateway.Temporary || r.Class == gateway.Throttled
	switch r.Outcome {
	case gateway.Accepted:
		if r.Class != 0 || len(r.Parts) == 0 || r.Parts[0].MatchID == "" || r.RetryAfter != 0 {
			t.Errorf("accepted: %+v", r)
		}
	case gateway.Refused:
		if r.Class == 0 || r.Code == "" || r.Detail == "" || retry != (r.RetryAfter > 0) {
			t.Errorf("refused: %+v", r)
		}
	case gateway.NotSent:
		if r.Class != 0 || r.Code == "" || len(r.Parts) != 0 {
			t.Errorf("not sent: %+v", r)
		}
	case gateway.Unknown:
		if r.Class != 0 || r.Code == "" || r.RetryAfter != 0 {
			t.Errorf("unknown: %+v", r)
		}
	default:
		t.Errorf("no outcome: %+v", r)
	}
}

// quiet looks for what must not be in words that are shown or logged (B43).
func (w *world) quiet(t *testing.T) {
	t.Helper()
	said := w.said.String()
	for _, h := range w.sink.healths() {
		said += h.Detail + "\n"
	}
	if w.Hook != nil {
		said += w.Hook.said()
	}
	for _, secret := range append(w.Secrets, "Xylophone", "4477009", "%2B44") {
		if strings.Contains(said, secret) {
			t.Errorf("B43: %q is in what was said: %s", secret, said)
		}
	}
}

// message is one to a number with that end.
func message(n int32, end string) gateway.Outbound {
	return gateway.Outbound{
		Tenant: 7, Session: 8, N: n, Attempt: 1, From: "TIDINGS", To: number(n, end), Text: secretText, Parts: 1, Ref: byte(n),
	}
}

func number(n int32, end string) string {
	return "4477009" + string([]byte{byte('0' + n/10%10), byte('0' + n%10)}) + end
}

// await looks until ok, for what the other end must bring about.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 20_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

var errSink = errors.New("the database is away")

// sink keeps what it gets, and fails as often as it is told to.
type sink struct {
	mu       sync.Mutex
	receipts []gateway.Receipt
	texts    []gateway.Inbound
	health   []gateway.Health
	fail     int
	failed   int
}

func (s *sink) failing() error {
	if s.fail > 0 {
		s.fail--
		s.failed++
		return errSink
	}
	return nil
}

// Receipts keeps receipts.
func (s *sink) Receipts(_ context.Context, rs []gateway.Receipt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing(); err != nil {
		return err
	}
	s.receipts = append(s.receipts, rs...)
	return nil
}

// Inbound keeps texts.
func (s *sink) Inbound(_ context.Context, ms []gateway.Inbound) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.failing(); err != nil {
		return err
	}
	s.texts = append(s.texts, ms...)
	return nil
}

// Late takes late answers.
func (s *sink) Late(context.Context, []gateway.Result) error { return nil }

// Changed keeps the health.
func (s *sink) Changed(h gateway.Health) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = append(s.health, h)
}

func (s *sink) healths() []gateway.Health {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]gateway.Health(nil), s.health...)
}

// about lists the receipts for a number.
func (s *sink) about(to string) []gateway.Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []gateway.Receipt
	for _, r := range s.receipts {
		if r.To == to {
			out = append(out, r)
		}
	}
	return out
}

func (s *sink) inbound() []gateway.Inbound {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]gateway.Inbound(nil), s.texts...)
}
