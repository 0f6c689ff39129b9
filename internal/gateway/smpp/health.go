package smpp

import (
	"sync"
	"time"

	"tidings/internal/gateway"
)

// healthBox keeps the health of a client and tells its sink of every change, in order.
type healthBox struct {
	order sync.Mutex // one change at a time; taken before Client.mu
	sink  gateway.Sink

	mu  sync.Mutex // only for now; taken last
	now gateway.Health
}

func (b *healthBox) get() gateway.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

// set changes the health and tells of it if that made a difference.
func (b *healthBox) set(c *Client, change func(*gateway.Health)) {
	b.order.Lock()
	defer b.order.Unlock()
	old := b.get()
	h := old
	change(&h)
	h.Binds = c.bound()
	if h == old {
		return
	}
	if h.State != old.State {
		h.Since = c.route.Now()
	}
	b.mu.Lock()
	b.now = h
	b.mu.Unlock()
	if b.sink != nil {
		b.sink.Changed(h)
	}
}

func (b *healthBox) start(c *Client, sink gateway.Sink) {
	b.order.Lock()
	b.sink = sink
	b.order.Unlock()
	b.set(c, func(h *gateway.Health) { *h = gateway.Health{State: gateway.Starting, Since: h.Since} })
}

func (b *healthBox) joined(c *Client) {
	b.set(c, func(h *gateway.Health) {
		if h.State != gateway.Draining && h.State != gateway.Slowed && c.bound() > 0 {
			h.State, h.Detail, h.NextTry = gateway.Ready, "", time.Time{}
		}
	})
}

func (b *healthBox) left(c *Client, why string) {
	b.set(c, func(h *gateway.Health) {
		if why != "" {
			h.Detail = why
		}
		if c.bound() == 0 && h.State != gateway.Draining {
			h.State = gateway.Backoff
		}
	})
}

// failed tells of a connection that could not be made and when the next try is.
func (b *healthBox) failed(c *Client, state, why string, next time.Time) {
	b.set(c, func(h *gateway.Health) {
		h.Detail = why
		if c.bound() == 0 && h.State != gateway.Draining {
			h.State, h.NextTry = state, next
		}
	})
}

func (b *healthBox) throttled(c *Client, on bool) {
	b.set(c, func(h *gateway.Health) {
		switch {
		case on && h.State == gateway.Ready:
			h.State, h.Detail = gateway.Slowed, "the carrier asks to send more slowly"
		case !on && h.State == gateway.Slowed:
			h.State, h.Detail = gateway.Ready, ""
		}
	})
}

func (b *healthBox) draining(c *Client) {
	b.set(c, func(h *gateway.Health) { h.State, h.NextTry = gateway.Draining, time.Time{} })
}

func (b *healthBox) stopped(c *Client) {
	b.set(c, func(h *gateway.Health) { *h = gateway.Health{State: gateway.Down, Since: h.Since, Detail: h.Detail} })
}
