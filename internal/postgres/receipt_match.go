package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// match is a receipt beside the attempt it speaks of, if there is one.
type match struct {
	ID       int64
	Gateway  int16
	Provider string
	Number   int64
	State    int16
	Code     string
	At       time.Time
	Tenant   *sms.TenantID
	Session  *sms.SessionID
	N        *int32
	Attempt  *int16
	Batch    *sms.BatchID
	Part     *int16 // of a message of several
	Resent   bool   // a person had the message sent again since: it speaks of the first text
	Orphan   bool   // something unknown went to the same number
}

// matching finds for receipts r, which stand before it, the attempts they speak of.
const matching = `select r.id, r.gateway_id, r.provider_id, r.number, r.state, r.code, r.received_at,
			coalesce(a.tenant_id, q.tenant_id), coalesce(a.session_id, q.session_id), coalesce(a.n, q.n), coalesce(a.attempt, q.attempt),
			coalesce(a.batch_id, q.batch_id), q.part, coalesce(a.resent, q.resent, false),
			a.n is null and q.n is null and exists (select 1 from unknowns u where u.gateway_id = r.gateway_id and u.number = r.number and u.marked_at <= r.received_at)
		from r
		left join lateral (select a.tenant_id, a.session_id, a.n, a.attempt, m.batch_id, a.resend_id is not null as resent from attempts a
			join messages m on m.tenant_id = a.tenant_id and m.session_id = a.session_id and m.n = a.n and (m.number = r.number or r.number = 0)
			where a.gateway_id = r.gateway_id and a.provider_id = r.provider_id order by a.marked_at desc limit 1) a on true
		left join lateral (select q.tenant_id, q.session_id, q.n, q.attempt, m.batch_id, q.part, (select z.resend_id is not null from attempts z where z.tenant_id = q.tenant_id
				and z.session_id = q.session_id and z.n = q.n and z.attempt = q.attempt) as resent from attempt_parts q
			join messages m on m.tenant_id = q.tenant_id and m.session_id = q.session_id and m.n = q.n and (m.number = r.number or r.number = 0)
			where q.gateway_id = r.gateway_id and q.provider_id = r.provider_id and a.n is null
			order by q.tenant_id desc, q.session_id desc limit 1) q on true
		order by r.id`

// Orphan is a receipt that nobody claims, though something unknown went to its
// number: Adopt may find out.
type Orphan struct {
	ID       int64
	Gateway  int16
	Provider string
	Number   int64
	At       time.Time
}

// ApplyReceipts moves messages by at most limit receipts of the inbox and
// returns how many it took, and those to be adopted, each in a transaction of
// its own. The first final answer wins; later ones are kept and change nothing,
// since a final state never changes (I8, D25: its credits have gone back). Only
// among those that wait together Delivered beats that the time ran out or that
// the carrier does not know, whichever came first (B36).
// What came in the last moments, age, is left for the next time: the answers it
// belongs to are still being recorded.
func (p *PlatformTx) ApplyReceipts(ctx context.Context, age time.Duration, limit int) (int, []Orphan, error) {
	if err := p.byIndex(ctx); err != nil {
		return 0, nil, err
	}
	rows, err := p.tx.Query(ctx, `with r as (select * from receipts where applied_at is null and look_at <= clock_timestamp() - $2::interval
			order by look_at limit $1 for update skip locked) `+matching, limit, age)
	if err != nil {
		return 0, nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[match])
	if err != nil || len(found) == 0 {
		return 0, nil, err
	}
	var t taken
	var done, lost []int64
	var orphans []Orphan
	for _, m := range found {
		if m.N == nil {
			lost = append(lost, m.ID)
			if m.Orphan {
				orphans = append(orphans, Orphan{m.ID, m.Gateway, m.Provider, m.Number, m.At})
			}
			continue
		}
		t.take(m)
		done = append(done, m.ID)
	}
	_, err = p.tx.Exec(ctx, `update receipts set applied_at = clock_timestamp() where id = any($1) and applied_at is null`, done)
	if err == nil && len(lost) > 0 {
		// Looked at again after a while that grows with its age; after 72 h it is left alone, and kept.
		_, err = p.tx.Exec(ctx, `update receipts set look_at = case when received_at < clock_timestamp() - interval '72 hours' then 'infinity'
			else clock_timestamp() + least(interval '10 minutes', interval '200 ms' + (clock_timestamp() - received_at) / 2) end
			where id = any($1) and applied_at is null`, lost)
	}
	if err == nil {
		err = p.settle(ctx, t) // last: marks of the same batches wait until the commit
	}
	return len(found), orphans, err
}

// byIndex has every look-up of this transaction made by an index, whatever the
// planner believes of tables that were empty a minute ago.
func (p *PlatformTx) byIndex(ctx context.Context) error {
	_, err := p.tx.Exec(ctx, `select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`)
	return err
}
