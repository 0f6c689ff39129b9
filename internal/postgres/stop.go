package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// stopCovers is which batches b of sessions s a stop k covers: the mark and the
// list of work say it in the same words.
const stopCovers = `(k.scope = 'all' or k.tenant = b.tenant_id or k.gateway_id = b.gateway_id or k.country = b.country or k.sender = lower(s.sender)
	or position(lower(k.pattern) in lower(s.text)) > 0)`

const stopColumns = `k.id, k.scope, coalesce(k.tenant, 0), coalesce(k.gateway_id, 0), coalesce(k.country, ''), coalesce(k.sender, ''), coalesce(k.pattern, ''),
	coalesce(t.name, g.name, ''), k.reason, k.stopped_by, k.stopped_name, k.stopped_at, k.lifted_name, k.lifted_at, k.lift_reason`

const stopNamed = ` from stops k left join tenants t on t.id = k.tenant left join gateways g on g.id = k.gateway_id `

func scanStop(row pgx.CollectableRow) (sms.Stop, error) {
	var s sms.Stop
	err := row.Scan(&s.ID, &s.Scope, &s.Tenant, &s.Gateway, &s.Country, &s.Sender, &s.Pattern, &s.Name, &s.Reason, &s.By, &s.ByName, &s.At,
		&s.LiftedName, &s.LiftedAt, &s.LiftReason)
	return s, err
}

// AddStop writes a stop. It waits for the marks that are under way, and once
// this transaction has committed no mark permits what it covers: keep it short.
// It reports whether the token was new.
func (p *PlatformTx) AddStop(ctx context.Context, s sms.Stop, token string) (bool, error) {
	if _, err := p.tx.Exec(ctx, `select pg_advisory_xact_lock(78, 0)`); err != nil {
		return false, err
	}
	tag, err := p.tx.Exec(ctx, `insert into stops(id, scope, tenant, gateway_id, country, sender, reason, token, stopped_by, stopped_name, pattern)
		values ($1, $2, nullif($3, 0::bigint), nullif($4, 0::smallint), nullif($5, ''), nullif($6, ''), $7, $8, $9, $10, nullif($11, '')) on conflict (token) do nothing`,
		s.ID, s.Scope, s.Tenant, s.Gateway, s.Country, s.Sender, s.Reason, token, s.By, s.ByName, s.Pattern)
	return tag.RowsAffected() == 1, err
}

// LiftStop ends a stop. ErrNotFound: it does not hold.
func (p *PlatformTx) LiftStop(ctx context.Context, id sms.ID, who sms.Actor, reason string) error {
	tag, err := p.tx.Exec(ctx, `update stops set lifted_by = $2, lifted_name = $3, lift_reason = $4, lifted_at = clock_timestamp()
		where id = $1 and lifted_at is null`, id, who.User, who.Name, reason)
	if err == nil && tag.RowsAffected() == 0 {
		return sms.ErrNotFound
	}
	return err
}

// Stop reads one stop.
func (p *PlatformTx) Stop(ctx context.Context, id sms.ID) (sms.Stop, error) {
	rows, err := p.tx.Query(ctx, `select `+stopColumns+stopNamed+`where k.id = $1`, id)
	if err != nil {
		return sms.Stop{}, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanStop)
	return s, kind(err)
}

// Stops lists the stops that hold, the newest first, then some that were lifted.
func (p *PlatformTx) Stops(ctx context.Context, lifted int) ([]sms.Stop, error) {
	rows, err := p.tx.Query(ctx, `select `+stopColumns+stopNamed+`where k.lifted_at is null
			or k.id in (select id from stops where lifted_at is not null order by lifted_at desc limit $1)
		order by k.lifted_at desc nulls first, k.stopped_at desc`, lifted)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanStop)
}

// StopRef is a session that a stop covers.
type StopRef struct {
	SessionRef
	Kind sms.SessionKind
	Stop sms.ID
}

// Covered lists the sessions under way, or paused, of which a stop that holds
// keeps messages back, each with the first such stop.
func (p *PlatformTx) Covered(ctx context.Context) ([]StopRef, error) {
	rows, err := p.tx.Query(ctx, `select distinct on (s.tenant_id, s.id) s.tenant_id, s.id, s.kind, k.id from stops k
		join sessions s on s.state in ('sending', 'paused') and s.started_at is not null
		join batches b on b.tenant_id = s.tenant_id and b.session_id = s.id and (b.pending > 0 or b.retrying > 0)
		where k.lifted_at is null and `+stopCovers+` order by s.tenant_id, s.id, k.stopped_at`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r StopRef, err error) {
		return r, row.Scan(&r.Tenant, &r.Session, &r.Kind, &r.Stop)
	})
}

// Barred reports whether a stop that holds keeps messages of the session back.
func (p *PlatformTx) Barred(ctx context.Context, r SessionRef) (barred bool, err error) {
	err = p.tx.QueryRow(ctx, `select exists (select from stops k join sessions s on s.tenant_id = $1 and s.id = $2
		join batches b on b.tenant_id = s.tenant_id and b.session_id = s.id and (b.pending > 0 or b.retrying > 0)
		where k.lifted_at is null and `+stopCovers+`)`, r.Tenant, r.Session).Scan(&barred)
	return barred, err
}

