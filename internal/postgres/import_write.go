package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// ofExcluded is the SQL of a merge where the row is the one that an insert could not write.
func ofExcluded(merged string) string { return strings.ReplaceAll(merged, "w.", "excluded.") }

// mergedKey is the SQL of a name's key after a merge: empty where a part of the name was known before.
func mergedKey(key string) string {
	return `case when (` + mergedFirst + `, ` + mergedLast + `) = (w.first_name, w.last_name) then w.` + key + ` else '' end`
}

func (t *Tx) setNameKeys(ctx context.Context, ids []sms.ID, firsts, lasts []string) error {
	if len(ids) == 0 {
		return nil
	}
	names, reversed := make([]string, len(ids)), make([]string, len(ids))
	for i := range ids {
		names[i], reversed[i] = sms.NameKeys(firsts[i], lasts[i])
	}
	_, err := t.tx.Exec(ctx, `update contacts c set name_key = x.name, last_key = x.reversed
		from unnest($2::uuid[], $3::text[], $4::text[]) as x(id, name, reversed) where c.tenant_id = $1 and c.id = x.id`,
		t.tenant, ids, names, reversed)
	return err
}

// joinList puts the people of a page, who are all in contacts now, into the import's list, once.
func (t *Tx) joinList(ctx context.Context, i sms.Import, to int64, now time.Time) error {
	_, err := t.tx.Exec(ctx, `with m as (insert into list_members(tenant_id, list_id, contact_id, added_at)
			select $1, $5, c.id, $6
			from (select distinct number from import_rows where tenant_id = $1 and import_id = $2 and number > $3 and number <= $4) w
			cross join lateral (select id from contacts where tenant_id = $1 and number = w.number limit 1) c
			order by c.id on conflict do nothing returning 1)
		update lists set people = people + (select count(*) from m) where tenant_id = $1 and id = $5`,
		t.tenant, i.ID, i.Work.Number, to, i.List, now)
	return err
}

// HoldList keeps a list from being deleted until the end of the transaction; false if it is not there.
func (t *Tx) HoldList(ctx context.Context, id sms.ID) (bool, error) {
	tag, err := t.tx.Exec(ctx, `select 1 from lists where tenant_id = $1 and id = $2 for key share`, t.tenant, id)
	return tag.RowsAffected() == 1, err
}

// AddImportList makes the list that an import goes into; false if there is one of that name.
func (t *Tx) AddImportList(ctx context.Context, l sms.List) (bool, error) {
	tag, err := t.tx.Exec(ctx, `insert into lists(tenant_id, id, name, country, consent_source, consent_note, created_at)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`, t.tenant, l.ID, l.Name, l.Country, l.ConsentSource, l.ConsentNote, l.CreatedAt)
	return tag.RowsAffected() == 1, err
}

// ImportRef names an import across tenants, with when it had got on at most.
type ImportRef struct {
	Tenant sms.TenantID
	Import sms.ID
	At     time.Time
}

// QuietImports lists imports that should be worked on and have not got on since stuck, and those that have
// waited for somebody since waiting.
func (p *PlatformTx) QuietImports(ctx context.Context, stuck, waiting time.Time) ([]ImportRef, error) {
	rows, err := p.tx.Query(ctx, `select tenant_id, id, worked_at from imports
		where state in ('checking', 'running') and worked_at < $1 or state in ('columns', 'checked') and worked_at < $2
		order by worked_at limit 1000`, stuck, waiting)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[ImportRef])
}

// ImportWaits reports whether the job of this attempt stands in the queue, and nobody has taken it yet.
func (t *Tx) ImportWaits(ctx context.Context, id sms.ID, attempt int) (bool, error) {
	var waits bool
	err := t.tx.QueryRow(ctx, `select exists (select 1 from river.river_job where state = 'available' and queue = 'import' and kind = 'import'
		and args @> jsonb_build_object('Tenant', $1::bigint, 'Import', $2::text, 'Attempt', $3::int))`, t.tenant, id.String(), attempt).Scan(&waits)
	return waits, err
}

// ForgetImports removes uploads that have not got on since stuck, and the rejected rows of imports that
// ended before kept: so many of each.
func (p *PlatformTx) ForgetImports(ctx context.Context, stuck, kept time.Time, limit int) error {
	_, err := p.tx.Exec(ctx, `delete from imports where (tenant_id, id) in (select tenant_id, id from imports
		where state = 'uploading' and worked_at < $1 order by worked_at limit $2 for update skip locked)`, stuck, limit)
	if err != nil {
		return err
	}
	_, err = p.tx.Exec(ctx, `with old as materialized (select tenant_id, id from imports
			where finished_at < $1 and not forgotten order by finished_at limit $2 for update skip locked),
		noted as (update imports i set forgotten = true from old where i.tenant_id = old.tenant_id and i.id = old.id)
		delete from import_rejects r using old where r.tenant_id = old.tenant_id and r.import_id = old.id`, kept, limit)
	return err
}
