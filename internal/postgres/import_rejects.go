package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// addImportRejects keeps rows that cannot be imported. Keeping them twice changes nothing. The cells of each go as
// the text of an array: rows have as many as they like.
func (t *Tx) addImportRejects(ctx context.Context, id sms.ID, rejects []sms.ImportReject) error {
	n := len(rejects)
	rows, kinds, reasons, cells := make([]int64, n), make([]string, n), make([]string, n), make([]string, n)
	for i, r := range rejects {
		rows[i], kinds[i], reasons[i], cells[i] = r.Row, r.Kind, r.Reason, arrayText(r.Cells)
	}
	_, err := t.tx.Exec(ctx, `insert into import_rejects(tenant_id, import_id, row_no, kind, reason, cells)
		select $1, $2, r, kind, reason, cells::text[]
		from unnest($3::bigint[], $4::text[], $5::text[], $6::text[]) as x(r, kind, reason, cells) on conflict do nothing`,
		t.tenant, id, rows, kinds, reasons, cells)
	return err
}

var arrayEscape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// arrayText is an array of texts as Postgres reads one.
func arrayText(texts []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		_, _ = arrayEscape.WriteString(&b, s)
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
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