// StopImpact is what a stop would keep back now; the largest campaigns come first.
func (p *PlatformTx) StopImpact(ctx context.Context, x sms.Stop, limit int) (sms.StopImpact, error) {
	rows, err := p.tx.Query(ctx, `with k as (select $1::text as scope, nullif($2::bigint, 0) as tenant, nullif($3::smallint, 0) as gateway_id,
			nullif($4::text, '') as country, nullif($5::text, '') as sender, nullif($6::text, '') as pattern)
		select t.id, t.name, s.id, s.name, s.state, sum(b.pending + b.retrying), s.reason
		from sessions s join batches b on b.tenant_id = s.tenant_id and b.session_id = s.id and (b.pending > 0 or b.retrying > 0)
		join tenants t on t.id = s.tenant_id join k on `+stopCovers+`
		where s.state in ('sending', 'paused') and s.started_at is not null
		group by t.id, t.name, s.tenant_id, s.id, s.name, s.state, s.reason order by 6 desc, s.id`, x.Scope, x.Tenant, x.Gateway, x.Country, x.Sender, x.Pattern)
	if err != nil {
		return sms.StopImpact{}, err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sms.StopLine])
	out := sms.StopImpact{Campaigns: len(lines), Lines: lines[:min(len(lines), limit)]}
	for _, l := range lines {
		out.Messages += l.Waiting
	}
	return out, err
}

// StoppedSessions lists the campaigns that staff must decide about.
func (p *PlatformTx) StoppedSessions(ctx context.Context, limit int) ([]sms.StopLine, error) {
	rows, err := p.tx.Query(ctx, `select t.id, t.name, s.id, s.name, s.state, coalesce(b.waiting, 0), s.reason from sessions s join tenants t on t.id = s.tenant_id
		left join lateral (select sum(b.pending + b.retrying) as waiting from batches b where b.tenant_id = s.tenant_id and b.session_id = s.id) b on true
		where s.state = 'stopped' order by s.id desc limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.StopLine])
}

// StopPulses counts what was handed over: of everything that is not settled, and
// of what each stop that holds covers.
func (p *PlatformTx) StopPulses(ctx context.Context) ([]sms.StopPulse, error) {
	rows, err := p.tx.Query(ctx, `with k as (select id, scope, tenant, gateway_id, country, sender, pattern from stops where lifted_at is null
			union all select '00000000-0000-0000-0000-000000000000', 'all', null, null, null, null, null),
		s as (select tenant_id, id, sender, text from sessions where settled_at is null and started_at is not null)
		select k.id, clock_timestamp(), coalesce(sum(b.marked), 0)::bigint, coalesce(sum(b.submitting), 0), coalesce(sum(b.pending + b.retrying), 0)
		from k left join (s join batches b on b.tenant_id = s.tenant_id and b.session_id = s.id) on `+stopCovers+` group by k.id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.StopPulse])
}

// StopChoices are the words of what is being sent now, that a stop can name.
func (p *PlatformTx) StopChoices(ctx context.Context, scope sms.StopScope) ([]string, error) {
	if scope == sms.StopText {
		return nil, nil
	}
	rows, err := p.tx.Query(ctx, `select distinct case $1::text when 'tenant' then t.slug when 'gateway' then g.name when 'country' then b.country else s.sender end
		from sessions s join batches b on b.tenant_id = s.tenant_id and b.session_id = s.id and (b.pending > 0 or b.retrying > 0)
		join tenants t on t.id = s.tenant_id join gateways g on g.id = b.gateway_id
		where s.state in ('sending', 'paused') and s.started_at is not null order by 1 limit 100`, scope)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// TenantNamed finds a tenant by its address or, if only one has it, its name.
func (p *PlatformTx) TenantNamed(ctx context.Context, word string) (id sms.TenantID, name string, err error) {
	err = p.tx.QueryRow(ctx, `select id, name from tenants where slug = lower($1) or (lower(name) = lower($1)
		and (select count(*) from tenants where lower(name) = lower($1)) = 1) order by slug = lower($1) desc limit 1`, word).Scan(&id, &name)
	return id, name, kind(err)
}

// GatewayNamed finds a gateway by its name.
func (p *PlatformTx) GatewayNamed(ctx context.Context, word string) (id int16, name string, err error) {
	err = p.tx.QueryRow(ctx, `select id, name from gateways where lower(name) = lower($1) order by id limit 1`, word).Scan(&id, &name)
	return id, name, kind(err)
}

// TextStopped reports whether a stop that holds covers messages with this text. No
// such stop is pressed before the end of this transaction.
func (t *Tx) TextStopped(ctx context.Context, text string) (stopped bool, err error) {
	err = t.tx.QueryRow(ctx, `select text_stopped($1)`, text).Scan(&stopped)
	return stopped, err
}

// Tripped lists the stop rules that have paused a session before.
func (t *Tx) Tripped(ctx context.Context, id sms.SessionID) (rules []string, err error) {
	err = t.tx.QueryRow(ctx, `select tripped from sessions where tenant_id = $1 and id = $2`, t.tenant, id).Scan(&rules)
	return rules, err
}

// AddTripped notes that stop rules have paused a session.
func (t *Tx) AddTripped(ctx context.Context, id sms.SessionID, rules []string) error {
	_, err := t.tx.Exec(ctx, `update sessions set tripped = tripped || $3::text[] where tenant_id = $1 and id = $2`, t.tenant, id, rules)
	return err
}

// HeldStops counts what administrators must know of: stops that hold, guards
// that are closed, campaigns that are stopped.
func (p *PlatformTx) HeldStops(ctx context.Context, gone time.Duration) (n int, err error) {
	err = p.tx.QueryRow(ctx, `select (select count(*) from stops where lifted_at is null) + (select count(*) from guards where seen_at >= clock_timestamp() - $1::interval)
		+ (select count(*) from sessions where state = 'stopped') + (select count(*) from incarnations where not same_incarnation())`, gone).Scan(&n)
	return n, err
}
