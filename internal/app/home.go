package app

import (
	"context"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Home is the first page of an account: what needs somebody, what is happening, what comes next and what was last.
type Home struct {
	Tenant    sms.Tenant
	Now       time.Time
	Balance   sms.Balance
	Forecast  sms.Forecast
	Needs     []sms.CampaignLine // wait for a decision of the account
	Moving    []sms.CampaignLine // are read, start or leave
	Last      []sms.CampaignLine // have ended, the newest first
	Drafts    []sms.CampaignLine
	None      bool // there is no campaign at all
	Lists     int
	Requests  []sms.ReloadRequest
	Delivered []DayCount // of the last thirty days, today last
}

// DayCount is how many messages were delivered of what began on a day.
type DayCount struct {
	Day   time.Time // its midnight in the tenant's zone
	Count int
}

const (
	homeLines = 5  // of each kind
	homeDays  = 30 // of what was delivered
)

// Home reads the first page of an account.
func (a *App) Home(ctx context.Context, who sms.Actor) (Home, error) {
	h := Home{Now: a.Now()}
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if h.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		if h.Balance, err = tx.Balance(ctx); err != nil {
			return err
		}
		if h.Forecast, err = a.forecast(ctx, tx); err != nil {
			return err
		}
		if err := homeCampaigns(ctx, tx, &h); err != nil {
			return err
		}
		lists, err := tx.ListNames(ctx)
		if err != nil {
			return err
		}
		h.Lists = len(lists)
		if h.Requests, err = tx.ReloadRequests(ctx, requestsPage); err != nil {
			return err
		}
		return homeDelivered(ctx, tx, &h)
	})
	return h, err
}

func homeCampaigns(ctx context.Context, tx *postgres.Tx, h *Home) (err error) {
	for _, x := range []struct {
		to     *[]sms.CampaignLine
		states []sms.SessionState
	}{
		{&h.Needs, []sms.SessionState{sms.SessionRefused, sms.SessionWaitingCredits, sms.SessionHeld, sms.SessionPaused, sms.SessionStopped}},
		{&h.Moving, []sms.SessionState{sms.SessionValidating, sms.SessionApproved, sms.SessionStarting, sms.SessionSending}},
		{&h.Last, []sms.SessionState{sms.SessionCompleted, sms.SessionCancelled}},
		{&h.Drafts, []sms.SessionState{sms.CampaignDraft}},
	} {
		if *x.to, err = tx.Campaigns(ctx, sms.CampaignFilter{States: x.states, Limit: homeLines}); err != nil {
			return err
		}
	}
	h.None = len(h.Needs)+len(h.Moving)+len(h.Last)+len(h.Drafts)+len(h.Forecast.Steps) == 0
	return nil
}

// homeDelivered fills the last thirty days, those with nothing too.
func homeDelivered(ctx context.Context, tx *postgres.Tx, h *Home) error {
	local := sms.In(h.Now, h.Tenant.Zone)
	first := time.Date(local.Year(), local.Month(), local.Day()-homeDays+1, 0, 0, 0, 0, local.Location())
	counts, err := tx.DeliveredByDay(ctx, first, h.Tenant.Zone)
	if err != nil {
		return err
	}
	for i := range homeDays {
		day := time.Date(first.Year(), first.Month(), first.Day()+i, 0, 0, 0, 0, first.Location())
		h.Delivered = append(h.Delivered, DayCount{Day: day, Count: counts[day.Format(time.DateOnly)]})
	}
	return nil
}
