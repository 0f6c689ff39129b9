package app_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// engine is a world with a carrier, sending.
type engine struct {
	*apptest.TheWorld
	t       *testing.T
	carrier *smsc.Server
	stop    func()
	next    int64
}

func newEngine(t *testing.T, cfg smsc.Config) *engine {
	t.Helper()
	e := &engine{TheWorld: apptest.OwnWorld(t), t: t}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	carrier, err := smsc.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	e.carrier = carrier
	client := smpp.New(smpp.Route{Name: "smpp", Addrs: []string{carrier.Addr()}, SystemID: "test", Password: "test", Window: 50, Binds: 2, ResponseTimeout: 500 * time.Millisecond})
	e.App.Routes = map[string]gateway.Gateway{"smpp": client}
	err = e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		_, err := tx.RegisterGateway(ctx, "smpp", "smpp")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Credits(1_000_000 * sms.Credit)
	return e
}

func (e *engine) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	e.stop = sync.OnceFunc(func() { cancel(); <-done })
	go func() {
		defer close(done)
		if err := e.App.Dispatch(ctx, app.DispatchOptions{Name: "test"}); err != nil {
			e.t.Error(err)
		}
	}()
	e.t.Cleanup(e.stop)
}

// send puts an approved session under way: one message to each number.
func (e *engine) send(text string, numbers ...int64) sms.Session {
	e.t.Helper()
	now := e.Clock.Now()
	e.next++
	s := sms.Session{
		Kind: sms.KindTest, State: sms.SessionSending, Name: "Engine", MessageKind: sms.Service, Sender: apptest.Sender, Text: text,
		Mode: sms.ModeNow, StartsAt: now, StartedAt: &now, SubmittedAt: now, Token: fmt.Sprintf("token-%016d", e.next),
		Prices: map[string]sms.Credits{"FR": sms.Credit}, Follow: true,
	}
	s.ContentHash = s.Hash()
	rows := make([]sms.Outgoing, len(numbers))
	var total sms.Credits
	for i, n := range numbers {
		m := sms.Price(mustText(e.t, text), sms.Person{Number: n, Country: "FR"}, sms.Service, s.Prices)
		rows[i] = sms.Outgoing{Number: n, Hash: e.App.NumberHash(e.Tenant.ID, n), Text: m.Text, Parts: m.Size.Parts, Price: m.Price}
		total += m.Price
	}
	s.People, s.Price = len(rows), total
	e.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.AddSession(ctx, &s); err != nil {
			return err
		}
		routes, err := tx.Routes(ctx)
		if err != nil {
			return err
		}
		const many = 2000
		for i := 0; i < len(rows); i += many {
			b := postgres.Batch{Session: s.ID, Country: "FR", Gateway: routes[0].ID, DueAt: now.Add(-time.Second), First: i + 1}
			if _, err := tx.AddMessages(ctx, b, rows[i:min(i+many, len(rows))]); err != nil {
				return err
			}
		}
		return tx.AddTransfer(ctx, &sms.Transfer{Kind: sms.TransferReserve, Session: &s.ID, Amount: total, Key: fmt.Sprintf("reserve:%d", s.ID), Actor: "test", Reason: "test"})
	})
	return s
}

func mustText(t *testing.T, s string) sms.Text {
	t.Helper()
	x, err := sms.ParseText(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (e *engine) tally(s sms.Session) (y sms.Tally) {
	e.t.Helper()
	e.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) { y, err = tx.Tally(ctx, s.ID); return err })
	return y
}

// until waits for a tally that is as wanted.
func (e *engine) until(s sms.Session, what string, ok func(sms.Tally) bool) sms.Tally {
	e.t.Helper()
	deadline := time.Now().Add(time.Minute)
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

func numbers(n int, suffix int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = 33612000000 + int64(i+1)*10000 + suffix
	}
	return out
}

// D24–D26, D29, I9, I13, I17, I18: everything is delivered, charged once, and
// the session's account closes to zero.
func TestDispatchDelivers(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	s := e.send("Hello", numbers(500, 0)...)
	e.run()
	y := e.until(s, "100 %", func(y sms.Tally) bool { return y.Percent() == 100 })
	if y.Delivered != 500 {
		t.Fatalf("delivered %d of 500: %+v", y.Delivered, y)
	}
	e.settled(s, 500*sms.Credit, 0)
	if got := e.carrier.Stats().Messages; got != 500 {
		t.Fatalf("the carrier saw %d messages, want 500", got)
	}
}

// settled waits until the session is closed and compares its money.
func (e *engine) settled(s sms.Session, charged, returned sms.Credits) {
	e.t.Helper()
	for range 500 {
		if err := e.App.FollowSessions(context.Background()); err != nil {
			e.t.Fatal(err)
		}
		var now sms.Session
		e.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) { now, err = tx.Session(ctx, s.ID); return err })
		if now.SettledAt == nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		e.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
			c, r, err := tx.Charged(ctx, s.ID)
			if err == nil && (c != charged || r != returned) {
				e.t.Errorf("charged %s and returned %s, want %s and %s", c, r, charged, returned)
			}
			return err
		})
		return
	}
	e.t.Fatal("the session never settled")
}

// B31, B40: a long message goes as parts, and is delivered when all parts are.
func TestDispatchLongMessages(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	long := ""
	for range 40 {
		long += "A longer text. "
	}
	s := e.send(long, numbers(20, 0)...)
	e.run()
	y := e.until(s, "100 %", func(y sms.Tally) bool { return y.Percent() == 100 })
	if y.Delivered != 20 {
		t.Fatalf("%+v", y)
	}
	e.settled(s, s.Price, 0)
}

// other is another tenant of the same database, who sends by the same carrier.
func (e *engine) other() *engine {
	e.t.Helper()
	o := &engine{TheWorld: apptest.WorldAt(e.t, e.DSN), t: e.t, carrier: e.carrier, next: e.next + 1_000_000}
	o.Credits(1_000_000 * sms.Credit)
	return o
}

// D35, B45: however many sessions and batches a tenant has, the work that is
// looked at holds something of every tenant and, in time, of every session.
func TestWorkIsSharedByTenants(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	const sessions, limit = 50, 30
	for i := range sessions {
		e.send("Hello", numbers(1, int64(i))...)
	}
	e.Exec(`insert into batches(tenant_id, session_id, country, gateway_id, due_at, first_n, last_n, next_n, pending)
		select b.tenant_id, b.session_id, 'FR', b.gateway_id, b.due_at, i, i, i, 1 from batches b, generate_series(2, 20) i`)
	small := e.other().send("Hello", numbers(1, 99)...)
	seen := map[sms.SessionID]bool{}
	for range 60 {
		var refs []postgres.BatchRef
		err := e.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) (err error) {
			refs, err = tx.Work(t.Context(), e.Gateways(), limit)
			return err
		})
		if err != nil || len(refs) != limit {
			t.Fatalf("%d batches (%v)", len(refs), err)
		}
		if refs[0].Session != small.ID && refs[1].Session != small.ID {
			t.Fatalf("the session of another tenant is not among the first two: %+v", refs[:2])
		}
		for _, r := range refs {
			seen[r.Session] = true
		}
	}
	if len(seen) != sessions+1 {
		t.Errorf("%d of %d sessions were looked at", len(seen), sessions+1)
	}
	e.Exec(`delete from batches where first_n > 1`)
}
