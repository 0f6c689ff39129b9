package app

import (
	"testing"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// lanes plays the lanes of a process over its worklist: all are at a window at
// the same time, and each marks what it is given before it takes the next.
type lanes struct {
	t     *testing.T
	work  worklist
	refs  []postgres.BatchRef
	now   time.Time
	parts map[sms.TenantID]int // handed over
	of    map[sms.SessionID]int
	left  map[sms.SessionID]int // messages; not there: no end
	most  map[sms.SessionID]int // that a mark finds; not there: a whole window
	at    []turn
}

const laneWindow = 250

func newLanes(t *testing.T, refs ...postgres.BatchRef) *lanes {
	l := &lanes{t: t, refs: refs, now: time.Unix(1_700_000_000, 0), parts: map[sms.TenantID]int{}, of: map[sms.SessionID]int{}, left: map[sms.SessionID]int{}, most: map[sms.SessionID]int{}}
	l.work.now = func() time.Time { return l.now }
	return l
}

// turns plays n turns, four lanes at once; the database is asked now and then.
func (l *lanes) turns(n int) {
	l.t.Helper()
	for i := range n {
		if i%7 == 0 {
			l.now = l.now.Add(2 * workFor)
		}
		if l.work.stale() {
			l.work.fill(append([]postgres.BatchRef(nil), l.refs...))
		}
		if len(l.at) == 4 {
			l.mark(l.at[0])
			l.at = l.at[1:]
		}
		x, ok := l.work.next(1, laneWindow)
		if !ok {
			l.t.Fatal("a lane was given nothing")
		}
		l.at = append(l.at, x)
	}
}

func (l *lanes) mark(x turn) {
	n := x.limit
	if left, ends := l.left[x.Session]; ends {
		n = min(n, left)
		l.left[x.Session] -= n
	}
	if most, few := l.most[x.Session]; few {
		n = min(n, most)
	}
	parts := n * int(x.each())
	l.work.done(x, parts)
	if n == 0 {
		l.work.drop(x)
	}
	l.parts[x.Tenant] += parts
	l.of[x.Session] += parts
}

// evenly says that the values differ by less than a tenth.
func evenly[K comparable](t *testing.T, what string, of map[K]int, keys ...K) {
	t.Helper()
	lo, hi := of[keys[0]], of[keys[0]]
	for _, k := range keys {
		lo, hi = min(lo, of[k]), max(hi, of[k])
	}
	if float64(hi-lo) > 0.1*float64(hi) {
		t.Errorf("%s have %v: not equal within a tenth", what, of)
	}
}

func refOf(tenant, session, batch int, each float64) postgres.BatchRef {
	return postgres.BatchRef{Tenant: sms.TenantID(tenant), Session: sms.SessionID(session), Batch: sms.BatchID(batch), Gateway: 1, Each: each}
}

// D35: four tenants who send at once have equal shares in parts, whether one has
// many sessions, another many batches with few people each, and another longer texts.
func TestTenantsHaveEqualShares(t *testing.T) {
	refs := []postgres.BatchRef{refOf(1, 1, 1, 1), refOf(2, 2, 2, 3)}
	for i := range 40 {
		refs = append(refs, refOf(3, 100+i, 100+i, 1))
	}
	for i := range 100 {
		refs = append(refs, refOf(4, 4, 1000+i, 1))
	}
	l := newLanes(t, refs...)
	l.most[4] = 20 // small batches
	l.turns(2000)
	evenly(t, "tenants", l.parts, 1, 2, 3, 4)
}

// D35: then between the sessions of a tenant.
func TestSessionsOfATenantHaveEqualShares(t *testing.T) {
	refs := []postgres.BatchRef{refOf(1, 1, 1, 1), refOf(1, 2, 2, 2)}
	for i := range 100 {
		refs = append(refs, refOf(1, 3, 100+i, 1))
	}
	l := newLanes(t, refs...)
	l.turns(400)
	evenly(t, "sessions", l.of, 1, 2, 3)
}

// D35: a small session that starts while others are under way for long is next,
// whether its tenant is new or sends already; and what it did not have while it
// was away is not made up for.
func TestSmallSessionIsNext(t *testing.T) {
	for _, of := range []int{1, 5} { // of a tenant who sends, of another
		l := newLanes(t, refOf(1, 1, 1, 1), refOf(2, 2, 2, 1), refOf(3, 3, 3, 1), refOf(4, 4, 4, 1))
		l.turns(300)
		l.left[9] = 50
		l.refs = append(l.refs, refOf(of, 9, 9, 1))
		l.work.expire()
		l.turns(4 + 4) // every tenant has one turn at most before it, and as many windows are under way
		if l.of[9] != 50 {
			t.Errorf("a small session of tenant %d had %d of 50 after one turn of everybody", of, l.of[9])
		}
		before := l.parts[sms.TenantID(of)]
		delete(l.left, 9)
		l.turns(40)
		if got := l.parts[sms.TenantID(of)] - before; got > 15*laneWindow {
			t.Errorf("tenant %d had %d parts of the next 10,000: more than its share", of, got)
		}
	}
}

// Lanes go for different batches of a session, and two processes begin with
// different ones: nobody waits for another's commit.
func TestLanesGoForDifferentBatches(t *testing.T) {
	var refs []postgres.BatchRef
	for i := range 20 {
		refs = append(refs, refOf(1, 1, i+1, 1))
	}
	first := map[sms.BatchID]bool{}
	for process := range uint64(8) {
		l := newLanes(t, refs...)
		l.work.own = process * 0x5851f42d4c957f2d
		l.turns(4)
		seen := map[sms.BatchID]bool{}
		for _, x := range l.at {
			seen[x.Batch] = true
		}
		if len(seen) != 4 {
			t.Errorf("four lanes are at %d batches", len(seen))
		}
		first[l.at[0].Batch] = true
	}
	if len(first) < 3 {
		t.Errorf("eight processes begin with %d different batches", len(first))
	}
}

// A session of some size has enough batches for the lanes of several processes,
// and a large one not so many that they are a burden.
func TestSessionsHaveSomeBatches(t *testing.T) {
	for people, want := range map[int]int{50: 1, 4_000: 8, 40_000: 32, 1_000_000: 100} {
		if n := (people + batchSize(people) - 1) / batchSize(people); n != want {
			t.Errorf("%d people stand in %d batches, want %d", people, n, want)
		}
	}
}

// Where flushes are slow, answers are gathered for longer; never for so long that
// they are late.
func TestSlowFlushesAreLarger(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{0: recordEvery, 60 * time.Millisecond: 60 * time.Millisecond, time.Minute: recordSlow} {
		if d := gatherFor(took); d != want {
			t.Errorf("after a flush of %v answers are gathered for %v, want %v", took, d, want)
		}
	}
}
