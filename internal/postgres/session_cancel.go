package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// Kept is what a cancellation keeps back.
type Kept struct {
	Messages int
	Price    sms.Credits
}

// Pending is what a cancellation would keep back now.
func (t *Tx) Pending(ctx context.Context, id sms.SessionID) (Kept, error) {
	var k Kept
	err := t.tx.QueryRow(ctx, `select count(*), coalesce(sum(m.price), 0) from messages m join batches b on b.tenant_id = $1 and b.id = m.batch_id
		where m.tenant_id = $1 and m.session_id = $2 and (m.state = 1 or (m.state = 0 and m.n >= b.next_n))`, t.tenant, id).Scan(&k.Messages, &k.Price)
	return k, err
}

// cancelBatch cancels what waits in one batch. Messages are gone through once and joined with nothing of their own
// number: of a session as young as this the statistics know nothing, and Postgres would compare each with each. How
// many of them were to be tried again is what the list of retries loses (I8).
const cancelBatch = `with gone as (update messages m set state = 14, final_at = clock_timestamp() from batches x
		where m.tenant_id = $1 and m.session_id = $2 and x.tenant_id = $1 and x.id = $3
		and m.n between x.first_n and x.last_n and (m.state = 1 or (m.state = 0 and m.n >= x.next_n)) returning m.price),
	quiet as (delete from retries r where r.tenant_id = $1 and r.session_id = $2 and r.batch_id = $3 returning 1),
	sums as (select count(*) as messages, (select count(*) from quiet) as retrying, coalesce(sum(price), 0) as price from gone),
	counted as (update batches b set pending = b.pending - (s.messages - s.retrying), retrying = b.retrying - s.retrying,
		cancelled = b.cancelled + s.messages from sums s where b.tenant_id = $1 and b.id = $3)
	select messages, price from sums`

// CancelPending makes every message that waits, or waits to be tried again,
// cancelled, and says how many and what they would have cost. What the carrier
// has is not touched. Lock the session first. Batches are taken in the order of
// their ids, and one after the other, so that a million rows are no one long
// statement.
func (t *Tx) CancelPending(ctx context.Context, id sms.SessionID) (Kept, error) {
	var all Kept
	rows, err := t.tx.Query(ctx, `select id from batches where tenant_id = $1 and session_id = $2 and (pending > 0 or retrying > 0)
		order by id for update`, t.tenant, id)
	if err != nil {
		return all, err
	}
	batches, err := pgx.CollectRows(rows, pgx.RowTo[sms.BatchID])
	if err != nil {
		return all, err
	}
	for _, b := range batches {
		var n int
		var price sms.Credits
		if err := t.tx.QueryRow(ctx, cancelBatch, t.tenant, id, b).Scan(&n, &price); err != nil {
			return all, err
		}
		all.Messages += n
		all.Price += price
	}
	return all, nil
}

// CloseReview ends the moderation of a session that its tenant took back. A
// decision that was made stays.
func (t *Tx) CloseReview(ctx context.Context, id sms.SessionID, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `update reviews set decision = 'cancelled', decided_name = $3, decided_at = $4, claimed_by = null,
		claimed_name = '', claimed_until = null where tenant_id = $1 and session_id = $2 and decision = ''`, t.tenant, id, by, at)
	return err
}

// LostSessions lists the sessions that should have been woken before due: those
// that were to start, and those that wait for credits and could go on, or must
// be asked about. Large ones that wait are not counted again for nothing.
func (p *PlatformTx) LostSessions(ctx context.Context, due time.Time) ([]SessionRef, error) {
	rows, err := p.tx.Query(ctx, `select s.tenant_id, s.id from sessions s
		left join ledger_accounts a on a.tenant_id = s.tenant_id and a.kind = 'available' and a.session_id = 0
		where s.kind = 'campaign' and (s.state in ('approved', 'scheduled', 'starting') and s.starts_at <= $1
			or s.state = 'waiting_credits' and (s.hold_after <= $1 or s.people <= 20000 or coalesce(a.balance, 0) >= s.price))
		order by s.starts_at, s.id`, due)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[SessionRef])
}

// OldZones lists the sessions that have not left and whose start was computed
// with other zone rules than those of version.
func (p *PlatformTx) OldZones(ctx context.Context, version string) ([]SessionRef, error) {
	rows, err := p.tx.Query(ctx, `select tenant_id, id from sessions where kind = 'campaign' and mode = 'scheduled'
		and state in ('validating', 'approved', 'scheduled', 'held') and tzdata <> $1 order by tenant_id, id`, version)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[SessionRef])
}

// SetZoneRules notes with which zone rules a session's start was computed.
func (t *Tx) SetZoneRules(ctx context.Context, id sms.SessionID, version string) error {
	_, err := t.tx.Exec(ctx, `update sessions set tzdata = $3 where tenant_id = $1 and id = $2`, t.tenant, id, version)
	return err
}
