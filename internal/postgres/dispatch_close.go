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

// Expire ends what nobody will answer any more, at most limit messages of one
// session: tried again for as long as its route says, or accepted since before
// cutoff, becomes NPAI (D31), unknown since before cutoff is presumed unsent
// (D34), and what its window left behind at now is missed. It returns how many
// it ended.
func (t *Tx) Expire(ctx context.Context, id sms.SessionID, cutoff, now time.Time, limit int) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `with old as (
			select m.n, m.batch_id, m.state,
				case m.state when 0 then 17 when 1 then 11 when 3 then 15 when 4 then 16 end as final
			from messages m join batches b on b.tenant_id = m.tenant_id and b.id = m.batch_id
			join gateways g on g.id = b.gateway_id
			left join attempts a on a.tenant_id = m.tenant_id and a.session_id = m.session_id and a.n = m.n and a.attempt = m.attempts
			where m.tenant_id = $1 and m.session_id = $2 and m.state in (0, 1, 3, 4)
			  and ((m.state = 0 and b.not_after <= $4) or (m.state = 1 and (m.first_at <= $4 - make_interval(hours => g.retry_hours) or b.not_after <= $4))
			    or (m.state in (3, 4) and a.marked_at <= $3))
			order by m.n limit $5 for update of m),
		u as (update messages m set state = old.final, final_at = $4 from old where m.tenant_id = $1 and m.session_id = $2 and m.n = old.n),
		r as (delete from retries r using old where r.tenant_id = $1 and r.session_id = $2 and r.n = old.n),
		s as (select batch_id, count(*) filter (where state = 0) as pending, count(*) filter (where state = 1) as retrying,
			count(*) filter (where state = 3) as accepted, count(*) filter (where state = 4) as unknown from old group by 1),
		c as (update batches b set pending = b.pending - s.pending, missed = b.missed + s.pending, retrying = b.retrying - s.retrying,
				undelivered = b.undelivered + s.retrying, accepted = b.accepted - s.accepted, expired = b.expired + s.accepted,
				unknown = b.unknown - s.unknown, presumed_unsent = b.presumed_unsent + s.unknown,
				next_n = case when s.pending > 0 then b.last_n + 1 else b.next_n end
			from s where b.tenant_id = $1 and b.id = s.batch_id)
		select count(*) from old`, t.tenant, id, cutoff, now, limit).Scan(&n)
	return n, err
}

// Charged is what a session has been charged so far, and what came back.
func (t *Tx) Charged(ctx context.Context, id sms.SessionID) (charged, returned sms.Credits, err error) {
	err = t.tx.QueryRow(ctx, `select coalesce(sum(amount) filter (where kind = 'capture'), 0),
		coalesce(sum(amount) filter (where kind in ('release', 'refund')), 0)
		from ledger_transfers where tenant_id = $1 and session_id = $2`, t.tenant, id).Scan(&charged, &returned)
	return charged, returned, err
}
