package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const userColumns = `u.id, u.email, u.name, u.password_hash, u.staff, u.created_at, u.disabled_at`

const memberColumns = `m.user_id, u.name, u.email, m.tenant_id, t.slug, t.name, m.role`

func oneUser(rows pgx.Rows, err error) (sms.User, error) {
	if err != nil {
		return sms.User{}, err
	}
	u, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.User])
	return u, kind(err) // here already: that nobody is there is an answer inside the transaction too
}

// AddUser writes a new user. ErrConflict: the address is taken.
func (p *PlatformTx) AddUser(ctx context.Context, u sms.User) error {
	_, err := p.tx.Exec(ctx, `insert into users(id, email, name, password_hash, staff, created_at) values ($1, $2, $3, $4, $5, $6)`,
		u.ID, u.Email, u.Name, u.PasswordHash, u.Staff, u.CreatedAt)
	return err
}

// UserByEmail finds a user by the lower-case address.
func (p *PlatformTx) UserByEmail(ctx context.Context, email string) (sms.User, error) {
	return oneUser(p.tx.Query(ctx, `select `+userColumns+` from users u where u.email = $1`, email))
}

// User reads one user.
func (p *PlatformTx) User(ctx context.Context, id sms.ID) (sms.User, error) {
	return oneUser(p.tx.Query(ctx, `select `+userColumns+` from users u where u.id = $1`, id))
}

// SavePasswordHash replaces the stored form of a user's password.
func (p *PlatformTx) SavePasswordHash(ctx context.Context, id sms.ID, hash string) error {
	_, err := p.tx.Exec(ctx, `update users set password_hash = $2 where id = $1`, id, hash)
	return err
}

// Memberships lists the tenants of a user, by name.
func (p *PlatformTx) Memberships(ctx context.Context, user sms.ID) ([]sms.Member, error) {
	rows, err := p.tx.Query(ctx, `select `+memberColumns+` from members m join users u on u.id = m.user_id join tenants t on t.id = m.tenant_id
		where m.user_id = $1 order by t.name, t.id`, user)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Member])
}

// AddMember gives a user a role in this tenant.
func (t *Tx) AddMember(ctx context.Context, user sms.ID, role sms.Role) error {
	_, err := t.tx.Exec(ctx, `insert into members(tenant_id, user_id, role) values ($1, $2, $3)`, t.tenant, user, role)
	return err
}

// AddTenant writes a new tenant with its price list and gives it its ID.
// ErrConflict: the slug is taken.
func (p *PlatformTx) AddTenant(ctx context.Context, x *sms.Tenant, priceList int64) error {
	return p.tx.QueryRow(ctx, `insert into tenants(slug, name, country, zone, auto_validation, price_list_id, created_at)
		values ($1, $2, $3, $4, $5, $6, $7) returning id`,
		x.Slug, x.Name, x.Country, x.Zone, x.AutoValidation, priceList, x.CreatedAt).Scan(&x.ID)
}

// AddPriceList writes a list of prices, country to the price of one part, and returns its id.
func (p *PlatformTx) AddPriceList(ctx context.Context, name string, prices map[string]sms.Credits) (int64, error) {
	var id int64
	if err := p.tx.QueryRow(ctx, `insert into price_lists(name) values ($1) returning id`, name).Scan(&id); err != nil {
		return 0, err
	}
	countries := make([]string, 0, len(prices))
	amounts := make([]int64, 0, len(prices))
	for c, a := range prices {
		countries, amounts = append(countries, c), append(amounts, int64(a))
	}
	_, err := p.tx.Exec(ctx, `insert into prices(price_list_id, country, price) select $1, * from unnest($2::text[], $3::bigint[])`, id, countries, amounts)
	return id, err
}
