package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
	"tidings/internal/sms/sendtime"
)

// The queue starts a job up to five seconds late, so a session's is due this
// much early (D15). It is put off again and again, each time for less than what
// the queue would be late by; only the last moment it holds itself.
const (
	wakeBefore = 10 * time.Second
	offMost    = 4 * time.Second
	holdMost   = time.Second
	comeBefore = 600 * time.Millisecond // the queue looks twice a second for what was put off for a little
)

const (
	batchPeople = 10_000 // most people of one batch
	batchLeast  = 500    // of a session of several batches
	batchesOf   = 32     // of a session, about: one lane at a time can mark from a batch
	pilePeople  = 40_000 // most people kept in memory while countries are sorted out
	pagePeople  = 5_000  // people read at a time
)

// approve binds the decision to exactly what the session says (D10) and sends
// it on: to its date, to its start, or, where it comes too late, to its people
// for a decision (D11, D21). by is the person who decided, nil when validation
// is automatic. The session is locked, and in validation.
func (a *App) approve(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session, by *sms.ID) error {
	if !bytes.Equal(s.Hash(), s.ContentHash) {
		return fmt.Errorf("session %d is not what was submitted", s.ID)
	}
	now := a.Now()
	s.ApprovedHash, s.ApprovedAt, s.ApprovedBy = s.ContentHash, &now, by
	note := ""
	if by == nil {
		note = "Automatically: no check objects."
	}
	if err := a.step(ctx, tx, reader(who), s, sms.SessionApproved, words{deed: "approve_session", title: "Approved", note: note}); err != nil {
		return err
	}
	return a.forward(ctx, tx, sms.SystemActor(s.Tenant), s)
}

// reader is the actor as customers may read him: staff are the Tidings team.
// The audit keeps who it was in the deed of staff itself.
func reader(who sms.Actor) sms.Actor {
	if who.Staff != "" {
		who.Name = "The Tidings team"
	}
	return who
}

// forward sends an approved session, or one that was decided about, to its date
// or to its start.
func (a *App) forward(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session) error {
	switch now := a.Now(); {
	case s.HoldAfter != nil && now.After(*s.HoldAfter):
		s.Reason = "It was approved too late"
		return a.step(ctx, tx, who, s, sms.SessionHeld, words{deed: "hold_session", title: "Needs your decision", note: s.Reason + "."})
	case s.StartsAt.After(now):
		if err := a.wakeAt(ctx, tx, *s); err != nil {
			return err
		}
		return a.step(ctx, tx, who, s, sms.SessionScheduled, words{deed: "schedule_session", title: "Scheduled", note: "Leaves " + sendtime.Sentence(s.StartsAt, s.Zone) + "."})
	default:
		if err := tx.Later(ctx, StartSessionJob{Tenant: s.Tenant, Session: s.ID}); err != nil {
			return err
		}
		return a.step(ctx, tx, who, s, sms.SessionStarting, words{deed: "start_session", title: "Starting"})
	}
}

// wakeAt has the session started at its instant.
func (a *App) wakeAt(ctx context.Context, tx *postgres.Tx, s sms.Session) error {
	return tx.After(ctx, s.StartsAt.Sub(a.Now())-wakeBefore-expandTime(s.People), StartSessionJob{Tenant: s.Tenant, Session: s.ID})
}

// expandTime is how long writing the messages takes, roughly and rather long:
// for so long before its instant a large session is begun, so that its first
// message leaves in time.
func expandTime(people int) time.Duration {
	if people < 20_000 {
		return 0
	}
	return time.Duration(people) * 25 * time.Microsecond
}

