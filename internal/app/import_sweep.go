package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// SweepImportsJob looks, every quarter of a minute, for imports that nobody works on and for what is kept too long.
type SweepImportsJob struct{}

// Kind names the job.
func (SweepImportsJob) Kind() string { return "sweep_imports" }

const (
	importStuck      = 20 * time.Second // without getting on: its worker is dead, or a job too many has nothing to do
	importStill      = 10 * time.Second // without getting on: people are told
	uploadStuck      = 15 * time.Minute // without a byte: the browser is gone
	importsTries     = 20               // begun without getting on at all: something is wrong with us
	importsForgotten = 10               // by one sweep: each may have a million rows
)

// RunSweepImports has imports taken up whose worker died, and removes what is kept too long: uploads that
// broke off, imports that nobody confirmed, rejected rows after thirty days. What fails for one does not keep
// it from the others.
func (a *App) RunSweepImports(ctx context.Context, _ SweepImportsJob) error {
	now := a.Now()
	var open []postgres.ImportRef
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) (err error) {
		open, err = p.QuietImports(ctx, now.Add(-importStuck), now.Add(-sms.ImportWaits))
		return err
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range open {
		if err := a.sweepImport(ctx, r); err != nil {
			failed = append(failed, fmt.Errorf("sweep import %s: %w", r.Import, err))
		}
	}
	err = a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		return p.ForgetImports(ctx, now.Add(-uploadStuck), now.Add(-sms.ImportRejectsKept), importsForgotten)
	})
	if err != nil {
		failed = append(failed, fmt.Errorf("forget imports: %w", err))
	}
	return errors.Join(failed...)
}

func (a *App) sweepImport(ctx context.Context, r postgres.ImportRef) error {
	return a.DB.InTenant(ctx, r.Tenant, func(tx *postgres.Tx) error {
		i, err := tx.LockImport(ctx, r.Import)
		if err != nil || i.Work.At.After(r.At) || i.State.Ended() {
			return err // it got on meanwhile
		}
		if !i.State.Working() {
			return a.cancelImport(ctx, tx, sms.SystemActor(r.Tenant), i, "Nobody went on with it for seven days")
		}
		if i.Work.Tries >= importsTries {
			return a.failImport(ctx, tx, &i, failedByUs(i))
		}
		if waits, err := tx.ImportWaits(ctx, i.ID, i.Work.Attempt); err != nil || waits {
			return err // its turn comes: others are before it
		}
		i.Work.At = a.Now()
		return a.handOn(ctx, tx, &i)
	})
}

// handOn gives a locked import to another job; the one before has nothing to do any more.
func (a *App) handOn(ctx context.Context, tx *postgres.Tx, i *sms.Import) error {
	i.Work.Attempt++
	if err := tx.SaveImport(ctx, *i); err != nil {
		return err
	}
	return tx.Later(ctx, ImportJob{Tenant: tx.Tenant(), Import: i.ID, Attempt: i.Work.Attempt})
}

func failedByUs(i sms.Import) string {
	if i.State == sms.ImportRunning {
		return "Something is wrong on our side. " + sms.People(int(i.Counts.Written())) + " were written to the list. Upload the file again to import the rest; nobody is written twice."
	}
	return "Something is wrong on our side, and nothing was written to your contacts. Upload the file again."
}
