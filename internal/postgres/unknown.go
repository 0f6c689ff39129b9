package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// Key is the first request of a message that was made again under its key.
type Key struct {
	Attempt int16
	Gateway int16
	At      time.Time
}

// Keys finds, of messages that were handed over before, those that have a key
// for good, by their number in the session.
func (p *PlatformTx) Keys(ctx context.Context, b BatchRef, ns []int32) (map[int32]Key, error) {
	rows, err := p.tx.Query(ctx, `select distinct on (w.n) w.n, a.attempt, a.gateway_id, a.marked_at from unnest($3::int[]) w(n)
		join attempts a on a.tenant_id = $1 and a.session_id = $2 and a.n = w.n and a.resend_id is not null
		join resends r on r.tenant_id = $1 and r.id = a.resend_id and r.policy = 'idempotent_retry' order by w.n, a.attempt`, b.Tenant, b.Session, ns)
	if err != nil {
		return nil, err
	}
	out := map[int32]Key{}
	var n int32
	var k Key
	_, err = pgx.ForEachRow(rows, []any{&n, &k.Attempt, &k.Gateway, &k.At}, func() error { out[n] = k; return nil })
	return out, err
}

// UnknownSessions lists the sessions that are sending of which a route has
// messages without an answer.
func (p *PlatformTx) UnknownSessions(ctx context.Context, gateway int16) ([]SessionRef, error) {
	rows, err := p.tx.Query(ctx, `select distinct u.tenant_id, u.session_id from unknowns u
		join sessions s on s.tenant_id = u.tenant_id and s.id = u.session_id and s.state = 'sending'
		where u.gateway_id = $1 order by 1, 2`, gateway)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[SessionRef])
}

// lockUnknown keeps the messages of a session without an answer where they are:
// it holds what was handed over, and then the batches that change.
func (t *Tx) lockUnknown(ctx context.Context, id sms.SessionID) error {
	_, err := t.tx.Exec(ctx, `select hold_outcomes(array(select id from batches where tenant_id = $1 and session_id = $2 order by id))`, t.tenant, id)
	if err != nil {
		return err
	}
	_, err = t.tx.Exec(ctx, `select 1 from batches where tenant_id = $1 and session_id = $2 and unknown > 0 order by id for update`, t.tenant, id)
	return err
}

// LockDueUnknown locks the messages of a session that the rule of r would send
// again now, at most 5,000: their last attempt went by its
// gateway, was never answered, and
//   - under a key: the key is good, and long enough passed since the last request;
//   - after hours: they have passed, and it was never sent again before.
func (t *Tx) LockDueUnknown(ctx context.Context, r sms.Resend, waits []time.Duration) ([]int32, error) {
	if err := t.lockUnknown(ctx, r.Session); err != nil {
		return nil, err
	}
	rows, err := t.tx.Query(ctx, `select g.n from unknowns u join messages g on g.tenant_id = u.tenant_id and g.session_id = u.session_id and g.n = u.n
		cross join lateral (select count(*) as times, count(*) filter (where x.policy = 'idempotent_retry') as keyed,
				min(a.marked_at) filter (where x.policy = 'idempotent_retry') as first
			from attempts a join resends x on x.tenant_id = a.tenant_id and x.id = a.resend_id
			where a.tenant_id = u.tenant_id and a.session_id = u.session_id and a.n = u.n) b
		where u.tenant_id = $1 and u.session_id = $2 and u.gateway_id = $3 and u.attempt = g.attempts and g.state = 4 and `+unsure+`
		  and case $4::text when 'idempotent_retry'
			then u.marked_at <= $5::timestamptz - ($8::interval[])[least(b.keyed + 1, cardinality($8::interval[]))] and coalesce(b.first, u.marked_at) > $7::timestamptz
			else b.times = 0 and u.marked_at <= $5::timestamptz - make_interval(hours => $6) end
		order by g.n limit 5000`, t.tenant, r.Session, r.Gateway, r.Policy, r.At, r.Hours, r.KeySince, waits)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int32])
}

// LockUnknown locks the messages of a session that went by a gateway and were
// never answered, marked before.
func (t *Tx) LockUnknown(ctx context.Context, id sms.SessionID, gateway int16, before time.Time) ([]int32, error) {
	if err := t.lockUnknown(ctx, id); err != nil {
		return nil, err
	}
	rows, err := t.tx.Query(ctx, `select g.n from unknowns u join messages g on g.tenant_id = u.tenant_id and g.session_id = u.session_id and g.n = u.n
		where u.tenant_id = $1 and u.session_id = $2 and u.gateway_id = $3 and u.marked_at <= $4 and u.attempt = g.attempts and g.state = 4 and `+unsure+`
		order by g.n`, t.tenant, id, gateway, before)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int32])
}

