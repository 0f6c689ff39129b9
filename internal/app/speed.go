package app

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// TenantSpeed is how fast a tenant and its senders may send.
type TenantSpeed struct {
	Tenant  sms.Tenant
	Senders []string       // its own, and others that have a limit
	Limits  map[string]int // parts a second, by sender; the tenant's under ""
}

// TenantSpeed reads how fast a tenant may send, for an administrator.
func (a *App) TenantSpeed(ctx context.Context, who sms.Actor, slug string) (TenantSpeed, error) {
	var out TenantSpeed
	err := a.asTenant(ctx, who, slug, func(t sms.Tenant, tx *postgres.Tx) (err error) {
		out = TenantSpeed{Tenant: t}
		if out.Limits, err = tx.SpeedLimits(ctx); err != nil {
			return err
		}
		senders, err := tx.Senders(ctx)
		names := maps.Clone(out.Limits)
		delete(names, "")
		for _, s := range senders {
			names[s.Name] = 0
		}
		out.Senders = slices.Sorted(maps.Keys(names))
		return err
	})
	return out, wrap("speed of tenant", word(slug), err)
}

// SetTenantSpeed sets how fast a tenant and its senders may send, all workers
// together. Workers go by it within a moment; what was handed over stays so.
func (a *App) SetTenantSpeed(ctx context.Context, who sms.Actor, slug string, f sms.SpeedForm) error {
	limits, err := f.Read()
	if err != nil {
		return err
	}
	err = a.asStaff(ctx, who, sms.RightAdmin, func(p *postgres.PlatformTx) error {
		t, err := p.LockTenant(ctx, slug)
		if err != nil {
			return err
		}
		was, err := p.In(t.ID).SpeedLimits(ctx)
		if err != nil {
			return err
		}
		before, after := map[string]any{}, map[string]any{}
		for sender, n := range limits {
			if was[sender] == n {
				continue
			}
			before[speedWord(sender)], after[speedWord(sender)] = perSecond(was[sender]), perSecond(n)
			if err := p.SetSpeedLimit(ctx, t.ID, sender, n); err != nil {
				return err
			}
		}
		if len(after) == 0 {
			return sms.Conflict("These limits hold already.")
		}
		return a.audit(ctx, p.In(t.ID), who, "set_speed", "tenant "+t.Slug, before, after, strings.TrimSpace(f.Reason))
	})
	return wrap("set the speed of tenant", word(slug), err)
}

// speedWord is what a limit holds for, in the log.
func speedWord(sender string) string {
	if sender == "" {
		return "everything"
	}
	return "sender " + sender
}

func perSecond(limit int) string {
	if limit == 0 {
		return "no limit"
	}
	return strconv.Itoa(limit) + " parts a second"
}
