package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// How far TestSimulatedDatabase walks: a dozen steps of each kind.
const (
	walkSteps  = 200
	walkChecks = 10 // steps between two questions for all invariants
)

// TestSimulatedDatabase: I2, I6, I7, I8, I9, I13, D33, D34, B36. A walk through everything that can
// be asked of the database while a session goes out, in any order: marks of several workers that
// die and are buried, answers that come twice, late and against each other, receipts of all kinds,
// known and orphaned, pauses, and the end of 48 hours. Every few steps every invariant is asked.
// TestSimulatedDispatch goes through many more cases without the SQL; this one is the SQL.
// SEED=n walks the same way again.
func TestSimulatedDatabase(t *testing.T) {
	seed := rand.Uint64()
	if s, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		seed = s
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to walk the same way again: SEED=%d", seed)
		}
	})
	w := newStroll(t, rand.New(rand.NewPCG(seed, 0)))
	steps := []func(){
		w.mark, w.mark, w.mark, w.answer, w.answer, w.answer, w.receipt, w.receipt, w.receipt, w.orphan,
		w.hurry, w.die, w.bury, w.pause, w.expire,
	}
	for w.step = range walkSteps {
		steps[w.rnd.IntN(len(steps))]()
		w.look()
		if t.Failed() {
			t.Fatalf("after step %d: %s", w.step, w.did)
		}
	}
	got := map[int16]int{}
	for _, s := range w.states {
		got[s]++
	}
	t.Logf("%d marks, and in the end %v", w.marked, got)
}

// stroll is where the walk has come to.
type stroll struct {
	*inbox
	rnd      *rand.Rand
	step     int
	did      string
	leases   []*postgres.Lease
	attempts []postgres.Answer // all that were ever marked, by N and Attempt
	marked   int
	states   []int16 // of the messages, when last looked at
	tried    []int16 // attempts of the messages
}

func newStroll(t *testing.T, rnd *rand.Rand) *stroll {
	e := newEngine(t, smsc.Config{})
	w := &stroll{inbox: &inbox{e, e.send("Hello", numbers(60, 0)...)}, rnd: rnd}
	for range 3 {
		w.leases = append(w.leases, w.lease())
	}
	w.look()
	return w
}

func (w *stroll) lease() *postgres.Lease {
	w.t.Helper()
	l, err := w.App.DB.Hold(context.Background(), "stroll")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(l.Release)
	return l
}

func (w *stroll) note(format string, args ...any) { w.did = fmt.Sprintf(format, args...) }

func (w *stroll) mark() {
	worker, _ := w.leases[w.rnd.IntN(len(w.leases))].Worker()
	got := w.markAs(worker, w.s, 1+w.rnd.IntN(4))
	w.note("worker %d marked %d", worker, len(got))
	w.marked += len(got)
	for _, m := range got {
		w.attempts = append(w.attempts, postgres.Answer{Tenant: w.Tenant.ID, Session: w.s.ID, N: m.N, Attempt: m.Attempt})
	}
}

// answer records anything about some attempts, old ones too, and sometimes the same again.
func (w *stroll) answer() {
	if len(w.attempts) == 0 {
		return
	}
	flush := strconv.Itoa(w.step)
	var as []postgres.Answer
	seen := map[int32]bool{}
	for range 1 + w.rnd.IntN(5) {
		a := w.attempts[len(w.attempts)-1-w.rnd.IntN(min(12, len(w.attempts)))]
		if seen[a.N] {
			continue
		}
		seen[a.N] = true
		soon := time.Now()
		switch w.rnd.IntN(6) {
		case 0, 1:
			a.Outcome, a.State, a.Provider = postgres.OutcomeAccepted, sms.MessageAccepted, provider(a.N)
		case 2, 3:
			a.Outcome, a.State, a.NextAt = postgres.OutcomeNotAccepted, sms.MessageRetrying, &soon
		case 4:
			a.Outcome, a.State = postgres.OutcomeUnknown, sms.MessageUnknown
		default:
			a.Outcome, a.State = postgres.OutcomeRefused, sms.MessageRejected
		}
		a.Counts = true
		as = append(as, a)
	}
	w.note("answers %+v", as)
	for range 1 + w.rnd.IntN(2) {
		w.in(func(ctx context.Context, tx *postgres.PlatformTx) error { return tx.Record(ctx, flush, as) })
	}
}

