package app_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// one sends to a single special number and waits until its tally is as wanted.
func one(t *testing.T, e *engine, suffix int64, what string, ok func(sms.Tally) bool) sms.Session {
	t.Helper()
	s := e.send("Hello", numbers(1, suffix)...)
	e.until(s, what, ok)
	return s
}

// hurry makes what waits to be tried again due now.
func (e *engine) hurry() { e.Exec(`update retries set next_at = now()`) }

// D29, B26, B36: each answer of a carrier leads to the state that the page shows.
func TestDispatchOutcomes(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	e.run()
	delivered := func(y sms.Tally) bool { return y.Delivered == 1 }
	for _, c := range []struct {
		suffix  int64
		what    string
		ok      func(sms.Tally) bool
		charged sms.Credits
	}{
		{9901, "refused for good", func(y sms.Tally) bool { return y.Undelivered == 1 }, 0},
		{9905, "a receipt that comes twice", delivered, sms.Credit},
		{9906, "a receipt before the response", delivered, sms.Credit},
		{9907, "undeliverable", func(y sms.Tally) bool { return y.Undelivered == 1 }, sms.Credit},
		{9909, "an answer that never came, and its receipt", delivered, sms.Credit},
		{9914, "on the network first", delivered, sms.Credit},
		{9931, "content refused", func(y sms.Tally) bool { return y.Rejected == 1 }, 0},
		{9933, "a connection that broke before the answer", delivered, sms.Credit},
	} {
		s := one(t, e, c.suffix, c.what, c.ok)
		e.settled(s, c.charged, sms.Credit-c.charged)
	}
}

// D31: temporary failures are tried again; the one that always fails is NPAI
// 48 hours after its first hand-over, and not charged.
func TestDispatchRetriesFor48Hours(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	e.run()
	twice := one(t, e, 9902, "a first refusal", func(y sms.Tally) bool { return y.Retrying == 1 })
	e.hurry()
	e.until(twice, "a second refusal", func(y sms.Tally) bool {
		return y.Retrying == 1 && pgtest.Value[int64](t, e.DSN, `select max(tries) from messages`) == 2
	})
	e.hurry()
	e.until(twice, "delivery in the end", func(y sms.Tally) bool { return y.Delivered == 1 })

	never := one(t, e, 9917, "a refusal", func(y sms.Tally) bool { return y.Retrying == 1 })
	ctx := context.Background()
	e.Clock.Add(47 * time.Hour)
	if err := e.App.ExpireMessages(ctx); err != nil {
		t.Fatal(err)
	}
	if y := e.tally(never); y.Retrying != 1 {
		t.Fatalf("given up after 47 hours: %+v", y)
	}
	e.Clock.Add(90 * time.Minute)
	if err := e.App.ExpireMessages(ctx); err != nil {
		t.Fatal(err)
	}
	if y := e.tally(never); y.Undelivered != 1 || y.Percent() != 100 {
		t.Fatalf("not NPAI after 48 hours: %+v", y)
	}
	e.settled(never, 0, sms.Credit)
}

