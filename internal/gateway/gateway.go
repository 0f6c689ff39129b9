// Package gateway is the way out and back: what a carrier can be asked, and what it says.
//
// A gateway never decides to send again. It reports, for every message handed over, one of
// four outcomes, and the caller decides; so that suppression, hours and budget are asked again.
package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Outcome says what is certain about a message that was handed over.
type Outcome uint8

// The four outcomes, from the best to the worst to learn.
const (
	Accepted Outcome = iota + 1 // taken by the carrier, provider ids set
	Refused                     // a definite no; Class says what to do
	NotSent                     // certainly never left us: free to try again, here or elsewhere
	Unknown                     // written, no answer: it may have been sent. Never resent by itself
)

// Class says what a refusal means for the next step. It is zero for other outcomes.
type Class uint8

// The classes of refusal.
const (
	Recipient Class = iota + 1 // permanent, this number only (invalid, landline)
	OptedOut                   // permanent, add the number to the suppressions
	Content                    // permanent, this text only (filtered, too long)
	Route                      // configuration, sender or credit: pause the route, keep the messages
	Temporary                  // try again later, with backoff
	Throttled                  // slow down and try again soon; not counted as an attempt
)

// Money is an amount in millionths of a unit of a currency.
type Money struct {
	Micros   int64
	Currency string // ISO 4217
}

// Outbound is one text to one person, ready to leave. Tenant, Session, N and Attempt together
// name the attempt; the gateway only echoes them.
type Outbound struct {
	Tenant  int64
	Session int64
	N       int32
	Attempt int16

	From string // the sender: digits, a short code, or up to 11 letters and digits
	To   string // E.164, with or without "+"
	Text string // final text: fields filled, opt-out notice added

	Parts int  // the number of parts that were counted and priced; 0 if not counted
	Ref   byte // the reference that joins the parts at the phone (23.040 9.2.3.24.1)

	// Keyed is the attempt whose idempotency key this one repeats, at a carrier that declares
	// such keys; its own where nothing is repeated.
	Keyed int16

	// At is when an unknown message was handed over, for a Resolver.
	At time.Time

	// NotAfter is the end of the allowed hours: nothing is written at or after it, and the
	// carrier is told to give up then. Zero means only the route's longest validity holds.
	NotAfter time.Time
}

// UserRef is the 16-bit reference (never 0) that a route which echoes user_message_reference
// sends along; Receipt.UserRef brings it back, so that an unknown attempt can be recognised.
func (o *Outbound) UserRef() uint16 {
	const prime = 1099511628211 // FNV-1a over the four fields of the attempt
	h := uint64(14695981039346656037)
	for _, v := range [...]uint64{uint64(o.Tenant), uint64(o.Session), uint64(uint32(o.N)), uint64(uint16(o.Attempt))} {
		for range 8 {
			h = (h ^ v&0xff) * prime
			v >>= 8
		}
	}
	return uint16(h^h>>16^h>>32^h>>48) | 1
}

// Part is what became of one SMS segment.
type Part struct {
	N          uint8 // from 1
	Outcome    Outcome
	Class      Class
	Code       string // "smpp:0x58", "twilio:21610", "http:429"; empty when accepted
	ProviderID string // raw, exactly as received
	MatchID    string // ProviderID in the route's normal form: what a receipt is matched by
}

// Result is what became of one Outbound; its first four fields are those of the Outbound.
//
// Outcome is the worst of the parts. A message with an accepted part never comes back as
// NotSent, nor as a refusal that may be tried again: the person may already hold that part.
type Result struct {
	Tenant  int64
	Session int64
	N       int32
	Attempt int16

	Outcome    Outcome
	Class      Class
	Code       string        // of the part that decided, or a word of ours: "not-bound", "window", "not-after"…
	Detail     string        // one sentence in words, never with text or numbers of people in it
	RetryAfter time.Duration // for Temporary, Throttled and NotSent: not before
	Tries      int           // for Temporary: after so many the message is not accepted; 0: as long as its route tries
	Fixed      bool          // RetryAfter is the wait itself, as the route says, not the least
	Unlisted   bool          // the carrier answered with a code that nobody knows
	Parts      []Part        // the parts that were begun, in order; empty for NotSent
	Cost       *Money        // where the carrier says it at once
	At         time.Time
}

// State is where the network says a message is.
type State uint8

