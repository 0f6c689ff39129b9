package app_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// work starts a worker process as far as the database and the carrier can tell:
// it has a program, connections and proofs of life of its own.
func (e *engine) work(name string, r smpp.Route) {
	a := &app.App{DB: e.App.DB, Now: e.App.Now, Log: e.App.Log, Secret: e.App.Secret, MinLead: e.App.MinLead}
	r.Name, r.Addrs, r.SystemID, r.Password, r.ResponseTimeout = "smpp", []string{e.carrier.Addr()}, "test", "test", 20*time.Second
	a.Routes = map[string]gateway.Gateway{"smpp": smpp.New(r)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	e.t.Cleanup(sync.OnceFunc(func() { cancel(); <-done }))
	go func() {
		defer close(done)
		if err := a.Dispatch(ctx, app.DispatchOptions{Name: name}); err != nil {
			e.t.Error(err)
		}
	}()
}

// within waits for a tally for as long as a slow machine may need.
func (e *engine) within(s sms.Session, what string, ok func(sms.Tally) bool) sms.Tally {
	e.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		y := e.tally(s)
		if ok(y) {
			return y
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("waiting for %s: %+v\n%s", what, y, e.Log.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func done(y sms.Tally) bool { return y.Percent() == 100 }

// D33: two workers at one database send one session together: both mark some of
// it, and nobody gets it twice.
func TestTwoWorkersShareASession(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond, Delay: 20 * time.Millisecond})
	people := numbers(3000, 0)
	s := e.send("Hello", people...)
	e.Exec(`update sessions set state = 'paused' where id = $1`, int64(s.ID))
	for _, name := range []string{"one", "two"} {
		e.work(name, smpp.Route{Window: 20, Binds: 1})
	}
	ready := func() bool {
		return pgtest.Value[int](t, e.DSN, `select count(*) from gateway_status where status->>'state' = 'ready'`) == 2
	}
	for deadline := time.Now().Add(time.Minute); !ready(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("two workers are not ready")
		}
	}
	e.Exec(`update sessions set state = 'sending' where id = $1`, int64(s.ID))
	y := e.within(s, "100 %", done)
	if y.Delivered != len(people) {
		t.Errorf("%+v", y)
	}
	if got := e.carrier.Stats().Messages; got != int64(len(people)) {
		t.Errorf("the carrier saw %d messages of %d", got, len(people))
	}
	by := pgtest.Value[[]int](t, e.DSN, `select array_agg(n) from (select count(*) as n from attempts a join workers w on w.id = a.worker_id group by w.name) x`)
	if len(by) != 2 {
		t.Errorf("attempts by worker: %v", by)
	}
}

// D35, B25: a tenant that may send one part a second keeps nobody waiting: who has
// no limit, or one of another sender, is through while it has hardly begun.
func TestLimitedTenantHoldsNobody(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	limited := e.send("Hello", numbers(2000, 0)...)
	e.Exec(`insert into limits(tenant_id, parts_per_second) values ($1, 1)`, int64(e.Tenant.ID))
	other := e.other()
	other.Exec(`insert into limits(tenant_id, sender, parts_per_second) values ($1, 'SOMEBODY', 1)`, int64(other.Tenant.ID))
	free := other.send("Hello", numbers(2000, 1)...)
	e.work("one", smpp.Route{Window: 50, Binds: 2})
	other.within(free, "100 %", done)
	if y := e.tally(limited); y.Handed() > 1000 {
		t.Errorf("a tenant with a limit of one a second: %+v", y)
	}
	e.within(limited, "its first", func(y sms.Tally) bool { return y.Delivered > 0 })
	// The limit goes: the rest leaves.
	e.Exec(`delete from limits`)
	e.within(limited, "100 %", done)
}

// B26, F9, D31: a carrier that throttles gets everything all the same, from two
// workers who share what it bears; nothing is tried as if it had failed.
func TestTwoWorkersAtACarrierThatThrottles(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond, Rate: 30})
	people := numbers(150, 0)
	s := e.send("Hello", people...)
	for _, name := range []string{"one", "two"} {
		e.work(name, smpp.Route{Window: 20, Binds: 1})
	}
	e.within(s, "100 %", done)
	if got := e.carrier.Stats(); got.Messages != int64(len(people)) {
		t.Errorf("the carrier has %d messages of %d", got.Messages, len(people))
	}
	if n := pgtest.Value[int](t, e.DSN, `select count(*) from messages where tries <> 1`); n != 0 {
		t.Errorf("%d messages were counted as tried more than once", n)
	}
	key := fmt.Sprintf("route/%d", e.Gateways()[0])
	if slow := pgtest.Value[bool](t, e.DSN, `select slow between 1 and 5000 and asked_at is not null from paces where key = $1`, key); !slow {
		t.Error("the route has no speed after a throttle")
	}
}
