package app

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// MostTenants is how many tenants one list shows.
const MostTenants = 200

// Tenants lists tenants for an administrator, those that wait for credits
// first. More reports that there are others which the filter also fits.
func (a *App) Tenants(ctx context.Context, who sms.Actor, f sms.TenantFilter) (out []sms.TenantLine, more bool, err error) {
	f.Find = strings.TrimSpace(f.Find)
	err = a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) (err error) {
		out, err = p.TenantLines(ctx, f, a.Now().Add(week), a.Now().Add(-week), MostTenants+1)
		return err
	})
	if more = len(out) > MostTenants; more {
		out = out[:MostTenants]
	}
	return out, more, err
}

// TenantPage is the overview of one tenant.
type TenantPage struct {
	Tenant    sms.Tenant
	Now       time.Time
	Balance   sms.Balance
	Forecast  sms.Forecast
	Weekly    sms.Credits
	Sessions  []sms.Session // the newest
	Sent      int           // sendings of campaigns that have started
	Members   []sms.Member
	Requests  []sms.ReloadRequest // open
	Proposals []sms.ReloadProposal
}

// Tenant reads the overview of one tenant for an administrator.
func (a *App) Tenant(ctx context.Context, who sms.Actor, slug string) (TenantPage, error) {
	out := TenantPage{Now: a.Now()}
	err := a.asTenant(ctx, who, slug, func(t sms.Tenant, tx *postgres.Tx) (err error) {
		out.Tenant = t
		if out.Balance, err = tx.Balance(ctx); err != nil {
			return err
		}
		if out.Forecast, err = a.forecast(ctx, tx); err != nil {
			return err
		}
		if out.Weekly, err = a.weeklyUse(ctx, tx, t); err != nil {
			return err
		}
		if out.Sessions, err = tx.RecentSessions(ctx, 10); err != nil {
			return err
		}
		if out.Sent, err = tx.SentSessions(ctx); err != nil {
			return err
		}
		if out.Members, err = tx.Members(ctx); err != nil {
			return err
		}
		if out.Proposals, err = tx.ReloadProposals(ctx); err != nil {
			return err
		}
		all, err := tx.ReloadRequests(ctx, requestsPage)
		for _, r := range all {
			if r.Open() {
				out.Requests = append(out.Requests, r)
			}
		}
		return err
	})
	return out, wrap("tenant", word(slug), err)
}

// OpenReloads are the asks for credits that nobody has answered, and the reloads
// that wait for a second administrator, over all tenants, the oldest first.
type OpenReloads struct {
	Now       time.Time
	Requests  []sms.TenantRequest
	Proposals []sms.TenantProposal
}

// OpenReloads lists what administrators have to answer.
func (a *App) OpenReloads(ctx context.Context, who sms.Actor) (OpenReloads, error) {
	out := OpenReloads{Now: a.Now()}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) (err error) {
		if out.Requests, err = p.OpenReloadRequests(ctx, MostTenants); err != nil {
			return err
		}
		out.Proposals, err = p.OpenReloadProposals(ctx, MostTenants)
		return err
	})
	return out, err
}

// ReloadsOpen counts what administrators have to answer, for the navigation.
func (a *App) ReloadsOpen(ctx context.Context, who sms.Actor) (n int, err error) {
	err = a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) (err error) {
		n, err = p.ReloadsOpen(ctx)
		return err
	})
	return n, err
}

// Validation is what an administrator looks at before he switches automatic
// validation of a tenant.
type Validation struct {
	Tenant   sms.Tenant
	Now      time.Time
	Record   sms.ReviewRecord
	Switches []sms.ValidationSwitch // the newest first
}

// recordSince is how far back a tenant's record is looked at.
const recordSince = 30 * 24 * time.Hour

// Validation reads the record of a tenant.
func (a *App) Validation(ctx context.Context, who sms.Actor, slug string) (Validation, error) {
	v := Validation{Now: a.Now()}
	err := a.asTenant(ctx, who, slug, func(t sms.Tenant, tx *postgres.Tx) (err error) {
		v.Tenant = t
		if v.Record, err = tx.ReviewRecord(ctx, v.Now.Add(-recordSince)); err != nil {
			return err
		}
		v.Record.Age = v.Now.Sub(t.CreatedAt)
		v.Switches, err = tx.ValidationSwitches(ctx, 20)
		return err
	})
	return v, wrap("validation of tenant", word(slug), err)
}

// ValidationForm is the wish to switch automatic validation, as typed.
type ValidationForm struct {
	On     bool   `form:"on"`
	Reason string `form:"reason"`
}

// SetAutoValidation switches a tenant's automatic validation (D6), with a
// reason. It holds for what is submitted from now on; what was submitted before
// goes by the switch as it stood then. Switching to what it is already is an
// ErrConflict.
func (a *App) SetAutoValidation(ctx context.Context, who sms.Actor, slug string, f ValidationForm) error {
	f.Reason = strings.TrimSpace(f.Reason)
	if n := utf8.RuneCountInString(f.Reason); n < 10 || n > 500 {
		return sms.Problems{{Field: "reason", Text: "Say why, in 10 to 500 characters"}}
	}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		t, err := p.LockTenant(ctx, slug)
		if err != nil {
			return err
		}
		if t.AutoValidation == f.On {
			return sms.Conflict("Automatic validation is " + onOff(f.On) + " already.")
		}
		x := sms.ValidationSwitch{At: a.Now(), Automatic: f.On, By: who.User, ByName: who.Name, Reason: f.Reason}
		if err := p.SetAutoValidation(ctx, t.ID, x); err != nil {
			return err
		}
		return a.audit(ctx, p.In(t.ID), who, "set_auto_validation", "tenant "+t.Slug,
			map[string]any{"automatic": t.AutoValidation}, map[string]any{"automatic": f.On}, f.Reason)
	})
	return wrap("set automatic validation of tenant", word(slug), err)
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