// ResendThese gives locked unknown messages back to those that are tried again, as Resend does.
func (t *Tx) ResendThese(ctx context.Context, r sms.Resend, ns []int32) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `with old as materialized (select g.n, g.batch_id, g.place, a.place as attempt_place from unnest($3::int[]) w(n)
			cross join lateral (select m.n, m.batch_id, m.attempts, m.ctid as place from messages m
				where m.tenant_id = $1 and m.session_id = $2 and m.n = w.n and m.state = 4 limit 1) g
			cross join lateral (select a.ctid as place from attempts a
				where a.tenant_id = $1 and a.session_id = $2 and a.n = g.n and a.attempt = g.attempts limit 1) a),
		given as (update attempts a set outcome = 2, resend_id = $4 from old where a.ctid = old.attempt_place),
		moved as (update messages m set state = 1 from old where m.ctid = old.place),
		again as (insert into retries(tenant_id, session_id, n, batch_id, next_at) select $1, $2, old.n, old.batch_id, $5 from old),
		sums as (select batch_id, count(*) as people from old group by 1),
		counted as (update batches b set unknown = b.unknown - s.people, retrying = b.retrying + s.people
			from sums s where b.tenant_id = $1 and b.id = s.batch_id)
		select count(*) from old`, t.tenant, r.Session, ns, r.ID, r.At).Scan(&n)
	return n, err
}

// PresumeUnsent ends locked unknown messages: nobody will answer for them any more.
func (t *Tx) PresumeUnsent(ctx context.Context, id sms.SessionID, ns []int32, now time.Time) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `with old as materialized (select g.n, g.batch_id, g.place from unnest($3::int[]) w(n)
			cross join lateral (select m.n, m.batch_id, m.ctid as place from messages m
				where m.tenant_id = $1 and m.session_id = $2 and m.n = w.n and m.state = 4 limit 1) g),
		moved as (update messages m set state = 16, final_at = $4 from old where m.ctid = old.place),
		sums as (select batch_id, count(*) as people from old group by 1),
		counted as (update batches b set unknown = b.unknown - s.people, presumed_unsent = b.presumed_unsent + s.people
			from sums s where b.tenant_id = $1 and b.id = s.batch_id)
		select count(*) from old`, t.tenant, id, ns, now).Scan(&n)
	return n, err
}

// UnknownLines lists the campaigns of which messages of a gateway wait for a
// person, the oldest first.
func (p *PlatformTx) UnknownLines(ctx context.Context, gateway int16, before time.Time) ([]sms.UnknownLine, error) {
	rows, err := p.tx.Query(ctx, `select t.id, t.name, s.id, s.name, count(*), min(u.marked_at) from unknowns u
		join messages g on g.tenant_id = u.tenant_id and g.session_id = u.session_id and g.n = u.n and g.attempts = u.attempt and g.state = 4
		join sessions s on s.tenant_id = u.tenant_id and s.id = u.session_id join tenants t on t.id = u.tenant_id
		where u.gateway_id = $1 and u.marked_at <= $2 and `+unsure+` group by t.id, t.name, s.tenant_id, s.id, s.name order by 6`, gateway, before)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.UnknownLine])
}

// RouteHours is how long the routes of a session try, at most; 0 before it has any.
func (t *Tx) RouteHours(ctx context.Context, id sms.SessionID) (hours int, err error) {
	err = t.tx.QueryRow(ctx, `select coalesce(max(greatest(g.retry_hours, g.validity_hours)), 0) from batches b join gateways g on g.id = b.gateway_id
		where b.tenant_id = $1 and b.session_id = $2`, t.tenant, id).Scan(&hours)
	return hours, err
}

// UnknownRules are what becomes of the messages of a session without an answer:
// the rules of their routes, with the hours of each.
func (t *Tx) UnknownRules(ctx context.Context, id sms.SessionID) (map[sms.OnUnknown]int, error) {
	rows, err := t.tx.Query(ctx, `select g.on_unknown, min(g.unknown_hours) from batches b join gateways g on g.id = b.gateway_id
		where b.tenant_id = $1 and b.session_id = $2 and b.unknown > 0 group by 1`, t.tenant, id)
	if err != nil {
		return nil, err
	}
	out := map[sms.OnUnknown]int{}
	var rule sms.OnUnknown
	var hours int
	_, err = pgx.ForEachRow(rows, []any{&rule, &hours}, func() error { out[rule] = hours; return nil })
	return out, err
}