// RunStartSession starts a session at its time: NotYet says that it came long
// before it, so that nobody is kept waiting for it; the last moment it holds, and
// never sends before the instant. It writes everything in one transaction, so that a
// crash leaves nothing half done. It may run twice, or for a session that was
// moved, cancelled or already started: then it does nothing.
func (a *App) RunStartSession(ctx context.Context, job StartSessionJob) error {
	var s sms.Session
	err := a.DB.InTenant(ctx, job.Tenant, func(tx *postgres.Tx) (err error) {
		s, err = tx.Session(ctx, job.Session)
		return err
	})
	if errors.Is(err, sms.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start session %d: %w", job.Session, err)
	}
	early := expandTime(s.People)
	if !startable(s) || s.StartsAt.Sub(a.Now()) > early+4*wakeBefore {
		return nil // it was moved: another job wakes it
	}
	if left := s.StartsAt.Add(-early).Sub(a.Now()); left > holdMost {
		return NotYet{In: min(left-comeBefore, offMost)}
	}
	if err := a.hold(ctx, s.StartsAt.Add(-early)); err != nil {
		return err
	}
	err = a.DB.InTenant(ctx, job.Tenant, func(tx *postgres.Tx) error {
		s, err := tx.LockSession(ctx, job.Session)
		if err != nil || !startable(s) || s.StartsAt.Sub(a.Now()) > early {
			return err
		}
		return a.start(ctx, tx, s)
	})
	if err != nil {
		return fmt.Errorf("start session %d: %w", job.Session, err)
	}
	return nil
}

// startable reports whether a wake-up has something to do.
func startable(s sms.Session) bool {
	switch s.State {
	case sms.SessionApproved, sms.SessionScheduled, sms.SessionStarting, sms.SessionWaitingCredits:
		return true
	}
	return false
}

// hold waits until the clock shows until. It looks again and again, since the
// clock may be set.
func (a *App) hold(ctx context.Context, until time.Time) error {
	for {
		left := until.Sub(a.Now())
		if left <= 0 {
			return nil
		}
		if !pause(ctx, min(left, 50*time.Millisecond)) {
			return ctx.Err()
		}
	}
}

// start decides from what is there now: hold, wait for credits, or send (D20–D24).
func (a *App) start(ctx context.Context, tx *postgres.Tx, s sms.Session) error {
	waited := s.State == sms.SessionWaitingCredits
	if s.State != sms.SessionStarting {
		if err := s.To(sms.SessionStarting); err != nil {
			return err
		}
	}
	if s.HoldAfter != nil && a.Now().After(*s.HoldAfter) {
		why := "It could not start in time"
		if waited {
			why = s.Missing.String() + " credits were still missing"
		}
		return a.holdSession(ctx, tx, s, why)
	}
	if !bytes.Equal(s.Hash(), s.ContentHash) {
		return a.holdSession(ctx, tx, s, "Its content is not what was approved")
	}
	text, err := sms.ParseText(s.Text)
	if err != nil {
		return err
	}
	q, err := a.quote(ctx, tx, s.Audience(), text, s.MessageKind, s.Prices)
	if err != nil {
		return err
	}
	if why := startProblem(s, q); why != "" {
		return a.holdSession(ctx, tx, s, why)
	}
	b, err := tx.Balance(ctx)
	if err != nil {
		return err
	}
	if b.Available < q.Price {
		return a.waitForCredits(ctx, tx, s, q.Price-b.Available, waited)
	}
	err = tx.Savepoint(ctx, func(tx *postgres.Tx) error { return a.send(ctx, tx, s, text, q) })
	var none errNoRoute
	if errors.As(err, &none) {
		return a.holdSession(ctx, tx, s, "No route of ours leads to "+phone.CountryInText(none.country)+" yet")
	}
	if errors.Is(err, postgres.ErrNotEnoughCredits) { // another session was faster
		if b, err = tx.Balance(ctx); err != nil {
			return err
		}
		return a.waitForCredits(ctx, tx, s, max(q.Price-b.Available, 1), waited)
	}
	return err
}

// startProblem says why a session must not start as it is, or "".
func startProblem(s sms.Session, q sms.Quote) string {
	switch {
	case len(q.Unpriced) > 0:
		return "There is no price for " + sms.People(q.Unpriced[0].People) + " in " + q.Unpriced[0].Country
	case q.People == 0:
		return "Nobody on the list can be reached any more"
	case q.Price > sms.Ceiling(s.Price):
		return fmt.Sprintf("The list grew: %s and %s now, %s and %s when it was confirmed", sms.People(q.People), q.Price.Words(), sms.People(s.People), s.Price.Words())
	}
	return ""
}

