package outward

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/sms/gsm"
)

// Dialect is how one kind of carrier is spoken to over HTTP. Its methods are called concurrently.
type Dialect interface {
	// Request makes the request of one message. An error means that the message cannot be put into
	// this carrier's words.
	Request(ctx context.Context, m *gateway.Outbound, now time.Time) (*http.Request, error)
	// Answer reads an answer that is complete and whose status leaves no doubt that the carrier
	// has decided: 2xx, or a 4xx that says no.
	Answer(m *gateway.Outbound, a Answer) Verdict
}

// Answer is a complete answer to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Verdict is what became of one request.
type Verdict struct {
	Outcome     gateway.Outcome
	Class       gateway.Class
	Code        string
	Detail      string // in words, never with text or numbers of people in it
	RetryAfter  time.Duration
	Parts       []gateway.Part
	Cost        *gateway.Money
	Counted     int  // the parts the carrier counted; 0 if it did not say
	Credentials bool // it is the account that was refused, not the message
	Tries       int  // as in gateway.Result
	Fixed       bool // as in gateway.Result
	Unlisted    bool // as in gateway.Result
}

// Config is what a Sender needs. All but the limits must be set.
type Config struct {
	ID             string
	Client         *http.Client
	Dialect        Dialect
	PartsPerSecond float64       // 0: no limit of ours
	InFlight       int           // requests at once
	MaxParts       int           // a longer message is refused
	Timeout        time.Duration // from the first octet written; then a message is Unknown
	Now            func() time.Time
	Codes          gateway.Codes // that mean something else on this route
}

// Sender is all of a gateway over HTTP but the carrier's words: the limits, the health, and above
// all the certainty of what has been written (F12).
type Sender struct {
	cfg    Config
	rate   *gateway.Rate
	slots  chan struct{} // one for each request under way
	health health

	mu   sync.Mutex
	open context.Context // of Run; nil when it does not run or drains
	took gateway.Latency
}

// NewSender makes a Sender; nothing happens before Run.
func NewSender(c Config) *Sender {
	s := &Sender{cfg: c, rate: gateway.NewRate(c.PartsPerSecond), slots: make(chan struct{}, c.InFlight)}
	s.health.now = c.Now
	s.health.h = gateway.Health{State: gateway.Down, Since: c.Now()}
	return s
}

// ID is the gateway's name.
func (s *Sender) ID() string { return s.cfg.ID }

// Health is how the gateway is now.
func (s *Sender) Health() gateway.Health { return s.health.get() }

// Lead sets its speed (gateway.Led).
func (s *Sender) Lead(speed float64) { s.rate.Lead(speed) }

// Limits is what the gateway may take at once.
func (s *Sender) Limits() gateway.Limits {
	burst := s.cfg.InFlight
	if s.cfg.PartsPerSecond > 0 {
		burst = max(1, int(s.cfg.PartsPerSecond/10))
	}
	return gateway.Limits{
		PartsPerSecond: s.cfg.PartsPerSecond, Burst: burst, InFlight: s.cfg.InFlight, BatchSize: s.cfg.InFlight, MaxParts: s.cfg.MaxParts,
	}
}

// Figures are its requests under way, and how long answers took.
func (s *Sender) Figures() gateway.Figures {
	s.mu.Lock()
	defer s.mu.Unlock()
	return gateway.Figures{Used: len(s.slots), Latency: s.took}
}

// errRunning is returned by a second Run at the same time.
var errRunning = errors.New("this gateway is already running")

// Run lets messages leave until ctx ends, then waits for the answers that are owed. Receipts come
// by another way: the carrier posts them.
func (s *Sender) Run(ctx context.Context, sink gateway.Sink) error {
	s.mu.Lock()
	if s.open != nil {
		s.mu.Unlock()
		return errRunning
	}
	s.open = ctx
	s.mu.Unlock()
	s.health.start(sink)
	<-ctx.Done()
	s.mu.Lock()
	s.open = nil
	s.mu.Unlock()
	s.health.end(gateway.Draining)
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	s.cfg.Client.CloseIdleConnections()
	s.health.end(gateway.Down)
	for range cap(s.slots) {
		<-s.slots
	}
	return nil
}

