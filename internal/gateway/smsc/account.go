package smsc

import (
	"sync"
	"time"

	"tidings/internal/gateway/smpp"
)

const (
	ackTimeout  = 30 * time.Second // then a receipt is sent again
	refusedWait = time.Second      // after a negative answer to a receipt
)

// delivery is a receipt or a text on its way to the client. It is kept until the client has
// answered it with 0, over as many connections as that takes; its id never changes.
type delivery struct {
	sm   smpp.SM
	id   string
	kind string // for the witness: the state, or "text"
}

// outgoing is a delivery that waits for its answer.
type outgoing struct {
	d  *delivery
	at time.Time
}

// link is one connection that takes deliveries.
type link struct {
	peer *smpp.Peer
	out  map[uint32]outgoing
}

// account is one system id: its connections share one queue of deliveries.
type account struct {
	id     string
	window int

	mu    sync.Mutex
	binds int
	links []*link
	turn  int
	queue []*delivery
	head  int

	tokens float64 // of the rate limit
	filled time.Time
}

// add takes a connection in.
func (a *account) add(p *smpp.Peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.binds++
	if p.Receives {
		a.links = append(a.links, &link{peer: p, out: map[uint32]outgoing{}})
		a.pump()
	}
}

// remove takes a connection out; what it had not answered goes back to the queue.
func (a *account) remove(p *smpp.Peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.binds--
	for i, l := range a.links {
		if l.peer == p {
			a.links = append(a.links[:i], a.links[i+1:]...)
			for _, o := range l.out {
				a.queue = append(a.queue, o.d)
			}
			break
		}
	}
	a.pump()
	a.flush()
}

// push queues a delivery; pump or flush let it leave.
func (a *account) push(d *delivery) {
	a.mu.Lock()
	a.queue = append(a.queue, d)
	a.mu.Unlock()
}

// pump sends as much of the queue as the windows of the connections allow. a.mu is held.
func (a *account) pump() {
	for a.head < len(a.queue) {
		l := a.free()
		if l == nil {
			break
		}
		d := a.queue[a.head]
		a.queue[a.head] = nil
		a.head++
		l.out[l.peer.Deliver(&d.sm)] = outgoing{d, time.Now()}
	}
	if a.head == len(a.queue) {
		a.queue, a.head = a.queue[:0], 0
	} else if a.head > 4096 && a.head > len(a.queue)/2 {
		a.queue, a.head = a.queue[:copy(a.queue, a.queue[a.head:])], 0
	}
}

// free is a connection with room in its window, in turn; nil if there is none. a.mu is held.
func (a *account) free() *link {
	for range a.links {
		a.turn++
		if l := a.links[a.turn%len(a.links)]; len(l.out) < a.window {
			return l
		}
	}
	return nil
}

// flush lets leave what pump queued. a.mu is held.
func (a *account) flush() {
	for _, l := range a.links {
		l.peer.Flush()
	}
}

// move pumps and flushes.
func (a *account) move() {
	a.mu.Lock()
	a.pump()
	a.flush()
	a.mu.Unlock()
}

// answered takes the client's answer to a delivery and returns what it answered, nil if nothing.
func (a *account) answered(p *smpp.Peer, seq, status uint32) *delivery {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.links {
		if l.peer != p {
			continue
		}
		o, ok := l.out[seq]
		if !ok {
			return nil
		}
		delete(l.out, seq)
		a.pump() // the reader of p flushes it; other connections had no room either
		return o.d
	}
	return nil
}

// overdue puts deliveries back that were not answered in time.
func (a *account) overdue(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.links {
		for seq, o := range l.out {
			if now.Sub(o.at) >= ackTimeout {
				delete(l.out, seq)
				a.queue = append(a.queue, o.d)
			}
		}
	}
	a.pump()
	a.flush()
}

// allow takes one part from the rate limit.
func (a *account) allow(rate float64, now time.Time) bool {
	if rate <= 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens = min(max(1, rate/10), a.tokens+now.Sub(a.filled).Seconds()*rate)
	a.filled = now
	if a.tokens < 1 {
		return false
	}
	a.tokens--
	return true
}
