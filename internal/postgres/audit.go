package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// AddAudit writes one entry in this transaction (D44), chained to the tenant's
// previous one. The head row is locked, so that the chain has no fork.
func (t *Tx) AddAudit(ctx context.Context, who sms.Actor, a sms.Audit) error {
	return addAudit(ctx, t.tx, t.tenant, who, a)
}

// AddAudit writes one entry of the platform, which is tenant 0.
func (p *PlatformTx) AddAudit(ctx context.Context, who sms.Actor, a sms.Audit) error {
	return addAudit(ctx, p.tx, 0, who, a)
}

func addAudit(ctx context.Context, tx pgx.Tx, tenant sms.TenantID, who sms.Actor, a sms.Audit) error {
	var seq int64
	var prev []byte
	_, err := tx.Exec(ctx, `insert into audit_heads(tenant_id, seq, hash) values ($1, 0, '') on conflict do nothing`, tenant)
	if err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, `select seq, hash from audit_heads where tenant_id = $1 for update`, tenant).Scan(&seq, &prev); err != nil {
		return err
	}
	seq++
	a.Seq, a.Actor, a.IP = seq, who.Name, who.IP
	a.At = a.At.UTC().Truncate(time.Microsecond)
	hash := AuditHash(prev, tenant, a)
	var actor *sms.ID
	if !who.User.IsZero() {
		actor = &who.User
	}
	_, err = tx.Exec(ctx, `insert into audit(tenant_id, seq, at, actor_id, actor, deed, object, before, after, reason, ip, hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		tenant, seq, a.At, actor, a.Actor, a.Deed, a.Object, a.Before, a.After, a.Reason, a.IP, hash)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `update audit_heads set seq = $2, hash = $3 where tenant_id = $1`, tenant, seq, hash)
	return err
}

// AuditHash is the link of the chain: SHA-256 of the previous hash and every
// field of the entry, each with its length so that no two entries look alike.
func AuditHash(prev []byte, tenant sms.TenantID, a sms.Audit) []byte {
	h := sha256.New()
	h.Write(prev)
	fmt.Fprintf(h, "%d|%d|%s|", tenant, a.Seq, a.At.UTC().Format(time.RFC3339Nano))
	for _, s := range []string{a.Actor, a.Deed, a.Object, a.Before, a.After, a.Reason, a.IP} {
		fmt.Fprintf(h, "%d:%s|", len(s), s)
	}
	return h.Sum(nil)
}

// Audits lists the entries before seq (0: from the newest), newest first.
func (t *Tx) Audits(ctx context.Context, before int64, limit int) ([]sms.Audit, error) {
	return audits(ctx, t.tx, t.tenant, before, limit)
}

// Audits lists the platform's entries before seq (0: from the newest).
func (p *PlatformTx) Audits(ctx context.Context, before int64, limit int) ([]sms.Audit, error) {
	return audits(ctx, p.tx, 0, before, limit)
}

func audits(ctx context.Context, tx pgx.Tx, tenant sms.TenantID, before int64, limit int) ([]sms.Audit, error) {
	rows, err := tx.Query(ctx, `select seq, at, actor, deed, object, before, after, reason, ip, hash from audit
		where tenant_id = $1 and ($2 = 0 or seq < $2) order by seq desc limit $3`, tenant, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Audit])
}

// TakeToken notes a one-time token for deed. The second taker gets done = true
// and the result that SetTokenResult stored: nothing happens twice (D2).
func (t *Tx) TakeToken(ctx context.Context, token, deed string) (result string, done bool, err error) {
	tag, err := t.tx.Exec(ctx, `insert into form_tokens(tenant_id, token, deed) values ($1, $2, $3) on conflict do nothing`, t.tenant, token, deed)
	if err != nil {
		return "", false, err
	}
	if tag.RowsAffected() == 1 {
		return "", false, nil
	}
	err = t.tx.QueryRow(ctx, `select result from form_tokens where tenant_id = $1 and token = $2 and deed = $3`, t.tenant, token, deed).Scan(&result)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, sms.Conflict("This form was already used for something else. Reload the page.")
	}
	return result, true, err
}

// SetTokenResult stores what the deed of token led to.
func (t *Tx) SetTokenResult(ctx context.Context, token, result string) error {
	_, err := t.tx.Exec(ctx, `update form_tokens set result = $3 where tenant_id = $1 and token = $2`, t.tenant, token, result)
	return err
}

// StaffCounts is what waits for staff. The times are nil when nothing waits.
type StaffCounts struct {
	Waiting, Held, Requests int
	Oldest, Due             *time.Time
}

// StaffCounts counts what waits for staff: sessions to decide on, those of them
// held by user at now, and reloads asked for.
func (p *PlatformTx) StaffCounts(ctx context.Context, user sms.ID, now time.Time) (StaffCounts, error) {
	var c StaffCounts
	err := p.tx.QueryRow(ctx, `select count(*), count(*) filter (where r.claimed_by = $1 and r.claimed_until > $2), min(s.submitted_at), min(r.due_at),
			(select count(*) from reload_requests q where q.answered_at is null)
		from reviews r join sessions s on s.tenant_id = r.tenant_id and s.id = r.session_id
		where r.decision = '' and s.state = 'validating'`, user, now).Scan(&c.Waiting, &c.Held, &c.Oldest, &c.Due, &c.Requests)
	return c, err
}
