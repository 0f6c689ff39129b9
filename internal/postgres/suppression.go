package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// AddSuppression notes a number that is never written to, at once: the next mark
// sees it (I5). A number that is there keeps its first entry, unless the new one is
// the person's own will and the old one was ours. It reports whether anything
// changed.
func (t *Tx) AddSuppression(ctx context.Context, s sms.Suppression) (bool, error) {
	var number *int64
	if s.Number != 0 {
		number = &s.Number
	}
	tag, err := t.tx.Exec(ctx, `insert into suppressions as x (tenant_id, number_hash, kind, number, source, created_by, session_id)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (tenant_id, number_hash) do update set kind = excluded.kind, number = coalesce(excluded.number, x.number), source = excluded.source,
			created_at = excluded.created_at, created_by = excluded.created_by, session_id = excluded.session_id `+strongerKind,
		t.tenant, s.Hash, s.Kind, number, s.Source, s.By, s.Session)
	return tag.RowsAffected() > 0, err
}

// strongerKind says when a new entry takes the place of an old one: the person's
// own will comes before the tenant's, and that before what carriers say.
const strongerKind = `where excluded.kind in ('opted_out', 'complaint') and x.kind in ('excluded', 'npai')
	or excluded.kind = 'excluded' and x.kind = 'npai'`

// SuppressMessages opts out the people of messages whose carrier says that
// they opted out there.
func (p *PlatformTx) SuppressMessages(ctx context.Context, as []Answer, source string) error {
	for _, a := range as {
		_, err := p.tx.Exec(ctx, `insert into suppressions(tenant_id, number_hash, kind, number, source)
			select tenant_id, number_hash, 'opted_out', number, $4 from messages where tenant_id = $1 and session_id = $2 and n = $3
			on conflict do nothing`, a.Tenant, a.Session, a.N, source)
		if err != nil {
			return err
		}
	}
	return nil
}

// SuppressionCounts counts the numbers that are never written to, by kind.
func (t *Tx) SuppressionCounts(ctx context.Context) (map[sms.SuppressionKind]int64, error) {
	rows, err := t.tx.Query(ctx, `select kind, count(*) from suppressions where tenant_id = $1 group by kind`, t.tenant)
	if err != nil {
		return nil, err
	}
	out := map[sms.SuppressionKind]int64{}
	var k sms.SuppressionKind
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&k, &n}, func() error { out[k] = n; return nil })
	return out, err
}

const leftOutColumns = `x.number_hash, x.kind, coalesce(x.number, 0), x.source, x.created_at, x.created_by, x.session_id,
	coalesce(s.campaign_id, '00000000-0000-0000-0000-000000000000'), coalesce(s.name, ''), c.id, coalesce(trim(c.first_name || ' ' || c.last_name), '')`

const leftOutJoins = ` x left join sessions s on s.tenant_id = x.tenant_id and s.id = x.session_id
	left join contacts c on c.tenant_id = x.tenant_id and c.number = x.number`

func scanLeftOut(row pgx.CollectableRow) (x sms.LeftOut, err error) {
	err = row.Scan(&x.Hash, &x.Kind, &x.Number, &x.Source, &x.At, &x.By, &x.Session, &x.Campaign, &x.CampaignName, &x.Contact, &x.ContactName)
	return x, err
}

// LeftOut lists numbers that are never written to, the newest first: of one kind, or
// of all; the one with a hash, if there is one.
func (t *Tx) LeftOut(ctx context.Context, f sms.LeftOutFilter) ([]sms.LeftOut, error) {
	// One statement for each shape: an index has the order of each.
	where, args := ``, []any{t.tenant, f.Limit}
	if f.Kind != "" {
		args = append(args, f.Kind)
		where += ` and kind = $3`
	}
	if f.Hash != nil {
		args = append(args, f.Hash)
		where += ` and number_hash = $` + strconv.Itoa(len(args))
	}
	if !f.From.At.IsZero() {
		args = append(args, f.From.At, f.From.Hash)
		where += ` and (created_at, number_hash) < ($` + strconv.Itoa(len(args)-1) + `, $` + strconv.Itoa(len(args)) + `)`
	}
	rows, err := t.tx.Query(ctx, `select `+leftOutColumns+` from (select * from suppressions where tenant_id = $1`+where+`
		order by created_at desc, number_hash desc limit $2)`+leftOutJoins+` order by x.created_at desc, x.number_hash desc`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanLeftOut)
}

// LockSuppression reads why a number is never written to, and keeps it for this transaction.
func (t *Tx) LockSuppression(ctx context.Context, hash []byte) (sms.Suppression, error) {
	return t.suppression(ctx, hash, " for update")
}

// Readmit takes a number back in, with the proof that it may be written to.
func (t *Tx) Readmit(ctx context.Context, s sms.Suppression, by *sms.ID, proof string) error {
	_, err := t.tx.Exec(ctx, `with gone as (delete from suppressions where tenant_id = $1 and number_hash = $2 returning *)
		insert into readmissions(tenant_id, number_hash, kind, source, suppressed_at, by_id, proof)
		select tenant_id, number_hash, kind, source, created_at, $3, $4 from gone`, t.tenant, s.Hash, by, proof)
	return err
}

// AddExcluded notes many numbers at once, and gives how many were not there before.
func (t *Tx) AddExcluded(ctx context.Context, kind sms.SuppressionKind, numbers []int64, hashes [][]byte, source string, by sms.ID) (int64, error) {
	tag, err := t.tx.Exec(ctx, `insert into suppressions as x (tenant_id, number_hash, kind, number, source, created_by)
		select $1, h, $2, n, $5, $6 from unnest($3::bigint[], $4::bytea[]) u(n, h)
		on conflict (tenant_id, number_hash) do update set kind = excluded.kind, source = excluded.source, created_at = excluded.created_at, created_by = excluded.created_by, session_id = null `+strongerKind,
		t.tenant, kind, numbers, hashes, source, by)
	return tag.RowsAffected(), err
}
