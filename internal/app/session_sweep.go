package app

import (
	"context"
	"fmt"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
)

// SweepSessionsJob finds, each minute, sessions whose wake-up was lost.
type SweepSessionsJob struct{}

// Kind names the job.
func (SweepSessionsJob) Kind() string { return "sweep_sessions" }

// RunSweepSessions wakes what should have been woken: after a crash, or when
// credits came another way than by a reload.
func (a *App) RunSweepSessions(ctx context.Context, _ SweepSessionsJob) error {
	if err := a.rezoneSessions(ctx); err != nil {
		return err
	}
	return a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		lost, err := p.LostSessions(ctx, a.Now().Add(-5*time.Second))
		if err != nil {
			return err
		}
		for _, r := range lost {
			if err := p.Later(ctx, StartSessionJob{Tenant: r.Tenant, Session: r.Session}); err != nil {
				return err
			}
		}
		return nil
	})
}

// rezoneSessions keeps the local time of what has not left when the rules of
// its zone have changed since it was chosen (D16).
func (a *App) rezoneSessions(ctx context.Context) error {
	var old []postgres.SessionRef
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) (err error) {
		old, err = p.OldZones(ctx, sendtime.TZDataVersion())
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range old {
		err := a.DB.InTenant(ctx, r.Tenant, func(tx *postgres.Tx) error {
			s, err := tx.LockSession(ctx, r.Session)
			if err != nil {
				return err
			}
			return a.rezone(ctx, tx, s)
		})
		if err != nil {
			return fmt.Errorf("zone of session %d: %w", r.Session, err)
		}
	}
	return nil
}

func (a *App) rezone(ctx context.Context, tx *postgres.Tx, s sms.Session) error {
	if err := tx.SetZoneRules(ctx, s.ID, sendtime.TZDataVersion()); err != nil {
		return err
	}
	at, ok := localStart(s)
	if !ok || at.Equal(s.StartsAt) || !s.StartsAt.After(a.Now()) {
		return nil
	}
	if s.HoldAfter != nil {
		hold := s.HoldAfter.Add(at.Sub(s.StartsAt))
		s.HoldAfter = &hold
	}
	s.StartsAt, s.TZData = at, sendtime.TZDataVersion()
	if s.State == sms.SessionScheduled {
		if err := a.wakeAt(ctx, tx, s); err != nil {
			return err
		}
	}
	return a.tell(ctx, tx, sms.SystemActor(s.Tenant), s, s.State, words{
		deed: "rezone_session", title: "The clocks of " + sendtime.City(s.Zone) + " will show another time than was known",
		note: "The local time is kept: " + sendtime.Sentence(at, s.Zone) + ", " + sendtime.UTC(at, s.Zone) + ".",
	})
}

// localStart is the instant of the chosen local time by the rules of today. A
// time that has come to lie in a gap gives way to the first after it.
func localStart(s sms.Session) (time.Time, bool) {
	if s.WallTime == nil {
		return time.Time{}, false
	}
	r, err := sendtime.Resolve(sendtime.WallOf(*s.WallTime), s.Zone)
	if err == nil && r.Kind == sendtime.Gap {
		r, err = sendtime.Resolve(r.To, s.Zone)
	}
	if err != nil {
		return time.Time{}, false
	}
	which := sendtime.First
	if s.Fold == sms.WhichSecond {
		which = sendtime.Second
	}
	at, err := r.At(which)
	return at, err == nil
}