func (a *App) holdSession(ctx context.Context, tx *postgres.Tx, s sms.Session, why string) error {
	s.Reason, s.Missing = why, 0
	return a.step(ctx, tx, sms.SystemActor(s.Tenant), &s, sms.SessionHeld, words{deed: "hold_session", title: "Needs your decision", note: why + "."})
}

// waitForCredits keeps a session that is due until the balance covers it (D23).
func (a *App) waitForCredits(ctx context.Context, tx *postgres.Tx, s sms.Session, missing sms.Credits, waited bool) error {
	if waited {
		if s.Missing == missing {
			return nil
		}
		s.State, s.Missing = sms.SessionWaitingCredits, missing
		return tx.SaveSession(ctx, s)
	}
	s.Missing = missing
	return a.step(ctx, tx, sms.SystemActor(s.Tenant), &s, sms.SessionWaitingCredits, words{
		deed: "wait_for_credits", title: "Waiting for credits", note: missing.Words() + " missing.",
	})
}

// send writes the messages, sets their price aside, all or nothing (D24), and
// lets the dispatcher begin. It ends at the session's instant, not before.
func (a *App) send(ctx context.Context, tx *postgres.Tx, s sms.Session, text sms.Text, q sms.Quote) error {
	routes, err := tx.Routes(ctx)
	if err != nil {
		return fmt.Errorf("choose the routes: %w", err)
	}
	x := newExpansion(tx, s, text, routes, q, a.Now())
	if err := x.run(ctx); err != nil {
		return err
	}
	if err := a.hold(ctx, s.StartsAt); err != nil {
		return err
	}
	now := a.Now()
	s.People, s.Parts, s.Price = x.people, x.parts, x.price
	s.StartedAt, s.Reason, s.Missing = &now, "", 0
	s.FirstPeople = x.wentFirst
	who := sms.SystemActor(s.Tenant)
	if s.Price > 0 {
		err := tx.AddTransfer(ctx, &sms.Transfer{
			Kind: sms.TransferReserve, Session: &s.ID, Amount: s.Price, Key: fmt.Sprintf("reserve:%d", s.ID),
			Actor: who.Name, Reason: s.Name,
		})
		if err != nil {
			return err
		}
	}
	note := sms.People(s.People) + ". " + departureNote(s) + leftOut(q.LeftOut) + s.Price.Words() + " set aside."
	if err := a.step(ctx, tx, who, &s, sms.SessionSending, words{deed: "start_session", title: "Started", note: note}); err != nil {
		return err
	}
	return a.started(ctx, tx, s)
}

// started lets the dispatcher begin, unless a stop covers the text.
func (a *App) started(ctx context.Context, tx *postgres.Tx, s sms.Session) error {
	stopped, err := tx.TextStopped(ctx, s.Text)
	if err != nil {
		return err
	}
	if !stopped {
		return wakeDispatch(ctx, tx, s.ID)
	}
	s.Reason = sms.Stop{Scope: sms.StopText}.CustomerWords()
	return a.step(ctx, tx, theTeam(s.Tenant), &s, sms.SessionStopped, words{
		deed: "stop_session", title: "Stopped", note: s.Reason + " " + sms.People(s.People) + " wait.",
	})
}

// leftOut says how many were passed over, and why (D20).
func leftOut(c sms.AudienceCounts) string {
	out := ""
	for _, x := range []struct {
		n   int
		why string
	}{{c.OptedOut, "opted out"}, {c.Unreachable, "unreachable (NPAI)"}, {c.Complained, "complained"}, {c.Blocked, "excluded by you"}, {c.Excluded, "on an excluded list"}, {c.Before, "reached by an earlier version"}} {
		if x.n == 0 {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += sms.Number(x.n) + " " + x.why
	}
	if out == "" {
		return ""
	}
	return "Left out: " + out + ". "
}
