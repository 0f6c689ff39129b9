package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// inbox is a session whose attempts and receipts a test writes itself.
type inbox struct {
	*engine
	s sms.Session
}

// newInbox marks a message to each of n people, of so many parts.
func newInbox(t *testing.T, n, parts int) *inbox {
	t.Helper()
	e := newEngine(t, smsc.Config{})
	b := &inbox{e, e.send(strings.Repeat("A longer text. ", parts*10), numbers(n, 0)...)}
	if got := e.mark(b.s, n); len(got) != n || int(got[0].Parts) != parts {
		t.Fatalf("marked %+v", got)
	}
	return b
}

// accept records that the carrier took message n; its parts have ids of their own.
func (b *inbox) accept(n int32, ids ...string) {
	b.t.Helper()
	a := postgres.Answer{Tenant: b.Tenant.ID, Session: b.s.ID, N: n, Attempt: 1, Outcome: postgres.OutcomeAccepted, State: sms.MessageAccepted, Counts: true}
	if len(ids) == 1 {
		a.Provider = ids[0]
	} else {
		for i, id := range ids {
			a.Parts = append(a.Parts, postgres.AnswerPart{Part: int16(i + 1), Provider: id})
		}
	}
	b.in(func(ctx context.Context, tx *postgres.PlatformTx) error {
		return tx.Record(ctx, "flush-"+ids[0], []postgres.Answer{a})
	})
}

func (b *inbox) in(fn func(context.Context, *postgres.PlatformTx) error) {
	b.t.Helper()
	ctx := context.Background()
	if err := b.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error { return fn(ctx, tx) }); err != nil {
		b.t.Fatal(err)
	}
}

// come puts receipts for the first person into the inbox: id and state, in the order of coming.
func (b *inbox) come(rs ...postgres.Receipt) {
	b.t.Helper()
	for _, r := range rs {
		r.Gateway = 1
		if r.Number == 0 {
			r.Number = numbers(1, 0)[0]
		}
		b.in(func(ctx context.Context, tx *postgres.PlatformTx) error {
			return tx.AddReceipts(ctx, []postgres.Receipt{r}, time.Now())
		})
	}
}

// apply applies what waits, and looks at the counters against the messages (I13).
func (b *inbox) apply() sms.Tally {
	b.t.Helper()
	b.Exec(`update receipts set look_at = now() where applied_at is null and look_at < 'infinity'`)
	b.in(func(ctx context.Context, tx *postgres.PlatformTx) error {
		_, _, err := tx.ApplyReceipts(ctx, 0, 100)
		return err
	})
	broken, err := b.App.Check(context.Background())
	if err != nil || len(broken) > 0 {
		b.t.Errorf("broken %v (%v)", broken, err)
	}
	return b.tally(b.s)
}

const (
	enroute = postgres.ReceiptEnroute
	arrived = postgres.ReceiptDelivered
	failed  = postgres.ReceiptUndelivered
	givenUp = postgres.ReceiptGivenUp
)

// B36, I8: the state only moves forward, the first final receipt counts and counts once. Only
// among receipts that wait together does delivered beat expired and unknown.
func TestReceiptsMoveForward(t *testing.T) {
	b := newInbox(t, 8, 1)
	ids := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	rounds := [][2][]int16{ // what comes before the first look, and before the second
		{{enroute, arrived, enroute}, {failed, enroute, arrived}},
		{{failed, arrived}, {arrived}},
		{{arrived, failed}, {givenUp}},
		{{givenUp, arrived}, {failed}},
		{{arrived, givenUp}, {}},
		{{givenUp}, {arrived}},
		{{givenUp, failed}, {}},
		{{enroute}, {enroute}},
	}
	want := []sms.MessageState{10, 11, 10, 10, 10, 11, 11, 3}
	ns := numbers(len(ids), 0)
	for i, id := range ids {
		b.accept(int32(i+1), id)
	}
	for look := range 2 {
		for i, r := range rounds {
			for _, state := range r[look] {
				b.come(postgres.Receipt{Provider: ids[i], Number: ns[i], State: state})
			}
		}
		y := b.apply()
		got := pgtest.Value[[]int16](t, b.DSN, `select array_agg(state order by n) from messages`)
		for i := range want {
			if sms.MessageState(got[i]) != want[i] {
				t.Errorf("look %d: message %d, receipts %v, is %d, want %d", look+1, i+1, rounds[i], got[i], want[i])
			}
		}
		if y.Delivered != 4 || y.Undelivered != 3 || y.Accepted != 1 {
			t.Errorf("look %d: %+v", look+1, y)
		}
	}
}

