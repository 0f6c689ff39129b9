package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"time"

	"tidings/internal/gateway"
)

// Mode says how a route's connections bind.
type Mode uint8

// The modes.
const (
	Transceiver Mode = iota // each bind sends and receives
	Pair                    // each bind is two connections, a transmitter and a receiver
)

// Route is the settings of one account at one carrier. Zero values mean the defaults, which
// suit every carrier whose rules were read: several close a connection that is silent for 30 s.
type Route struct {
	Name  string   // the gateway's id
	Addrs []string // host:port, tried in turn; the name is resolved at each try

	SystemID   string
	Password   string
	SystemType string
	TLS        *tls.Config // nil: plain

	Mode  Mode
	Binds int // connections (or pairs) wanted at the same time; 1

	Window         int     // unanswered requests per bind, a hard limit; 10
	PartsPerSecond float64 // over all binds; 0: no limit of ours

	Enquire         time.Duration // ask for life after this much silence; 15 s
	EnquireTimeout  time.Duration // and give up after this much more; 10 s
	BindTimeout     time.Duration // connection and bind_resp; 15 s
	ResponseTimeout time.Duration // then a message is Unknown; 30 s
	BodyTimeout     time.Duration // for the rest of a PDU that has begun; 10 s
	WriteTimeout    time.Duration // for a peer that does not read; 10 s
	UnbindTimeout   time.Duration // for unbind_resp; 5 s
	Backoff         time.Duration // the longest wait between two tries to connect; 60 s

	Validity      time.Duration // the longest validity_period asked for; 48 h
	MaxParts      int           // a longer message is refused; 10
	Receipts      byte          // registered_delivery; 1: of the final state
	ServiceType   string
	ShortCodeTON  byte            // type of number of a short sender: 0 (unknown) or 3 (network specific)
	Latin1        bool            // what the carrier means by data_coding 0 of an inbound text
	UserReference bool            // send user_message_reference; the carrier may echo it in receipts
	TextReceipts  bool            // a text that reads like a receipt is one, though not marked so
	IDs           IDMode          // how ids of receipts differ from those of responses
	Statuses      map[uint32]Rule // lines that replace those of the status table
	TLVs          []TLV           // vendor parameters added to every submit_sm

	// Dial makes the connection; nil means net.Dialer. Where TLS is set it is laid on top.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Now is the clock that NotAfter is held against; nil means time.Now.
	Now func() time.Time

	firstSequence uint32 // for tests of the wrap-around
}

// LogValue shows a route in logs without its password.
func (r Route) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", r.Name), slog.Any("addrs", r.Addrs), slog.String("system_id", r.SystemID))
}

// Check says what is wrong with the settings, all at once; nil if nothing is.
func (r *Route) Check() error {
	var errs []error
	if len(r.Addrs) == 0 {
		errs = append(errs, errors.New("a route needs the carrier's host and port"))
	}
	for _, a := range r.Addrs {
		if _, _, err := net.SplitHostPort(a); err != nil {
			errs = append(errs, err)
		}
	}
	if len(r.SystemID) > 15 || len(r.Password) > maxPassword {
		errs = append(errs, errors.New("the system id has at most 15 characters, the password at most 63"))
	}
	if len(r.SystemType) > 12 || len(r.ServiceType) > 5 {
		errs = append(errs, errors.New("the system type has at most 12 characters, the service type at most 5"))
	}
	return errors.Join(errs...)
}

// maxPassword is what carriers give out; the specification's own limit is 8.
const maxPassword = 63

func (r Route) withDefaults() Route {
	def(&r.Binds, 1)
	def(&r.Window, 10)
	def(&r.MaxParts, 10)
	def(&r.Enquire, 15*time.Second)
	def(&r.EnquireTimeout, 10*time.Second)
	def(&r.BindTimeout, 15*time.Second)
	def(&r.ResponseTimeout, 30*time.Second)
	def(&r.BodyTimeout, 10*time.Second)
	def(&r.WriteTimeout, 10*time.Second)
	def(&r.UnbindTimeout, 5*time.Second)
	def(&r.Backoff, time.Minute)
	def(&r.Validity, 48*time.Hour)
	def(&r.Receipts, 1)
	def(&r.firstSequence, 1)
	if r.Dial == nil {
		r.Dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	if r.Now == nil {
		r.Now = time.Now
	}
	return r
}

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func (r *Route) limits() gateway.Limits {
	n := r.Window * r.Binds
	burst := n
	if r.PartsPerSecond > 0 {
		burst = max(1, int(r.PartsPerSecond/10))
	}
	return gateway.Limits{PartsPerSecond: r.PartsPerSecond, Burst: burst, InFlight: n, BatchSize: n, MaxParts: r.MaxParts}
}
