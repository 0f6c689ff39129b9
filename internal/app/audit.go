package app

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// logPage is how many entries of a log are shown at once.
const logPage = 50

// AuditPage is a page of what was done, newest first.
type AuditPage struct {
	Tenant  sms.Tenant // zero: the platform's own log
	Entries []sms.Audit
	Older   int64 // the last entry's number if there are older ones, else 0
	Broken  int64 // the first entry that does not follow from the one before it, else 0
}

// AuditLog shows a member what was done in the account, before the entry of that
// number (0: the newest).
func (a *App) AuditLog(ctx context.Context, who sms.Actor, before int64) (AuditPage, error) {
	var l AuditPage
	err := a.as(ctx, who, sms.RightSettings, func(tx *postgres.Tx) error {
		tenant, err := tx.OwnTenant(ctx)
		if err != nil {
			return err
		}
		entries, err := tx.Audits(ctx, before, logPage+1)
		l = logOf(tenant, entries)
		return err
	})
	return l, err
}

// StaffAuditLog shows an administrator the log of a tenant, or with "" that of the
// platform. ErrNotFound: there is no such tenant.
func (a *App) StaffAuditLog(ctx context.Context, who sms.Actor, slug string, before int64) (AuditPage, error) {
	var l AuditPage
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		if slug == "" {
			entries, err := p.Audits(ctx, before, logPage+1)
			l = logOf(sms.Tenant{}, entries)
			return err
		}
		tenant, err := p.TenantBySlug(ctx, slug)
		if err != nil {
			return err
		}
		entries, err := p.In(tenant.ID).Audits(ctx, before, logPage+1)
		l = logOf(tenant, entries)
		return err
	})
	return l, err
}

// logOf cuts the page and checks its part of the chain (D44).
func logOf(t sms.Tenant, entries []sms.Audit) AuditPage {
	l := AuditPage{Tenant: t, Entries: entries}
	for i, e := range entries {
		var prev []byte
		switch {
		case i+1 < len(entries):
			prev = entries[i+1].Hash
		case e.Seq > 1: // the entry before it is not on this page
			continue
		}
		if !bytes.Equal(e.Hash, postgres.AuditHash(prev, t.ID, e)) {
			l.Broken = e.Seq
		}
	}
	if len(entries) > logPage {
		l.Entries = entries[:logPage]
		l.Older = l.Entries[logPage-1].Seq
	}
	return l
}

// Team lists the members of the account, the most able first.
func (a *App) Team(ctx context.Context, who sms.Actor) ([]sms.Member, error) {
	var out []sms.Member
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		out, err = tx.Members(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("team: %w", err)
	}
	return out, nil
}

// StaffCounts is what the navigation of staff shows.
type StaffCounts struct {
	Waiting  int           // sessions that wait for a decision
	Held     int           // of those, claimed by who asks
	Oldest   time.Duration // how long the oldest has waited
	Due      time.Duration // until the first must be decided; below zero: late
	Requests int           // reloads asked for and not answered
	Stops    int           // stops that hold, guards that are closed, campaigns that are stopped
}

// StaffCounts counts for the navigation. Anybody of staff may ask.
func (a *App) StaffCounts(ctx context.Context, who sms.Actor) (StaffCounts, error) {
	if who.Staff == "" {
		return StaffCounts{}, sms.ErrForbidden
	}
	var c StaffCounts
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		x, err := p.StaffCounts(ctx, who.User, a.Now())
		if err != nil {
			return err
		}
		c = StaffCounts{Waiting: x.Waiting, Held: x.Held, Requests: x.Requests}
		if x.Oldest != nil {
			c.Oldest, c.Due = a.Now().Sub(*x.Oldest), x.Due.Sub(a.Now())
		}
		c.Stops, err = p.HeldStops(ctx, guardGone)
		return err
	})
	return c, err
}
