package smpp

import (
	"sync/atomic"
	"time"

	"tidings/internal/gateway"
)

// latency counts how long answers took; it is written by all sessions.
type latency [len(gateway.Latency{})]atomic.Uint64

func (l *latency) add(d time.Duration) { l[gateway.Step(d)].Add(1) }

// Figures are the counters and the window now (B42).
func (c *Client) Figures() gateway.Figures {
	n := &c.counts
	f := gateway.Figures{UnitsIn: n.in.Load(), UnitsOut: n.out.Load(), BytesIn: n.bytesIn.Load(), BytesOut: n.bytesOut.Load()}
	for i := range f.Latency {
		f.Latency[i] = c.took[i].Load()
	}
	c.mu.Lock()
	bound := append([]*session(nil), c.sessions...)
	c.mu.Unlock()
	for _, s := range bound {
		s.mu.Lock()
		f.Used += s.win.used
		s.mu.Unlock()
	}
	return f
}
