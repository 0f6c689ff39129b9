package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/table"
)

// ImportQueue is the queue of imports: they take long, and must not keep sessions waiting.
const ImportQueue = "import"

// ImportJob checks a file, or imports it, as the state of the import says.
type ImportJob struct {
	Tenant  sms.TenantID
	Import  sms.ID
	Attempt int // an older one than the import's has nothing to do any more
}

// Kind names the job.
func (ImportJob) Kind() string { return "import" }

// Queue names its queue.
func (ImportJob) Queue() string { return ImportQueue }

// How much one transaction of an import does: long enough to be quick, short enough to show progress
// and to lose little when a worker dies.
const (
	importStage = 5_000
	// A row may have 64 kB: a page of rows ends here, too, and one row later at most.
	importStageBytes = 1 << 20

	importCheck = 40_000
	importWrite = 10_000
)

// importTurn is how long one job works before it makes room for another. The queue kills jobs after ten minutes.
const importTurn = 5 * time.Minute

// Why the work on an import stops.
var (
	errOvertaken = errors.New("another job works on this import, or nobody does any more")
	errTurnOver  = errors.New("another job goes on with this import")
	errRowsLost  = errors.New("the rows that were read are lost")
)

// importWork is one job at work.
type importWork struct {
	app   *App
	job   ImportJob
	state sms.ImportState
	until time.Time
	lost  bool // the database lost rows that were read: all are read again
}

// RunImport takes an import as far as it can. Every transaction locks the import and moves it on by what
// it did, so that a job that is killed, or runs twice, or meets another, changes nothing twice. What was
// read of the file is kept where a crash of the database may lose it, and is then read again.
func (a *App) RunImport(ctx context.Context, job ImportJob) error {
	w := &importWork{app: a, job: job, until: a.Now().Add(importTurn)}
	var refused table.Refusal
	err := w.run(ctx)
	switch {
	case errors.Is(err, errOvertaken), errors.Is(err, errTurnOver), errors.Is(err, sms.ErrNotFound):
		return nil
	case errors.As(err, &refused):
		return w.fail(ctx, refused.Error())
	case err != nil:
		return fmt.Errorf("import %s: %w", job.Import, err)
	}
	return nil
}

func (w *importWork) run(ctx context.Context) error {
	err := w.app.patiently(ctx, func() error {
		return w.app.DB.InTenant(ctx, w.job.Tenant, func(tx *postgres.Tx) error {
			i, err := tx.Import(ctx, w.job.Import)
			w.state = i.State
			return err
		})
	})
	if err != nil {
		return err
	}
	for range 5 {
		err := w.stage(ctx)
		if err == nil {
			err = w.walk(ctx)
		}
		if !errors.Is(err, errRowsLost) {
			return err
		}
		w.lost = true
	}
	return w.step(ctx, func(tx *postgres.Tx, i *sms.Import) error { return w.app.failImport(ctx, tx, i, failedByUs(*i)) })
}

// step is one transaction of the work: it moves the locked import on.
func (w *importWork) step(ctx context.Context, fn func(tx *postgres.Tx, i *sms.Import) error) error {
	return w.app.patiently(ctx, func() error {
		return w.app.DB.InTenant(ctx, w.job.Tenant, func(tx *postgres.Tx) error {
			i, err := tx.LockImport(ctx, w.job.Import)
			if err != nil {
				return err
			}
			if !i.State.Working() || i.State != w.state || i.Work.Attempt != w.job.Attempt {
				return errOvertaken
			}
			i.Work.At = w.app.Now()
			if err := fn(tx, &i); err != nil {
				return err
			}
			return tx.SaveImport(ctx, i)
		})
	})
}

// turn hands the rest to another job when this one has worked long enough: to one of a new attempt, so that
// it is one also when the answer to the commit is lost.
func (w *importWork) turn(ctx context.Context) error {
	if w.app.Now().Before(w.until) {
		return nil
	}
	err := w.step(ctx, func(tx *postgres.Tx, i *sms.Import) error { return w.app.handOn(ctx, tx, i) })
	if err != nil {
		return err
	}
	return errTurnOver
}

// walk goes through the rows in the order of their numbers: it counts what would become of them, or
// writes them.
func (w *importWork) walk(ctx context.Context) error {
	for done := false; !done; {
		if err := w.turn(ctx); err != nil {
			return err
		}
		err := w.step(ctx, func(tx *postgres.Tx, i *sms.Import) (err error) {
			done, err = w.page(ctx, tx, i)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// page does the rows of the next numbers. done is true after the last.
func (w *importWork) page(ctx context.Context, tx *postgres.Tx, i *sms.Import) (done bool, err error) {
	size := importCheck
	if i.State == sms.ImportRunning {
		size = importWrite
		if there, err := tx.HoldList(ctx, i.List); err != nil {
			return false, err
		} else if !there {
			return false, table.Refusal("The list was deleted while people were imported. " + sms.People(int(i.Counts.Written())) + " had been written before.")
		}
	}
	to, done, err := tx.ImportPageEnd(ctx, i.ID, i.Work.Number, size)
	if err != nil {
		return false, err
	}
	var counts sms.ImportCounts
	if i.State == sms.ImportRunning {
		counts, err = tx.WriteImportPage(ctx, *i, to, w.app.Now())
	} else {
		counts, err = tx.CheckImportPage(ctx, *i, to)
	}
	if err != nil {
		return false, err
	}
	i.Counts, i.Work.Number, i.Work.Tries = i.Counts.Plus(counts), to, 0
	if i.State == sms.ImportRunning {
		i.ReadRows = i.Counts.Sum()
	}
	if !done {
		return false, nil
	}
	if i.Counts.Sum() != i.Rows {
		return false, errRowsLost
	}
	return true, w.end(ctx, tx, i)
}

// end closes a step in which every row was passed: the counts add up to the rows of the file (D36).
func (w *importWork) end(ctx context.Context, tx *postgres.Tx, i *sms.Import) error {
	if i.State == sms.ImportChecking {
		i.State, i.ReadRows = sms.ImportChecked, i.Rows
		return nil
	}
	if err := w.app.endImport(ctx, tx, i, sms.ImportDone); err != nil {
		return err
	}
	return w.app.audit(ctx, tx, sms.SystemActor(w.job.Tenant), "finish_import", importObject(*i), nil, auditCounts(*i, i.Counts), "")
}

// fail ends the import with a sentence.
func (w *importWork) fail(ctx context.Context, why string) error {
	err := w.step(ctx, func(tx *postgres.Tx, i *sms.Import) error { return w.app.failImport(ctx, tx, i, why) })
	if errors.Is(err, errOvertaken) {
		return nil
	}
	return err
}

func (a *App) failImport(ctx context.Context, tx *postgres.Tx, i *sms.Import, why string) error {
	i.Failure = why
	if err := a.endImport(ctx, tx, i, sms.ImportFailed); err != nil {
		return err
	}
	return a.audit(ctx, tx, sms.SystemActor(tx.Tenant()), "fail_import", importObject(*i), nil, auditCounts(*i, i.Counts), why)
}
