package app

import (
	"context"
	"fmt"
	"strings"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// UnknownForm is what staff decide about the messages of a route that wait for a
// person: nobody knows whether their carrier has them.
type UnknownForm struct {
	How    string // UnknownUnsent or UnknownAgain
	Shown  int    // how many the page spoke of
	Reason string
}

// What can be decided about messages without an answer.
const (
	UnknownUnsent = "unsent" // presumed unsent: their credits come back
	UnknownAgain  = "again"  // sent again: somebody may get the text twice
)

// Undecided are the campaigns of which messages of a route wait for a person.
func (a *App) Undecided(ctx context.Context, who sms.Actor, name string) (r sms.Route, lines []sms.UnknownLine, err error) {
	err = a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		if r, err = p.Route(ctx, name); err != nil || r.OnUnknown != sms.UnknownOperator {
			return err
		}
		lines, err = p.UnknownLines(ctx, r.ID, a.Now().Add(-sms.ResendAfter))
		return err
	})
	return r, lines, wrap("undecided messages of gateway", word(name), err)
}

// DecideUnknown settles the messages of a route that wait for a person, of every
// campaign, in one transaction: presumed unsent, or sent again (D34). The error
// is Problems of the form, or a StaleSlip when there are more or fewer now.
func (a *App) DecideUnknown(ctx context.Context, who sms.Actor, name string, f UnknownForm) (int, error) {
	reason, err := sms.ResendReason(f.Reason)
	p := problemsOf(err)
	if f.How != UnknownUnsent && f.How != UnknownAgain {
		p.Add("how", "Choose what becomes of them")
	}
	if len(p) > 0 {
		return 0, p
	}
	n := 0
	err = a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		n = 0
		r, err := p.LockRoute(ctx, name)
		if err != nil {
			return err
		}
		if r.OnUnknown != sms.UnknownOperator {
			return sms.Conflict("Messages of this route do not wait for a person any more.")
		}
		lines, err := p.UnknownLines(ctx, r.ID, a.Now().Add(-sms.ResendAfter))
		if err != nil {
			return err
		}
		for _, l := range lines {
			k, err := a.decideUnknown(ctx, p.In(l.Tenant), who, r, l.Session, f.How, reason)
			if err != nil {
				return fmt.Errorf("session %d: %w", l.Session, err)
			}
			n += k
		}
		if err := sameNumber(n, f.Shown); err != nil {
			return err
		}
		return a.auditPlatform(ctx, p, who, "decide_unknown", routeObject(r), nil, map[string]any{"how": f.How, "messages": n, "campaigns": len(lines)}, reason)
	})
	return n, wrap("decide unknown messages of gateway", word(name), err)
}

func (a *App) decideUnknown(ctx context.Context, tx *postgres.Tx, who sms.Actor, r sms.Route, id sms.SessionID, how, reason string) (int, error) {
	s, err := tx.LockSession(ctx, id)
	if err != nil {
		return 0, err
	}
	before := a.Now().Add(-sms.ResendAfter)
	ns, err := tx.LockUnknown(ctx, id, r.ID, before)
	if err != nil || len(ns) == 0 {
		return 0, err
	}
	if how == UnknownAgain {
		if s.State != sms.SessionSending && s.State != sms.SessionPaused {
			return 0, sms.Conflict(s.Name + " is " + strings.ToLower(s.State.Words()) + ": its messages cannot be sent again. Presume them unsent.")
		}
		x := sms.Resend{Session: id, At: a.Now(), Actor: who.Name, ActorID: actorID(who), Reason: reason, Gateway: r.ID}
		return len(ns), a.resendThese(ctx, tx, reader(who), s, x, ns)
	}
	n, err := tx.PresumeUnsent(ctx, id, ns, a.Now())
	if err != nil {
		return n, err
	}
	note := sms.Messages(n) + " without an answer. Reason: " + reason
	if err := tx.AddEvent(ctx, id, sms.SessionEvent{At: a.Now(), Actor: reader(who).Name, State: s.State, Title: "Presumed unsent", Note: note}); err != nil {
		return n, err
	}
	if err := a.audit(ctx, tx, reader(who), "presume_unsent", sessionName(s), nil, map[string]any{"messages": n}, reason); err != nil {
		return n, err
	}
	return n, a.notifyProgress(ctx, tx, s.Campaign)
}
