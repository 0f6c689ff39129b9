package gateway

import (
	"sync"
	"time"

	"tidings/internal/sms"
)

// Rate is the speed of the connections of a process, in parts a second: the
// contract's limit, and below it what the carrier bears. Whoever knows of other
// processes at the same route leads it; a Rate that nobody leads finds by itself what
// the carrier bears (sms.Pace).
type Rate struct {
	mu      sync.Mutex
	limit   float64 // of the contract; 0: none
	led     bool
	pace    sms.Pace
	tokens  float64
	last    time.Time // tokens were counted up to here
	pause   time.Time // nothing before this
	second  time.Time // start of the second in which sent is counted
	sent    float64
	lastSec float64
}

// Led is a Gateway whose speed somebody else may lead, who knows of all processes
// that run it.
type Led interface{ Lead(speed float64) }

// NewRate makes the speed of a route whose contract allows so many parts a second; 0: no limit.
func NewRate(limit float64) *Rate { return &Rate{limit: limit} }

// Lead sets the speed of a route whose carrier has asked for less; 0: the contract's.
func (r *Rate) Lead(speed float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.led, r.pace.Slow = true, speed
}

// Take asks for up to n parts; wait is when to ask again if it gave fewer.
func (r *Rate) Take(n int, now time.Time) (got int, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := now.Sub(r.second); d >= time.Second {
		r.lastSec, r.sent, r.second = r.sent, 0, now
		if d >= 2*time.Second {
			r.lastSec = 0
		}
	}
	if d := r.pause.Sub(now); d > 0 {
		return 0, d
	}
	if !r.led {
		r.pace.Raise(r.limit, now)
	}
	speed := r.pace.Speed(r.limit)
	if speed == 0 {
		r.sent += float64(n)
		return n, 0
	}
	r.tokens = min(max(1, speed/10), r.tokens+now.Sub(r.last).Seconds()*speed)
	r.last = now
	got = min(n, int(r.tokens))
	r.tokens -= float64(got)
	r.sent += float64(got)
	if got < n {
		wait = max(time.Millisecond, time.Duration((1-r.tokens)/speed*float64(time.Second)))
	}
	return got, wait
}

// Give returns parts that were taken and then not used.
func (r *Rate) Give(n int) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	r.sent -= float64(n)
	if r.pace.Speed(r.limit) > 0 {
		r.tokens += float64(n)
	}
	r.mu.Unlock()
}

// Slow is called for each answer that asks to send more slowly. A window of such answers is one
// request. It reports whether this one counted.
func (r *Rate) Slow(now time.Time, pause time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.pause) {
		return false
	}
	if !r.led {
		r.pace.Ask(r.limit, max(r.sent, r.lastSec), r.lastSec > 0, pause, now)
	}
	r.pause = now.Add(pause)
	r.tokens, r.last = 0, r.pause
	return true
}

// Slowed reports whether the carrier's wish is still in force.
func (r *Rate) Slowed(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.pause)
}
