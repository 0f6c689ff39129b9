package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// Running lists the sessions that have left and are not settled.
func (p *PlatformTx) Running(ctx context.Context) ([]sms.Session, error) {
	rows, err := p.tx.Query(ctx, `select `+sessionColumns+` from sessions
		where (state in ('sending', 'paused', 'stopped') or settled_at is null) and started_at is not null
		order by tenant_id, id`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanSession)
}

// AddSample writes one point of a session's chart, and tells who watches.
func (t *Tx) AddSample(ctx context.Context, id sms.SessionID, x sms.Sample) error {
	_, err := t.tx.Exec(ctx, `insert into session_progress(tenant_id, session_id, at, sent, delivered, final) values ($1, $2, $3, $4, $5, $6)
		on conflict (tenant_id, session_id, at) do update set sent = excluded.sent, delivered = excluded.delivered, final = excluded.final`,
		t.tenant, id, x.At, x.Sent, x.Delivered, x.Final)
	return err
}

// expireBatch ends at most $6 messages of one batch ($3) that nobody will answer any more at $5: see Expire. Messages are
// gone through once, each looks for its own attempt, and what was found is found again by its place: the statistics know
// nothing of a young session, and Postgres would compare each with each.
const expireBatch = `with old as materialized (
			select m.n, m.state, m.ctid as place from messages m, batches x join gateways g on g.id = x.gateway_id
			where m.tenant_id = $1 and m.session_id = $2 and x.tenant_id = $1 and x.id = $3 and m.n between x.first_n and x.last_n
			  and m.state in (0, 1, 3, 4) and case m.state when 0 then m.n >= x.next_n and x.not_after <= $5
				when 1 then m.first_at <= $5 - make_interval(hours => g.retry_hours) or x.not_after <= $5
				when 3 then (select a.marked_at + make_interval(hours => greatest(y.retry_hours, y.validity_hours)) from attempts a join gateways y on y.id = a.gateway_id
					where a.tenant_id = m.tenant_id and a.session_id = m.session_id and a.n = m.n and a.attempt = m.attempts limit 1) <= $5
				else (select a.marked_at from attempts a join gateways y on y.id = a.gateway_id and y.on_unknown <> 'operator'
					where a.tenant_id = m.tenant_id and a.session_id = m.session_id and a.n = m.n and a.attempt = m.attempts limit 1) <= $4 end
			order by m.n limit $6 for update of m),
		u as (update messages m set final_at = $5, state = case old.state when 0 then 17 when 1 then 11 when 3 then 15 else 16 end
			from old where m.ctid = old.place),
		quiet as (select q.place from old cross join lateral (select q.ctid as place from retries q
			where q.tenant_id = $1 and q.session_id = $2 and q.n = old.n and old.state = 1 limit 1) q),
		r as (delete from retries r using quiet where r.ctid = quiet.place),
		s as (select count(*) filter (where state = 0) as pending, count(*) filter (where state = 1) as retrying,
			count(*) filter (where state = 3) as accepted, count(*) filter (where state = 4) as unknown, max(n) filter (where state = 0) as last from old),
		c as (update batches b set pending = b.pending - s.pending, missed = b.missed + s.pending, retrying = b.retrying - s.retrying,
				undelivered = b.undelivered + s.retrying, accepted = b.accepted - s.accepted, expired = b.expired + s.accepted,
				unknown = b.unknown - s.unknown, presumed_unsent = b.presumed_unsent + s.unknown, next_n = coalesce(s.last + 1, b.next_n)
			from s where b.tenant_id = $1 and b.id = $3)
		select count(*) from old`

// Expire ends what nobody will answer any more, at most limit messages of one
// session: tried again, or accepted and without a receipt, for as long as its
// route says becomes NPAI (D31), unknown since before cutoff is presumed unsent
// (D34), and what its window left behind at now is missed. It returns how many
// it ended. Batches are taken in the order of their ids, and only those that are
// old enough to have something.
func (t *Tx) Expire(ctx context.Context, id sms.SessionID, cutoff, now time.Time, limit int) (int, error) {
	rows, err := t.tx.Query(ctx, `select b.id from batches b join gateways g on g.id = b.gateway_id
		where b.tenant_id = $1 and b.session_id = $2 and (b.pending + b.retrying > 0 and b.not_after <= $4
			or b.retrying > 0 and b.due_at <= $4 - make_interval(hours => g.retry_hours)
			or b.accepted > 0 and b.due_at <= $4 - make_interval(hours => greatest(g.retry_hours, g.validity_hours))
			or b.unknown > 0 and b.due_at <= $3)
		order by b.id`, t.tenant, id, cutoff, now)
	if err != nil {
		return 0, err
	}
	batches, err := pgx.CollectRows(rows, pgx.RowTo[sms.BatchID])
	if err != nil {
		return 0, err
	}
	all := 0
	for _, b := range batches {
		if all >= limit {
			break
		}
		// The batch first, as a cancellation does, and before it what was handed over.
		if _, err := t.tx.Exec(ctx, holdOutcomes, []sms.BatchID{b}); err != nil {
			return all, err
		}
		if _, err := t.tx.Exec(ctx, `select 1 from batches where tenant_id = $1 and id = $2 for update`, t.tenant, b); err != nil {
			return all, err
		}
		var n int
		if err := t.tx.QueryRow(ctx, expireBatch, t.tenant, id, b, cutoff, now, limit-all).Scan(&n); err != nil {
			return all, err
		}
		all += n
	}
	return all, nil
}

// Charged is what a session has been charged so far, and what came back.
func (t *Tx) Charged(ctx context.Context, id sms.SessionID) (charged, returned sms.Credits, err error) {
	err = t.tx.QueryRow(ctx, `select coalesce(sum(amount) filter (where kind = 'capture'), 0),
		coalesce(sum(amount) filter (where kind in ('release', 'refund')), 0)
		from ledger_transfers where tenant_id = $1 and session_id = $2`, t.tenant, id).Scan(&charged, &returned)
	return charged, returned, err
}