// D33, D34, I2: what was written and not answered is never sent again by
// itself, is not charged, and is presumed unsent after 48 hours.
func TestDispatchUnknownIsNeverResent(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	e.run()
	s := one(t, e, 9910, "unknown", func(y sms.Tally) bool { return y.Unknown == 1 })
	before := e.carrier.Stats().Submits
	e.hurry()
	time.Sleep(700 * time.Millisecond)
	if n := e.carrier.Stats().Submits; n != before {
		t.Fatalf("the carrier saw %d more submits of an unknown message", n-before)
	}
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from ledger_transfers where kind = 'capture'`); n != 0 {
		t.Fatal("an unknown message was charged")
	}
	e.Clock.Add(49 * time.Hour)
	if err := e.App.ExpireMessages(context.Background()); err != nil {
		t.Fatal(err)
	}
	if y := e.tally(s); y.PresumedUnsent != 1 {
		t.Fatalf("%+v", y)
	}
	e.settled(s, 0, sms.Credit)
}

// D31: accepted and no receipt in 48 hours: NPAI, and charged.
func TestDispatchNoReceiptExpires(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	e.run()
	s := one(t, e, 9904, "accepted", func(y sms.Tally) bool { return y.Accepted == 1 })
	e.Clock.Add(49 * time.Hour)
	if err := e.App.ExpireMessages(context.Background()); err != nil {
		t.Fatal(err)
	}
	if y := e.tally(s); y.Expired != 1 || y.Unreachable() != 1 {
		t.Fatalf("%+v", y)
	}
	e.settled(s, sms.Credit, 0)
}

// I8: a final state never changes, whoever asks.
func TestFinalStatesStay(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	e.run()
	one(t, e, 0, "delivered", func(y sms.Tally) bool { return y.Delivered == 1 })
	if err := pgtest.Exec(t, e.DSN, `update messages set state = 11 where state = 10`); err == nil {
		t.Fatal("a delivered message became undelivered")
	}
}

// I5, D38: who opts out before the hand-over gets nothing, and it costs nothing.
func TestDispatchAsksSuppressionsAgain(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	ns := numbers(10, 0)
	s := e.send("Hello", ns...)
	e.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.AddSuppression(ctx, sms.Suppression{Hash: e.App.NumberHash(e.Tenant.ID, ns[3]), Kind: sms.SuppressionOptedOut, Number: ns[3], Source: "STOP"})
		return err
	})
	e.run()
	y := e.until(s, "100 %", func(y sms.Tally) bool { return y.Percent() == 100 })
	if y.Delivered != 9 || y.Suppressed != 1 {
		t.Fatalf("%+v", y)
	}
	if n := e.carrier.Stats().Submits; n != 9 {
		t.Fatalf("the carrier saw %d submits, want 9", n)
	}
	e.settled(s, 9*sms.Credit, sms.Credit)
}

// B39: a person who answers STOP is opted out at the tenant that wrote last.
func TestInboundStop(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	number := e.AddContacts(1)[0]/10000*10000 + 9926 // "stop. thank you"
	e.Exec(`update contacts set number = $1, number_hash = $2 where id = (select id from contacts order by number desc limit 1)`, number, e.App.NumberHash(e.Tenant.ID, number))
	e.run()
	s := e.send("Hello", number)
	e.until(s, "delivery", func(y sms.Tally) bool { return y.Delivered == 1 })
	for range 200 {
		if pgtest.Value[int64](t, e.DSN, `select count(*) from suppressions where kind = 'opted_out'`) == 1 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("STOP did not opt the person out")
}

// I3, D10: the database and the mark refuse a sending that was not approved for
// exactly its content.
func TestNothingLeavesUnapproved(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(1, 0)...)
	campaign := sms.NewID(e.Clock.Now())
	e.Exec(`insert into campaigns(tenant_id, id, name, created_by, updated_by) values ($1, $2, 'x', $3, $3)`, int64(e.Tenant.ID), campaign.String(), e.Owner.User.String())
	err := pgtest.Exec(t, e.DSN, `update sessions set kind = 'campaign', campaign_id = $2 where id = $1`, int64(s.ID), campaign.String())
	if err == nil {
		t.Fatal("the database let an unapproved session send")
	}
	e.Exec(`alter table sessions drop constraint approved_before_sending`)
	e.Exec(`update sessions set kind = 'campaign', campaign_id = $2 where id = $1`, int64(s.ID), campaign.String())
	if got := e.mark(s, 10); len(got) != 0 {
		t.Fatalf("marked %d messages of an unapproved session", len(got))
	}
	e.Exec(`update sessions set approved_hash = content_hash, approved_at = now() where id = $1`, int64(s.ID))
	if got := e.mark(s, 10); len(got) != 1 {
		t.Fatalf("marked %d messages of an approved session", len(got))
	}
}

// mark marks as a worker that has just been born.
func (e *engine) mark(s sms.Session, limit int) []postgres.Marked {
	e.t.Helper()
	ctx := context.Background()
	lease, err := e.App.DB.Hold(ctx, "test")
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(lease.Release)
	worker, _ := lease.Worker()
	return e.markAs(worker, s, limit)
}

func (e *engine) markAs(worker int64, s sms.Session, limit int) (got []postgres.Marked) {
	e.t.Helper()
	ctx := context.Background()
	err := e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		refs, err := tx.Work(ctx, e.Gateways(), 100)
		if err != nil {
			return err
		}
		for _, r := range refs {
			if r.Session == s.ID {
				got, err = tx.Mark(ctx, worker, r, limit, time.Now())
			}
		}
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return got
}

// I7, F4: when a worker's proof of life is gone, what it had in flight becomes
// unknown, and a late mark of the dead worker takes nothing.
func TestUndertaker(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(10, 0)...)
	ctx := context.Background()
	lease, err := e.App.DB.Hold(ctx, "short-lived")
	if err != nil {
		t.Fatal(err)
	}
	worker, _ := lease.Worker()
	if got := e.markAs(worker, s, 4); len(got) != 4 {
		t.Fatalf("marked %d", len(got))
	}
	e.pastGrace()
	if err := e.App.BuryDead(ctx); err != nil {
		t.Fatal(err)
	}
	if y := e.tally(s); y.Submitting != 4 {
		t.Fatalf("a living worker was buried: %+v", y)
	}
	lease.Release()
	for range 600 { // the database may notice the broken connection a moment later
		if err := e.App.BuryDead(ctx); err != nil {
			t.Fatal(err)
		}
		if y := e.tally(s); y.Unknown == 4 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if y := e.tally(s); y.Unknown != 4 || y.Pending != 6 {
		t.Fatalf("%+v", y)
	}
	if got := e.markAs(worker, s, 4); len(got) != 0 {
		t.Fatalf("a buried worker marked %d messages", len(got))
	}
	if got := e.mark(s, 10); len(got) != 6 {
		t.Fatalf("a living worker marked %d of the 6 that are left", len(got))
	}
}

// I2: the database refuses a second live attempt: a window over what was handed
// over, another attempt while the first is in flight, or was accepted, or nobody
// knows, and a first one that is there.
func TestOneLiveAttempt(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(3, 0)...)
	again := func(when, sql string) {
		t.Helper()
		if err := pgtest.Exec(t, e.DSN, sql); err == nil {
			t.Errorf("%s: two live attempts of one message", when)
		}
	}
	const window = `insert into windows select tenant_id, batch_id, 2, 2, session_id, worker_id, gateway_id, marked_at, 1 from windows`
	const second = `insert into attempts(tenant_id, session_id, n, attempt, worker_id, gateway_id) select tenant_id, session_id, n, 2, 1, gateway_id from journal`
	got := e.mark(s, 3)
	again("marked again", window)
	again("in flight", second)
	e.record(s, got, "a", postgres.OutcomeUnknown, sms.MessageUnknown)
	again("marked again when unknown", window)
	again("unknown", second)
	again("twice unknown", `insert into attempts(tenant_id, session_id, n, attempt, worker_id, gateway_id, outcome) select tenant_id, session_id, n, 1, 1, gateway_id, 4 from attempts`)
	e.record(s, got, "b", postgres.OutcomeAccepted, sms.MessageAccepted)
	again("accepted", second)
}

// record gives all that was marked the same answer.
func (e *engine) record(s sms.Session, marked []postgres.Marked, flush string, outcome int16, state sms.MessageState) {
	e.t.Helper()
	err := e.App.DB.InPlatform(e.t.Context(), func(tx *postgres.PlatformTx) error {
		var as []postgres.Answer
		for _, m := range marked {
			as = append(as, postgres.Answer{Tenant: e.Tenant.ID, Session: s.ID, N: m.N, Attempt: m.Attempt, Outcome: outcome, State: state, Counts: true, Provider: "p"})
		}
		return tx.Record(e.t.Context(), flush, as)
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// F16, 2.3: recording an answer twice changes and charges once; a known answer
// corrects unknown, never the reverse.
func TestRecordIsIdempotent(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(2, 0)...)
	got := e.mark(s, 2)
	e.record(s, got, "a", postgres.OutcomeUnknown, sms.MessageUnknown)
	e.record(s, got, "b", postgres.OutcomeAccepted, sms.MessageAccepted)
	e.record(s, got, "b", postgres.OutcomeAccepted, sms.MessageAccepted)
	e.record(s, got, "c", postgres.OutcomeUnknown, sms.MessageUnknown)
	if y := e.tally(s); y.Accepted != 2 {
		t.Fatalf("%+v", y)
	}
	if n := pgtest.Value[int64](t, e.DSN, `select sum(amount) from ledger_transfers where kind = 'capture'`); n != 2000 {
		t.Fatalf("charged %d thousandths, want 2000", n)
	}
}

// I6: after a pause has returned nothing is marked.
func TestPauseStopsMarks(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(5, 0)...)
	e.Exec(`update sessions set state = 'paused' where id = $1`, int64(s.ID))
	ctx := context.Background()
	err := e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		refs, err := tx.Work(ctx, e.Gateways(), 100)
		if err == nil && len(refs) > 0 {
			err = errors.New("a paused session has work")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := e.App.DB.Hold(ctx, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	worker, _ := lease.Worker()
	var got []postgres.Marked
	batch := pgtest.Value[int64](t, e.DSN, `select id from batches`)
	err = e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		got, err = tx.Mark(ctx, worker, postgres.BatchRef{Tenant: e.Tenant.ID, Session: s.ID, Batch: sms.BatchID(batch), Gateway: 1}, 5, time.Now())
		return err
	})
	if err != nil || len(got) != 0 {
		t.Fatalf("marked %d of a paused session (%v)", len(got), err)
	}
}

// B38, I12: a receipt of nobody is taken and acknowledged like any other, waits, and is kept for ever.
func TestReceiptsAreKept(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	ctx := context.Background()
	err := e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		r := postgres.Receipt{Gateway: 1, Provider: "nobody", Number: 33612345678, State: postgres.ReceiptDelivered, Raw: bytes.Repeat([]byte("x"), 10)}
		return errors.Join(tx.AddReceipts(ctx, []postgres.Receipt{r, r}, time.Now()), tx.AddReceipts(ctx, []postgres.Receipt{r}, time.Now()))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		_, _, err := tx.ApplyReceipts(ctx, 0, 10)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from receipts where applied_at is null`); n != 1 {
		t.Fatalf("%d receipts wait, want the one that nobody claims", n)
	}
}
