package app

import (
	"context"
	"errors"
	"fmt"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// WakeWaitingJob lets a tenant's sendings that wait for credits try again.
type WakeWaitingJob struct {
	Tenant sms.TenantID
}

// Kind names the job.
func (WakeWaitingJob) Kind() string { return "wake_waiting" }

// RunWakeWaiting starts what the balance covers, one after the other in the
// order they are due (D23); the first that is too dear does not stop a later
// cheaper one, and one that fails does not stop the next. It may run twice.
func (a *App) RunWakeWaiting(ctx context.Context, job WakeWaitingJob) error {
	var waiting []sms.Session
	err := a.DB.InTenant(ctx, job.Tenant, func(tx *postgres.Tx) (err error) {
		waiting, err = tx.OpenSessions(ctx, []sms.SessionState{sms.SessionWaitingCredits})
		return err
	})
	if err != nil {
		return fmt.Errorf("wake what waits for credits: %w", err)
	}
	var failed []error
	for _, s := range waiting {
		failed = append(failed, a.RunStartSession(ctx, StartSessionJob{Tenant: s.Tenant, Session: s.ID}))
	}
	return errors.Join(failed...)
}

// lockWaiting lists the sessions that wait for credits in due order, and keeps
// them for this transaction if they are to change in it.
func (a *App) lockWaiting(ctx context.Context, tx *postgres.Tx, change bool) ([]sms.Session, error) {
	waiting, err := tx.OpenSessions(ctx, []sms.SessionState{sms.SessionWaitingCredits})
	if err != nil || !change {
		return waiting, err
	}
	kept := waiting[:0]
	for _, s := range waiting {
		if s, err = tx.LockSession(ctx, s.ID); err != nil {
			return nil, err
		}
		if s.State == sms.SessionWaitingCredits {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

// settleWaiting lets what waited go on by itself at commit (D23), or, where the
// administrator chose so, asks its people first: start now, new time, cancel.
func (a *App) settleWaiting(ctx context.Context, tx *postgres.Tx, waiting []sms.Session, start bool, out *Reloaded) error {
	if len(waiting) == 0 {
		return nil
	}
	if start {
		for _, s := range waiting {
			out.Woken = append(out.Woken, s.ID)
		}
		return tx.Later(ctx, WakeWaitingJob{Tenant: waiting[0].Tenant})
	}
	for _, s := range waiting {
		if err := a.holdSession(ctx, tx, s, "Credits were added and it is past its time"); err != nil {
			return err
		}
		out.Asked = append(out.Asked, s.ID)
	}
	return nil
}
