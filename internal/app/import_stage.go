package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/table"
)

// stage reads what was not read yet of the file, and keeps the people found in it for walk.
func (w *importWork) stage(ctx context.Context) error {
	var i sms.Import
	err := w.step(ctx, func(tx *postgres.Tx, locked *sms.Import) error {
		if err := w.beginStage(ctx, tx, locked); err != nil {
			return err
		}
		i = *locked
		return nil
	})
	w.lost = w.lost && err != nil
	if err != nil || i.Work.Passed == i.Rows {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pages := make(chan importPage, 1)
	go w.app.readPages(ctx, w.job.Tenant, i, pages)
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		if err := w.keepPage(ctx, p); err != nil {
			return err
		}
		if err := w.turn(ctx); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.step(ctx, func(tx *postgres.Tx, i *sms.Import) error {
		there, err := tx.CountImportRows(ctx, i.ID)
		if err == nil && there != i.Work.Staged {
			err = errRowsLost // walk would go past them
		}
		return err
	})
}

// beginStage starts the reading again where nothing was read, or where the database lost what was: also
// when some of it was written to contacts already, since Number says how far.
func (w *importWork) beginStage(ctx context.Context, tx *postgres.Tx, i *sms.Import) error {
	i.Work.Tries++
	there, err := tx.CountImportRows(ctx, i.ID)
	if err != nil || i.Work.Row > 0 && there == i.Work.Staged && !w.lost {
		return err
	}
	i.Work.Row, i.Work.Passed, i.Work.Staged, i.Unverified = 0, 0, 0, 0
	if i.State == sms.ImportChecking {
		i.Work.Number, i.ReadRows, i.Counts = 0, 0, sms.ImportCounts{}
	}
	return tx.ForgetImportRows(ctx, i.ID, i.State == sms.ImportChecking)
}

// keepPage keeps a page of people and of rejected rows, once.
func (w *importWork) keepPage(ctx context.Context, p importPage) error {
	return w.step(ctx, func(tx *postgres.Tx, i *sms.Import) error {
		if i.Work.Row >= p.last {
			return nil // the answer to the first commit was lost
		}
		if err := tx.AddImportRows(ctx, i.ID, p.rows, p.rejects); err != nil {
			return err
		}
		i.Work.Row, i.Work.Tries = p.last, 0
		i.Work.Passed += int64(len(p.rows) + len(p.rejects))
		i.Work.Staged += int64(len(p.rows))
		for _, r := range p.rows {
			if r.Unverified {
				i.Unverified++
			}
		}
		if i.State == sms.ImportChecking {
			i.ReadRows = i.Work.Passed
			i.Counts.Invalid += int64(len(p.rejects))
		}
		return nil
	})
}

// importPage are rows of the file, in their order.
type importPage struct {
	rows    []sms.ImportRow
	rejects []sms.ImportReject
	last    int64
	err     error
}

// readPages reads the file from after the row where the work stands. It closes out at the end, after an
// error, or when nobody takes the pages any more.
func (a *App) readPages(ctx context.Context, tenant sms.TenantID, i sms.Import, out chan<- importPage) {
	defer close(out)
	give := func(p importPage) bool {
		select {
		case out <- p:
			return p.err == nil
		case <-ctx.Done():
			return false
		}
	}
	chunks := &chunkReader{app: a, ctx: ctx, tenant: tenant, id: i.ID}
	file := table.NewReader(chunks, table.Format{Encoding: table.Encoding(i.Encoding), Separator: i.Separator[0]})
	raw, size := make([]rawRow, 0, importStage), 0
	for header := i.HasHeader; ; {
		cells, err := file.Read(nil)
		if err != nil && !errors.Is(err, io.EOF) {
			give(importPage{err: err})
			return
		}
		if len(raw) == importStage || size >= importStageBytes || err != nil && len(raw) > 0 {
			if !give(a.readRows(tenant, i, raw)) {
				return
			}
			raw, size = raw[:0], 0
		}
		if err != nil {
			return
		}
		if !header && int64(file.Row()) > i.Work.Row {
			raw = append(raw, rawRow{no: int64(file.Row()), cells: cells})
			for _, c := range cells {
				size += len(c)
			}
		}
		header = false
	}
}

type rawRow struct {
	no    int64
	cells []string
}

// readRows makes people of rows, with all cores: phone numbers take long.
func (a *App) readRows(tenant sms.TenantID, i sms.Import, raw []rawRow) importPage {
	parts := make([]importPage, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for n := range parts {
		from, to := n*len(raw)/len(parts), (n+1)*len(raw)/len(parts)
		wg.Go(func() { parts[n] = a.readPart(tenant, i, raw[from:to]) })
	}
	wg.Wait()
	page := parts[0]
	for _, p := range parts[1:] {
		page.rows = append(page.rows, p.rows...)
		page.rejects = append(page.rejects, p.rejects...)
	}
	page.last = raw[len(raw)-1].no
	return page
}

func (a *App) readPart(tenant sms.TenantID, i sms.Import, raw []rawRow) importPage {
	p := importPage{rows: make([]sms.ImportRow, 0, len(raw))}
	hash := a.numberHasher(tenant)
	for _, r := range raw {
		row, rejected := i.ReadRow(r.no, r.cells)
		if rejected != nil {
			p.rejects = append(p.rejects, *rejected)
			continue
		}
		row.Hash = hash(row.Number)
		p.rows = append(p.rows, row)
	}
	return p
}

// chunkReader reads the file that was kept, piece by piece.
type chunkReader struct {
	app    *App
	ctx    context.Context // of the one reading that goes through Read
	tenant sms.TenantID
	id     sms.ID
	next   int
	rest   []byte
}

// Read gives the next bytes of the file.
func (r *chunkReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		err := r.app.patiently(r.ctx, func() error {
			return r.app.DB.InTenant(r.ctx, r.tenant, func(tx *postgres.Tx) (err error) {
				r.rest, err = tx.ImportChunk(r.ctx, r.id, r.next)
				return err
			})
		})
		if errors.Is(err, sms.ErrNotFound) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, fmt.Errorf("read piece %d of the file: %w", r.next, err)
		}
		r.next++
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
