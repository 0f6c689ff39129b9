package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// A session may leave in a part that goes first and a rest that follows when the
// receipts of the first are good, and evenly over hours. All of it is in the due
// times of its batches: pause, cancel and the mark know nothing of it.

// tripFirst is the stop rule by which a first part pauses its session.
const tripFirst = "first"

// departureNote says how a session leaves, for its timeline.
func departureNote(s sms.Session) string {
	var out []string
	if s.FirstPeople > 0 {
		out = append(out, sms.Number(s.FirstPeople)+" go first, the rest waits for their receipts. ")
	}
	if s.Spread > 0 {
		out = append(out, "Spread over "+sms.HoursWords(s.Spread)+". ")
	}
	return strings.Join(out, "")
}

// waitsForFirst reports whether the rest of a session waits for its first part.
func waitsForFirst(s sms.Session) bool { return s.FirstPeople > 0 && s.ReleasedAt == nil }

// judgeFirst lets the rest of a session follow its first part, or pauses it (D35).
func (a *App) judgeFirst(ctx context.Context, s sms.Session) error {
	if s.State != sms.SessionSending || !waitsForFirst(s) || s.StartedAt == nil {
		return nil
	}
	return a.DB.InTenant(ctx, s.Tenant, func(tx *postgres.Tx) error {
		v, _, err := a.firstVerdict(ctx, tx, s)
		if err != nil || v == sms.FirstWait {
			return err
		}
		now, err := tx.LockSession(ctx, s.ID)
		if err != nil || now.State != sms.SessionSending || !waitsForFirst(now) {
			return err // another worker was faster
		}
		v, why, err := a.firstVerdict(ctx, tx, now)
		if err != nil || v == sms.FirstWait {
			return err
		}
		who := sms.SystemActor(s.Tenant)
		if v == sms.FirstGo {
			return a.release(ctx, tx, who, &now, "The receipts of those who went first are good.")
		}
		if err := tx.AddTripped(ctx, s.ID, []string{tripFirst}); err != nil {
			return err
		}
		now.Reason = why
		return a.step(ctx, tx, who, &now, sms.SessionPaused, words{deed: "pause_session", title: "Paused by a rule", note: why + "."})
	})
}

func (a *App) firstVerdict(ctx context.Context, tx *postgres.Tx, s sms.Session) (sms.FirstVerdict, string, error) {
	y, err := tx.TallyFirst(ctx, s.ID)
	if err != nil {
		return sms.FirstWait, "", err
	}
	v, why := sms.JudgeFirst(y, a.Now().Sub(*s.StartedAt))
	return v, why, nil
}

// release lets the rest of a locked session leave.
func (a *App) release(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session, why string) error {
	now := a.Now()
	s.ReleasedAt = &now
	factor, err := a.fitNow(ctx, tx, *s)
	if err != nil {
		return err
	}
	n, err := tx.ReleaseBatches(ctx, s.ID, factor)
	if err != nil {
		return err
	}
	if err := a.tell(ctx, tx, who, *s, s.State, words{deed: "release_rest", title: "The rest follows", note: why + " " + sms.People(n) + "."}); err != nil {
		return err
	}
	return wakeDispatch(ctx, tx, s.ID)
}

// fitNow is by how much the spread of a session must be shorter that begins now.
func (a *App) fitNow(ctx context.Context, tx *postgres.Tx, s sms.Session) (float64, error) {
	if s.Spread == 0 {
		return 1, nil
	}
	limit, err := spreadLimit(ctx, tx, s, a.Now())
	return fit(s.Departure, a.Now(), limit), err
}

// spreadLimit is until when a session that has started may go on leaving.
func spreadLimit(ctx context.Context, tx *postgres.Tx, s sms.Session, now time.Time) (time.Time, error) {
	countries, err := tx.TallyByCountry(ctx, s.ID)
	if err != nil {
		return time.Time{}, err
	}
	lines := make([]sms.QuoteLine, len(countries))
	for i, c := range countries {
		lines[i] = sms.QuoteLine{Country: c.Country, People: c.People()}
	}
	limit, _ := sms.SpreadLimit(lines, s.MessageKind, now)
	return limit, nil
}

// ReleaseRest lets the rest of a session leave now, without waiting longer for
// the receipts of those who went first.
func (a *App) ReleaseRest(ctx context.Context, who sms.Actor, campaign sms.ID, f SessionForm) error {
	return a.change(ctx, who, campaign, f, "release_rest", func(tx *postgres.Tx, s *sms.Session) error {
		if s.State != sms.SessionSending || !waitsForFirst(*s) {
			return sms.Conflict("Nobody waits for the receipts of others any more. Nothing was changed.")
		}
		return a.release(ctx, tx, who, s, who.Name+" did not wait for the receipts.")
	})
}

// goOn puts the due times of a locked session right that is resumed: what was
// still to come is so much later as the pause was long, but leaves before its
// countries close. Whoever resumes it after its first part paused it has decided
// about the rest.
func (a *App) goOn(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session, pausedAt *time.Time) error {
	if waitsForFirst(*s) {
		tripped, err := tx.Tripped(ctx, s.ID)
		if err != nil || !slices.Contains(tripped, tripFirst) {
			return err
		}
		return a.release(ctx, tx, who, s, who.Name+" decided to go on.")
	}
	if s.Spread == 0 || pausedAt == nil {
		return nil
	}
	last, err := tx.LastDue(ctx, s.ID)
	if err != nil || last == nil || !last.After(*pausedAt) {
		return err
	}
	limit, err := spreadLimit(ctx, tx, *s, a.Now())
	if err != nil {
		return err
	}
	factor := 1.0
	if end := a.Now().Add(last.Sub(*pausedAt)); !limit.IsZero() && end.After(limit) {
		factor = max(0, float64(limit.Sub(a.Now()))/float64(last.Sub(*pausedAt)))
	}
	return tx.ShiftBatches(ctx, s.ID, *pausedAt, factor)
}

// departureOf is how far a session is that does not leave all at once; nil for others.
func departureOf(ctx context.Context, tx *postgres.Tx, s sms.Session) (*sms.DepartureStatus, error) {
	if s.FirstPeople == 0 && s.Spread == 0 || s.State.Final() {
		return nil, nil
	}
	p := &sms.DepartureStatus{Waiting: waitsForFirst(s)}
	var err error
	if p.Waiting {
		if p.First, err = tx.TallyFirst(ctx, s.ID); err != nil {
			return nil, err
		}
	}
	if s.Spread > 0 && s.State == sms.SessionSending {
		p.Until, err = tx.LastDue(ctx, s.ID)
	}
	return p, err
}

// checkSpread puts a spread that goes on after its countries close next to its field.
func checkSpread(f *Finalize) {
	if f.Schedule.StartsAt.IsZero() || len(f.Problems) > 0 {
		return
	}
	f.Problems = append(f.Problems, f.Schedule.Departure.Fit(f.Slip.Quote.ByCountry, f.Slip.Session.MessageKind, f.Schedule.StartsAt)...)
}
