package app

import (
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
)

// shares is two processes at one database, as far as their purses go.
type shares struct {
	t    *testing.T
	db   *postgres.DB
	a, b *purses
}

func newShares(t *testing.T) *shares {
	db, err := postgres.Open(t.Context(), pgtest.Fresh(t), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return &shares{t, db, newPurses(), newPurses()}
}

// lease is one lease of a process.
func (s *shares) lease(p *purses) map[string]lease {
	s.t.Helper()
	asked := p.asks(time.Now())
	var out map[string]lease
	err := s.db.InPlatform(s.t.Context(), func(tx *postgres.PlatformTx) (err error) {
		out, err = sharePaces(s.t.Context(), tx, asked, 0)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	p.put(asked, out)
	return out
}

// ref is a batch of a tenant that may send so many parts a second.
func limitedRef(tenantLimit, senderLimit float64) postgres.BatchRef {
	return postgres.BatchRef{Tenant: 1, Session: 1, Batch: 1, Gateway: 1, Sender: "NORDFARE", TenantLimit: tenantLimit, SenderLimit: senderLimit}
}

// B25, D35: processes share the limit of a route, of a tenant and of a sender:
// together they have what it allows, and the narrowest of a message's holds.
func TestProcessesShareLimits(t *testing.T) {
	for what, x := range map[string]struct {
		route float64
		ref   postgres.BatchRef
	}{
		"route": {100, limitedRef(0, 0)}, "tenant": {0, limitedRef(100, 0)}, "sender": {5000, limitedRef(1000, 100)},
	} {
		t.Run(what, func(t *testing.T) {
			s := newShares(t)
			var keys []string
			for _, p := range []*purses{s.a, s.b} {
				p.addRoute(1, x.route)
				keys = p.keys(x.ref)
				if n := p.left(keys); n != 0 {
					t.Errorf("%g parts may leave before the database was asked", n)
				}
			}
			began := time.Now()
			sent := 0.0
			for range 20 {
				for _, p := range []*purses{s.a, s.b} {
					p.left(keys)
					s.lease(p)
					n := p.left(keys)
					p.take(keys, n)
					sent += n
				}
			}
			if most := 25 + 100*time.Since(began).Seconds(); sent > most+1 {
				t.Errorf("two processes sent %g parts where the limit of a %s allows %.0f", sent, what, most)
			}
			if sent < 25 {
				t.Errorf("two processes sent %g parts at first, want 25", sent)
			}
		})
	}
}

// What a process has left of a lease goes to another that can use it, and what it
// sent beyond is paid for before anything else leaves.
func TestLeasesAreGivenBack(t *testing.T) { // B25
	s := newShares(t)
	keys := s.a.keys(limitedRef(1, 0)) // one a second: what comes by itself matters little
	s.b.keys(limitedRef(1, 0))
	s.a.left(keys)
	s.lease(s.a)
	if n := s.a.left(keys); n != 1 {
		t.Fatalf("%g parts", n)
	}
	s.lease(s.b)
	s.a.of[keys[1]].wanted = false
	s.lease(s.a)
	s.b.left(keys)
	s.lease(s.b)
	if n := s.b.left(keys); n != 1 {
		t.Errorf("%g of what another process gave back", n)
	}
	s.b.take(keys, 100) // a text turned out to be longer
	s.lease(s.b)
	s.a.left(keys)
	s.lease(s.a)
	if n := s.a.left(keys); n != 0 {
		t.Errorf("%g parts leave before a debt is paid", n)
	}
}

// B26, F9: when a carrier asks one process to send more slowly, all of them rest
// and then send half; a route without a limit has one from then on, from what it
// was measured to send. The rest of the window of such answers changes nothing.
func TestProcessesShareAThrottle(t *testing.T) {
	s := newShares(t)
	ref := limitedRef(0, 0)
	for _, p := range []*purses{s.a, s.b} {
		p.addRoute(1, 0)
		s.lease(p)
		if n := p.left(p.keys(ref)); n < 1e9 {
			t.Errorf("a route without a limit has %g parts", n)
		}
	}
	throttled := gateway.Result{Outcome: gateway.Refused, Class: gateway.Throttled, RetryAfter: time.Minute}
	for range 50 {
		s.a.answer(1, throttled, time.Now())
	}
	if n := s.a.left(s.a.keys(ref)); n != 0 {
		t.Errorf("%g parts leave from the process that was asked, before the database knows", n)
	}
	s.lease(s.a)
	for range 50 {
		s.a.answer(1, throttled, time.Now())
	}
	s.lease(s.a)
	for _, p := range []*purses{s.a, s.b} {
		l := s.lease(p)[routeKey(1)]
		if n := p.left(p.keys(ref)); n != 0 || l.slow != 50 {
			t.Errorf("after the wish %g parts leave at once, %g a second later; want 0 and 50", n, l.slow)
		}
	}
	// The rest is over.
	s.exec(`update paces set paused_until = now(), counted_at = now() - interval '1 second', raised_at = now() - interval '1 minute'`)
	s.b.answer(1, gateway.Result{Outcome: gateway.Accepted}, time.Now())
	if l := s.lease(s.b)[routeKey(1)]; l.slow <= 50 {
		t.Errorf("after a good second it sends %g", l.slow)
	}
	if l := s.lease(s.a)[routeKey(1)]; l.slow <= 50 {
		t.Errorf("the other process sends %g", l.slow)
	}
}

func (s *shares) exec(sql string) {
	s.t.Helper()
	if err := pgtest.Exec(s.t, s.db.DSN(), sql); err != nil {
		s.t.Fatal(err)
	}
}

// D35: a key without parts keeps no lane from the others, and does not save up
// turns meanwhile.
func TestThrottledKeyHoldsNoLane(t *testing.T) {
	l := newLanes(t, refOf(1, 1, 1, 1), refOf(2, 2, 2, 1), refOf(3, 3, 3, 1))
	l.refs[0].TenantLimit = 10
	l.work.purses = newPurses()
	l.work.purses.addRoute(1, 0)
	route := l.work.purses.of[routeKey(1)]
	route.free, route.known = true, true
	l.turns(40)
	if l.parts[1] != 0 {
		t.Errorf("a tenant without parts sent %d", l.parts[1])
	}
	evenly(t, "the others", l.parts, 2, 3)
	limited := l.work.purses.of[tenantKey(1)]
	limited.known, limited.parts = true, 3
	l.turns(8)
	if l.parts[1] != 3 {
		t.Errorf("a tenant with 3 parts sent %d", l.parts[1])
	}
	limited.free = true // its limit is taken away
	before := l.parts[1]
	l.turns(60)
	if got := l.parts[1] - before; got > 25*laneWindow {
		t.Errorf("it sent %d of the next 15,000: it made up for what it was not allowed", got)
	}
}

// A database that does not answer leaves everything as it was.
func TestPursesWithoutDatabase(t *testing.T) {
	p := newPurses()
	keys := p.keys(limitedRef(10, 0))
	p.of[keys[1]].known, p.of[keys[1]].parts = true, 5
	p.addRoute(1, 0)
	p.answer(1, gateway.Result{Outcome: gateway.Refused, Class: gateway.Throttled}, time.Now())
	p.put(p.asks(time.Now()), nil)
	if x := p.of[keys[1]]; x.parts != 5 {
		t.Errorf("%g parts are left of 5", x.parts)
	}
	if x := p.of[routeKey(1)]; x.wish != time.Second {
		t.Errorf("the wish of the carrier is %v", x.wish)
	}
}