// B35: a receipt that comes long before the answer is recorded waits, kept, and finds its message
// when the id is there. It is looked for during 72 hours, and kept after them.
func TestReceiptBeforeTheAnswer(t *testing.T) {
	b := newInbox(t, 2, 1)
	b.come(postgres.Receipt{Provider: "early", State: arrived})
	if y := b.apply(); y.Delivered != 0 {
		t.Fatalf("%+v", y)
	}
	b.Exec(`update receipts set received_at = received_at - interval '50 minutes'`)
	b.apply()
	b.accept(1, "early")
	if y := b.apply(); y.Delivered != 1 {
		t.Errorf("the receipt did not find its message: %+v", y)
	}
	b.come(postgres.Receipt{Provider: "never", State: arrived, Number: 33699999999})
	b.Exec(`update receipts set received_at = received_at - interval '73 hours' where provider_id = 'never'`)
	b.apply()
	if pgtest.Value[bool](t, b.DSN, `select look_at < 'infinity' or applied_at is not null from receipts where provider_id = 'never'`) {
		t.Error("a receipt that nobody claims is looked for after 72 hours")
	}
}

// B40: a long message is delivered when all its parts are, failed as soon as one is, and says how
// many of them arrived.
func TestReceiptsOfParts(t *testing.T) {
	b := newInbox(t, 2, 3)
	b.accept(1, "a1", "a2", "a3")
	b.accept(2, "b1", "b2", "b3")
	second := numbers(2, 0)[1]
	b.come(postgres.Receipt{Provider: "a3", State: arrived}, postgres.Receipt{Provider: "a1", State: arrived},
		postgres.Receipt{Provider: "a1", State: failed}, postgres.Receipt{Provider: "b2", State: arrived, Number: second})
	if y := b.apply(); y.Accepted != 2 {
		t.Fatalf("with parts missing: %+v", y)
	}
	b.come(postgres.Receipt{Provider: "a2", State: givenUp}, postgres.Receipt{Provider: "a2", State: arrived},
		postgres.Receipt{Provider: "b1", State: failed, Number: second, Code: "smpp-err:001"})
	if y := b.apply(); y.Delivered != 1 || y.Undelivered != 1 {
		t.Fatalf("in the end: %+v", y)
	}
	b.come(postgres.Receipt{Provider: "b3", State: arrived, Number: second}, postgres.Receipt{Provider: "a3", State: failed})
	if y := b.apply(); y.Delivered != 1 || y.Undelivered != 1 {
		t.Errorf("after the end: %+v", y)
	}
	if code := pgtest.Value[string](t, b.DSN, `select code from messages where n = 2`); code != "parts:1/3" {
		t.Errorf("of the second one it is said %q", code)
	}
}

// B41: receipts that nobody asked for do no harm: of nothing, of what was refused, of a message
// that is over, without an id. Those of two people are two, though they carry the same id or none
// (I12). D31 ends what never had one (TestDispatchNoReceiptExpires).
func TestReceiptsNobodyAskedFor(t *testing.T) {
	b := newInbox(t, 2, 1)
	b.accept(1, "a")
	b.come(postgres.Receipt{Provider: "a", State: arrived})
	b.apply()
	b.come(postgres.Receipt{Provider: "a", State: enroute}, postgres.Receipt{Provider: "a", State: failed},
		postgres.Receipt{Provider: "stranger", State: failed}, postgres.Receipt{State: arrived},
		postgres.Receipt{State: arrived, Number: 33699999999}, postgres.Receipt{Provider: "a", State: arrived, Number: 33699999999})
	if y := b.apply(); y.Delivered != 1 || y.Submitting != 1 {
		t.Errorf("%+v", y)
	}
	if n := pgtest.Value[int64](t, b.DSN, `select count(*) from receipts`); n != 7 {
		t.Errorf("%d receipts are kept of 7", n)
	}
}

