package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// StopPage is everything about what does not leave: the slip of a stop, the
// stops that hold, the guards that are closed, the campaigns that are stopped.
type StopPage struct {
	Form    sms.StopForm
	Stop    sms.Stop       // that the form would make
	Impact  sms.StopImpact // of it, now
	Choices []string       // what is being sent, by the form's scope
	Unknown string         // why the form names nothing, or ""

	Holding []sms.Stop
	Lifted  []sms.Stop // the last few
	Stopped []sms.StopLine
	Guards  []sms.Guard
	Restore sms.Restore
	Sending sms.StopImpact // what was under way, where the restore guard is closed
	Pulses  []sms.StopPulse
}

const (
	stopLines  = 12  // campaigns that a slip names
	stopLifted = 5   // stops that were lifted, shown
	stopMost   = 200 // stopped campaigns shown
)

// Stops lays out the kill switch for what was typed so far. Nothing is stopped by it.
func (a *App) Stops(ctx context.Context, who sms.Actor, form sms.StopForm) (StopPage, error) {
	p := StopPage{Form: form.Tidy()}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(tx *postgres.PlatformTx) (err error) {
		p.Stop, err = a.readStop(ctx, tx, p.Form)
		var unknown sms.Problems
		switch {
		case errors.As(err, &unknown):
			p.Unknown = unknown[0].Text
		case err != nil:
			return err
		default:
			if p.Impact, err = tx.StopImpact(ctx, p.Stop, stopLines); err != nil {
				return err
			}
		}
		if p.Stop.Scope != sms.StopAll {
			if p.Choices, err = tx.StopChoices(ctx, sms.StopScope(p.Form.Scope)); err != nil {
				return err
			}
		}
		return a.fillStops(ctx, tx, &p)
	})
	if err != nil {
		return p, fmt.Errorf("kill switch: %w", err)
	}
	return p, nil
}

func (a *App) fillStops(ctx context.Context, tx *postgres.PlatformTx, p *StopPage) error {
	stops, err := tx.Stops(ctx, stopLifted)
	if err != nil {
		return err
	}
	for _, s := range stops {
		if s.LiftedAt == nil {
			p.Holding = append(p.Holding, s)
		} else {
			p.Lifted = append(p.Lifted, s)
		}
	}
	if p.Stopped, err = tx.StoppedSessions(ctx, stopMost); err != nil {
		return err
	}
	if p.Guards, err = tx.Guards(ctx, guardGone); err != nil {
		return err
	}
	if p.Restore, err = tx.Restore(ctx); err != nil {
		return err
	}
	if p.Restore.Closed() {
		if p.Sending, err = tx.StopImpact(ctx, sms.Stop{Scope: sms.StopAll}, stopMost); err != nil {
			return err
		}
	}
	p.Pulses, err = tx.StopPulses(ctx)
	return err
}

// readStop finds what a form names. The error is Problems of the field what.
func (a *App) readStop(ctx context.Context, tx *postgres.PlatformTx, f sms.StopForm) (sms.Stop, error) {
	s := sms.Stop{Scope: sms.StopScope(f.Scope)}
	wrong := func(text string) error { return sms.Problems{{Field: "what", Text: text}} }
	var err error
	switch s.Scope {
	case sms.StopAll:
		return s, nil
	case sms.StopTenant:
		if s.Tenant, s.Name, err = tx.TenantNamed(ctx, f.What); errors.Is(err, sms.ErrNotFound) {
			err = wrong("Enter the address or the whole name of a tenant")
		}
	case sms.StopGateway:
		if s.Gateway, s.Name, err = tx.GatewayNamed(ctx, f.What); errors.Is(err, sms.ErrNotFound) {
			err = wrong("Enter the name of a gateway")
		}
	case sms.StopCountry:
		if s.Country = countryNamed(f.What); s.Country == "" {
			err = wrong("Enter a country, or its two letters")
		}
	case sms.StopSender:
		if s.Sender = strings.ToLower(f.What); s.Sender == "" {
			err = wrong("Enter a sender as people see it")
		}
	case sms.StopText:
		if s.Pattern = f.What; len([]rune(s.Pattern)) < 4 {
			err = wrong("Enter words of the text, 4 characters or more")
		}
	default:
		err = wrong("Choose what to stop")
	}
	return s, err
}

func countryNamed(word string) string {
	for _, c := range phone.Countries() {
		if strings.EqualFold(c.Code, word) || strings.EqualFold(c.Name, word) {
			return c.Code
		}
	}
	return ""
}

// StopSending presses the kill switch (D35). When it returns, no message that it
// covers is handed over any more, by any worker, and campaigns under way are
// stopped. Once per token. The error is Problems of the form, or a StaleSlip
// when something else was shown than is asked for.
func (a *App) StopSending(ctx context.Context, who sms.Actor, form sms.StopForm) error {
	form = form.Tidy()
	err := a.asStaff(ctx, who, sms.RightAdmin, func(tx *postgres.PlatformTx) error {
		s, err := a.readStop(ctx, tx, form)
		var problems sms.Problems
		if err != nil && !errors.As(err, &problems) {
			return err
		}
		if problems = append(problems, form.Check()...); len(problems) > 0 {
			return problems
		}
		if form.Seen != form.Key() {
			return &StaleSlip{"It would stop something else than was shown. Read the sentence again."}
		}
		if len(form.Token) < 16 || len(form.Token) > 64 {
			return sms.Conflict("This page is too old to act on. Reload it and try again.")
		}
		impact, err := tx.StopImpact(ctx, s, 0)
		if err != nil {
			return err
		}
		s.ID, s.Reason, s.By, s.ByName = sms.NewID(a.Now()), form.Reason, who.User, who.Name
		fresh, err := tx.AddStop(ctx, s, form.Token)
		if err != nil || !fresh {
			return err
		}
		return a.auditPlatform(ctx, tx, who, "stop_sending", s.Words(), nil,
			map[string]any{"stop": s.ID.String(), "campaigns": impact.Campaigns, "messages": impact.Messages}, form.Reason)
	})
	if err != nil {
		return fmt.Errorf("stop sending: %w", err)
	}
	return a.stopCovered(ctx)
}

