package sms

import "time"

// ClockTolerance is how far the clock of a worker may be from that of the
// database (I26). The mark refuses by the same figure.
const ClockTolerance = 2 * time.Second

// Incarnation names a database: a restore or a promotion makes another of it,
// one that may have forgotten what was sent (I25).
type Incarnation struct {
	System   int64
	Timeline int32
}

// Restore is whether the database is the one that was confirmed last.
type Restore struct {
	Confirmed, Now Incarnation
	AliveAt        time.Time  // when a worker last saw the confirmed one: so old the data is
	FoundAt        *time.Time // when a worker first saw the other one
}

// Closed reports whether nothing leaves until an administrator confirms.
func (r Restore) Closed() bool { return r.Confirmed != r.Now }

// Promoted reports whether it is the same system on another timeline.
func (r Restore) Promoted() bool { return r.Confirmed.System == r.Now.System }

// GuardKind is why a worker hands nothing over.
type GuardKind string

// The guards that open again by themselves.
const (
	GuardClock GuardKind = "clock"
	GuardDisk  GuardKind = "disk"
)

// Guard is a worker that hands nothing over at present, and why.
type Guard struct {
	Worker string
	Kind   GuardKind
	Reason string
	Since  time.Time
}
