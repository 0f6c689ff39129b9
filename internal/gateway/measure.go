package gateway

import (
	"math/bits"
	"time"

	"tidings/internal/sms"
)

// Measured is a Gateway that tells what goes on in it.
type Measured interface{ Figures() Figures }

// Figures are what a gateway has counted since it was made, and its window now.
type Figures struct {
	Used              int // messages on the wire without an answer
	Latency           Latency
	UnitsIn, UnitsOut int64 // of the protocol
	BytesIn, BytesOut int64
}

// Traced is a Gateway that remembers the last units of its protocol, the oldest
// first, without texts, passwords and whole numbers of people.
type Traced interface{ Trace() []sms.TraceLine }

// Latency counts answers by how long they took: four steps for each doubling.
type Latency [128]uint64

// Step is the place in a Latency of an answer that took d.
func Step(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 0))
	e := bits.Len64(us)
	if e < 3 {
		return int(us)
	}
	return min(4*e+int(us>>(e-3)&3), len(Latency{})-1)
}

// end is the longest time that is counted at a step.
func end(step int) time.Duration {
	if step < 4 {
		return time.Duration(step+1) * time.Microsecond
	}
	e := step / 4
	if e < 3 {
		return 4 * time.Microsecond
	}
	return time.Duration(uint64(step%4+5)<<(e-3)) * time.Microsecond
}

// Since is what was counted after an earlier reading.
func (l *Latency) Since(earlier *Latency) (out Latency) {
	for i := range l {
		out[i] = l[i] - earlier[i]
	}
	return out
}

// Within is the time within which a share of the answers came; 0 if there were none.
func (l *Latency) Within(share float64) time.Duration {
	var all, seen uint64
	for _, n := range l {
		all += n
	}
	for i, n := range l {
		if seen += n; n > 0 && float64(seen) >= share*float64(all) {
			return end(i)
		}
	}
	return 0
}
