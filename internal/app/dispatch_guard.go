package app

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

const (
	guardEvery = 2 * time.Second  // how often a worker looks at its guards
	guardGone  = 15 * time.Second // a worker that has said nothing for so long has gone
	diskWait   = 2 * time.Second  // after a full disk, until one window is tried again
)

// guard is why the lanes of this process mark nothing at present. What holds for
// every process, the restore guard and the stops, is asked by the mark itself.
type guard struct {
	clock func() time.Time
	skew  atomic.Int64              // nanoseconds this machine is ahead of the database
	full  atomic.Pointer[time.Time] // when the database last said that its disk is full
}

func (g *guard) skewed() bool { return time.Duration(g.skew.Load()).Abs() > sms.ClockTolerance }

func (g *guard) diskFull() bool {
	at := g.full.Load()
	return at != nil && time.Since(*at) < diskWait
}

// closed reports whether the lanes must wait (I26, F20).
func (g *guard) closed() bool { return g.skewed() || g.diskFull() }

// failed takes note of a failed write. A record is tried again until it
// succeeds, so that the guard stays closed as long as answers cannot be kept.
func (g *guard) failed(err error) {
	if postgres.IsDiskFull(err) {
		now := time.Now()
		g.full.Store(&now)
	}
}

// reasons are the guards that are closed, in words.
func (g *guard) reasons() map[sms.GuardKind]string {
	out := map[sms.GuardKind]string{}
	if g.skewed() {
		d, where := time.Duration(g.skew.Load()), "ahead of"
		if d < 0 {
			where = "behind"
		}
		out[sms.GuardClock] = fmt.Sprintf("Its clock is %.1f seconds %s the database’s. More than %d are not allowed.", d.Abs().Seconds(), where, int(sms.ClockTolerance.Seconds()))
	}
	if g.diskFull() {
		out[sms.GuardDisk] = "The database’s disk is full. Receipts are not acknowledged, so that the operators keep them."
	}
	return out
}

// mind looks after the guards of this process and tells staff about them.
func (d *Dispatcher) mind(ctx context.Context) {
	was := ""
	d.every(ctx, guardEvery, "guards", func(ctx context.Context) error {
		same, err := d.probe(ctx)
		if err != nil {
			d.guard.failed(err)
		}
		reasons := d.guard.reasons()
		if now := fmt.Sprint(err == nil && !same, reasons); now != was {
			was = now
			level := d.app.Log.Warn
			if len(reasons) > 0 || err == nil && !same {
				level = d.app.Log.Error
			}
			level("guards of dispatch", "database confirmed", same, "closed", reasons)
		}
		return errors.Join(err, d.app.tellGuards(ctx, d.name, reasons))
	})
}

// probe asks the database who it is and what time it has. The answer lies between
// the two moments taken here.
func (d *Dispatcher) probe(ctx context.Context) (same bool, err error) {
	err = d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		before := d.guard.clock()
		at, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		d.guard.skew.Store(int64(before.Add(d.guard.clock().Sub(before) / 2).Sub(at)))
		same, err = tx.SeeIncarnation(ctx)
		return err
	})
	return same, err
}

func (a *App) tellGuards(ctx context.Context, worker string, reasons map[sms.GuardKind]string) error {
	return a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		closed := make([]sms.GuardKind, 0, len(reasons))
		for k, why := range reasons {
			if err := tx.CloseGuard(ctx, worker, k, why); err != nil {
				return err
			}
			closed = append(closed, k)
		}
		return tx.OpenGuards(ctx, worker, closed, guardGone)
	})
}

// ConfirmForm is an administrator's word that messages may leave from the
// database as it is now.
type ConfirmForm struct {
	System   string `form:"system"` // as it was shown
	Timeline string `form:"timeline"`
	Reason   string `form:"reason"`
	Tick     bool   `form:"tick"`
}

// ConfirmDatabase opens the restore guard (I25): the administrator has compared
// what was sending with what the gateways took.
func (a *App) ConfirmDatabase(ctx context.Context, who sms.Actor, f ConfirmForm) error {
	p := sms.CheckReason(f.Reason)
	if !f.Tick {
		p = append(p, sms.Problem{Field: "tick", Text: "Tick that you have compared the campaigns below with the gateways"})
	}
	if len(p) > 0 {
		return p
	}
	err := a.asStaff(ctx, who, sms.RightAdmin, func(tx *postgres.PlatformTx) error {
		r, err := tx.Restore(ctx)
		if err != nil {
			return err
		}
		if f.System != fmt.Sprint(r.Now.System) || f.Timeline != fmt.Sprint(r.Now.Timeline) || !r.Closed() {
			return sms.Conflict("The database is not the one that was shown. Read this page again.")
		}
		ok, err := tx.ConfirmIncarnation(ctx, r.Now)
		if err != nil {
			return err
		}
		if !ok {
			return sms.Conflict("The database changed meanwhile. Read this page again.")
		}
		err = a.auditPlatform(ctx, tx, who, "confirm_database", "database", r.Confirmed, r.Now, f.Reason)
		if err != nil {
			return err
		}
		return tx.Notify(ctx, "dispatch", "")
	})
	if err != nil {
		return fmt.Errorf("confirm the database: %w", err)
	}
	return nil
}
