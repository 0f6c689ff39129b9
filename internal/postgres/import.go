package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// importColumns has the list's name as it is now.
const importColumns = `id, coalesce(list_id, '00000000-0000-0000-0000-000000000000'),
	coalesce((select l.name from lists l where l.tenant_id = imports.tenant_id and l.id = imports.list_id), list_name), state, file_name, bytes, encoding, separator,
	has_header, country, consent_source, consent_note, columns, settings, rows, read_rows, fresh, changed, same, duplicate, opted_out, invalid,
	checked, unverified, failure, coalesce(created_by, '00000000-0000-0000-0000-000000000000'), created_at, finished_at,
	attempt, tries, worked_at, at_row, passed, staged, at_number`

func scanImport(row pgx.CollectableRow) (sms.Import, error) {
	var i sms.Import
	c, w := &i.Counts, &i.Work
	err := row.Scan(&i.ID, &i.List, &i.ListName, &i.State, &i.FileName, &i.Bytes, &i.Encoding, &i.Separator,
		&i.HasHeader, &i.Country, &i.ConsentSource, &i.ConsentNote, &i.Columns, &i.Options, &i.Rows, &i.ReadRows,
		&c.Fresh, &c.Changed, &c.Same, &c.Duplicate, &c.OptedOut, &c.Invalid,
		&i.Checked, &i.Unverified, &i.Failure, &i.CreatedBy, &i.CreatedAt, &i.FinishedAt,
		&w.Attempt, &w.Tries, &w.At, &w.Row, &w.Passed, &w.Staged, &w.Number)
	return i, err
}

// OpenImports counts the imports of the tenant that have not ended, but for one, and lets nobody else count until
// the end of the transaction.
func (t *Tx) OpenImports(ctx context.Context, but sms.ID) (int, error) {
	if _, err := t.tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('imports', $1))`, t.tenant); err != nil {
		return 0, err
	}
	var n int
	err := t.tx.QueryRow(ctx, `select count(*) from imports where tenant_id = $1 and id <> $2 and state not in ('done', 'failed', 'cancelled')`, t.tenant, but).Scan(&n)
	return n, err
}

// AddImport writes an import whose file is still on its way. Writing it twice changes nothing.
func (t *Tx) AddImport(ctx context.Context, i sms.Import) error {
	var list *sms.ID
	if !i.List.IsZero() {
		list = &i.List
	}
	_, err := t.tx.Exec(ctx, `insert into imports(tenant_id, id, list_id, state, file_name, created_by, created_at, worked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $7)
		on conflict do nothing`, t.tenant, i.ID, list, i.State, i.FileName, i.CreatedBy, i.CreatedAt)
	return err
}

// SaveImport writes everything of an import that can change.
func (t *Tx) SaveImport(ctx context.Context, i sms.Import) error {
	var list *sms.ID
	if !i.List.IsZero() {
		list = &i.List
	}
	columns := i.Columns
	if columns == nil {
		columns = []sms.ImportColumn{}
	}
	c, w := i.Counts, i.Work
	_, err := t.tx.Exec(ctx, `update imports set list_id = $3, list_name = $4, state = $5, bytes = $6, encoding = $7, separator = $8, has_header = $9,
			country = $10, consent_source = $11, consent_note = $12, columns = $13, settings = $14, rows = $15, read_rows = $16,
			fresh = $17, changed = $18, same = $19, duplicate = $20, opted_out = $21, invalid = $22, checked = $23, unverified = $24,
			failure = $25, finished_at = $26, attempt = $27, tries = $28, worked_at = $29, at_row = $30, passed = $31, staged = $32, at_number = $33
		where tenant_id = $1 and id = $2`,
		t.tenant, i.ID, list, i.ListName, i.State, i.Bytes, i.Encoding, i.Separator, i.HasHeader,
		i.Country, i.ConsentSource, i.ConsentNote, columns, i.Options, i.Rows, i.ReadRows,
		c.Fresh, c.Changed, c.Same, c.Duplicate, c.OptedOut, c.Invalid, i.Checked, i.Unverified,
		i.Failure, i.FinishedAt, w.Attempt, w.Tries, w.At, w.Row, w.Passed, w.Staged, w.Number)
	return err
}

// Import is one import of the tenant, or ErrNotFound.
func (t *Tx) Import(ctx context.Context, id sms.ID) (sms.Import, error) {
	return oneImport(t.tx.Query(ctx, `select `+importColumns+` from imports where tenant_id = $1 and id = $2`, t.tenant, id))
}

// LockImport is Import, and nobody else changes it until the end of the transaction.
func (t *Tx) LockImport(ctx context.Context, id sms.ID) (sms.Import, error) {
	return oneImport(t.tx.Query(ctx, `select `+importColumns+` from imports where tenant_id = $1 and id = $2 for update`, t.tenant, id))
}

func oneImport(rows pgx.Rows, err error) (sms.Import, error) {
	if err != nil {
		return sms.Import{}, err
	}
	i, err := pgx.CollectExactlyOneRow(rows, scanImport)
	return i, kind(err)
}

// Imports lists the newest imports of the tenant.
func (t *Tx) Imports(ctx context.Context, limit int) ([]sms.Import, error) {
	rows, err := t.tx.Query(ctx, `select `+importColumns+` from imports where tenant_id = $1 and state <> 'uploading' order by created_at desc limit $2`, t.tenant, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanImport)
}

// RemoveImport forgets an import and its file, as if it had never been.
func (t *Tx) RemoveImport(ctx context.Context, id sms.ID) error {
	_, err := t.tx.Exec(ctx, `delete from imports where tenant_id = $1 and id = $2`, t.tenant, id)
	return err
}

// AddImportChunk keeps a piece of the file. Keeping it twice changes nothing.
func (t *Tx) AddImportChunk(ctx context.Context, id sms.ID, seq int, data []byte, at time.Time) error {
	_, err := t.tx.Exec(ctx, `with touched as (update imports set worked_at = $5 where tenant_id = $1 and id = $2)
		insert into import_chunks(tenant_id, import_id, seq, data) values ($1, $2, $3, $4) on conflict do nothing`, t.tenant, id, seq, data, at)
	return err
}

// ImportChunk is a piece of the file, counted from 0; ErrNotFound after the last.
func (t *Tx) ImportChunk(ctx context.Context, id sms.ID, seq int) ([]byte, error) {
	var data []byte
	err := t.tx.QueryRow(ctx, `select data from import_chunks where tenant_id = $1 and import_id = $2 and seq = $3`, t.tenant, id, seq).Scan(&data)
	return data, kind(err)
}

// ClearImport removes the file and the rows read from it. Rejected rows stay.
func (t *Tx) ClearImport(ctx context.Context, id sms.ID) error {
	if _, err := t.tx.Exec(ctx, `delete from import_rows where tenant_id = $1 and import_id = $2`, t.tenant, id); err != nil {
		return err
	}
	_, err := t.tx.Exec(ctx, `delete from import_chunks where tenant_id = $1 and import_id = $2`, t.tenant, id)
	return err
}

// ImportFields are the custom fields that imports of the tenant have written, in alphabetical order.
func (t *Tx) ImportFields(ctx context.Context) ([]string, error) {
	rows, err := t.tx.Query(ctx, `select distinct c->>'Field' as field from imports i cross join lateral jsonb_array_elements(i.columns) c
		where i.tenant_id = $1 and i.state in ('running', 'done') and c->>'Field' not in ('', $2, $3, $4) order by field`,
		t.tenant, sms.FieldNumber, sms.FieldFirstName, sms.FieldLastName)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
