package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// Every look-up below is a scalar one with a limit: so it is made by its index, for the person at hand, whatever the
// planner knows of a young sending. An exists may be turned round, and then each page of an audience reads the whole
// of the sending.

// reached says of a message g that its person got it, or may have: a carrier has it, it is on its way, nobody
// knows, or nobody knew when a person had it sent again.
const reached = `(g.state in (2, 3, 4, 10, 15, 16)
	or (g.state = 0 and g.n < (select b.next_n from batches b where b.tenant_id = g.tenant_id and b.id = g.batch_id)) or (g.attempts > 0 and (select true from attempts a
	where a.tenant_id = g.tenant_id and a.session_id = g.session_id and a.n = g.n and (a.outcome in (1, 4) or a.resend_id is not null) limit 1) is not null))`

// unsure says of a message g that nobody knows: it was written, and neither an answer nor a receipt ever came.
const unsure = `(g.state in (4, 16) and (select true from attempts a where a.tenant_id = g.tenant_id and a.session_id = g.session_id
		and a.n = g.n and a.outcome = 4 and a.provider_id is null limit 1) is not null
	and (select true from attempt_parts q where q.tenant_id = g.tenant_id and q.session_id = g.session_id and q.n = g.n limit 1) is null)`

// ofSending says of a message g of the sendings $5 that its person belongs to the audience drawn from them:
// reached by them, or, with $6, somebody of whom nobody knows whether they did.
const ofSending = `case when not $6 then ` + reached + ` else ` + unsure + ` end`

// before says of a contact c that a sending of $7 reached it. By its number: whoever was deleted and imported again
// got it all the same.
const before = `(select true from messages g where g.number_hash = c.number_hash and g.session_id = any($7)
	and g.tenant_id = $1 and ` + reached + ` limit 1) is not null`

// notAgain says of a contact c that a sending of $7 reached it, and that nobody chose to send again ($8).
const notAgain = `(not $8 and cardinality($7::bigint[]) > 0 and ` + before + `)`

// Reached counts whom a sending reached, and of whom nobody knows.
func (t *Tx) Reached(ctx context.Context, id sms.SessionID) (sms.Reached, error) {
	var r sms.Reached
	err := t.tx.QueryRow(ctx, `select count(*) filter (where yes), count(*) filter (where maybe),
			count(*) filter (where not yes and state <> 13)
		from (select g.state, `+reached+` as yes, `+unsure+` as maybe
			from messages g where g.tenant_id = $1 and g.session_id = $2) m`, t.tenant, id).Scan(&r.People, &r.Unsure, &r.Rest)
	return r, err
}

// Versions names sendings, in their order.
func (t *Tx) Versions(ctx context.Context, list []sms.SessionID) ([]sms.SentVersion, error) {
	rows, err := t.tx.Query(ctx, `select id, campaign_id, name, number from sessions
		where tenant_id = $1 and id = any($2) and campaign_id is not null order by id`, t.tenant, ids(list))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.SentVersion])
}

// ForgetWhom makes the choice of who gets the next version anew: it was for this one.
func (t *Tx) ForgetWhom(ctx context.Context, id sms.ID) error {
	_, err := t.tx.Exec(ctx, `update campaigns set whom = '' where tenant_id = $1 and id = $2 and whom <> ''`, t.tenant, id)
	return err
}

// SetWhom keeps who gets the next version of a campaign, and counts as a change of it.
func (t *Tx) SetWhom(ctx context.Context, id sms.ID, whom sms.Whom, by sms.ID, at time.Time) error {
	_, err := t.tx.Exec(ctx, `update campaigns set whom = $3, updated_by = $4, updated_at = $5, revision = revision + 1,
		tested_revision = case when tested_revision = revision then revision + 1 else tested_revision end
		where tenant_id = $1 and id = $2 and whom <> $3`, t.tenant, id, whom, by, at)
	return err
}
