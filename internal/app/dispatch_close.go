package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// every calls fn now and then until ctx ends; a failure is logged and tried
// again at the next turn.
func (d *Dispatcher) every(ctx context.Context, interval time.Duration, what string, fn func(context.Context) error) {
	for {
		if err := fn(ctx); err != nil && ctx.Err() == nil {
			level := d.app.Log.Error
			if errors.Is(err, sms.ErrUnavailable) {
				level = d.app.Log.Warn
			}
			level(what, "error", err)
		}
		if !pause(ctx, interval) {
			return
		}
	}
}

// bury finds workers that died and makes what they had in flight unknown.
func (d *Dispatcher) bury(ctx context.Context) {
	d.every(ctx, 500*time.Millisecond, "undertaker", func(ctx context.Context) error {
		return d.app.BuryDead(ctx)
	})
}

// BuryDead buries every worker whose proof of life is gone (I7).
func (a *App) BuryDead(ctx context.Context) error {
	for {
		var worker int64
		var unknown int
		err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
			worker, unknown, err = tx.BuryDead(ctx, newFlush(), lostAnswer())
			return err
		})
		if err != nil || worker == 0 {
			return err
		}
		a.Log.Info("buried a worker", "worker", worker, "unknown", unknown)
	}
}

// lostAnswer is what becomes of a message whose worker died with it in flight:
// it may have been sent, so it is never sent again by itself (D34).
func lostAnswer() postgres.Answer {
	if resendUnknown {
		now := time.Now()
		return postgres.Answer{Outcome: postgres.OutcomeNotAccepted, State: sms.MessageRetrying, NextAt: &now, Code: "worker-died"}
	}
	return postgres.Answer{Outcome: postgres.OutcomeUnknown, State: sms.MessageUnknown, Code: "worker-died"}
}

// follow samples the sessions that have left, tells who watches, and closes
// those in which every message is final.
func (d *Dispatcher) follow(ctx context.Context) {
	last := map[postgres.SessionRef]sms.Sample{}
	d.every(ctx, time.Second, "follow sessions", func(ctx context.Context) error {
		return d.app.followSessions(ctx, last)
	})
}

// FollowSessions does one round of following: samples, completion, settlement.
func (a *App) FollowSessions(ctx context.Context) error {
	return a.followSessions(ctx, map[postgres.SessionRef]sms.Sample{})
}

func (a *App) followSessions(ctx context.Context, last map[postgres.SessionRef]sms.Sample) error {
	var running []sms.Session
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		running, err = tx.Running(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range running {
		if err := a.followSession(ctx, s, last); err != nil {
			return fmt.Errorf("follow session %d: %w", s.ID, err)
		}
		if err := a.judgeFirst(ctx, s); err != nil {
			return fmt.Errorf("first part of session %d: %w", s.ID, err)
		}
		if err := a.judge(ctx, s); err != nil {
			return fmt.Errorf("stop rules of session %d: %w", s.ID, err)
		}
	}
	return a.stopCovered(ctx)
}

func (a *App) followSession(ctx context.Context, s sms.Session, last map[postgres.SessionRef]sms.Sample) error {
	ref := postgres.SessionRef{Tenant: s.Tenant, Session: s.ID}
	var y sms.Tally
	return a.DB.InTenant(ctx, s.Tenant, func(tx *postgres.Tx) (err error) {
		if y, err = tx.Tally(ctx, s.ID); err != nil {
			return err
		}
		now := a.Now().UTC()
		x := sms.Sample{At: now.Truncate(time.Second), Sent: y.Handed(), Delivered: y.Delivered, Final: y.Final()}
		was, seen := last[ref]
		same := seen && was.Sent == x.Sent && was.Delivered == x.Delivered && was.Final == x.Final
		if s.Kind == sms.KindCampaign && !same && x.At.Sub(was.At) >= sampleEvery(s, now) {
			if err := tx.AddSample(ctx, s.ID, x); err != nil {
				return err
			}
			last[ref] = x
		}
		if !same {
			if err := tx.Notify(ctx, "progress", progressKey(s.Tenant, s.Campaign)); err != nil {
				return err
			}
		}
		if y.Final() < y.People() {
			return nil
		}
		return a.closeSession(ctx, tx, s.ID)
	})
}

// sampleEvery keeps a chart at some 150 points however long a session lasts.
func sampleEvery(s sms.Session, now time.Time) time.Duration {
	if s.StartedAt == nil {
		return time.Second
	}
	return max(time.Second, now.Sub(*s.StartedAt)/150)
}

// closeSession ends a session whose messages are all final: completed, unless
// it was cancelled, and what is left set aside goes back, to the unit (D25).
func (a *App) closeSession(ctx context.Context, tx *postgres.Tx, id sms.SessionID) error {
	s, err := tx.LockSession(ctx, id)
	if err != nil || s.SettledAt != nil {
		return err
	}
	y, err := tx.Tally(ctx, id)
	if err != nil || y.Final() < y.People() {
		return err
	}
	now := a.Now()
	if !s.State.Final() {
		if s.State == sms.SessionStopped {
			return nil // staff decide
		}
		if err := s.To(sms.SessionCompleted); err != nil {
			return err
		}
		s.EndedAt = &now
		note := fmt.Sprintf("%d of %d delivered.", y.Delivered, y.People())
		if err := tx.AddEvent(ctx, id, sms.SessionEvent{At: now, Actor: "Tidings", State: s.State, Title: "Everyone has a final answer", Note: note}); err != nil {
			return err
		}
	}
	rest, err := tx.Reserved(ctx, id)
	if err != nil {
		return err
	}
	if rest > 0 {
		err := tx.AddTransfer(ctx, &sms.Transfer{
			Kind: sms.TransferRelease, Session: &id, Amount: rest, Key: fmt.Sprintf("close:%d", id), Actor: "Tidings",
			Reason: s.Name + ": not accepted, opted out or cancelled",
		})
		if err != nil {
			return err
		}
	}
	s.SettledAt = &now
	return tx.SaveSession(ctx, s)
}

// ExpireMessagesJob ends, each minute, what nobody will answer any more.
type ExpireMessagesJob struct{}

// Kind names the job.
func (ExpireMessagesJob) Kind() string { return "expire_messages" }

// RunExpireMessages does ExpireMessages.
func (a *App) RunExpireMessages(ctx context.Context, _ ExpireMessagesJob) error {
	return a.ExpireMessages(ctx)
}

// ExpireMessages declares undeliverable (NPAI) what was tried, or had no receipt,
// for as long as its route says, 48 hours where nobody said otherwise, and
// presumes unsent what is unknown for 48 hours (D31, D34).
func (a *App) ExpireMessages(ctx context.Context) error {
	var running []sms.Session
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		running, err = tx.Running(ctx)
		return err
	})
	if err != nil {
		return err
	}
	const many = 5000
	for _, s := range running {
		for n := many; n == many; {
			err := a.DB.InTenant(ctx, s.Tenant, func(tx *postgres.Tx) (err error) {
				n, err = tx.Expire(ctx, s.ID, a.Now().Add(-sms.RetryFor), a.Now(), many)
				return err
			})
			if err != nil {
				return fmt.Errorf("expire session %d: %w", s.ID, err)
			}
		}
	}
	return nil
}

// Check runs the invariants and returns those that do not hold.
func (a *App) Check(ctx context.Context) ([]postgres.Broken, error) {
	var out []postgres.Broken
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		out, err = tx.Check(ctx)
		return err
	})
	return out, err
}

func progressKey(t sms.TenantID, campaign sms.ID) string {
	return digits(int64(t)) + ":" + campaign.String()
}
