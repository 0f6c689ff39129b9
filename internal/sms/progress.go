package sms

import "time"

// Sample is one point of a session's chart: how many messages had been handed
// over, delivered, and answered for good.
type Sample struct {
	At                     time.Time
	Sent, Delivered, Final int
}

// CountryTally is the tally of one country of a session.
type CountryTally struct {
	Country string
	Tally
}

// Progress is everything that the status page of a session shows.
type Progress struct {
	Session   Session
	Unknown   map[OnUnknown]int // what becomes of messages without an answer: the rules of their routes, with hours
	Hours     int               // that its routes try, at most
	Tally     Tally
	Countries []CountryTally
	Samples   []Sample
	Events    []SessionEvent
	Charged   Credits
	Returned  Credits
	Reserved  Credits // still set aside
	OptedOut  int     // since it started, among its people
	At        time.Time
}

// Rate is how many messages leave in a second, over the last half minute of
// samples; 0 when it is not known or nothing leaves.
func (p Progress) Rate() float64 {
	n := len(p.Samples)
	if n < 2 || p.Session.State != SessionSending || p.Tally.Pending == 0 {
		return 0
	}
	last := p.Samples[n-1]
	first := p.Samples[0]
	for _, s := range p.Samples {
		if last.At.Sub(s.At) <= 30*time.Second {
			first = s
			break
		}
	}
	d := last.At.Sub(first.At).Seconds()
	if d <= 0 || p.At.Sub(last.At) > 30*time.Second {
		return 0
	}
	return float64(last.Sent-first.Sent) / d
}

// LastLeavesAt is when the last message should leave at the present rate; nil
// when nothing waits or the rate is not known.
func (p Progress) LastLeavesAt() *time.Time {
	r := p.Rate()
	if r <= 0 || p.Tally.Pending == 0 {
		return nil
	}
	t := p.At.Add(time.Duration(float64(p.Tally.Pending) / r * float64(time.Second)))
	return &t
}

// For is how long the routes of the session try at most: 48 hours where nobody
// said otherwise (D31).
func (p Progress) For() time.Duration {
	if p.Hours == 0 {
		return RetryFor
	}
	return time.Duration(p.Hours) * time.Hour
}

// FinalBy is when the last answer is in at the latest: so long after the last
// message left as its route tries (D31). Nil before the start.
func (p Progress) FinalBy() *time.Time {
	if p.Session.StartedAt == nil {
		return nil
	}
	at := *p.Session.StartedAt
	if p.Session.State == SessionSending {
		if l := p.LastLeavesAt(); l != nil {
			at = *l
		}
	}
	for _, s := range p.Samples {
		if s.Sent > 0 && s.At.After(at) && s.Sent == p.Tally.Handed() {
			at = s.At
			break
		}
	}
	at = at.Add(p.For())
	return &at
}
