package postgres

import (
	"context"

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