// stopCovered makes campaigns that a stop covers stopped, so that nothing goes on
// by itself when it is lifted. A test is cancelled: nobody would take it up again.
func (a *App) stopCovered(ctx context.Context) error {
	var refs []postgres.StopRef
	stops := map[sms.ID]sms.Stop{}
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		if refs, err = tx.Covered(ctx); err != nil || len(refs) == 0 {
			return err
		}
		all, err := tx.Stops(ctx, stopLifted)
		for _, s := range all {
			stops[s.ID] = s
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range refs {
		if err := a.stopSession(ctx, r, stops[r.Stop]); err != nil {
			return fmt.Errorf("stop session %d: %w", r.Session, err)
		}
	}
	return nil
}

// theTeam is staff, as customers read it; who it was stands in the audit of the
// platform.
func theTeam(tenant sms.TenantID) sms.Actor {
	who := sms.SystemActor(tenant)
	who.Name = "The Tidings team"
	return who
}

func (a *App) stopSession(ctx context.Context, r postgres.StopRef, k sms.Stop) error {
	return a.DB.InTenant(ctx, r.Tenant, func(tx *postgres.Tx) error {
		s, err := tx.LockSession(ctx, r.Session)
		if err != nil || s.State != sms.SessionSending && s.State != sms.SessionPaused {
			return err // somebody was faster
		}
		who := theTeam(r.Tenant)
		if s.Kind != sms.KindCampaign {
			_, err := a.cancel(ctx, tx, who, &s)
			return err
		}
		y, err := tx.Tally(ctx, s.ID)
		if err != nil {
			return err
		}
		s.Reason = k.CustomerWords()
		return a.step(ctx, tx, who, &s, sms.SessionStopped, words{
			deed: "stop_session", title: "Stopped", note: s.Reason + " " + sms.People(waiting(y)) + " wait.",
		})
	})
}

// LiftStop ends a stop: another administrator than the one who pressed it does.
// Nothing goes on by it; each campaign stays stopped until it is released.
func (a *App) LiftStop(ctx context.Context, who sms.Actor, stop sms.ID, reason string) error {
	if p := sms.CheckReason(reason); p != nil {
		return p
	}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(tx *postgres.PlatformTx) error {
		s, err := tx.Stop(ctx, stop)
		if err != nil {
			return err
		}
		switch {
		case s.LiftedAt != nil:
			return sms.Conflict(s.LiftedName + " has lifted it already.")
		case s.By == who.User:
			return sms.Forbidden("You pressed this stop. Another administrator must lift it.")
		}
		if err := tx.LiftStop(ctx, stop, who, reason); err != nil {
			return err
		}
		return a.auditPlatform(ctx, tx, who, "lift_stop", s.Words(), map[string]any{"stop": s.ID.String(), "stopped_by": s.ByName}, nil, reason)
	})
	return wrap("lift stop", stop, err)
}

// ReleaseForm is what staff decide about a stopped campaign.
type ReleaseForm struct {
	Tenant  sms.TenantID
	Session sms.SessionID
	Cancel  bool // the rest; else it is paused, and its own people may resume it
	Token   string
}

// ReleaseSession ends the stop of one campaign: to paused, or cancelled for good.
// A stop that still holds keeps it.
func (a *App) ReleaseSession(ctx context.Context, who sms.Actor, f ReleaseForm) error {
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		tx := p.In(f.Tenant)
		return a.once(ctx, tx, f.Token, "release_session", &struct{}{}, func() error {
			s, err := tx.LockSession(ctx, f.Session)
			if err != nil {
				return err
			}
			if s.State != sms.SessionStopped {
				return sms.Conflict("Somebody has decided about it already. Nothing was changed.")
			}
			if f.Cancel {
				_, err := a.cancel(ctx, tx, reader(who), &s)
				return err
			}
			barred, err := p.Barred(ctx, postgres.SessionRef{Tenant: f.Tenant, Session: f.Session})
			if err != nil {
				return err
			}
			if barred {
				return sms.Conflict("A stop that covers it still holds. Lift the stop first.")
			}
			s.Reason = "We have looked into it. You can resume it"
			return a.step(ctx, tx, reader(who), &s, sms.SessionPaused, words{deed: "release_session", title: "Released", note: "It is paused. Its own people may resume it."})
		})
	})
	if err != nil {
		return fmt.Errorf("release session %d: %w", f.Session, err)
	}
	return nil
}

// StopProof counts hand-overs now, of everything and of what each stop covers:
// two of them show that nothing leaves.
func (a *App) StopProof(ctx context.Context, who sms.Actor) (holding []sms.Stop, pulses []sms.StopPulse, err error) {
	err = a.asStaff(ctx, who, sms.RightAdmin, func(tx *postgres.PlatformTx) (err error) {
		if holding, err = tx.Stops(ctx, 0); err != nil {
			return err
		}
		pulses, err = tx.StopPulses(ctx)
		return err
	})
	return holding, pulses, err
}
