package app

import (
	"context"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Status is what the page of a campaign says: where its newest sending is, what
// follows, and what can be done.
type Status struct {
	Tenant    sms.Tenant
	Campaign  sms.Campaign
	Draft     bool          // no sending, or the newest was cancelled before anything left
	Session   sms.Session   // the newest, unless Draft
	Versions  []sms.Session // all, the newest first
	Lists     string        // names of its lists
	Events    []sms.SessionEvent
	Tally     sms.Tally
	Reached   sms.Reached // of one that had begun to leave and is over
	Silent    int         // messages of which nobody knows, that may be sent again in this sending
	Balance   sms.Balance
	Charged   sms.Credits
	Returned  sms.Credits
	Review    *sms.Review // of a refused one
	Slip      *sms.Slip   // of a held one: what starting it now comes to
	Short     sms.Credits // of a scheduled one: what will be missing on its date
	Usual     time.Duration
	Departure *sms.DepartureStatus // of one that is under way and does not leave all at once
	Stopped   map[string]int       // of one that is sending: what waits for a route that is stopped, by country
	Now       time.Time
}

// Locked reports whether the session starts within the minute, so that it can
// no longer be changed (D19).
func (s Status) Locked() bool { return notLocked(s.Session, s.Now) != nil }

// Since is the newest event that led to the present state, or the submission.
func (s Status) Since() sms.SessionEvent {
	out := sms.SessionEvent{At: s.Session.SubmittedAt, State: s.Session.State}
	for _, e := range s.Events {
		if e.State == s.Session.State {
			out = e
		}
	}
	return out
}

// Status reads where a campaign is.
func (a *App) Status(ctx context.Context, who sms.Actor, campaign sms.ID) (Status, error) {
	st := Status{Now: a.Now()}
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if st.Campaign, err = tx.Campaign(ctx, campaign); err != nil {
			return err
		}
		if st.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		if st.Versions, err = tx.CampaignSessions(ctx, campaign, sms.KindCampaign); err != nil {
			return err
		}
		if len(st.Versions) == 0 || st.Versions[0].State == sms.SessionCancelled && st.Versions[0].StartedAt == nil {
			st.Draft = true
			return nil
		}
		st.Session = st.Versions[0]
		return a.fillStatus(ctx, tx, &st)
	})
	if err == nil && !st.Draft && st.Session.State == sms.SessionValidating {
		st.Usual, err = a.reviewTime(ctx)
	}
	return st, wrap("status of campaign", campaign, err)
}

func (a *App) fillStatus(ctx context.Context, tx *postgres.Tx, st *Status) (err error) {
	id := st.Session.ID
	if st.Events, err = tx.Events(ctx, id); err != nil {
		return err
	}
	if st.Tally, err = tx.Tally(ctx, id); err != nil {
		return err
	}
	if st.Balance, err = tx.Balance(ctx); err != nil {
		return err
	}
	if st.Charged, st.Returned, err = tx.Charged(ctx, id); err != nil {
		return err
	}
	if st.Lists, _, err = audienceInWords(ctx, tx, st.Session); err != nil {
		return err
	}
	if st.Departure, err = departureOf(ctx, tx, st.Session); err != nil {
		return err
	}
	if err := reachedOf(ctx, tx, st); err != nil {
		return err
	}
	switch st.Session.State {
	case sms.SessionRefused:
		r, err := tx.Review(ctx, id)
		st.Review = &r
		return err
	case sms.SessionValidating, sms.SessionScheduled:
		f, err := a.forecast(ctx, tx)
		for _, x := range f.Steps {
			if x.Session == id {
				st.Short = max(-x.After, 0)
			}
		}
		return err
	case sms.SessionSending:
		st.Stopped, err = tx.StoppedRoutes(ctx, id)
		return err
	case sms.SessionHeld:
		slip, err := a.heldSlip(ctx, tx, st.Session)
		st.Slip = &slip
		return err
	}
	return nil
}

// Stoppable is what cancelling would do now; the counts move on while it sends.
func (a *App) Stoppable(ctx context.Context, who sms.Actor, campaign sms.ID) (Status, Cancelled, error) {
	st, err := a.Status(ctx, who, campaign)
	if err != nil || st.Draft || st.Session.StartedAt == nil {
		return st, Cancelled{}, err
	}
	out := Cancelled{Started: true, Handed: st.Tally.Handed(), Kept: st.Tally.Pending + st.Tally.Retrying}
	err = a.as(ctx, who, sms.RightSend, func(tx *postgres.Tx) error {
		kept, err := tx.Pending(ctx, st.Session.ID)
		out.Kept, out.Returned = kept.Messages, kept.Price
		return err
	})
	return st, out, wrap("status of campaign", campaign, err)
}
