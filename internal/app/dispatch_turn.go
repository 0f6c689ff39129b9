package app

import (
	"slices"
	"sync"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// worklist gives lanes their turns (D35). Of those that have something to send by
// a gateway, the tenant that has had the fewest parts goes next; of its sessions,
// the one that has had the fewest. So neither a large window nor many sessions
// nor many batches give anybody more, and whoever comes anew is next. It is a
// copy of what the database said a moment ago; the mark decides.
type worklist struct {
	mu      sync.Mutex
	refs    []due
	purses  *purses // nil: nothing has a limit
	filling bool    // somebody asks the database
	until   time.Time
	now     func() time.Time // nil: the clock
	own     uint64           // of this process: two of them begin with different batches of a session

	had   map[share]float64 // parts, of those that have something to send
	reach map[share]float64 // of a gateway, or a tenant there: what the last one who was served had by then
	busy  map[batch]int     // lanes that are at it
}

// due is a batch that has something to send, and the purses it is paid from.
type due struct {
	postgres.BatchRef
	keys []string
}

// share names whose parts are counted: a gateway's, a tenant's there, a session's.
type share struct {
	gateway int16
	tenant  sms.TenantID  // 0: all
	session sms.SessionID // 0: all
}

func tenantShare(r postgres.BatchRef) share { return share{gateway: r.Gateway, tenant: r.Tenant} }

func sessionShare(r postgres.BatchRef) share { return share{r.Gateway, r.Tenant, r.Session} }

// of is the share that s is a part of.
func (s share) of() share {
	if s.session != 0 {
		return share{gateway: s.gateway, tenant: s.tenant}
	}
	return share{gateway: s.gateway}
}

type batch struct {
	tenant sms.TenantID
	batch  sms.BatchID
}

func batchOf(r postgres.BatchRef) batch { return batch{r.Tenant, r.Batch} }

// turn is a window that a lane may mark.
type turn struct {
	due
	limit int     // messages
	parts float64 // that were counted for it, until it is known how many they are
}

func (w *worklist) clock() time.Time {
	if w.now != nil {
		return w.now()
	}
	return time.Now()
}

// workFor is how long a copy is used before the database is asked again.
const workFor = 100 * time.Millisecond

// stale reports whether the caller is to ask the database again: one at a time,
// while the others go on with what is known. It calls fill or failed then.
func (w *worklist) stale() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.filling || !w.clock().After(w.until) {
		return false
	}
	w.filling = true
	return true
}

// failed is for who could not ask the database.
func (w *worklist) failed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.filling, w.until = false, w.clock().Add(workFor)
}

// fill takes over what the database said.
func (w *worklist) fill(refs []postgres.BatchRef) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refs, w.filling, w.until = make([]due, len(refs)), false, w.clock().Add(workFor)
	here := map[share]bool{}
	for i, r := range refs {
		w.refs[i] = due{r, w.purses.keys(r)}
		here[tenantShare(r)], here[sessionShare(r)] = true, true
	}
	was := w.had
	w.had = make(map[share]float64, len(here))
	for s := range here {
		had, known := was[s]
		if !known {
			had = w.reach[s.of()] // who comes anew is next, and no more than that
		}
		w.had[s] = had
	}
	for s, had := range was {
		if !here[s] && had > w.reach[s.of()] {
			w.had[s] = had // it has had more than its share: going for a moment does not change that
		}
	}
	for s := range w.reach {
		if _, known := w.had[s]; s.tenant != 0 && !known {
			delete(w.reach, s)
		}
	}
}

// expire has the database asked at the next turn.
func (w *worklist) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until = time.Time{}
}

// next is the next turn of a lane of a gateway, of at most limit messages. The
// lane says with done how many parts it marked.
func (w *worklist) next(gateway int16, limit int) (turn, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	best, left := -1, 0.0
	for i, r := range w.refs {
		if r.Gateway != gateway || best >= 0 && !w.before(r.BatchRef, w.refs[best].BatchRef) {
			continue
		}
		if n := w.purses.left(r.keys); n >= 1 {
			best, left = i, n
		} else {
			w.rest(r.BatchRef)
		}
	}
	if best < 0 {
		return turn{}, false
	}
	t := turn{due: w.refs[best], limit: limit}
	if most := left / t.each(); most < float64(limit) {
		t.limit = max(int(most), 1)
	}
	t.parts = float64(t.limit) * t.each()
	w.purses.take(t.keys, t.parts)
	if w.busy == nil {
		w.busy, w.reach = map[batch]int{}, map[share]float64{}
	}
	w.busy[batchOf(t.BatchRef)]++
	for _, s := range []share{tenantShare(t.BatchRef), sessionShare(t.BatchRef)} {
		w.reach[s.of()] = max(w.reach[s.of()], w.had[s])
		w.had[s] += t.parts
	}
	return t, true
}

// rest is for who has no parts left: it does not save up turns meanwhile.
func (w *worklist) rest(r postgres.BatchRef) {
	for _, s := range []share{tenantShare(r), sessionShare(r)} {
		w.had[s] = max(w.had[s], w.reach[s.of()])
	}
}

// waits reports whether a batch of the gateway has something to send, though its
// turn may not have come.
func (w *worklist) waits(gateway int16) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.refs, func(r due) bool { return r.Gateway == gateway })
}

// before reports whether the turn of a comes before that of b.
func (w *worklist) before(a, b postgres.BatchRef) bool {
	if x, y := w.had[tenantShare(a)], w.had[tenantShare(b)]; x != y {
		return x < y
	}
	if a.Tenant != b.Tenant {
		return false // the one that is first in the list
	}
	if x, y := w.had[sessionShare(a)], w.had[sessionShare(b)]; x != y {
		return x < y
	}
	if a.Session != b.Session {
		return false
	}
	// Two lanes at one batch would wait for each other, here or in another process.
	if x, y := w.busy[batchOf(a)], w.busy[batchOf(b)]; x != y {
		return x < y
	}
	return w.place(a) < w.place(b)
}

// place mixes the batches of a session, differently in each process.
func (w *worklist) place(r postgres.BatchRef) uint64 {
	return (uint64(r.Batch) ^ w.own) * 0x9e3779b97f4a7c15
}

// done counts what was marked in a turn.
func (w *worklist) done(t turn, parts int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.purses.take(t.keys, float64(parts)-t.parts)
	if b := batchOf(t.BatchRef); w.busy[b] > 1 {
		w.busy[b]--
	} else {
		delete(w.busy, b)
	}
	for _, s := range []share{tenantShare(t.BatchRef), sessionShare(t.BatchRef)} {
		if _, known := w.had[s]; known {
			w.had[s] += float64(parts) - t.parts
		}
	}
}

// drop takes a batch out that had nothing to mark.
func (w *worklist) drop(t turn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range w.refs {
		if batchOf(r.BatchRef) == batchOf(t.BatchRef) && r.Gateway == t.Gateway {
			w.refs = append(w.refs[:i:i], w.refs[i+1:]...)
			return
		}
	}
}

// each is how many parts a message of the turn has, on average.
func (t turn) each() float64 { return max(t.Each, 1) }
