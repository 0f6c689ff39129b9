package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// phases are the states in which a sending may be cancelled, each with how to get there.
var phases = []struct {
	name  string
	state sms.SessionState
	to    func(*sending) sms.Session
}{
	{"validating", sms.SessionValidating, func(w *sending) sms.Session { return w.submitted(w.Clock.Now().Add(time.Hour), nil) }},
	{"scheduled", sms.SessionScheduled, func(w *sending) sms.Session { return w.approve(w.submitted(w.Clock.Now().Add(time.Hour), nil)) }},
	{"starting", sms.SessionStarting, func(w *sending) sms.Session { return w.approve(w.submitted(w.Clock.Now(), nil)) }},
	{"sending", sms.SessionSending, func(w *sending) sms.Session { return w.running(60) }},
	{"paused", sms.SessionPaused, func(w *sending) sms.Session {
		s := w.running(60)
		if _, err := w.mark(w.t.Context(), s, 20); err != nil {
			w.t.Fatal(err)
		}
		if err := w.App.PauseSession(w.t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
			w.t.Fatal(err)
		}
		return w.session(s)
	}},
}

// D32, I6, I17: a cancellation in any phase, pressed fifty times at once from two pages, while a worker marks without a
// pause and the session's own job tries to start it: it happens once, its counts are exact, everything is kept back
// or had been marked before, and nothing is marked after the first of them returned.
func TestCancelRacesMarksInEveryPhase(t *testing.T) {
	for _, c := range phases {
		t.Run(c.name, func(t *testing.T) {
			w := newSending(t)
			s := c.to(w)
			w.mustState(s, c.state)
			w.Credits(1000 * sms.Credit)
			stop, marked, late := w.marking(s)
			defer stop()
			var all sync.WaitGroup
			all.Go(func() {
				err := w.App.RunStartSession(context.Background(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID})
				if err != nil {
					t.Error(err)
				}
			})
			const presses = 50
			got, errs := make([]app.Cancelled, presses), make([]error, presses)
			forms := []app.SessionForm{w.form(s), w.form(s)}
			for i := range presses {
				all.Go(func() {
					got[i], errs[i] = w.App.CancelSession(context.Background(), w.Sender, w.campaign.ID, forms[i%2])
					if errs[i] == nil {
						late.Store(true)
					}
				})
			}
			all.Wait()
			stop()
			w.cancelledOnce(s, got, errs, int(marked.Load()))
		})
	}
}

// marking marks as a worker does until it is stopped. marked is how many; once late is set, what is asked for
// afterwards must get nothing.
func (w *sending) marking(s sms.Session) (stop func(), marked *atomic.Int64, late *atomic.Bool) {
	w.t.Helper()
	marked, late = &atomic.Int64{}, &atomic.Bool{}
	marked.Store(pgtest.Value[int64](w.t, w.DSN, `select count(*) from journal where tenant_id = $1 and session_id = $2`, int64(w.Tenant.ID), int64(s.ID)))
	ctx, cancel := context.WithCancel(context.Background())
	worker := w.worker()
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			over := late.Load()
			n, err := w.markAs(context.Background(), worker, s, 3)
			if err != nil {
				w.t.Error(err)
				return
			}
			if marked.Add(int64(n)); n > 0 && over {
				w.t.Errorf("%d marked after a cancellation returned", n)
			}
		}
	})
	return func() { cancel(); done.Wait() }, marked, late
}

// cancelledOnce checks what fifty presses of two forms made of a session of which so many had been marked.
func (w *sending) cancelledOnce(s sms.Session, got []app.Cancelled, errs []error, marked int) {
	w.t.Helper()
	won := map[app.Cancelled]int{}
	for i, err := range errs {
		switch {
		case err == nil:
			won[got[i]]++
		case !errors.Is(err, sms.ErrConflict):
			w.t.Error(err)
		}
	}
	s = w.mustState(s, sms.SessionCancelled)
	if len(won) != 1 || w.audits("cancel_session") != 1 {
		w.t.Fatalf("results %v, %d audit entries", won, w.audits("cancel_session"))
	}
	var out app.Cancelled
	for x, n := range won {
		if out = x; n != len(errs)/2 {
			w.t.Errorf("%d presses of one form have its result, not %d", n, len(errs)/2)
		}
	}
	y, people := w.tally(s), 0
	if s.StartedAt != nil {
		people = s.People
	}
	want := app.Cancelled{Started: s.StartedAt != nil, Handed: marked, Kept: people - marked, Returned: sms.Credits(people-marked) * sms.Credit}
	if out != want || y.Cancelled != want.Kept || y.Submitting != marked {
		w.t.Errorf("%+v, not %+v; %+v", out, want, y)
	}
	if b := w.balance(); b.Reserved != sms.Credits(marked)*sms.Credit {
		w.t.Errorf("%s are still set aside for %d that had left", b.Reserved, marked)
	}
	w.finish(s)
}

