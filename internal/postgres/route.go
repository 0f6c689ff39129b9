package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const routeColumns = `id, name, kind, environment, state, settings, secrets is not null, countries, kinds, senders, prefixes, weight,
	cost_micros, cost_currency, validity_hours, retry_hours, on_unknown, unknown_hours, codes, revision, updated_at, updated_by`

func scanRoute(row pgx.CollectableRow) (sms.Route, error) {
	var r sms.Route
	err := row.Scan(&r.ID, &r.Name, &r.Kind, &r.Environment, &r.State, &r.Settings, &r.Sealed, &r.Countries, &r.Kinds, &r.Senders, &r.Prefixes, &r.Weight,
		&r.Cost.Micros, &r.Cost.Currency, &r.Validity, &r.Retry, &r.OnUnknown, &r.UnknownHours, &r.Codes, &r.Revision, &r.UpdatedAt, &r.UpdatedBy)
	return r, err
}

// Routes lists every route, by name.
func (p *PlatformTx) Routes(ctx context.Context) ([]sms.Route, error) {
	rows, err := p.tx.Query(ctx, `select `+routeColumns+` from gateways order by name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanRoute)
}

// Route finds a route by its name.
func (p *PlatformTx) Route(ctx context.Context, name string) (sms.Route, error) {
	rows, err := p.tx.Query(ctx, `select `+routeColumns+` from gateways where name = $1`, name)
	if err != nil {
		return sms.Route{}, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRoute)
	return r, kind(err)
}

// LockRoute keeps the row of a route for this transaction. Marks for it have
// ended when it returns, and begin again after the commit.
func (p *PlatformTx) LockRoute(ctx context.Context, name string) (sms.Route, error) {
	rows, err := p.tx.Query(ctx, `select `+routeColumns+` from gateways where name = $1 for no key update`, name)
	if err != nil {
		return sms.Route{}, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRoute)
	return r, kind(err)
}

// AddRoute writes a new route and gives it its number.
func (p *PlatformTx) AddRoute(ctx context.Context, r *sms.Route) error {
	return p.tx.QueryRow(ctx, `insert into gateways(name, kind) values ($1, $2) returning id`, r.Name, r.Kind).Scan(&r.ID)
}

// SaveRoute writes everything about a route but its secrets.
func (p *PlatformTx) SaveRoute(ctx context.Context, r sms.Route) error {
	_, err := p.tx.Exec(ctx, `update gateways set state = $2, settings = $3, countries = $4, kinds = $5, senders = $6, weight = $7, cost_micros = $8,
			cost_currency = $9, validity_hours = $10, retry_hours = $11, revision = $12, updated_at = $13, updated_by = $14,
			on_unknown = $15, unknown_hours = $16, codes = coalesce($17, '[]'::jsonb), prefixes = $18 where id = $1`,
		r.ID, r.State, r.Settings, list(r.Countries), list(r.Kinds), list(r.Senders), r.Weight, r.Cost.Micros,
		r.Cost.Currency, r.Validity, r.Retry, r.Revision, r.UpdatedAt, r.UpdatedBy, r.OnUnknown, r.UnknownHours, r.Codes, list(r.Prefixes))
	return err
}

// list is an empty array rather than none.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// SealedSecrets are the secrets of a route as they are kept; nil: there are none.
func (p *PlatformTx) SealedSecrets(ctx context.Context, id int16) (sealed []byte, err error) {
	err = p.tx.QueryRow(ctx, `select secrets from gateways where id = $1`, id).Scan(&sealed)
	return sealed, err
}

// SaveSealedSecrets keeps the secrets of a route, encrypted.
func (p *PlatformTx) SaveSealedSecrets(ctx context.Context, id int16, sealed []byte) error {
	_, err := p.tx.Exec(ctx, `update gateways set secrets = $2 where id = $1`, id, sealed)
	return err
}

// RegisterGateway gives a gateway from the environment its number, always the
// same for its name, and has messages take it.
func (p *PlatformTx) RegisterGateway(ctx context.Context, name, kind string) (int16, error) {
	var id int16
	err := p.tx.QueryRow(ctx, `insert into gateways(name, kind, environment) values ($1, $2, true)
		on conflict (name) do update set kind = excluded.kind, environment = true, state = 'on' returning id`, name, kind).Scan(&id)
	return id, err
}

// RetireGateways stops what came from an environment and is in none any more:
// no worker that lives speaks of it, and this one, which has mine, does not.
func (p *PlatformTx) RetireGateways(ctx context.Context, mine []int16) error {
	_, err := p.tx.Exec(ctx, `update gateways g set state = 'off' where g.environment and g.state = 'on' and not g.id = any($1)
		and not exists (select from gateway_status x join workers w on w.id = x.worker_id and `+alive+` where x.gateway_id = g.id)`, mine)
	return err
}

// Routes lists what decides the route of a message, by name.
func (t *Tx) Routes(ctx context.Context) ([]sms.Route, error) {
	rows, err := t.tx.Query(ctx, `select id, name, kind, environment, state, countries, kinds, senders, prefixes, weight from gateways order by name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.Route, error) {
		var r sms.Route
		return r, row.Scan(&r.ID, &r.Name, &r.Kind, &r.Environment, &r.State, &r.Countries, &r.Kinds, &r.Senders, &r.Prefixes, &r.Weight)
	})
}

// WaitingBatch is a batch with messages that certainly have not left.
type WaitingBatch struct {
	Tenant  sms.TenantID
	Batch   sms.BatchID
	Session sms.SessionID
	First   int // the number of its first message
	Waiting int
	Country string
	Kind    string
	Sender  string
	Prefix  string
}

// WaitingBatches locks the batches of a gateway in which something waits, always
// in the same order: no window is marked from them until the commit.
func (p *PlatformTx) WaitingBatches(ctx context.Context, gateway int16) ([]WaitingBatch, error) {
	rows, err := p.tx.Query(ctx, `select b.tenant_id, b.id, b.session_id, b.first_n, b.pending + b.retrying, b.country, s.message_kind, s.sender, b.prefix
		from batches b join sessions s on s.tenant_id = b.tenant_id and s.id = b.session_id
		where b.gateway_id = $1 and b.pending + b.retrying > 0 and s.settled_at is null order by b.tenant_id, b.id for update of b`, gateway)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[WaitingBatch])
}

// MoveBatch has what waits in a batch leave by another gateway. What has been
// marked stays with the gateway that has it.
func (p *PlatformTx) MoveBatch(ctx context.Context, tenant sms.TenantID, batch sms.BatchID, gateway int16) error {
	_, err := p.tx.Exec(ctx, `update batches set gateway_id = $3 where tenant_id = $1 and id = $2`, tenant, batch, gateway)
	return err
}

// StoppedRoutes counts what waits in a session for routes that are not on, by country.
func (t *Tx) StoppedRoutes(ctx context.Context, session sms.SessionID) (map[string]int, error) {
	rows, err := t.tx.Query(ctx, `select b.country, sum(b.pending + b.retrying)::int from batches b join gateways g on g.id = b.gateway_id and g.state <> 'on'
		where b.tenant_id = $1 and b.session_id = $2 and b.pending + b.retrying > 0 group by 1`, t.tenant, session)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var country string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&country, &n}, func() error { out[country] = n; return nil })
	return out, err
}
