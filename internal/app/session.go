package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// lockBefore is how long before its start a scheduled session can no longer be
// moved or cancelled (D19): its people are being counted.
const lockBefore = time.Minute

// SessionForm names a sending in a form that acts on it, with the one-time
// token of the page.
type SessionForm struct {
	Number int // which sending of the campaign the page was about
	Token  string
}

// Cancelled is what a cancellation did: exact counts.
type Cancelled struct {
	Started  bool        // messages had begun to leave; else it is a draft again
	Handed   int         // people whose message had left
	Kept     int         // people who now get nothing
	Returned sms.Credits // back at once
}

// CancelSession keeps back everything that has not left. Before the start it
// makes the campaign a draft again and nothing is charged (D8); while it sends,
// the rest is cancelled and its price returned at once (D26). What the carrier
// has is followed to its end. No message is marked after this returns (I6).
func (a *App) CancelSession(ctx context.Context, who sms.Actor, campaign sms.ID, f SessionForm) (Cancelled, error) {
	var out Cancelled
	err := a.as(ctx, who, sms.RightSend, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, f.Token, "cancel_session", &out, func() error {
			s, err := lockSession(ctx, tx, campaign, f.Number)
			if err != nil {
				return err
			}
			if err := notStopped(s); err != nil {
				return err
			}
			out, err = a.cancel(ctx, tx, who, &s)
			return err
		})
	})
	return out, wrap("cancel session", campaign, err)
}

func (a *App) cancel(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session) (Cancelled, error) {
	now := a.Now()
	if err := notLocked(*s, now); err != nil {
		return Cancelled{}, err
	}
	out := Cancelled{Started: s.StartedAt != nil}
	w := words{deed: "cancel_session", title: "Cancelled", note: "Nothing was sent or charged."}
	if out.Started {
		kept, err := tx.CancelPending(ctx, s.ID)
		if err != nil {
			return out, err
		}
		tally, err := tx.Tally(ctx, s.ID)
		if err != nil {
			return out, err
		}
		out.Kept, out.Returned, out.Handed = kept.Messages, kept.Price, tally.Handed()
		w.note = fmt.Sprintf("%s kept back, %s had left. %s back.", sms.People(out.Kept), sms.Number(out.Handed), out.Returned.Words())
	}
	s.Reason, s.EndedAt, s.Missing = "", &now, 0
	if err := a.step(ctx, tx, who, s, sms.SessionCancelled, w); err != nil {
		return out, err
	}
	if out.Returned > 0 {
		err := tx.AddTransfer(ctx, &sms.Transfer{
			Kind: sms.TransferRelease, Session: &s.ID, Amount: out.Returned, Key: fmt.Sprintf("cancel:%d", s.ID),
			Actor: who.Name, ActorID: actorID(who), Reason: "cancelled before it left",
		})
		if err != nil {
			return out, err
		}
	}
	return out, tx.CloseReview(ctx, s.ID, who.Name, now)
}

// notStopped refuses what the people of a campaign do while staff have stopped it:
// from there only staff move it (D32, D35).
func notStopped(s sms.Session) error {
	if s.State == sms.SessionStopped {
		return sms.Conflict("The Tidings team has stopped it and decides what follows.")
	}
	return nil
}

// notLocked refuses in the last minute before the start (D19).
func notLocked(s sms.Session, now time.Time) error {
	left := s.StartsAt.Sub(now)
	if s.State == sms.SessionScheduled && left > 0 && left < lockBefore {
		return sms.Conflict("It starts in less than a minute, so it can no longer be changed. Once it has started you can pause it or cancel the rest.")
	}
	return nil
}

// PauseSession stops the hand-over: no message is marked after this returns (I6).
func (a *App) PauseSession(ctx context.Context, who sms.Actor, campaign sms.ID, f SessionForm) error {
	return a.change(ctx, who, campaign, f, "pause_session", func(tx *postgres.Tx, s *sms.Session) error {
		tally, err := tx.Tally(ctx, s.ID)
		if err != nil {
			return err
		}
		s.Reason = who.Name + " paused it"
		return a.step(ctx, tx, who, s, sms.SessionPaused, words{
			deed: "pause_session", title: "Paused", note: sms.People(waiting(tally)) + " wait.",
		})
	})
}

