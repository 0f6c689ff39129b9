package outward

import (
	"sync"
	"time"

	"tidings/internal/gateway"
)

const (
	longestWait = time.Minute
	// doubtsToWait is how many messages in a row may end Unknown before nothing more leaves for a
	// while: what is Unknown is never sent again, so a carrier in trouble must not get many.
	doubtsToWait = 3
)

// turnedWaits are the pauses after refused credentials; hammering gets accounts locked.
var turnedWaits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// health is how a Sender is. A connection is made for each request where there is none, so it is
// taken to be ready until a request shows otherwise, then tried again when a pause is over.
type health struct {
	now   func() time.Time
	order sync.Mutex // one change at a time; taken before mu
	sink  gateway.Sink

	mu     sync.Mutex
	h      gateway.Health
	fails  int // connections or credentials refused, or doubts that led to a pause, in a row
	doubts int // messages that ended Unknown in a row
	timer  *time.Timer
}

func (b *health) get() gateway.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.h
}

// closed is the verdict on a message that cannot leave now; the zero Verdict if it can.
func (b *health) closed() Verdict {
	h := b.get()
	if h.State != gateway.Backoff && h.State != gateway.Turned {
		return Verdict{}
	}
	return notSent("not-connected", "no connection to the carrier", max(time.Second, h.NextTry.Sub(b.now())))
}

// set changes the health and tells of it if that made a difference.
func (b *health) set(change func(*gateway.Health)) {
	b.order.Lock()
	defer b.order.Unlock()
	b.mu.Lock()
	old := b.h
	change(&b.h)
	if b.h.State != old.State {
		b.h.Since = b.now()
	}
	h := b.h
	b.mu.Unlock()
	if h != old && b.sink != nil {
		b.sink.Changed(h)
	}
}

func (b *health) start(sink gateway.Sink) {
	b.order.Lock()
	b.sink = sink
	b.order.Unlock()
	b.mu.Lock()
	b.fails, b.doubts = 0, 0
	b.mu.Unlock()
	b.set(func(h *gateway.Health) { h.State, h.Detail, h.NextTry, h.Binds = gateway.Ready, "", time.Time{}, 1 })
}

func (b *health) end(state string) {
	b.set(func(h *gateway.Health) { h.State, h.NextTry, h.Binds = state, time.Time{}, 0 })
}

// pause moves to a state that lasts for a while and then ends by itself.
func (b *health) pause(state, detail string, binds int, wait time.Duration) {
	b.set(func(h *gateway.Health) {
		if h.State != gateway.Ready && h.State != gateway.Slowed {
			return
		}
		next := b.now().Add(wait)
		h.State, h.Detail, h.NextTry, h.Binds = state, detail, next, binds
		if b.timer != nil {
			b.timer.Stop()
		}
		b.timer = time.AfterFunc(wait, func() { b.resume(state, next) })
	})
}

func (b *health) resume(state string, next time.Time) {
	b.set(func(h *gateway.Health) {
		if h.State == state && h.NextTry.Equal(next) {
			h.State, h.NextTry, h.Binds = gateway.Ready, time.Time{}, 1
			if state == gateway.Slowed {
				h.Detail = ""
			}
		}
	})
}

// lost tells of a connection that could not be made; wait is when to try again.
func (b *health) lost(detail string) (wait time.Duration) {
	b.pause(gateway.Backoff, detail, 0, b.backoff())
	return b.closed().RetryAfter
}

// backoff is the next wait: 1 s, doubled up to a minute. Failures while waiting are of the same
// trouble and do not count.
func (b *health) backoff() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.h.State == gateway.Ready || b.h.State == gateway.Slowed {
		b.fails++
	}
	return min(longestWait, time.Second<<min(max(b.fails-1, 0), 6))
}

// doubted tells of a message that ended Unknown.
func (b *health) doubted(detail string) {
	b.mu.Lock()
	b.doubts++
	many := b.doubts >= doubtsToWait
	b.mu.Unlock()
	if many {
		b.pause(gateway.Backoff, detail, 0, b.backoff())
	}
}

// turned tells of refused credentials.
func (b *health) turned(detail string) {
	b.mu.Lock()
	wait := turnedWaits[min(b.fails, len(turnedWaits)-1)]
	b.mu.Unlock()
	b.backoff()
	b.pause(gateway.Turned, detail, 0, wait)
}

func (b *health) slowed(wait time.Duration) {
	b.pause(gateway.Slowed, "the carrier asks to send more slowly", 1, wait)
}

// good tells of an answer that makes sense.
func (b *health) good() {
	b.mu.Lock()
	quiet := b.fails == 0 && b.doubts == 0
	b.fails, b.doubts = 0, 0
	b.mu.Unlock()
	if !quiet {
		b.set(func(h *gateway.Health) {
			if h.State == gateway.Ready {
				h.Detail = ""
			}
		})
	}
}
