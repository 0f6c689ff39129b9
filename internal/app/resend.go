package app

import (
	"context"
	"fmt"
	"strings"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Messages of which nobody knows whether they arrived are never sent again by themselves. A person may, knowing
// that some people may get the text twice (D34). While the sending lasts they are given back to those that are
// tried again. When it is over every state is final and stays so (I8): then they become the audience of the next
// version, which is validated, priced and set aside anew, as every version is.

// ResendForm is the decision to send unknown messages again.
type ResendForm struct {
	SessionForm
	Shown  int // how many the page spoke of
	Reason string
}

// Resent is what the decision did.
type Resent struct {
	Messages int
	Version  bool // not sent: they are the audience of the next version
}

// Resend sends again, by the decision of a person, what was written to a carrier and never answered (D34). The
// error is Problems of the form, a StaleSlip when there are more or fewer now, or an ErrConflict in words.
func (a *App) Resend(ctx context.Context, who sms.Actor, campaign sms.ID, f ResendForm) (Resent, error) {
	reason, err := sms.ResendReason(f.Reason)
	if err != nil {
		return Resent{}, err
	}
	var out Resent
	err = a.as(ctx, who, sms.RightSend, func(tx *postgres.Tx) error {
		out = Resent{}
		return a.once(ctx, tx, f.Token, "resend_unknown", &out, func() error {
			s, err := lockSession(ctx, tx, campaign, f.Number)
			if err != nil {
				return err
			}
			if s.State.Final() {
				out, err = a.resendAsVersion(ctx, tx, who, s, f.Shown, reason)
				return err
			}
			out, err = a.resendInside(ctx, tx, who, s, f.Shown, reason)
			return err
		})
	})
	return out, wrap("resend unknown messages of campaign", campaign, err)
}

// resendInside gives them back to those that are tried again. Their price is still set aside.
func (a *App) resendInside(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session, shown int, reason string) (Resent, error) {
	if s.State != sms.SessionSending && s.State != sms.SessionPaused {
		return Resent{}, sms.Conflict("It is " + strings.ToLower(s.State.Words()) + " now, so nothing was sent again.")
	}
	r := sms.Resend{Session: s.ID, At: a.Now(), Actor: who.Name, ActorID: actorID(who), Reason: reason, Before: a.Now().Add(-sms.ResendAfter)}
	var err error
	if r.Messages, err = tx.Stale(ctx, s.ID, r.Before); err != nil {
		return Resent{}, err
	}
	if err := sameNumber(r.Messages, shown); err != nil {
		return Resent{}, err
	}
	if err := tx.AddResend(ctx, &r); err != nil {
		return Resent{}, err
	}
	n, err := tx.Resend(ctx, r)
	if err != nil {
		return Resent{}, err
	}
	if err := sameNumber(n, shown); err != nil {
		return Resent{}, err // one found its end between the two looks: nothing is kept of this
	}
	out := Resent{Messages: n}
	if err := a.tellResend(ctx, tx, who, s, out, reason); err != nil {
		return out, err
	}
	return out, wakeDispatch(ctx, tx, s.ID)
}

// resendAsVersion makes them the audience of the next version. Whom a late receipt settles before it starts is
// left out of it.
func (a *App) resendAsVersion(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session, shown int, reason string) (Resent, error) {
	c, err := a.lockOver(ctx, tx, s.Campaign)
	if err != nil {
		return Resent{}, err
	}
	got, err := tx.Reached(ctx, s.ID)
	if err != nil {
		return Resent{}, err
	}
	if err := sameNumber(got.Unsure, shown); err != nil {
		return Resent{}, err
	}
	c.Whom = sms.WhomUnsure
	if err := a.affords(ctx, tx, c, s); err != nil {
		return Resent{}, err
	}
	if err := tx.SetWhom(ctx, c.ID, c.Whom, who.User, a.Now()); err != nil {
		return Resent{}, err
	}
	out := Resent{Messages: got.Unsure, Version: true}
	return out, a.tellResend(ctx, tx, who, s, out, reason)
}

// affords refuses what the balance does not cover: their price came back when they were presumed unsent, and is
// set aside again when the version starts, all or nothing (D24).
func (a *App) affords(ctx context.Context, tx *postgres.Tx, c sms.Campaign, s sms.Session) error {
	text, err := sms.ParseText(s.Text)
	if err != nil {
		return err
	}
	prices, err := tx.Prices(ctx)
	if err != nil {
		return err
	}
	q, err := a.quote(ctx, tx, c.Audience(), text, s.MessageKind, prices)
	if err != nil {
		return err
	}
	b, err := tx.Balance(ctx)
	if err != nil {
		return err
	}
	if missing := q.Price - b.Available; missing > 0 {
		is := " are"
		if missing == sms.Credit {
			is = " is"
		}
		return sms.Conflict(missing.Words() + is + " missing to send them again. Ask for a reload first.")
	}
	return nil
}

// sameNumber refuses a decision about another number than was shown (D3).
func sameNumber(now, shown int) error {
	switch {
	case now == 0:
		return sms.Conflict("No message is without an answer any more. Nothing was sent again.")
	case now != shown:
		return &StaleSlip{fmt.Sprintf("%s without an answer now, %s when you looked. Look at it again.", sms.Number(now), sms.Number(shown))}
	}
	return nil
}

// tellResend writes down who decided, and why (D44).
func (a *App) tellResend(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session, r Resent, reason string) error {
	note := sms.Messages(r.Messages) + " without an answer. Reason: " + reason
	title := "Sent again"
	if r.Version {
		title = "To be sent again as the next version"
	}
	if err := tx.AddEvent(ctx, s.ID, sms.SessionEvent{At: a.Now(), Actor: who.Name, State: s.State, Title: title, Note: note}); err != nil {
		return err
	}
	err := a.audit(ctx, tx, who, "resend_unknown", sessionName(s), nil, map[string]any{"messages": r.Messages, "as_next_version": r.Version}, reason)
	if err != nil {
		return err
	}
	return a.notifyProgress(ctx, tx, s.Campaign)
}
