package app

import (
	"context"
	"fmt"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// ReleaseCase gives an item back before its ten minutes are over.
func (a *App) ReleaseCase(ctx context.Context, who sms.Actor, id sms.SessionID) error {
	return a.asStaff(ctx, who, sms.RightReview, func(p *postgres.PlatformTx) error {
		x, err := p.Item(ctx, id)
		if err != nil {
			return err
		}
		tx := p.In(x.Session.Tenant)
		r, err := tx.LockReview(ctx, id)
		if err != nil || r.ClaimedBy == nil || *r.ClaimedBy != who.User {
			return err
		}
		r.ClaimedBy, r.ClaimedName, r.ClaimedUntil = nil, "", nil
		return tx.SaveReview(ctx, r)
	})
}

// Decide approves or refuses a session. Nobody decides on what he submitted or
// on a tenant he belongs to; two decisions at once make one, and the second is
// told (D10, D13). The approval is bound to the content that was shown.
func (a *App) Decide(ctx context.Context, who sms.Actor, id sms.SessionID, shown string, v sms.Verdict) (sms.Session, error) {
	var s sms.Session
	err := a.asStaff(ctx, who, sms.RightReview, func(p *postgres.PlatformTx) error {
		x, err := p.Item(ctx, id)
		if err != nil {
			return err
		}
		tx := p.In(x.Session.Tenant)
		if s, err = tx.LockSession(ctx, id); err != nil {
			return err
		}
		r, err := tx.LockReview(ctx, id)
		if err != nil {
			return err
		}
		if err := a.mayDecide(ctx, tx, who, s, r, shown); err != nil {
			return err
		}
		family, err := v.Check(r.Risk == "high")
		if err != nil {
			return err
		}
		now := a.Now()
		r.Decision, r.DecidedBy, r.DecidedName, r.DecidedAt, r.Note = "approved", &who.User, who.Name, &now, v.Note
		if v.Decision == "refuse" {
			r.Decision, r.Family, r.Reasons, r.Instruction = "refused", family, v.Reasons, v.Instruction
		}
		if err := tx.SaveReview(ctx, r); err != nil {
			return err
		}
		if v.Decision == "approve" {
			return a.approve(ctx, tx, who, &s, &who.User)
		}
		s.EndedAt, s.SettledAt = &now, &now
		return a.step(ctx, tx, reader(who), &s, sms.SessionRefused, words{
			deed: "refuse_session", title: "Refused by the Tidings team", note: "Nothing was sent or charged.",
		})
	})
	return s, wrap("decide on session", s.Campaign, err)
}

func (a *App) mayDecide(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session, r sms.Review, shown string) error {
	switch {
	case s.State == sms.SessionCancelled:
		at := ""
		if s.EndedAt != nil {
			at = " at " + s.EndedAt.UTC().Format("15:04") + " UTC"
		}
		return sms.Conflict("The customer cancelled" + at + ". There is nothing to decide.")
	case r.Decision != "" && r.DecidedAt != nil:
		return sms.Conflict(fmt.Sprintf("%s %s this at %s UTC.", r.DecidedName, r.Decision, r.DecidedAt.UTC().Format("15:04")))
	case s.State != sms.SessionValidating:
		return sms.Conflict("It is not waiting for a decision any more.")
	case shown != fmt.Sprintf("%x", s.ContentHash):
		return sms.Conflict("This is not the content that you were shown. Reload the page.")
	}
	if name, held := r.HeldBy(a.Now(), who.User); held {
		return sms.Conflict(name + " is reviewing this until " + r.ClaimedUntil.UTC().Format("15:04") + " UTC.")
	}
	member, err := tx.IsMember(ctx, who.User)
	if err != nil {
		return err
	}
	if member || s.SubmittedBy != nil && *s.SubmittedBy == who.User {
		return sms.Forbidden("You belong to this account. Somebody else must decide.")
	}
	return nil
}
