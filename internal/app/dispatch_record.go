package app

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	mrand "math/rand/v2"
	"sync/atomic"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// answered is one answer of a gateway on its way to the database.
type answered struct {
	result gateway.Result
	lease  *postgres.Lease // of the lane that marked it; nil for a late answer
	at     time.Time
}

// behind is how far the recorder is behind: since when the oldest answer waits
// that is not in the database. A receipt that came after it may be of it.
type behind struct{ since atomic.Pointer[time.Time] }

func (b *behind) age() time.Duration {
	if t := b.since.Load(); t != nil {
		return time.Since(*t)
	}
	return 0
}

// wait waits, not long, until the answers that came before at are in the
// database: then the receipts that follow them find their messages at once.
func (b *behind) wait(ctx context.Context, at time.Time) {
	for range 50 {
		if t := b.since.Load(); t == nil || t.After(at) || !pause(ctx, 2*time.Millisecond) {
			return
		}
	}
}

func (a answered) flight() flight {
	return flight{a.result.Tenant, a.result.Session, a.result.N, a.result.Attempt}
}

// The sizes of a flush: answers are gathered for recordEvery, or sooner when
// recordMany have come; and for as long as the last flush took, up to recordSlow,
// since where flushes are slow many small ones are slower still.
const (
	recordEvery = 25 * time.Millisecond
	recordSlow  = 100 * time.Millisecond
	recordMany  = 1000
)

// gatherFor is how long answers are gathered after a flush that took so long.
func gatherFor(took time.Duration) time.Duration { return min(max(took, recordEvery), recordSlow) }

// newFlush is the key under which one flush is charged, whenever it is replayed.
func newFlush() string { return rand.Text() }

// record writes answers until the channel closes, in one transaction per flush,
// tried again until the database answers: an answer is never dropped.
func (d *Dispatcher) record(ctx context.Context) {
	var pending []answered
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	for {
		select {
		case a, ok := <-d.answers:
			if !ok {
				d.flush(ctx, pending)
				return
			}
			if pending = append(pending, a); len(pending) == 1 {
				d.behind.since.Store(&a.at)
			}
			if len(pending) < recordMany {
				continue
			}
		case <-tick.C:
		}
		began := time.Now()
		d.flush(ctx, pending)
		tick.Reset(gatherFor(time.Since(began)))
		pending = pending[:0]
		d.behind.since.Store(nil)
	}
}

func (d *Dispatcher) flush(ctx context.Context, as []answered) {
	if len(as) == 0 {
		return
	}
	now := time.Now()
	answers := make([]postgres.Answer, len(as))
	var optedOut []postgres.Answer
	for i, a := range as {
		answers[i] = decide(a.result, int(d.flying.tries(a.lease, a.flight())), now, mrand.Float64())
		if a.result.Class == gateway.OptedOut {
			optedOut = append(optedOut, answers[i])
		}
	}
	key := newFlush()
	for try := 0; ; try++ {
		err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
			if err := tx.Record(ctx, key, answers); err != nil {
				return err
			}
			return tx.SuppressMessages(ctx, optedOut, "the operator says they opted out")
		})
		if err == nil {
			break
		}
		d.guard.failed(err)
		if ctx.Err() != nil {
			d.app.Log.Error("answers not recorded: they become unknown", "answers", len(answers), "error", err)
			break
		}
		if !errors.Is(err, sms.ErrUnavailable) {
			d.app.Log.Error("record", "answers", len(answers), "error", err)
		}
		pause(ctx, time.Duration(math.Min(float64(50*(try+1)), 1000))*time.Millisecond)
	}
	d.flying.done(as)
	if hasSoon(answers, now) {
		d.wake()
	}
}

func hasSoon(as []postgres.Answer, now time.Time) bool {
	for _, a := range as {
		if a.NextAt != nil && a.NextAt.Sub(now) < time.Second {
			return true
		}
	}
	return false
}

// decide says what an answer means for the message (smpp.md 1.8; D31, D33, D34):
// the engine, not the gateway, tries again, so that suppression and hours are
// asked again. tries is how many counted before; spread is a random number from
// 0 to 1.
func decide(r gateway.Result, tries int, now time.Time, spread float64) postgres.Answer {
	a := postgres.Answer{
		Tenant: sms.TenantID(r.Tenant), Session: sms.SessionID(r.Session), N: r.N, Attempt: r.Attempt, Code: storable(r.Code),
	}
	again := func(wait time.Duration, counts bool) postgres.Answer {
		at := now.Add(max(wait, r.RetryAfter))
		a.Outcome, a.State, a.NextAt, a.Counts = postgres.OutcomeNotAccepted, sms.MessageRetrying, &at, counts
		return a
	}
	switch r.Outcome {
	case gateway.Accepted:
		a.Outcome, a.State, a.Counts = postgres.OutcomeAccepted, sms.MessageAccepted, true
		providers(r, &a)
	case gateway.NotSent:
		return again(0, false)
	case gateway.Refused:
		switch r.Class {
		case gateway.Temporary:
			if r.Tries > 0 && tries+1 >= r.Tries {
				a.Outcome, a.State, a.Counts = postgres.OutcomeRefused, sms.MessageRejected, true
				return a
			}
			if r.Fixed {
				return again(time.Duration(spread*float64(r.RetryAfter)/4)+r.RetryAfter, true)
			}
			return again(sms.RetryAfter(tries, spread), true)
		case gateway.Throttled:
			return again(least(time.Second, r), false)
		case gateway.Route:
			return again(least(time.Minute, r), false)
		case gateway.Recipient:
			a.Outcome, a.State, a.Counts = postgres.OutcomeRefused, sms.MessageUndelivered, true
		default:
			a.Outcome, a.State, a.Counts = postgres.OutcomeRefused, sms.MessageRejected, true
		}
	default:
		if resendUnknown {
			return again(0, true)
		}
		a.Outcome, a.State, a.Counts = postgres.OutcomeUnknown, sms.MessageUnknown, true
		providers(r, &a)
	}
	return a
}

// least is the usual wait, unless the route says how long it is.
func least(usual time.Duration, r gateway.Result) time.Duration {
	if r.Fixed {
		return r.RetryAfter
	}
	return usual
}

// providers takes over the ids by which receipts will come.
func providers(r gateway.Result, a *postgres.Answer) {
	if len(r.Parts) == 1 {
		a.Provider = storable(r.Parts[0].MatchID)
		return
	}
	for _, p := range r.Parts {
		if p.MatchID != "" {
			a.Parts = append(a.Parts, postgres.AnswerPart{Part: int16(p.N), Provider: storable(p.MatchID)})
		}
	}
}