// B45: a route that takes messages and answers none of them does not keep others waiting.
func TestStuckRouteKeepsNobodyWaiting(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	ctx, hangUp := context.WithCancel(context.Background())
	stuck, err := smsc.Start(ctx, smsc.Config{Delay: time.Hour, Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	e.Exec(`insert into gateways(name, kind) values ('stuck', 'smpp')`)
	e.App.Routes["stuck"] = smpp.New(smpp.Route{Name: "stuck", Addrs: []string{stuck.Addr()}, SystemID: "x", Window: 10, ResponseTimeout: time.Hour})
	noisy := make([]sms.Session, 30)
	for i := range noisy {
		noisy[i] = e.send("Hello", numbers(20, int64(i))...)
	}
	e.Exec(`update batches set gateway_id = (select id from gateways where name = 'stuck')`)
	small := e.send("Hello", numbers(50, 99)...)
	e.run()
	t.Cleanup(func() { hangUp(); _ = stuck.Wait() }) // before the dispatcher ends, which would wait for its answers
	e.until(small, "its end", func(y sms.Tally) bool { return y.Delivered == 50 })
	left := 0
	for _, s := range noisy {
		left += e.tally(s).Pending
	}
	if left == 0 {
		t.Error("nothing waits at the stuck route: this test proves nothing")
	}
}

// B35: the same with a real carrier: receipts come on another bind than the answers, before them,
// and before this program has written the answers down.
func TestReceiptsOnAnotherBind(t *testing.T) {
	e := newEngine(t, smsc.Config{Plain: true, Delay: 100 * time.Millisecond, ReceiptDelay: time.Millisecond, Shares: smsc.Shares{Early: 0.5}})
	client := smpp.New(smpp.Route{Name: "smpp", Addrs: []string{e.carrier.Addr()}, SystemID: "test", Password: "test", Window: 50, Mode: smpp.Pair})
	e.App.Routes = map[string]gateway.Gateway{"smpp": client}
	s := e.send("Hello", numbers(200, 0)...)
	e.run()
	if y := e.until(s, "100 %", func(y sms.Tally) bool { return y.Percent() == 100 }); y.Delivered != 200 {
		t.Errorf("%+v", y)
	}
}

// I8, D34: what comes when an unknown message has been presumed unsent, and its credits have gone
// back, changes nothing and is no error: neither a late answer nor a receipt that proves it, which only
// finds its message (I12).
func TestAnswerAfterTheEnd(t *testing.T) {
	b := newInbox(t, 1, 1)
	unknown := postgres.Answer{Tenant: b.Tenant.ID, Session: b.s.ID, N: 1, Attempt: 1, Outcome: postgres.OutcomeUnknown, State: sms.MessageUnknown}
	b.in(func(ctx context.Context, tx *postgres.PlatformTx) error {
		return tx.Record(ctx, "u", []postgres.Answer{unknown})
	})
	b.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Expire(ctx, b.s.ID, time.Now(), time.Now(), 10)
		return err
	})
	b.accept(1, "late")
	b.come(postgres.Receipt{Provider: "orphan", State: arrived})
	b.in(func(ctx context.Context, tx *postgres.PlatformTx) error {
		o := postgres.Orphan{ID: 1, Gateway: 1, Provider: "orphan", Number: numbers(1, 0)[0], At: time.Now()}
		took, err := tx.Adopt(ctx, o)
		if !took {
			t.Error("the receipt has not found its message")
		}
		return err
	})
	if y := b.apply(); y.PresumedUnsent != 1 {
		t.Errorf("%+v", y)
	}
}