// The states of a receipt. Only Enroute is not final.
const (
	Enroute State = iota + 1
	Delivered
	Undelivered
	Expired
	Rejected
	Deleted
	Unknowable // the carrier itself does not know
	OptOut     // refused by the carrier because the person opted out there
)

// Receipt is what the network says later about one part.
type Receipt struct {
	GatewayID  string
	ProviderID string // raw; MatchID is what to look up
	MatchID    string // in the same normal form as Part.MatchID
	To, From   string // digits without "+": the person, and our sender
	UserRef    uint16 // user_message_reference echoed, 0 if none
	State      State
	Final      bool
	Code       string    // the network's error, normalised: "smpp-net:3:001", "smpp-err:21b", "twilio:30003"
	DoneAt     time.Time // zero if the carrier did not say; carriers seldom name the time zone
	Cost       *Money
	Raw        []byte // as received, for the journal; owned by the receiver
}

// Inbound is a text a person sent to us.
type Inbound struct {
	GatewayID  string
	From, To   string // digits without "+", or a short code
	Text       string
	ProviderID string // where the carrier gives one
}

// Limits is what a gateway can take, in the unit all carriers count in: parts.
type Limits struct {
	PartsPerSecond float64 // 0: no limit known
	Burst          int     // parts at once
	InFlight       int     // SMPP window times binds, or concurrent HTTP requests
	BatchSize      int     // the best size for one Submit
	MaxParts       int     // a longer message is refused
}

// The words of Health.State.
const (
	Starting = "starting"  // the first connection is being made
	Ready    = "ready"     // messages can leave
	Slowed   = "throttled" // messages can leave, slower: the carrier asked for it
	Backoff  = "backoff"   // not connected, another try is planned
	Turned   = "refused"   // the carrier refuses our credentials; tries are rare
	Draining = "draining"  // stopping: answers are awaited, nothing new leaves
	Down     = "down"      // not running
)

// Health is how a gateway is, for people and for the engine.
type Health struct {
	State   string // one of the words above
	Binds   int    // connections ready to take messages
	Since   time.Time
	Detail  string    // the last trouble in words; empty when there is none
	NextTry time.Time // of the connection; zero if none is planned
}

// CanSend reports whether messages can leave now.
func (h Health) CanSend() bool { return h.State == Ready || h.State == Slowed }

// Gateway is a way to carriers.
//
// Submit calls done exactly once for every message of the batch, in any order, never
// concurrently, and returns when all were called. It blocks on the window and the rate limit;
// it never drops and never tries a message again by itself. When ctx ends, messages not yet
// written come back NotSent at once; written ones come back Accepted or Refused while the
// response timer runs, then Unknown. While nothing is connected, messages come back NotSent at
// once with RetryAfter: wait for Sink.Changed. The error is only for a call that cannot be
// served at all; done has been called for all even then.
type Gateway interface {
	ID() string
	Limits() Limits
	Health() Health
	Submit(ctx context.Context, batch []Outbound, done func(Result)) error
	// Run connects, keeps alive, reconnects and takes receipts until ctx ends, then drains.
	Run(ctx context.Context, sink Sink) error
}

// Sink takes what comes back. Receipts, Inbound and Late must return nil only after the rows
// are durable: the SMPP side then answers 0 to the carrier, and "try again" otherwise; the HTTP
// side 204 or 503. Everything may come twice. The slices belong to the Sink after the call.
type Sink interface {
	Receipts(ctx context.Context, rs []Receipt) error
	Inbound(ctx context.Context, ms []Inbound) error
	// Late brings answers that came after their message was already reported Unknown. A late
	// answer may settle an Unknown; it never changes anything else.
	Late(ctx context.Context, rs []Result) error
	// Changed tells of a new Health; it must not block.
	Changed(h Health)
}

// ErrSignature is ParseWebhook's answer to a request that is not proved to be the carrier's.
var ErrSignature = errors.New("the request is not signed by the carrier")

// WebhookParser is a Gateway that is told of receipts over HTTP: it verifies the signature on
// the raw body, then parses. Both may be empty: carriers also tell what nobody needs to keep.
type WebhookParser interface {
	ParseWebhook(r *http.Request, body []byte) ([]Receipt, []Inbound, error)
}

// Resolver is a Gateway that can be asked what became of unknown messages.
type Resolver interface {
	Resolve(ctx context.Context, unknown []Outbound) ([]Result, error)
}

// Poller is a Gateway that can be asked for receipts that did not come, by the ids it gave.
type Poller interface {
	Poll(ctx context.Context, ids []string) ([]Receipt, error)
}
