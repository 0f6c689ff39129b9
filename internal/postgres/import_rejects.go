package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// addImportRejects keeps rows that cannot be imported. Keeping them twice changes nothing.
func (t *Tx) addImportRejects(ctx context.Context, id sms.ID, rejects []sms.ImportReject) error {
	n := len(rejects)
	rows, kinds, reasons, cells := make([]int64, n), make([]string, n), make([]string, n), make([]string, n)
	for i, r := range rejects {
		b, err := json.Marshal(r.Cells)
		if err != nil {
			return err
		}
		rows[i], kinds[i], reasons[i], cells[i] = r.Row, r.Kind, r.Reason, string(b)
	}
	_, err := t.tx.Exec(ctx, `insert into import_rejects(tenant_id, import_id, row_no, kind, reason, cells)
		select $1, $2, r, kind, reason, array(select jsonb_array_elements_text(cells::jsonb))
		from unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) as x(r, kind, reason, cells) on conflict do nothing`,
		t.tenant, id, rows, kinds, reasons, cells)
	return err
}

// ImportRejects lists rejected rows after a row, in the order of the file.
func (t *Tx) ImportRejects(ctx context.Context, id sms.ID, after int64, limit int) ([]sms.ImportReject, error) {
	rows, err := t.tx.Query(ctx, `select row_no, kind, reason, cells from import_rejects
		where tenant_id = $1 and import_id = $2 and row_no > $3 order by row_no limit $4`, t.tenant, id, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ImportReject])
}

// RejectGroups brings rejected rows together by what they need, the most first, each with examples.
func (t *Tx) RejectGroups(ctx context.Context, id sms.ID) ([]sms.RejectGroup, error) {
	rows, err := t.tx.Query(ctx, `select g.kind, g.n, x.row_no, x.reason, x.cells
		from (select kind, count(*) as n from import_rejects where tenant_id = $1 and import_id = $2 group by kind) g
		cross join lateral (select row_no, reason, cells from import_rejects
			where tenant_id = $1 and import_id = $2 and kind = g.kind order by row_no limit 3) x
		order by g.n desc, g.kind, x.row_no`, t.tenant, id)
	if err != nil {
		return nil, err
	}
	var out []sms.RejectGroup
	var r sms.ImportReject
	var n int64
	last := ""
	_, err = pgx.ForEachRow(rows, []any{&r.Kind, &n, &r.Row, &r.Reason, &r.Cells}, func() error {
		if r.Kind != last {
			last = r.Kind
			out = append(out, sms.RejectGroup{Reason: sms.RejectTally(r.Kind, n), Count: n})
		}
		g := &out[len(out)-1]
		g.Examples = append(g.Examples, r)
		r.Cells = nil
		return nil
	})
	return out, err
}
