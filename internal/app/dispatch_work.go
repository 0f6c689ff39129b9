package app

import (
	"strconv"
	"sync"

	"tidings/internal/postgres"
)

// flying remembers what is marked and not recorded, by lane.
type flying struct {
	mu   sync.Mutex
	cond *sync.Cond
	m    map[*postgres.Lease]map[flight]int16
}

// flight names an attempt.
type flight struct {
	tenant, session int64
	n               int32
	attempt         int16
}

func (f *flying) add(lane *postgres.Lease, ref postgres.BatchRef, ms []postgres.Marked) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m == nil {
		f.m = map[*postgres.Lease]map[flight]int16{}
	}
	if f.m[lane] == nil {
		f.m[lane] = map[flight]int16{}
	}
	for _, m := range ms {
		f.m[lane][flight{int64(ref.Tenant), int64(ref.Session), m.N, m.Attempt}] = m.Tries
	}
}

// tries is how often the message had been tried before this attempt.
func (f *flying) tries(lane *postgres.Lease, k flight) int16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.m[lane][k]
}

func (f *flying) done(as []answered) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range as {
		delete(f.m[a.lease], a.flight())
	}
	if f.cond != nil {
		f.cond.Broadcast()
	}
}

// room waits until fewer than most of the lane's messages are unrecorded: what
// is marked and not recorded is unknown after a crash (I11).
func (f *flying) room(lane *postgres.Lease, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.m[lane]) >= most {
		f.condition().Wait()
	}
}

func (f *flying) condition() *sync.Cond {
	if f.cond == nil {
		f.cond = sync.NewCond(&f.mu)
	}
	return f.cond
}

// wait returns when everything the lane has marked is recorded: only then may
// it give its proof of life back.
func (f *flying) wait(lane *postgres.Lease) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.m[lane]) > 0 {
		f.condition().Wait()
	}
}

func digits(n int64) string { return strconv.FormatInt(n, 10) }
