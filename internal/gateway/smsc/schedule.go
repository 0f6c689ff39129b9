package smsc

import (
	"context"
	"sync"
	"time"
)

// coalesce is the shortest pause between two rounds of the schedule: what falls due meanwhile
// leaves together.
const coalesce = 2 * time.Millisecond

// schedule runs things at their time, in one goroutine.
type schedule struct {
	mu   sync.Mutex
	heap []event
	wake chan struct{}
	base time.Time
}

// event is something to do; n keeps the order of those of the same time.
type event struct {
	due time.Duration
	n   uint64
	do  func()
}

func newSchedule() *schedule { return &schedule{wake: make(chan struct{}, 1), base: time.Now()} }

// after does something after d.
func (s *schedule) after(d time.Duration, n uint64, do func()) {
	s.mu.Lock()
	e := event{due: time.Since(s.base) + d, n: n, do: do}
	s.heap = append(s.heap, e)
	i := len(s.heap) - 1
	for i > 0 && e.before(s.heap[(i-1)/2]) {
		s.heap[i] = s.heap[(i-1)/2]
		i = (i - 1) / 2
	}
	s.heap[i] = e
	first := i == 0
	s.mu.Unlock()
	if first {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

func (e event) before(o event) bool { return e.due < o.due || e.due == o.due && e.n < o.n }

// pop removes the first event if it is due; wait is the time to the first one otherwise.
func (s *schedule) pop(now time.Duration) (do func(), wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.heap) == 0 {
		return nil, time.Hour
	}
	top := s.heap[0]
	if top.due > now {
		return nil, top.due - now
	}
	last := s.heap[len(s.heap)-1]
	s.heap[len(s.heap)-1] = event{}
	s.heap = s.heap[:len(s.heap)-1]
	if len(s.heap) > 0 {
		s.sink(last)
	}
	return top.do, 0
}

// sink puts e at its place from the top.
func (s *schedule) sink(e event) {
	i := 0
	for {
		child := 2*i + 1
		if child >= len(s.heap) {
			break
		}
		if child+1 < len(s.heap) && s.heap[child+1].before(s.heap[child]) {
			child++
		}
		if e.before(s.heap[child]) {
			break
		}
		s.heap[i] = s.heap[child]
		i = child
	}
	s.heap[i] = e
}

// run does what is due, and calls round after each time that something was.
func (s *schedule) run(ctx context.Context, round func()) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		now := time.Since(s.base)
		some := false
		do, wait := s.pop(now)
		for ; do != nil; do, wait = s.pop(now) {
			do()
			some = true
		}
		if some {
			round()
		}
		timer.Reset(max(wait, coalesce))
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.wake:
		}
	}
}
