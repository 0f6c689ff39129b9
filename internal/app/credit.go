package app

import (
	"context"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Ledger is what the credits page shows: what the tenant has, what its
// scheduled sendings will need, and a page of entries.
type Ledger struct {
	Tenant   sms.Tenant
	Now      time.Time
	Balance  sms.Balance
	SetAside []sms.SetAside
	Forecast sms.Forecast
	Weekly   sms.Credits      // usual use: the mean week of the last four
	Lines    []sms.LedgerLine // the newest first
	More     bool             // there are older ones
	Requests []sms.ReloadRequest
	Prices   map[string]sms.Credits
	Helpers  []sms.Member // who can ask for a reload
}

const (
	ledgerPage   = 50 // entries on one page
	requestsPage = 20 // asks for a reload that are shown
	usualWeeks   = 4  // over which the usual use is the mean
	week         = 7 * 24 * time.Hour
)

// Ledger reads the tenant's credits; before is the version of the last entry
// of the page before, 0 for the newest.
func (a *App) Ledger(ctx context.Context, who sms.Actor, before int64) (Ledger, error) {
	var l Ledger
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		l, err = a.ledger(ctx, tx, before)
		return err
	})
	return l, err
}

func (a *App) ledger(ctx context.Context, tx *postgres.Tx, before int64) (l Ledger, err error) {
	l.Now = a.Now()
	if l.Tenant, err = tx.OwnTenant(ctx); err != nil {
		return l, err
	}
	if l.Balance, err = tx.Balance(ctx); err != nil {
		return l, err
	}
	if l.SetAside, err = tx.SetAside(ctx); err != nil {
		return l, err
	}
	if l.Forecast, err = a.forecast(ctx, tx); err != nil {
		return l, err
	}
	if l.Weekly, err = a.weeklyUse(ctx, tx, l.Tenant); err != nil {
		return l, err
	}
	if l.Lines, err = tx.LedgerLines(ctx, before, ledgerPage+1); err != nil {
		return l, err
	}
	if l.More = len(l.Lines) > ledgerPage; l.More {
		l.Lines = l.Lines[:ledgerPage]
	}
	if l.Prices, err = tx.Prices(ctx); err != nil {
		return l, err
	}
	if l.Helpers, err = tx.MembersWith(ctx, sms.RolesWith(sms.RightReload)); err != nil {
		return l, err
	}
	l.Requests, err = tx.ReloadRequests(ctx, requestsPage)
	return l, err
}

// weeklyUse is what sendings took in the mean week of the last four, or of those
// since the tenant began.
func (a *App) weeklyUse(ctx context.Context, tx *postgres.Tx, t sms.Tenant) (sms.Credits, error) {
	now := a.Now()
	weeks := min(max(int64(now.Sub(t.CreatedAt)/week), 1), usualWeeks)
	used, err := tx.UsedSince(ctx, now.Add(-time.Duration(weeks)*week))
	return max(used, 0) / sms.Credits(weeks), err
}

// forecast lays what is scheduled or waits over what can be used now (D22).
func (a *App) forecast(ctx context.Context, tx *postgres.Tx) (sms.Forecast, error) {
	b, err := tx.Balance(ctx)
	if err != nil {
		return sms.Forecast{}, err
	}
	open, err := tx.OpenSessions(ctx, []sms.SessionState{
		sms.SessionValidating, sms.SessionApproved, sms.SessionScheduled, sms.SessionStarting, sms.SessionWaitingCredits, sms.SessionHeld,
	})
	return sms.NewForecast(b.Available, open), err
}

// LedgerEntries calls fn with every entry of the tenant's ledger, the newest first.
func (a *App) LedgerEntries(ctx context.Context, who sms.Actor, fn func(sms.LedgerLine) error) error {
	return ledgerEntries(ctx, fn, func(page func(*postgres.Tx) error) error { return a.as(ctx, who, sms.RightSee, page) })
}

// TenantLedgerEntries is LedgerEntries of a tenant, for an administrator.
func (a *App) TenantLedgerEntries(ctx context.Context, who sms.Actor, slug string, fn func(sms.LedgerLine) error) error {
	return ledgerEntries(ctx, fn, func(page func(*postgres.Tx) error) error {
		return a.asTenant(ctx, who, slug, func(_ sms.Tenant, tx *postgres.Tx) error { return page(tx) })
	})
}

// ledgerEntries reads page by page, each in a transaction of its own: fn may be
// as slow as somebody's connection.
func ledgerEntries(ctx context.Context, fn func(sms.LedgerLine) error, in func(page func(*postgres.Tx) error) error) error {
	const many = 1000
	for before, n := int64(0), many; n == many; {
		var lines []sms.LedgerLine
		err := in(func(tx *postgres.Tx) (err error) {
			lines, err = tx.LedgerLines(ctx, before, many)
			return err
		})
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := fn(l); err != nil {
				return err
			}
			before = l.Version
		}
		n = len(lines)
	}
	return nil
}

// Balance reads what the tenant has, and for how many sendings something is
// set aside.
func (a *App) Balance(ctx context.Context, who sms.Actor) (b sms.Balance, open int, err error) {
	err = a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if b, err = tx.Balance(ctx); err != nil {
			return err
		}
		open, err = tx.ReservedSessions(ctx)
		return err
	})
	return b, open, err
}

// asTenant runs one deed of an administrator about one tenant.
func (a *App) asTenant(ctx context.Context, who sms.Actor, slug string, fn func(sms.Tenant, *postgres.Tx) error) error {
	return a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		t, err := p.TenantBySlug(ctx, slug)
		if err != nil {
			return err
		}
		return fn(t, p.In(t.ID))
	})
}