// ResumeSession goes on for those who wait. Whoever got it never gets it again.
func (a *App) ResumeSession(ctx context.Context, who sms.Actor, campaign sms.ID, f SessionForm) error {
	return a.change(ctx, who, campaign, f, "resume_session", func(tx *postgres.Tx, s *sms.Session) error {
		tally, err := tx.Tally(ctx, s.ID)
		if err != nil {
			return err
		}
		s.Reason = ""
		pausedAt := s.PausedAt
		err = a.step(ctx, tx, who, s, sms.SessionSending, words{
			deed: "resume_session", title: "Resumed", note: "For " + sms.People(waiting(tally)) + ".",
		})
		if err != nil {
			return err
		}
		if err := a.goOn(ctx, tx, who, s, pausedAt); err != nil {
			return err
		}
		return wakeDispatch(ctx, tx, s.ID)
	})
}

// waiting is how many a pause holds back: who has not been sent to, and who is
// tried again.
func waiting(t sms.Tally) int { return t.Pending + t.Retrying }

// change is one locked arrow of a sending, done once for a token.
func (a *App) change(ctx context.Context, who sms.Actor, campaign sms.ID, f SessionForm, deed string, fn func(*postgres.Tx, *sms.Session) error) error {
	err := a.as(ctx, who, sms.RightSend, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, f.Token, deed, &struct{}{}, func() error {
			s, err := lockSession(ctx, tx, campaign, f.Number)
			if err != nil {
				return err
			}
			if err := notStopped(s); err != nil {
				return err
			}
			return fn(tx, &s)
		})
	})
	return wrap(deed, campaign, err)
}

// once does fn once for a token and keeps out, which fn fills; a repeated post
// gets the out of the first (D2).
func (a *App) once(ctx context.Context, tx *postgres.Tx, token, deed string, out any, fn func() error) error {
	if len(token) < 16 || len(token) > 64 {
		return sms.Conflict("This page is too old to act on. Reload it and try again.")
	}
	result, done, err := tx.TakeToken(ctx, token, deed)
	if err != nil {
		return err
	}
	if done {
		return json.Unmarshal([]byte(result), out)
	}
	if err := fn(); err != nil {
		return err
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return tx.SetTokenResult(ctx, token, string(b))
}

// words is how a step is told: the deed for the audit, the rest for the timeline.
type words struct{ deed, title, note string }

// step moves a locked session along one arrow, and tells it.
func (a *App) step(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session, next sms.SessionState, w words) error {
	before := s.State
	if err := s.To(next); err != nil {
		return err
	}
	switch at := a.Now(); {
	case next != sms.SessionPaused && next != sms.SessionStopped:
		s.PausedAt = nil
	case s.PausedAt == nil:
		s.PausedAt = &at
	}
	return a.tell(ctx, tx, who, *s, before, w)
}

// tell keeps a changed session and writes down who, when and why: the event
// that people read and the audit entry, in this transaction (D44). Pages that
// follow the campaign learn of it at commit.
func (a *App) tell(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session, before sms.SessionState, w words) error {
	if err := tx.SaveSession(ctx, s); err != nil {
		return err
	}
	err := tx.AddEvent(ctx, s.ID, sms.SessionEvent{At: a.Now(), Actor: who.Name, State: s.State, Title: w.title, Note: w.note})
	if err != nil {
		return err
	}
	err = a.audit(ctx, tx, who, w.deed, sessionName(s), map[string]any{"state": before},
		map[string]any{"state": s.State, "starts_at": s.StartsAt, "people": s.People, "price": s.Price}, w.note)
	if err != nil {
		return err
	}
	return a.notifyProgress(ctx, tx, s.Campaign)
}

// sessionName is what the audit calls it.
func sessionName(s sms.Session) string {
	return fmt.Sprintf("campaign %s, session %d", s.Campaign, s.Number)
}

// lockSession finds sending n of a campaign and keeps it for this transaction.
func lockSession(ctx context.Context, tx *postgres.Tx, campaign sms.ID, n int) (sms.Session, error) {
	s, err := tx.SessionNumber(ctx, campaign, n)
	if err != nil {
		return s, err
	}
	return tx.LockSession(ctx, s.ID)
}

// wakeDispatch tells the dispatcher, at commit, that there is something to send.
func wakeDispatch(ctx context.Context, tx *postgres.Tx, id sms.SessionID) error {
	return tx.Notify(ctx, "dispatch", fmt.Sprint(id))
}

// wrap names the deed and what it was done to, once.
func wrap(deed string, object fmt.Stringer, err error) error {
	var p sms.Problems
	if err == nil || errors.As(err, &p) {
		return err
	}
	return fmt.Errorf("%s %s: %w", deed, object, err)
}

// actorID is the person in a row that only has room for people.
func actorID(who sms.Actor) *sms.ID {
	if who.User.IsZero() {
		return nil
	}
	return &who.User
}
