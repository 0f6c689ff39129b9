package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// Asked is a message of which a carrier is asked what became of it.
type Asked struct {
	Tenant   sms.TenantID
	Session  sms.SessionID
	N        int32
	Attempt  int16
	Number   int64
	Text     string
	MarkedAt time.Time
}

// AskUnknown takes messages of a gateway that were never answered and that their
// carrier is to be asked about, at most limit: at first so long after they were
// written, then each time five times as long after the last time.
func (p *PlatformTx) AskUnknown(ctx context.Context, gateway int16, first time.Duration, limit int) ([]Asked, error) {
	rows, err := p.tx.Query(ctx, `with due as (select u.ctid as place from unknowns u
			where u.gateway_id = $1 and u.parts_left = 0 and coalesce(u.asked_at, u.marked_at) <= clock_timestamp() - $2::interval * power(5, u.asked)
			  and u.marked_at > clock_timestamp() - interval '2 days' order by u.marked_at limit $3 for update skip locked),
		took as (update unknowns u set asked = least(u.asked + 1, 5), asked_at = clock_timestamp() from due where u.ctid = due.place
			returning u.tenant_id, u.session_id, u.n, u.attempt, u.number, u.marked_at)
		select t.tenant_id, t.session_id, t.n, t.attempt, t.number, g.text, t.marked_at from took t
		join messages g on g.tenant_id = t.tenant_id and g.session_id = t.session_id and g.n = t.n and g.state = 4 and g.attempts = t.attempt`, gateway, first, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Asked])
}

// AskAccepted takes the ids of accepted messages of a gateway without a receipt
// that their carrier is to be asked about, at most limit: so many times, each so
// long after the hand-over.
func (p *PlatformTx) AskAccepted(ctx context.Context, gateway int16, after []time.Duration, limit int) ([]string, error) {
	rows, err := p.tx.Query(ctx, `with due as (select m.tenant_id, m.session_id, m.n, a.provider_id from batches b
			cross join lateral (select m.tenant_id, m.session_id, m.n, m.attempts from messages m where m.tenant_id = b.tenant_id and m.session_id = b.session_id
				and m.n between b.first_n and b.last_n and m.state = 3 limit $3) m
			cross join lateral (select a.provider_id, a.marked_at from attempts a where a.tenant_id = m.tenant_id and a.session_id = m.session_id
				and a.n = m.n and a.attempt = m.attempts and a.gateway_id = $1 and a.provider_id is not null limit 1) a
			left join polls q on q.tenant_id = m.tenant_id and q.session_id = m.session_id and q.n = m.n
			where b.gateway_id = $1 and b.accepted > 0 and a.marked_at <= clock_timestamp() - ($2::interval[])[coalesce(q.times, 0) + 1] limit $3),
		took as (insert into polls(tenant_id, session_id, n) select tenant_id, session_id, n from due
			on conflict (tenant_id, session_id, n) do update set times = polls.times + 1)
		select provider_id from due`, gateway, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// TakenProviders are those of some ids that attempts of a gateway have already.
func (p *PlatformTx) TakenProviders(ctx context.Context, gateway int16, ids []string) ([]string, error) {
	rows, err := p.tx.Query(ctx, `select distinct provider_id from attempts where gateway_id = $1 and provider_id = any($2)`, gateway, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
