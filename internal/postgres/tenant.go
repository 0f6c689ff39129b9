package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const tenantColumns = `id, slug, name, country, zone, auto_validation, created_at`

// OwnTenant is the tenant this transaction sees.
func (t *Tx) OwnTenant(ctx context.Context) (sms.Tenant, error) {
	rows, err := t.tx.Query(ctx, `select `+tenantColumns+` from tenants where id = $1`, t.tenant)
	if err != nil {
		return sms.Tenant{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.Tenant])
}

// Prices is the tenant's price list: country to the price of one part.
func (t *Tx) Prices(ctx context.Context) (map[string]sms.Credits, error) {
	rows, err := t.tx.Query(ctx, `select p.country, p.price from prices p
		join tenants t on t.price_list_id = p.price_list_id where t.id = $1`, t.tenant)
	if err != nil {
		return nil, err
	}
	out := map[string]sms.Credits{}
	var country string
	var price int64
	_, err = pgx.ForEachRow(rows, []any{&country, &price}, func() error {
		out[country] = sms.Credits(price)
		return nil
	})
	return out, err
}

// MembersWith lists the tenant's members who have one of the roles.
func (t *Tx) MembersWith(ctx context.Context, roles []sms.Role) ([]sms.Member, error) {
	rows, err := t.tx.Query(ctx, `select m.user_id, u.name, u.email, m.tenant_id, t.slug, t.name, m.role
		from members m join users u on u.id = m.user_id join tenants t on t.id = m.tenant_id
		where m.tenant_id = $1 and m.role = any($2) and u.disabled_at is null
		order by u.name`, t.tenant, roles)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Member])
}

func tenantFields(x *sms.Tenant) []any {
	return []any{&x.ID, &x.Slug, &x.Name, &x.Country, &x.Zone, &x.AutoValidation, &x.CreatedAt}
}

// TenantBySlug reads a tenant by the name in its addresses.
func (p *PlatformTx) TenantBySlug(ctx context.Context, slug string) (sms.Tenant, error) {
	rows, err := p.tx.Query(ctx, `select `+tenantColumns+` from tenants where slug = $1`, slug)
	if err != nil {
		return sms.Tenant{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.Tenant])
}

// Members lists everybody of the tenant, the most able first.
func (t *Tx) Members(ctx context.Context) ([]sms.Member, error) {
	rows, err := t.tx.Query(ctx, `select `+memberColumns+` from members m join users u on u.id = m.user_id join tenants t on t.id = m.tenant_id
		where m.tenant_id = $1 order by array_position(array['owner', 'sender', 'author', 'viewer'], m.role), u.name`, t.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Member])
}

// tenantShown are the conditions of the views of the list of tenants.
var tenantShown = map[string]string{
	"":                 `true`,
	sms.TenantsShort:   `need > available`,
	sms.TenantsWaiting: `waiting > 0`,
	sms.TenantsAsked:   `requests + proposals > 0`,
	sms.TenantsAuto:    `auto_validation`,
	sms.TenantsNew:     `created_at >= $2`,
}

// TenantLines lists tenants with what they have and what they wait for: first
// those that wait for credits, then those that asked. Need counts what is due by
// until; a tenant is new if it was made after since.
func (p *PlatformTx) TenantLines(ctx context.Context, f sms.TenantFilter, until, since time.Time, limit int) ([]sms.TenantLine, error) {
	shown, ok := tenantShown[f.Show]
	if !ok {
		shown = tenantShown[""]
	}
	rows, err := p.tx.Query(ctx, `select x.* from (select t.id, t.slug, t.name, t.country, t.zone, t.auto_validation, t.created_at,
			coalesce((select a.balance from ledger_accounts a where a.tenant_id = t.id and a.kind = 'available'), 0) as available,
			coalesce((select sum(a.balance) from ledger_accounts a where a.tenant_id = t.id and a.kind = 'reserved'), 0) as reserved,
			s.need, s.waiting, s.missing,
			(select count(*) from reload_requests r where r.tenant_id = t.id and r.answered_at is null) as requests,
			(select count(*) from reload_proposals r where r.tenant_id = t.id and r.decided_at is null) as proposals
		from tenants t cross join lateral (select coalesce(sum(s.price), 0) as need, count(*) filter (where s.state = 'waiting_credits') as waiting,
				coalesce(sum(s.missing) filter (where s.state = 'waiting_credits'), 0) as missing
			from sessions s where s.tenant_id = t.id and s.kind = 'campaign' and s.starts_at <= $1
				and s.state in ('validating', 'approved', 'scheduled', 'starting', 'waiting_credits', 'held')) s
		where ($3 = '' or strpos(lower(t.name), lower($3)) > 0 or strpos(t.slug, lower($3)) > 0)) x
		where ($2::timestamptz is not null) and `+shown+` order by waiting desc, requests + proposals desc, lower(name), id limit $4`, until, since, f.Find, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.TenantLine, error) {
		var l sms.TenantLine
		err := row.Scan(append(tenantFields(&l.Tenant), &l.Available, &l.Reserved, &l.Need, &l.Waiting, &l.Missing, &l.Requests, &l.Proposals)...)
		return l, err
	})
}

