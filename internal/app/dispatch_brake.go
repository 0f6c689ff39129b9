package app

import (
	"fmt"
	"sync"
	"time"

	"tidings/internal/gateway"
)

// A carrier that refuses one message after the other, not for its number or its
// text, refuses the route or the sender: their messages are kept, and asked
// about seldom (smpp.md 1.8). One sending alone is at fault itself; several at
// once are the route's.
const (
	brakeRow     = 3  // refusals in a row
	brakeNumbers = 20 // percent of the numbers refused in a minute …
	brakeFrom    = 50 // … of so many answers
	brakeSeveral = 2  // sendings at once
)

var brakeWaits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}

// brake keeps messages back from one route in this process.
type brake struct {
	mu    sync.Mutex
	grips map[int64]*grip // by session
	until time.Time       // the whole route
	why   string
}

// grip is what the answers to one sending say about the route.
type grip struct {
	row, times       int
	until            time.Time
	minute           int64
	answers, numbers int // in that minute
}

// feel takes note of an answer.
func (b *brake) feel(r gateway.Result, now time.Time) {
	if r.Outcome != gateway.Accepted && r.Outcome != gateway.Refused || r.Class == gateway.Throttled {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.grips == nil {
		b.grips = map[int64]*grip{}
	}
	g := b.grips[r.Session]
	if g == nil {
		if r.Outcome == gateway.Accepted {
			return // most sendings never need one
		}
		g = &grip{}
		b.grips[r.Session] = g
	}
	if m := now.Unix() / 60; m != g.minute {
		g.minute, g.answers, g.numbers = m, 0, 0
	}
	g.answers++
	switch {
	case r.Class == gateway.Route || r.Unlisted:
		b.refused(g, r.Code, now)
		return
	case r.Class == gateway.Recipient:
		g.numbers++
		b.judgeNumbers(now)
	case r.Outcome == gateway.Accepted && now.After(g.until):
		g.times = 0
	}
	g.row = 0
}

// refused counts a refusal that is not the message's own fault.
func (b *brake) refused(g *grip, code string, now time.Time) {
	if now.Before(g.until) {
		return // of the windows that were under way
	}
	if g.row++; g.row < brakeRow {
		return
	}
	g.row, g.until = 0, now.Add(brakeWaits[min(g.times, len(brakeWaits)-1)])
	g.times++
	b.why = fmt.Sprintf("The carrier refused %d messages in a row (%s): it does not take this route or its sender", brakeRow, code)
	several := 0
	for _, x := range b.grips {
		if now.Before(x.until) {
			several++
		}
	}
	if several >= brakeSeveral {
		b.until = g.until
	}
}

// judgeNumbers pauses the route when it refuses many numbers of several sendings:
// that is seldom the fault of the numbers.
func (b *brake) judgeNumbers(now time.Time) {
	several := 0
	for _, x := range b.grips {
		if x.minute == now.Unix()/60 && x.answers >= brakeFrom && x.numbers*100 > x.answers*brakeNumbers {
			several++
		}
	}
	if several >= brakeSeveral && now.After(b.until) {
		b.until = now.Add(brakeWaits[0])
		b.why = fmt.Sprintf("The carrier says of more than %d%% of the numbers of several campaigns that they are not valid", brakeNumbers)
	}
}

// holds reports whether messages of a session are kept back now.
func (b *brake) holds(session int64, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.until) {
		return true
	}
	g := b.grips[session]
	return g != nil && now.Before(g.until)
}

// words says what is kept back and why; "" when nothing is. It forgets what is over.
func (b *brake) words(now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := 0
	var until time.Time
	for session, g := range b.grips {
		switch {
		case now.Before(g.until):
			held++
			until = later(until, g.until)
		case now.Sub(g.until) > time.Hour && g.minute < now.Unix()/60-1:
			delete(b.grips, session)
		}
	}
	switch {
	case now.Before(b.until):
		return b.why + ". Nothing leaves by it until " + b.until.UTC().Format("15:04") + " UTC; messages are kept."
	case held > 0:
		return b.why + ". The messages of one campaign are kept until " + until.UTC().Format("15:04") + " UTC."
	}
	return ""
}