func (s *Sender) running() context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Submit hands a batch over; see gateway.Gateway. It may be called concurrently.
func (s *Sender) Submit(ctx context.Context, batch []gateway.Outbound, done func(gateway.Result)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if run := s.running(); run != nil {
		defer context.AfterFunc(run, cancel)()
	}
	todo := make(chan *gateway.Outbound, len(batch))
	for i := range batch {
		todo <- &batch[i]
	}
	close(todo)
	results := make(chan gateway.Result)
	for range min(s.cfg.InFlight, len(batch)) {
		go func() {
			for m := range todo {
				results <- s.result(m, s.send(ctx, m))
			}
		}()
	}
	for range batch {
		done(<-results)
	}
	return nil
}

func (s *Sender) result(m *gateway.Outbound, v Verdict) gateway.Result {
	return gateway.Result{
		Tenant: m.Tenant, Session: m.Session, N: m.N, Attempt: m.Attempt,
		Outcome: v.Outcome, Class: v.Class, Code: v.Code, Detail: v.Detail, RetryAfter: v.RetryAfter,
		Parts: v.Parts, Cost: v.Cost, At: s.cfg.Now(), Tries: v.Tries, Fixed: v.Fixed, Unlisted: v.Unlisted,
	}
}

// send takes one message through the checks, the limits and the wire.
func (s *Sender) send(ctx context.Context, m *gateway.Outbound) Verdict {
	parts := gsm.Measure(m.Text).Parts
	switch {
	case m.Parts > 0 && m.Parts != parts:
		return refused(gateway.Content, "encoding", "the text has not as many parts as were counted and paid")
	case parts > s.cfg.MaxParts:
		return refused(gateway.Content, "encoding", "the text is longer than this route allows")
	case !number(m.To):
		return refused(gateway.Recipient, "encoding", "this is not a telephone number")
	}
	if v := s.admit(ctx, m, parts); v.Outcome != 0 {
		return v
	}
	defer func() { <-s.slots }()
	v := s.exchange(ctx, m)
	if more := v.Counted - parts; more > 0 {
		s.rate.Take(more, time.Now()) // they have left, whatever we counted
		v.Detail = "the carrier counted more parts than were priced"
	}
	return v
}

// admit waits for a place and for the rate. With the zero Verdict the message holds a place in
// s.slots and may be written now.
func (s *Sender) admit(ctx context.Context, m *gateway.Outbound, parts int) Verdict {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return stopped()
	}
	v := s.wait(ctx, parts)
	if v.Outcome == 0 {
		v = s.ready(ctx, m)
	}
	if v.Outcome != 0 {
		<-s.slots
	}
	return v
}

// wait takes parts from the rate.
func (s *Sender) wait(ctx context.Context, parts int) Verdict {
	for got := 0; got < parts; {
		if v := s.health.closed(); v.Outcome != 0 {
			s.rate.Give(got)
			return v
		}
		n, again := s.rate.Take(parts-got, time.Now())
		if got += n; got == parts {
			break
		}
		t := time.NewTimer(again)
		select {
		case <-ctx.Done():
			t.Stop()
			s.rate.Give(got)
			return stopped()
		case <-t.C:
		}
	}
	return Verdict{}
}

// ready asks everything again that may have changed while the message waited.
func (s *Sender) ready(ctx context.Context, m *gateway.Outbound) Verdict {
	switch {
	case ctx.Err() != nil:
		return stopped()
	case s.running() == nil:
		return notSent("not-running", "this gateway is not running", time.Second)
	case !m.NotAfter.IsZero() && m.NotAfter.Sub(s.cfg.Now()) < time.Second:
		return notSent("not-after", hoursEnded, 0)
	}
	return s.health.closed()
}

const hoursEnded = "its hours ended before it could leave"

func stopped() Verdict { return notSent("stopped", "stopped before it left", 0) }

func notSent(code, detail string, after time.Duration) Verdict {
	return Verdict{Outcome: gateway.NotSent, Code: code, Detail: detail, RetryAfter: after}
}

func refused(c gateway.Class, code, detail string) Verdict {
	return Verdict{Outcome: gateway.Refused, Class: c, Code: code, Detail: detail}
}

// number reports whether s is E.164, with or without "+".
func number(s string) bool {
	if s != "" && s[0] == '+' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) >= 5 && len(s) <= 15
}