// SetAutoValidation switches the tenant's automatic validation, and notes when,
// by whom and why.
func (p *PlatformTx) SetAutoValidation(ctx context.Context, tenant sms.TenantID, x sms.ValidationSwitch) error {
	_, err := p.tx.Exec(ctx, `insert into validation_switches(tenant_id, at, automatic, by_id, by_name, reason) values ($1, $2, $3, $4, $5, $6)`,
		tenant, x.At, x.Automatic, x.By, x.ByName, x.Reason)
	if err != nil {
		return err
	}
	_, err = p.tx.Exec(ctx, `update tenants set auto_validation = $2 where id = $1`, tenant, x.Automatic)
	return err
}

// LockTenant keeps the tenant's row for this transaction.
func (p *PlatformTx) LockTenant(ctx context.Context, slug string) (sms.Tenant, error) {
	rows, err := p.tx.Query(ctx, `select `+tenantColumns+` from tenants where slug = $1 for update`, slug)
	if err != nil {
		return sms.Tenant{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.Tenant])
}

// ValidationSwitches lists the changes of automatic validation, newest first.
func (t *Tx) ValidationSwitches(ctx context.Context, limit int) ([]sms.ValidationSwitch, error) {
	rows, err := t.tx.Query(ctx, `select at, automatic, by_id, by_name, reason from validation_switches where tenant_id = $1 order by at desc limit $2`,
		t.tenant, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ValidationSwitch])
}

// AutomaticAt reports whether automatic validation was on at a moment: what was
// submitted then goes by it, whatever was switched later (D6).
func (t *Tx) AutomaticAt(ctx context.Context, at time.Time) (on bool, err error) {
	err = t.tx.QueryRow(ctx, `select coalesce(
		(select automatic from validation_switches where tenant_id = $1 and at <= $2 order by at desc limit 1),
		(select not automatic from validation_switches where tenant_id = $1 and at > $2 order by at limit 1),
		(select auto_validation from tenants where id = $1))`, t.tenant, at).Scan(&on)
	return on, err
}

// ReviewRecord reads how the tenant's sendings fared since at.
func (t *Tx) ReviewRecord(ctx context.Context, since time.Time) (r sms.ReviewRecord, err error) {
	err = t.tx.QueryRow(ctx, `with d as (select state = 'refused' as refused, row_number() over (order by id desc) as n from sessions
			where tenant_id = $1 and kind = 'campaign' and (approved_at is not null or state = 'refused'))
		select (select count(*) from d where n < coalesce((select min(n) from d where refused), 9223372036854775807)),
			(select count(*) from sessions where tenant_id = $1 and kind = 'campaign' and state = 'refused' and ended_at >= $2),
			(select coalesce(sum(b.delivered), 0) from batches b join sessions s on s.tenant_id = b.tenant_id and s.id = b.session_id
				where s.tenant_id = $1 and s.kind = 'campaign' and s.started_at >= $2),
			(select count(*) from suppressions where tenant_id = $1 and kind = 'opted_out' and source not like 'import of %' and created_at >= $2)`, t.tenant, since).
		Scan(&r.Approved, &r.Refused, &r.Delivered, &r.OptedOut)
	return r, err
}

// SentSessions counts the sendings of campaigns that have started.
func (t *Tx) SentSessions(ctx context.Context) (n int, err error) {
	err = t.tx.QueryRow(ctx, `select count(*) from sessions where tenant_id = $1 and kind = 'campaign' and started_at is not null`, t.tenant).Scan(&n)
	return n, err
}

// RecentSessions lists the newest sendings of campaigns, newest first.
func (t *Tx) RecentSessions(ctx context.Context, limit int) ([]sms.Session, error) {
	rows, err := t.tx.Query(ctx, `select `+sessionColumns+` from sessions where tenant_id = $1 and kind = 'campaign' order by id desc limit $2`, t.tenant, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanSession)
}
