package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// ref is the only batch there is.
func (e *engine) ref(s sms.Session) postgres.BatchRef {
	return postgres.BatchRef{Tenant: e.Tenant.ID, Session: s.ID, Batch: sms.BatchID(pgtest.Value[int64](e.t, e.DSN, `select id from batches`)), Gateway: 1}
}

// whileMarking marks ten messages as worker and calls fn before the commit.
func (e *engine) whileMarking(worker int64, s sms.Session, fn func()) {
	e.t.Helper()
	ref := e.ref(s)
	err := e.App.DB.InPlatform(e.t.Context(), func(tx *postgres.PlatformTx) error {
		got, err := tx.Mark(e.t.Context(), worker, ref, 10, time.Now())
		if err == nil && len(got) != 10 {
			err = errors.New("not ten were marked")
		}
		fn()
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// I6, F17: a pause that comes while a mark is under way waits for it. When it
// returns nothing is marked any more that was not marked before.
func TestPauseWaitsForTheMark(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.campaign(numbers(30, 0)...)
	worker := pgtest.Value[int64](t, e.DSN, `insert into workers(name) values ('test') returning id`)
	returned := make(chan error, 1)
	e.whileMarking(worker, s, func() {
		go func() {
			returned <- e.App.PauseSession(context.WithoutCancel(t.Context()), e.Sender, s.Campaign, app.SessionForm{Number: s.Number, Token: "pause-of-the-test-000001"})
		}()
		for pgtest.Value[int](t, e.DSN, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) == 0 {
			select {
			case err := <-returned:
				t.Errorf("the pause did not wait for the mark (%v)", err)
				returned <- err
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	if err := <-returned; err != nil {
		t.Fatal(err)
	}
	if n := e.markAt(s, time.Now()); n != 0 {
		t.Errorf("%d were marked after the pause", n)
	}
}

// pastGrace waits until workers are no longer left alone because they, or the
// database, have just started.
func (e *engine) pastGrace() {
	e.t.Helper()
	e.Exec(`update workers set started_at = started_at - interval '1 minute'`)
	for !pgtest.Value[bool](e.t, e.DSN, `select pg_postmaster_start_time() < now() - interval '3 seconds'`) {
		time.Sleep(50 * time.Millisecond)
	}
}

// I7, F4: a worker that died while its mark was under way is not buried before
// that mark has ended: what it marked becomes unknown, and is not forgotten.
func TestUndertakerWaitsForTheMark(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(30, 0)...)
	worker := pgtest.Value[int64](t, e.DSN, `insert into workers(name) values ('dead') returning id`)
	e.pastGrace()
	e.whileMarking(worker, s, func() {
		if err := e.App.BuryDead(t.Context()); err != nil {
			t.Error(err)
		}
		if pgtest.Value[bool](t, e.DSN, `select buried_at is not null from workers where name = 'dead'`) {
			t.Error("it was buried while its mark was under way")
		}
	})
	if err := e.App.BuryDead(t.Context()); err != nil {
		t.Fatal(err)
	}
	if y := e.tally(s); y.Unknown != 10 || y.Submitting != 0 {
		t.Errorf("%+v", y)
	}
}

// I4, D17, D18: the mark itself keeps to the window of the batch and to the time
// of a retry, whatever the list of work says.
func TestMarkKeepsToItsTimes(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(5, 0)...)
	for _, x := range []struct{ what, due, until string }{
		{"before its time", "now() + interval '1 hour'", "null"},
		{"after its window", "now() - interval '2 hours'", "now() - interval '1 hour'"},
	} {
		e.Exec(`update batches set due_at = ` + x.due + `, not_after = ` + x.until)
		if n := e.markAt(s, time.Now()); n != 0 {
			t.Errorf("%d were marked %s", n, x.what)
		}
	}
	e.Exec(`update batches set due_at = now() - interval '1 hour', not_after = null`)
	got, at := e.mark(s, 5), time.Now().Add(time.Hour)
	err := e.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) error {
		var as []postgres.Answer
		for _, m := range got {
			as = append(as, postgres.Answer{Tenant: e.Tenant.ID, Session: s.ID, N: m.N, Attempt: m.Attempt, Outcome: postgres.OutcomeNotAccepted, State: sms.MessageRetrying, NextAt: &at})
		}
		return tx.Record(t.Context(), "a", as)
	})
	if err != nil || len(got) != 5 {
		t.Fatalf("%d were marked: %v", len(got), err)
	}
	if n := e.markAt(s, time.Now()); n != 0 {
		t.Errorf("%d were tried again before their time", n)
	}
	e.Exec(`update retries set next_at = now()`)
	if n := e.markAt(s, time.Now()); n != 5 {
		t.Errorf("%d of 5 were tried again", n)
	}
}

// B21: an answer that comes after its message was given up as unknown is still
// believed: no receipt is needed, and it is charged once. (Three in a row would end the
// connection.)
func TestLateAnswerSettlesUnknown(t *testing.T) {
	e := newEngine(t, smsc.Config{Delay: 3 * time.Second, ReceiptDelay: -1, Plain: true})
	e.App.Routes["smpp"] = smpp.New(smpp.Route{Name: "smpp", Addrs: []string{e.carrier.Addr()}, SystemID: "test", Password: "test", ResponseTimeout: 2 * time.Second})
	e.run()
	s := e.send("Hello", numbers(2, 0)...)
	e.until(s, "unknown", func(y sms.Tally) bool { return y.Unknown == 2 })
	e.until(s, "the late answer", func(y sms.Tally) bool { return y.Accepted == 2 })
	if n := pgtest.Value[int64](t, e.DSN, `select sum(amount) from ledger_transfers where kind = 'capture'`); n != 2000 {
		t.Errorf("charged %d thousandths, want 2000", n)
	}
}

// B37, I12: while the database cannot keep receipts none is acknowledged, and the
// carrier sends them again.
func TestReceiptsWaitForTheDatabase(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond, Plain: true})
	e.Exec(`create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$`)
	e.Exec(`create trigger refuse before insert on receipts for each row execute function refuse()`)
	e.run()
	s := e.send("Hello", numbers(5, 0)...)
	e.until(s, "the answers", func(y sms.Tally) bool { return y.Accepted == 5 })
	time.Sleep(300 * time.Millisecond) // the receipts have come, and were refused
	if n := e.carrier.Stats().Receipts; n != 0 {
		t.Errorf("%d receipts were acknowledged that are not kept", n)
	}
	e.Exec(`drop trigger refuse on receipts`)
	e.until(s, "100 %", func(y sms.Tally) bool { return y.Delivered == 5 })
	for deadline := time.Now().Add(time.Minute); e.carrier.Stats().Waiting > 0 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	if n := e.carrier.Stats().Receipts; n != 5 {
		t.Errorf("%d receipts were acknowledged, want 5", n)
	}
}

// B34: an id belongs to its route and its number. Two carriers gave the same id for a message to
// the same person; each receipt is of the message that went by its own.
func TestReceiptsBelongToTheirRoute(t *testing.T) {
	b := newInbox(t, 1, 1)
	b.accept(1, "77")
	b.Exec(`insert into gateways(name, kind) values ('other', 'smpp')`)
	b.App.Routes["other"] = smpp.New(smpp.Route{Name: "other", Addrs: []string{b.carrier.Addr()}})
	second := b.send("Hello again", numbers(1, 0)...)
	other := pgtest.Value[int16](t, b.DSN, `select id from gateways where name = 'other'`)
	b.Exec(`update batches set gateway_id = $1 where session_id = $2`, other, int64(second.ID))
	if got := b.mark(second, 1); len(got) != 1 {
		t.Fatalf("marked %d", len(got))
	}
	answer := decided(b, second)
	b.in(func(ctx context.Context, tx *postgres.PlatformTx) error {
		return tx.Record(ctx, "flush-other", []postgres.Answer{answer})
	})
	b.come(postgres.Receipt{Provider: "77", State: failed, Number: 33699999999})
	if y := b.apply(); y.Accepted != 1 {
		t.Errorf("a receipt to somebody else moved the message: %+v", y)
	}
	b.come(postgres.Receipt{Provider: "77", State: failed}) // by the first route
	b.apply()
	if first, y := b.tally(b.s), b.tally(second); first.Undelivered != 1 || y.Accepted != 1 {
		t.Errorf("the receipt of one route moved the message of another: %+v, %+v", first, y)
	}
}

func decided(b *inbox, s sms.Session) postgres.Answer {
	return postgres.Answer{Tenant: b.Tenant.ID, Session: s.ID, N: 1, Attempt: 1, Outcome: postgres.OutcomeAccepted, State: sms.MessageAccepted, Counts: true, Provider: "77"}
}