func provider(n int32) string { return fmt.Sprintf("id-%d", n) }

// receipt brings one or two receipts of a message, in any state, and applies them.
func (w *stroll) receipt() {
	n := w.rnd.IntN(len(w.states))
	if len(w.attempts) > 0 && w.rnd.IntN(4) > 0 {
		n = int(w.attempts[w.rnd.IntN(len(w.attempts))].N) - 1
	}
	for range 1 + w.rnd.IntN(2) {
		state := []int16{enroute, arrived, failed, givenUp}[w.rnd.IntN(4)]
		w.note("receipt %d of message %d", state, n+1)
		w.come(postgres.Receipt{Provider: provider(int32(n + 1)), Number: numbers(n+1, 0)[n], State: state})
	}
	w.applyAll()
}

// orphan brings a receipt under an id that nobody has recorded, as of an answer that was lost.
func (w *stroll) orphan() {
	n := w.rnd.IntN(len(w.states))
	if len(w.attempts) > 0 {
		n = int(w.attempts[w.rnd.IntN(len(w.attempts))].N) - 1
	}
	w.note("an orphan of message %d", n+1)
	w.come(postgres.Receipt{Provider: fmt.Sprintf("orphan-%d", w.step), Number: numbers(n+1, 0)[n], State: arrived})
	w.applyAll()
}

// applyAll applies what waits, and lets orphans find their message.
func (w *stroll) applyAll() {
	w.Exec(`update receipts set look_at = now() where applied_at is null`)
	var orphans []postgres.Orphan
	w.in(func(ctx context.Context, tx *postgres.PlatformTx) (err error) {
		_, orphans, err = tx.ApplyReceipts(ctx, 0, 1000)
		return err
	})
	for _, o := range orphans {
		w.in(func(ctx context.Context, tx *postgres.PlatformTx) error { _, err := tx.Adopt(ctx, o); return err })
	}
}

func (w *stroll) hurry() {
	w.note("retries are due")
	w.engine.hurry()
}

// die lets a worker die, and another is born.
func (w *stroll) die() {
	i := w.rnd.IntN(len(w.leases))
	w.note("a worker dies")
	w.leases[i].Release()
	w.leases[i] = w.lease()
}

func (w *stroll) bury() {
	w.note("burial")
	w.Exec(`update workers set started_at = started_at - interval '1 minute'`)
	if err := w.App.BuryDead(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// pause is a pause during which everybody tries to mark (I6).
func (w *stroll) pause() {
	w.note("a pause")
	w.Exec(`update sessions set state = 'paused' where id = $1`, int64(w.s.ID))
	before := w.marked
	w.mark()
	if w.marked != before {
		w.t.Error("a paused session was marked")
	}
	w.Exec(`update sessions set state = 'sending' where id = $1`, int64(w.s.ID))
}

// expire lets 48 hours be over for whoever waits longest.
func (w *stroll) expire() {
	w.note("48 hours are over")
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		now := time.Now()
		_, err := tx.Expire(ctx, w.s.ID, now, now, 1)
		return err
	})
}

// look asks every invariant now and then, and compares with what was there before the step: final states stay,
// and nothing unknown, accepted or final is tried again.
func (w *stroll) look() {
	w.t.Helper()
	if w.step%walkChecks == walkChecks-1 {
		broken, err := w.App.Check(context.Background())
		if err != nil || len(broken) > 0 {
			w.t.Errorf("broken %v (%v)", broken, err)
		}
	}
	states := pgtest.Value[[]int16](w.t, w.DSN, `select array_agg(state order by n) from messages`)
	tried := pgtest.Value[[]int16](w.t, w.DSN, `select array_agg(attempts order by n) from messages`)
	for i, was := range w.states {
		if sms.MessageState(was).Final() && states[i] != was {
			w.t.Errorf("message %d was %d for ever and is %d", i+1, was, states[i])
		}
		if was != int16(sms.MessagePending) && was != int16(sms.MessageRetrying) && tried[i] != w.tried[i] {
			w.t.Errorf("message %d was %d and was tried again", i+1, was)
		}
	}
	w.states, w.tried = states, tried
}
