package sms

import (
	"math"
	"time"
)

// Pace is how fast a route, a tenant or a sender sends, as all workers share it:
// the parts that may leave now, and for a route what its carrier has asked for.
// Asked to send more slowly it halves, then adds back a twentieth for every good
// second, as connections on a network share a line (additive increase,
// multiplicative decrease). Limits and speeds are parts a second; 0 is no limit.
type Pace struct {
	Key         string
	Tokens      float64    // parts that may leave; below 0: more than that have left
	CountedAt   *time.Time // Tokens were counted up to here; nil: never
	Slow        float64    // the speed since the carrier asked for less; 0: it did not, or bears the limit again
	Borne       float64    // what it bore for a while before it asked; 0: not known
	AskedAt     *time.Time // when it asked last
	PausedUntil *time.Time // nothing leaves before
	RaisedAt    *time.Time // when Slow grew last
}

// What a carrier's wish does.
const (
	steadyFor  = 8 * time.Second // a speed borne for so long is returned to quickly
	leastKnown = 100             // of a route that sends since less than a second: its count says nothing yet
	fastEnough = 10_000          // a route without a limit is free again from here
)

// Speed is how many parts a second may leave under a limit; 0: no limit.
func (p Pace) Speed(limit float64) float64 {
	if p.Slow > 0 && (limit == 0 || p.Slow < limit) {
		return p.Slow
	}
	return limit
}

// Lease takes parts out, for one worker, after back of those that it had are given
// back; it is below 0 when more have left than it had. free means that there is no
// limit. Never more than a quarter of a second's parts are kept for later, or one.
func (p *Pace) Lease(limit, back float64, wanted bool, now time.Time) (parts float64, free bool) {
	speed := p.Speed(limit)
	if speed == 0 {
		p.Tokens, p.CountedAt = 0, nil
		return 0, true
	}
	most := max(1, speed/4)
	if p.CountedAt == nil {
		p.Tokens, p.CountedAt = most, &now
	}
	if d := now.Sub(*p.CountedAt).Seconds(); d > 0 {
		p.Tokens += d * speed
		p.CountedAt = &now
	}
	p.Tokens = min(most, p.Tokens+back)
	if wanted && p.Tokens >= 1 && !p.paused(now) {
		parts = math.Floor(p.Tokens)
		p.Tokens -= parts
	}
	return parts, false
}

func (p *Pace) paused(now time.Time) bool { return p.PausedUntil != nil && now.Before(*p.PausedUntil) }

// Ask is a carrier's wish to send more slowly. A window of such answers is one
// wish. measured is how many parts a second it took at last; known is false while
// that is not counted for a whole second. It reports whether this one counted.
func (p *Pace) Ask(limit, measured float64, known bool, wait time.Duration, now time.Time) bool {
	if p.paused(now) {
		return false
	}
	speed := p.Speed(limit)
	if speed == 0 {
		if speed = measured; !known {
			speed = max(speed, leastKnown)
		}
	}
	if p.Borne = 0; p.AskedAt == nil || now.Sub(*p.AskedAt) >= steadyFor {
		p.Borne = speed
	}
	until := now.Add(wait)
	p.Slow = max(1, speed/2)
	p.AskedAt, p.PausedUntil, p.RaisedAt = &now, &until, &until
	p.Tokens, p.CountedAt = min(p.Tokens, 0), &until
	return true
}

// Raise adds speed after a second in which the carrier took parts: more while the
// speed is well below what it has borne, less where it is just that (B26).
func (p *Pace) Raise(limit float64, now time.Time) {
	if p.Slow == 0 || p.RaisedAt == nil || now.Sub(*p.RaisedAt) < time.Second {
		return
	}
	p.RaisedAt = &now
	switch p.Slow *= 1.01; {
	case p.Slow*1.25 < 0.9*p.Borne:
		p.Slow *= 1.25
	case p.Slow < 0.9*p.Borne || p.Slow > 1.05*p.Borne:
		p.Slow *= 1.04
	}
	if p.Slow >= limit && limit > 0 || p.Slow >= fastEnough {
		p.Slow = 0
	}
}
