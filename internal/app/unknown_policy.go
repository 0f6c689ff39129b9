package app

import (
	"context"
	"errors"
	"fmt"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// ResendUnknownJob sends again, each minute, what the rule of a route says.
type ResendUnknownJob struct{}

// Kind names the job.
func (ResendUnknownJob) Kind() string { return "resend_unknown" }

// RunResendUnknown does ResendUnknown.
func (a *App) RunResendUnknown(ctx context.Context, _ ResendUnknownJob) error {
	return a.ResendUnknown(ctx)
}

// ResendUnknown sends again what was never answered, where the rule of its route
// asks for it (dispatch.md §5): under the same idempotency key, or once after
// hours without a receipt. Everything else stays as it is.
func (a *App) ResendUnknown(ctx context.Context) error {
	type work struct {
		ref   postgres.SessionRef
		route sms.Route
	}
	var todo []work
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		todo = todo[:0]
		routes, err := p.Routes(ctx)
		if err != nil {
			return err
		}
		for _, r := range routes {
			if r.OnUnknown != sms.UnknownAfter && (r.OnUnknown != sms.UnknownKey || r.KeyLife() == 0) {
				continue
			}
			refs, err := p.UnknownSessions(ctx, r.ID)
			if err != nil {
				return err
			}
			for _, s := range refs {
				todo = append(todo, work{s, r})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, w := range todo {
		if err := a.resendByRule(ctx, w.ref, w.route); err != nil {
			return fmt.Errorf("resend unknown messages of session %d: %w", w.ref.Session, err)
		}
	}
	return nil
}

// resendByRule gives the unknown messages of one session and route back to those
// that are tried again, and writes down by which rule, as for a person (D34, D44).
func (a *App) resendByRule(ctx context.Context, ref postgres.SessionRef, route sms.Route) error {
	return a.DB.InTenant(ctx, ref.Tenant, func(tx *postgres.Tx) error {
		s, err := tx.LockSession(ctx, ref.Session)
		if err != nil || s.State != sms.SessionSending {
			return ignoreMissing(err)
		}
		now := a.Now()
		r := sms.Resend{
			Session: s.ID, At: now, Actor: "Tidings", Reason: route.UnknownReason(), Policy: route.OnUnknown, Gateway: route.ID,
			Hours: route.UnknownHours, KeySince: now.Add(sms.KeyMargin - route.KeyLife()),
		}
		ns, err := tx.LockDueUnknown(ctx, r, sms.KeyWaits)
		if err != nil || len(ns) == 0 {
			return err
		}
		return a.resendThese(ctx, tx, sms.SystemActor(ref.Tenant), s, r, ns)
	})
}

// resendThese gives locked unknown messages back to those that are tried again.
func (a *App) resendThese(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session, r sms.Resend, ns []int32) error {
	r.Messages = len(ns)
	if err := tx.AddResend(ctx, &r); err != nil {
		return err
	}
	n, err := tx.ResendThese(ctx, r, ns)
	if err != nil {
		return err
	}
	if n != len(ns) {
		return fmt.Errorf("%d of %d locked messages were unknown", n, len(ns))
	}
	if err := a.tellResend(ctx, tx, who, s, Resent{Messages: n}, r.Reason); err != nil {
		return err
	}
	return wakeDispatch(ctx, tx, s.ID)
}

func ignoreMissing(err error) error {
	if errors.Is(err, sms.ErrNotFound) {
		return nil
	}
	return err
}
