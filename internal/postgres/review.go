package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const reviewColumns = `tenant_id, session_id, due_at, risk, claimed_by, claimed_name, claimed_until, decision, decided_by, decided_name,
	decided_at, family, reasons, instruction, note, answer`

// AddReview puts a session into the queue. A session has one review.
func (t *Tx) AddReview(ctx context.Context, r sms.Review) error {
	_, err := t.tx.Exec(ctx, `insert into reviews(tenant_id, session_id, due_at, risk, answer) values ($1, $2, $3, $4, $5)
		on conflict (tenant_id, session_id) do update set due_at = excluded.due_at, risk = excluded.risk`,
		t.tenant, r.Session, r.DueAt, r.Risk, r.Answer)
	return err
}

// Review reads the review of a session.
func (t *Tx) Review(ctx context.Context, id sms.SessionID) (sms.Review, error) {
	return oneReview(t.tx.Query(ctx, `select `+reviewColumns+` from reviews where tenant_id = $1 and session_id = $2`, t.tenant, id))
}

// LockReview reads the review of a session and keeps it for this transaction:
// two decisions at once make one (D13).
func (t *Tx) LockReview(ctx context.Context, id sms.SessionID) (sms.Review, error) {
	return oneReview(t.tx.Query(ctx, `select `+reviewColumns+` from reviews where tenant_id = $1 and session_id = $2 for update`, t.tenant, id))
}

func oneReview(rows pgx.Rows, err error) (sms.Review, error) {
	if err != nil {
		return sms.Review{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.Review])
}

// SaveReview writes the claim and the decision of a review.
func (t *Tx) SaveReview(ctx context.Context, r sms.Review) error {
	_, err := t.tx.Exec(ctx, `update reviews set claimed_by = $3, claimed_name = $4, claimed_until = $5, decision = $6, decided_by = $7,
		decided_name = $8, decided_at = $9, family = $10, reasons = coalesce($11::text[], '{}'), instruction = $12, note = $13 where tenant_id = $1 and session_id = $2`,
		t.tenant, r.Session, r.ClaimedBy, r.ClaimedName, r.ClaimedUntil, r.Decision, r.DecidedBy, r.DecidedName, r.DecidedAt,
		r.Family, r.Reasons, r.Instruction, r.Note)
	return err
}

// AddChecks replaces the automatic findings about a session.
func (t *Tx) AddChecks(ctx context.Context, id sms.SessionID, checks []sms.Finding) error {
	if _, err := t.tx.Exec(ctx, `delete from checks where tenant_id = $1 and session_id = $2`, t.tenant, id); err != nil {
		return err
	}
	for _, c := range checks {
		_, err := t.tx.Exec(ctx, `insert into checks(tenant_id, session_id, code, level, title, evidence) values ($1, $2, $3, $4, $5, $6)
			on conflict do nothing`, t.tenant, id, c.Code, c.Level, c.Title, c.Evidence)
		if err != nil {
			return err
		}
	}
	return nil
}

// Checks lists the automatic findings about a session, the heaviest first.
func (t *Tx) Checks(ctx context.Context, id sms.SessionID) ([]sms.Finding, error) {
	rows, err := t.tx.Query(ctx, `select code, level, title, evidence, '' from checks where tenant_id = $1 and session_id = $2
		order by case level when 'blocking' then 0 when 'warning' then 1 else 2 end, code`, t.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Finding])
}

// SenderUsed reports whether an earlier session had the sender.
func (t *Tx) SenderUsed(ctx context.Context, sender string, before sms.SessionID) (bool, error) {
	var used bool
	err := t.tx.QueryRow(ctx, `select exists (select 1 from sessions where tenant_id = $1 and sender = $2 and kind = 'campaign' and started_at is not null and id < $3)`,
		t.tenant, sender, before).Scan(&used)
	return used, err
}

// Completed counts the tenant's campaigns that went through to the end.
func (t *Tx) Completed(ctx context.Context) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `select count(*) from sessions where tenant_id = $1 and kind = 'campaign' and state = 'completed'`, t.tenant).Scan(&n)
	return n, err
}

// ListSigns tells of an audience how many people came in since at, and how many
// have a number that is one above another's: made-up lists do.
func (t *Tx) ListSigns(ctx context.Context, aud sms.Audience, since time.Time) (fresh, sequential int, err error) {
	err = t.tx.QueryRow(ctx, `with p as (select distinct c.number, c.created_at from list_members m
			join contacts c on c.tenant_id = m.tenant_id and c.id = m.contact_id where m.tenant_id = $1 and m.list_id = any($2)),
		s as (select number, created_at, lag(number) over (order by number) as before from p)
		select count(*) filter (where created_at >= $3), count(*) filter (where number = before + 1) from s`,
		t.tenant, aud.Lists, since).Scan(&fresh, &sequential)
	return fresh, sequential, err
}

// QueueItems lists what waits for a decision, in the order it must be decided (D13).
func (p *PlatformTx) QueueItems(ctx context.Context, limit int) ([]sms.QueueItem, error) {
	return p.items(ctx, `r.decision = '' and s.state = 'validating' order by r.due_at, r.session_id limit $1`, limit)
}

