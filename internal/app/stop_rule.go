package app

import (
	"context"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// judge applies the stop rules (D35) to a session that is sending, on the
// counters of its batches: never for a single message.
func (a *App) judge(ctx context.Context, s sms.Session) error {
	if s.Kind != sms.KindCampaign || s.State != sms.SessionSending || s.StartedAt == nil {
		return nil
	}
	return a.DB.InTenant(ctx, s.Tenant, func(tx *postgres.Tx) error {
		trips, err := a.trips(ctx, tx, s)
		if err != nil || len(trips) == 0 {
			return err
		}
		now, err := tx.LockSession(ctx, s.ID)
		if err != nil || now.State != sms.SessionSending {
			return err
		}
		if trips, err = a.trips(ctx, tx, now); err != nil || len(trips) == 0 { // another worker was faster
			return err
		}
		y, err := tx.Tally(ctx, s.ID)
		if err != nil {
			return err
		}
		rules := make([]string, len(trips))
		for i, t := range trips {
			rules[i] = t.Rule
		}
		if err := tx.AddTripped(ctx, s.ID, rules); err != nil {
			return err
		}
		now.Reason = trips[0].Why
		return a.step(ctx, tx, sms.SystemActor(s.Tenant), &now, sms.SessionPaused, words{
			deed: "pause_session", title: "Paused by a rule", note: trips[0].Why + ". " + sms.People(waiting(y)) + " wait.",
		})
	})
}

// trips asks the rules about a session of which something can still be kept back.
func (a *App) trips(ctx context.Context, tx *postgres.Tx, s sms.Session) ([]sms.Trip, error) {
	countries, err := tx.TallyByCountry(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	left, delivered := 0, 0
	for _, c := range countries {
		left += waiting(c.Tally)
		delivered += c.Delivered
	}
	if left == 0 {
		return nil, nil
	}
	optedOut := 0
	if delivered >= sms.StopOptOutsFrom {
		if optedOut, err = tx.OptedOutSince(ctx, s.ID, *s.StartedAt); err != nil {
			return nil, err
		}
	}
	if trips := sms.Trips(countries, optedOut, nil); len(trips) == 0 {
		return nil, nil
	}
	before, err := tx.Tripped(ctx, s.ID)
	return sms.Trips(countries, optedOut, before), err
}
