package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const testNumberColumns = `number, name, verified_at, code_expires_at, code_tries, coalesce(code_hash, '')`

func scanTestNumber(row pgx.CollectableRow) (sms.TestNumber, error) {
	var n sms.TestNumber
	err := row.Scan(&n.Number, &n.Name, &n.VerifiedAt, &n.CodeEndsAt, &n.CodeTries, &n.CodeHash)
	return n, err
}

// TestNumbers lists the account's own phones, the verified ones first.
func (t *Tx) TestNumbers(ctx context.Context) ([]sms.TestNumber, error) {
	rows, err := t.tx.Query(ctx, `select `+testNumberColumns+` from test_numbers where tenant_id = $1
		order by verified_at is null, lower(name), number`, t.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanTestNumber)
}

// LockTestNumber reads one own phone and keeps it for this transaction.
func (t *Tx) LockTestNumber(ctx context.Context, number int64) (sms.TestNumber, error) {
	rows, err := t.tx.Query(ctx, `select `+testNumberColumns+` from test_numbers where tenant_id = $1 and number = $2 for update`, t.tenant, number)
	if err != nil {
		return sms.TestNumber{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanTestNumber)
}

// SaveTestNumber writes an own phone with the code that is to verify it.
func (t *Tx) SaveTestNumber(ctx context.Context, n sms.TestNumber, by sms.ID) error {
	_, err := t.tx.Exec(ctx, `insert into test_numbers(tenant_id, number, name, code_hash, code_expires_at, code_tries, verified_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (tenant_id, number) do update set name = excluded.name, code_hash = excluded.code_hash,
			code_expires_at = excluded.code_expires_at, code_tries = excluded.code_tries, verified_at = excluded.verified_at`,
		t.tenant, n.Number, n.Name, n.CodeHash, n.CodeEndsAt, n.CodeTries, n.VerifiedAt, by)
	return err
}

// DeleteTestNumber forgets an own phone. ErrNotFound: there was none.
func (t *Tx) DeleteTestNumber(ctx context.Context, number int64) error {
	tag, err := t.tx.Exec(ctx, `delete from test_numbers where tenant_id = $1 and number = $2`, t.tenant, number)
	if err == nil && tag.RowsAffected() == 0 {
		return sms.ErrNotFound
	}
	return err
}

// LockTests makes the sending of tests take turns within the tenant, so that the limits of a day hold.
func (t *Tx) LockTests(ctx context.Context) error {
	_, err := t.tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('tests', $1))`, t.tenant)
	return err
}

// TestsSince counts the texts of tests asked for since then: those of campaigns, and codes.
func (t *Tx) TestsSince(ctx context.Context, since time.Time) (tests, codes int, err error) {
	err = t.tx.QueryRow(ctx, `select coalesce(sum(people) filter (where campaign_id is not null), 0),
		coalesce(sum(people) filter (where campaign_id is null), 0) from sessions
		where tenant_id = $1 and kind = 'test' and submitted_at >= $2`, t.tenant, since).Scan(&tests, &codes)
	return tests, codes, err
}

// Tests lists the last texts sent as tests of a campaign (zero: the codes), the newest first.
func (t *Tx) Tests(ctx context.Context, campaign sms.ID, limit int) ([]sms.Test, error) {
	var of *sms.ID
	if !campaign.IsZero() {
		of = &campaign
	}
	rows, err := t.tx.Query(ctx, `select m.session_id, m.number, coalesce(n.name, ''), btrim(coalesce(c.first_name || ' ' || c.last_name, '')), m.state, m.parts, m.price, s.submitted_at,
			m.first_at, m.final_at, coalesce(m.code, '')
		from (select x.id, x.submitted_at from sessions x
			where x.tenant_id = $1 and x.kind = 'test' and x.campaign_id is not distinct from $2 order by x.number desc limit $3) s
		join messages m on m.tenant_id = $1 and m.session_id = s.id
		left join test_numbers n on n.tenant_id = $1 and n.number = m.number
		left join contacts c on c.tenant_id = $1 and c.id = m.contact_id
		order by s.submitted_at desc, m.session_id desc, m.n limit $3`, t.tenant, of, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Test])
}