// D32, I6: fifty presses of Pause make one; nothing is marked after it returned, and fifty of Resume go on for exactly
// those who wait, none of them twice (D33).
func TestPauseAndResumeRaceMarks(t *testing.T) {
	w := newSending(t)
	s := w.running(120)
	for round := range 3 {
		stop, marked, late := w.marking(s)
		w.press(func(f app.SessionForm) error {
			err := w.App.PauseSession(context.Background(), w.Sender, w.campaign.ID, f)
			if err == nil {
				late.Store(true)
			}
			return err
		}, s)
		stop()
		if y := w.tally(w.mustState(s, sms.SessionPaused)); y.Submitting != int(marked.Load()) || y.Pending != 120-y.Submitting {
			t.Errorf("round %d: %d marked, %+v", round, marked.Load(), y)
		}
		w.press(func(f app.SessionForm) error {
			return w.App.ResumeSession(context.Background(), w.Sender, w.campaign.ID, f)
		}, s)
		w.mustState(s, sms.SessionSending)
	}
	if p, r := w.audits("pause_session"), w.audits("resume_session"); p != 3 || r != 3 {
		t.Errorf("%d pauses and %d resumptions are written down", p, r)
	}
	w.mustCancel(s)
	w.finish(s)
}

// press presses one button fifty times at once.
func (w *sending) press(deed func(app.SessionForm) error, s sms.Session) {
	w.t.Helper()
	f := w.form(s)
	var all sync.WaitGroup
	errs := make(chan error, 50)
	for range cap(errs) {
		all.Go(func() { errs <- deed(f) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			w.t.Error(fmt.Errorf("pressed again: %w", err))
		}
	}
}

// I6: a mark that is under way ends before a pause or a cancellation returns; it never commits after it.
func TestPauseWaitsForAMarkUnderWay(t *testing.T) {
	for deed, do := range map[string]func(*sending, app.SessionForm) error{
		"pause": func(w *sending, f app.SessionForm) error {
			return w.App.PauseSession(context.Background(), w.Sender, w.campaign.ID, f)
		},
		"cancel": func(w *sending, f app.SessionForm) error {
			_, err := w.App.CancelSession(context.Background(), w.Sender, w.campaign.ID, f)
			return err
		},
	} {
		t.Run(deed, func(t *testing.T) {
			w := newSending(t)
			s := w.running(20)
			f, worker := w.form(s), w.worker()
			returned := make(chan error, 1)
			err := w.App.DB.InPlatform(t.Context(), func(p *postgres.PlatformTx) error {
				refs, err := p.Work(t.Context(), w.Gateways(), 1000)
				if err != nil {
					return err
				}
				i := slices.IndexFunc(refs, func(r postgres.BatchRef) bool { return r.Session == s.ID })
				if got, err := p.Mark(t.Context(), worker, refs[i], 5, time.Now()); err != nil || len(got) != 5 {
					return fmt.Errorf("%d marked: %w", len(got), err)
				}
				go func() { returned <- do(w, f) }()
				for pgtest.Value[int64](t, w.DSN, `select count(*) from pg_locks l join pg_stat_activity a using (pid)
					where not l.granted and a.datname = current_database() and a.query like '%from sessions%'`) == 0 {
					select {
					case err := <-returned:
						t.Errorf("it returned while a mark was under way: %v", err)
						returned <- nil
						return nil
					case <-time.After(5 * time.Millisecond):
					}
				}
				return nil
			})
			if err := errors.Join(err, <-returned); err != nil {
				t.Fatal(err)
			}
			if y := w.tally(s); y.Submitting != 5 {
				t.Errorf("%+v", y)
			}
			if deed == "pause" {
				w.mustCancel(s)
			}
			w.finish(s)
		})
	}
}