// DecidedItems lists the newest decisions.
func (p *PlatformTx) DecidedItems(ctx context.Context, limit int) ([]sms.QueueItem, error) {
	return p.items(ctx, `r.decision in ('approved', 'refused') order by r.decided_at desc limit $1`, limit)
}

// Item reads one session with its review, whatever its state. ErrNotFound: no
// such session, or it never needed a review.
func (p *PlatformTx) Item(ctx context.Context, id sms.SessionID) (sms.QueueItem, error) {
	list, err := p.items(ctx, `r.session_id = $1`, id)
	if err == nil && len(list) == 0 {
		err = sms.ErrNotFound
	}
	if err != nil {
		return sms.QueueItem{}, err
	}
	return list[0], nil
}

func (p *PlatformTx) items(ctx context.Context, where string, arg any) ([]sms.QueueItem, error) {
	rows, err := p.tx.Query(ctx, `select r.tenant_id, r.session_id from reviews r
		join sessions s on s.tenant_id = r.tenant_id and s.id = r.session_id where `+where, arg)
	if err != nil {
		return nil, err
	}
	refs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[SessionRef])
	if err != nil {
		return nil, err
	}
	out := make([]sms.QueueItem, 0, len(refs))
	for _, ref := range refs {
		var x sms.QueueItem
		t := p.In(ref.Tenant)
		if x.Session, err = t.Session(ctx, ref.Session); err != nil {
			return nil, err
		}
		if x.Review, err = t.Review(ctx, ref.Session); err != nil {
			return nil, err
		}
		if x.Tenant, err = t.OwnTenant(ctx); err != nil {
			return nil, err
		}
		if x.Flags, err = p.flags(ctx, ref); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (p *PlatformTx) flags(ctx context.Context, ref SessionRef) (int, error) {
	var n int
	err := p.tx.QueryRow(ctx, `select count(*) from checks where tenant_id = $1 and session_id = $2 and level <> 'hint'`, ref.Tenant, ref.Session).Scan(&n)
	return n, err
}

// Decided lists the newest decided texts of all tenants, for precedents.
func (p *PlatformTx) Decided(ctx context.Context, limit int) ([]sms.Precedent, error) {
	rows, err := p.tx.Query(ctx, `select r.decision, t.name, s.name || ', version ' || s.number, s.text, 0, r.decided_at
		from reviews r join sessions s on s.tenant_id = r.tenant_id and s.id = r.session_id join tenants t on t.id = r.tenant_id
		where r.decision in ('approved', 'refused') order by r.decided_at desc limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Precedent])
}

// DecisionTimes lists how long the decisions since at took, shortest first.
func (p *PlatformTx) DecisionTimes(ctx context.Context, since time.Time) ([]time.Duration, error) {
	rows, err := p.tx.Query(ctx, `select extract(epoch from r.decided_at - s.submitted_at)::float8 from reviews r
		join sessions s on s.tenant_id = r.tenant_id and s.id = r.session_id
		where r.decision in ('approved', 'refused') and r.decided_by is not null and r.decided_at >= $1 order by 1`, since)
	if err != nil {
		return nil, err
	}
	secs, err := pgx.CollectRows(rows, pgx.RowTo[float64])
	out := make([]time.Duration, len(secs))
	for i, s := range secs {
		out[i] = time.Duration(s * float64(time.Second))
	}
	return out, err
}

// IsMember reports whether a person belongs to a tenant: then he decides
// nothing about it (D10).
func (t *Tx) IsMember(ctx context.Context, user sms.ID) (bool, error) {
	var is bool
	err := t.tx.QueryRow(ctx, `select exists (select 1 from members where tenant_id = $1 and user_id = $2)`, t.tenant, user).Scan(&is)
	return is, err
}

// RefusedTexts lists the newest refused texts of the tenant.
func (t *Tx) RefusedTexts(ctx context.Context, limit int) ([]sms.Precedent, error) {
	rows, err := t.tx.Query(ctx, `select 'refused', '', name || ', version ' || number, text, 0, ended_at from sessions
		where tenant_id = $1 and state = 'refused' order by id desc limit $2`, t.tenant, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Precedent])
}

// ListsNamed are lists by name, with how their people agreed.
func (t *Tx) ListsNamed(ctx context.Context, ids []sms.ID) ([]sms.List, error) {
	rows, err := t.tx.Query(ctx, `select id, name, country, consent_source, consent_note, people, 0::bigint, created_at, null::timestamptz
		from lists where tenant_id = $1 and id = any($2) order by name`, t.tenant, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.List])
}

// Answer is what the customer answered when the session was submitted again.
func (t *Tx) Answer(ctx context.Context, id sms.SessionID) (string, error) {
	var s string
	err := t.tx.QueryRow(ctx, `select answer from sessions where tenant_id = $1 and id = $2`, t.tenant, id).Scan(&s)
	return s, err
}
