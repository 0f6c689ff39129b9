package smpp

import "time"

// window is the set of requests on the wire that are not answered: never more than size.
//
// A sequence number chooses its own cell, so a lookup costs no hashing; numbers whose cell is
// taken are skipped, which also keeps a number from being used twice while it is in flight.
type window struct {
	cells []cell
	mask  uint32
	size  int
	used  int
	last  uint32 // the sequence number given out last
}

// cell is one unanswered request. An expired one was reported Unknown; it stays for a further
// grace so that a late answer is still recognised and never taken for another message's.
type cell struct {
	item    *item
	seq     uint32
	at      time.Duration // when it was written, on the session's clock
	expired bool
}

func newWindow(size int, first uint32) window {
	n := 16
	for n < 4*size {
		n *= 2
	}
	return window{cells: make([]cell, n), mask: uint32(n - 1), size: size, last: first - 1}
}

func (w *window) room() int { return w.size - w.used }

// sequence gives out the next free number: 1 to 0x7FFFFFFF (§5.1.4), then 1 again.
func (w *window) sequence() uint32 {
	for {
		w.last = w.last%maxSequence + 1
		if w.cells[w.last&w.mask].item == nil {
			return w.last
		}
	}
}

// put takes a free cell; there must be room.
func (w *window) put(it *item, at time.Duration) uint32 {
	seq := w.sequence()
	w.cells[seq&w.mask] = cell{item: it, seq: seq, at: at}
	w.used++
	return seq
}

// take removes the request with that number.
func (w *window) take(seq uint32) (cell, bool) {
	c := &w.cells[seq&w.mask]
	if c.item == nil || c.seq != seq {
		return cell{}, false
	}
	out := *c
	*c = cell{}
	w.used--
	return out, true
}

// find reports whether the request with that number is unanswered.
func (w *window) find(seq uint32) (cell, bool) {
	c := w.cells[seq&w.mask]
	return c, c.item != nil && c.seq == seq
}
