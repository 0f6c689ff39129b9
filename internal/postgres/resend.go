package postgres

import (
	"context"
	"time"

	"tidings/internal/sms"
)

// stale are the messages g of session $2 of which nobody knows whether they arrived, marked before $3: so long
// ago that no answer comes any more.
const stale = `from unknowns u join messages g on g.tenant_id = u.tenant_id and g.session_id = u.session_id and g.n = u.n
	where u.tenant_id = $1 and u.session_id = $2 and u.marked_at <= $3 and u.attempt = g.attempts and g.state = 4 and ` + unsure

// Stale counts the messages of a session that a person may have sent again.
func (t *Tx) Stale(ctx context.Context, id sms.SessionID, before time.Time) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `select count(*) `+stale, t.tenant, id, before).Scan(&n)
	return n, err
}

// AddResend writes that a person had messages sent again, and gives it its ID.
func (t *Tx) AddResend(ctx context.Context, r *sms.Resend) error {
	return t.tx.QueryRow(ctx, `insert into resends(tenant_id, session_id, at, actor, actor_id, reason, messages, policy)
		values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
		t.tenant, r.Session, r.At, r.Actor, r.ActorID, r.Reason, r.Messages, r.Policy).Scan(&r.ID)
}

// Resend gives every stale unknown message of a session back to those that are tried again, and says how many
// there were: their attempts are known not to count, by the decision of r and no answer, so that the database
// admits another (I2). Lock the session first. The first attempts stay in the list of unknowns, for the receipts
// that may still come of them. Nothing is charged or returned: what was set aside for them still is.
func (t *Tx) Resend(ctx context.Context, r sms.Resend) (int, error) {
	// Nothing moves from its place (ctid) below, and is found by it whatever the planner knows of a young session.
	if err := t.lockUnknown(ctx, r.Session); err != nil {
		return 0, err
	}
	var n int
	err := t.tx.QueryRow(ctx, `with old as materialized (select g.n, g.batch_id, g.ctid as place, (select a.ctid from attempts a
			where a.tenant_id = g.tenant_id and a.session_id = g.session_id and a.n = g.n and a.attempt = g.attempts) as attempt_place `+stale+`),
		given as (update attempts a set outcome = 2, resend_id = $4 from old where a.ctid = old.attempt_place),
		moved as (update messages m set state = 1 from old where m.ctid = old.place),
		again as (insert into retries(tenant_id, session_id, n, batch_id, next_at) select $1, $2, old.n, old.batch_id, $5 from old),
		sums as (select batch_id, count(*) as people from old group by 1),
		counted as (update batches b set unknown = b.unknown - s.people, retrying = b.retrying + s.people
			from sums s where b.tenant_id = $1 and b.id = s.batch_id)
		select count(*) from old`, t.tenant, r.Session, r.Before, r.ID, r.At).Scan(&n)
	return n, err
}
