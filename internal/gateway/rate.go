package gateway

import (
	"sync"
	"time"
)

// Rate is the speed of a route in parts a second: the contract's limit, and below it what the
// carrier bears. Asked to slow down it halves, then adds back 5 % for each good second, as
// connections on a network share a line (additive increase, multiplicative decrease).
type Rate struct {
	mu      sync.Mutex
	limit   float64 // of the contract; 0: none
	now     float64 // what is allowed at present; 0: no limit
	tokens  float64
	last    time.Time // tokens were counted up to here
	pause   time.Time // nothing before this
	good    time.Time // the last second that was raised for
	second  time.Time // start of the second in which sent is counted
	sent    float64
	lastSec float64
	borne   float64   // what the carrier bore for a good while before it asked to slow down; 0: not known
	asked   time.Time // when it asked last
}

// steady is how long a speed must have been borne to be returned to quickly.
const steady = 8 * time.Second

// NewRate makes the speed of a route whose contract allows so many parts a second; 0: no limit.
func NewRate(limit float64) *Rate { return &Rate{limit: limit, now: limit} }

func (r *Rate) burst() float64 { return max(1, r.now/10) }

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
	if r.now == 0 {
		r.sent += float64(n)
		return n, 0
	}
	r.recover(now)
	if r.now == 0 {
		r.sent += float64(n)
		return n, 0
	}
	r.tokens = min(r.burst(), r.tokens+now.Sub(r.last).Seconds()*r.now)
	r.last = now
	got = min(n, int(r.tokens))
	r.tokens -= float64(got)
	r.sent += float64(got)
	if got < n {
		wait = max(time.Millisecond, time.Duration((1-r.tokens)/r.now*float64(time.Second)))
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
	if r.now > 0 {
		r.tokens += float64(n)
	}
	r.mu.Unlock()
}

// recover adds back 5 % for each good second since the last raise, and more while that is well
// below what the carrier has borne (B26).
func (r *Rate) recover(now time.Time) {
	for r.good.Before(now.Add(-time.Second)) && !r.good.IsZero() {
		r.good = r.good.Add(time.Second)
		if r.now *= 1.05; r.now*1.2 < 0.9*r.borne {
			r.now *= 1.2
		}
		if r.limit > 0 && r.now >= r.limit {
			r.now, r.good = r.limit, time.Time{}
		}
		if r.limit == 0 && r.now > 10_000 {
			r.now, r.good = 0, time.Time{}
		}
	}
}

// Slow is called for each answer that asks to send more slowly. A window of such answers is one
// request. It reports whether this one counted.
func (r *Rate) Slow(now time.Time, pause time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.pause) {
		return false
	}
	if r.now == 0 {
		// On an idle route the count says nothing of what the carrier bears.
		r.now = max(r.sent, r.lastSec, 100)
	}
	if r.borne = 0; now.Sub(r.asked) >= steady {
		r.borne = r.now
	}
	r.asked = now
	r.now = max(1, r.now/2)
	r.pause = now.Add(pause)
	r.good = r.pause
	r.tokens, r.last = 0, r.pause
	return true
}

// Slowed reports whether the carrier's wish is still in force.
func (r *Rate) Slowed(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.pause)
}
