package postgres

import (
	"context"
	"time"

	"tidings/internal/sms"
)

// TallyFirst counts the messages of those who went first, by state.
func (t *Tx) TallyFirst(ctx context.Context, id sms.SessionID) (y sms.Tally, err error) {
	err = t.tx.QueryRow(ctx, `select coalesce(sum(pending), 0), coalesce(sum(retrying), 0), coalesce(sum(submitting), 0), coalesce(sum(accepted), 0),
			coalesce(sum(unknown), 0), coalesce(sum(delivered), 0), coalesce(sum(undelivered), 0), coalesce(sum(rejected), 0), coalesce(sum(suppressed), 0),
			coalesce(sum(cancelled), 0), coalesce(sum(expired), 0), coalesce(sum(presumed_unsent), 0), coalesce(sum(missed), 0)
		from batches where tenant_id = $1 and session_id = $2 and first_portion`, t.tenant, id).Scan(&y.Pending, &y.Retrying, &y.Submitting, &y.Accepted,
		&y.Unknown, &y.Delivered, &y.Undelivered, &y.Rejected, &y.Suppressed, &y.Cancelled, &y.Expired, &y.PresumedUnsent, &y.Missed)
	return y, err
}

// ReleaseBatches makes what waited for the first part due: from now on, at its
// place in the spread, which factor shortens. It says how many people that are.
func (t *Tx) ReleaseBatches(ctx context.Context, id sms.SessionID, factor float64) (people int, err error) {
	err = t.tx.QueryRow(ctx, `with held as (select id from batches where tenant_id = $1 and session_id = $2 and due_at = 'infinity' order by id for update),
		free as (update batches b set due_at = clock_timestamp() + make_interval(secs => b.lag_seconds * $3::float8)
			from held h where b.tenant_id = $1 and b.id = h.id returning b.pending)
		select coalesce(sum(pending), 0) from free`, t.tenant, id, factor).Scan(&people)
	return people, err
}

// ShiftBatches makes what was still to come at a moment come from now on, at the
// same distances, which factor shortens.
func (t *Tx) ShiftBatches(ctx context.Context, id sms.SessionID, since time.Time, factor float64) error {
	_, err := t.tx.Exec(ctx, `with late as (select id from batches where tenant_id = $1 and session_id = $2 and due_at > $3 and due_at < 'infinity' order by id for update)
		update batches b set due_at = clock_timestamp() + (b.due_at - $3) * $4::float8 from late l where b.tenant_id = $1 and b.id = l.id`,
		t.tenant, id, since, factor)
	return err
}

// LastDue is when the last of what waits in a session is due; nil when nothing
// waits, or it waits for the first part.
func (t *Tx) LastDue(ctx context.Context, id sms.SessionID) (at *time.Time, err error) {
	err = t.tx.QueryRow(ctx, `select max(due_at) filter (where due_at < 'infinity') from batches
		where tenant_id = $1 and session_id = $2 and pending > 0`, t.tenant, id).Scan(&at)
	return at, err
}
