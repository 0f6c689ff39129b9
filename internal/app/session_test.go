package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

func (w *sending) cancel(s sms.Session) (app.Cancelled, error) {
	w.t.Helper()
	return w.App.CancelSession(w.t.Context(), w.Sender, w.campaign.ID, w.form(s))
}

func (w *sending) mustCancel(s sms.Session) app.Cancelled {
	w.t.Helper()
	out, err := w.cancel(s)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// running is a session of people that is sending.
func (w *sending) running(people int) sms.Session {
	w.t.Helper()
	w.AddContacts(people - w.people())
	w.Credits(sms.Credits(people) * 2 * sms.Credit)
	s := w.wake(w.approve(w.submitted(w.Clock.Now(), nil)))
	return w.mustState(s, sms.SessionSending)
}

func TestCancelBeforeAnythingLeft(t *testing.T) { // D8
	for _, c := range []struct {
		name string
		to   func(*sending) sms.Session
	}{
		{"in validation", func(w *sending) sms.Session { return w.submitted(w.Clock.Now().Add(time.Hour), nil) }},
		{"scheduled", func(w *sending) sms.Session { return w.approve(w.submitted(w.Clock.Now().Add(time.Hour), nil)) }},
		{"starting", func(w *sending) sms.Session { return w.approve(w.submitted(w.Clock.Now(), nil)) }},
		{"waiting for credits", func(w *sending) sms.Session { return w.wake(w.approve(w.submitted(w.Clock.Now(), nil))) }},
		{"held", func(w *sending) sms.Session {
			s := w.submitted(w.Clock.Now(), nil)
			w.Clock.Add(3 * time.Hour)
			return w.approve(s)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newSending(t)
			s := c.to(w)
			f := w.form(s)
			out, err := w.App.CancelSession(t.Context(), w.Sender, w.campaign.ID, f)
			if err != nil || out != (app.Cancelled{}) {
				t.Fatalf("%+v, %v", out, err)
			}
			again, err := w.App.CancelSession(t.Context(), w.Sender, w.campaign.ID, f)
			if err != nil || again != out {
				t.Errorf("the same form again: %+v, %v", again, err)
			}
			if _, err := w.cancel(s); !errors.Is(err, sms.ErrConflict) {
				t.Errorf("a second cancellation: %v", err)
			}
			s = w.mustState(s, sms.SessionCancelled)
			if s.EndedAt == nil || w.audits("cancel_session") != 1 {
				t.Errorf("ended %v, %d audit entries", s.EndedAt, w.audits("cancel_session"))
			}
			w.Clock.Add(2 * time.Hour)
			w.Credits(100 * sms.Credit)
			w.sweep()
			w.wake(s) // the job that waits for it finds nothing to do
			w.mustState(s, sms.SessionCancelled)
			if w.wake(w.approve(w.submitted(w.Clock.Now(), nil))).State != sms.SessionSending { // another may follow
				t.Error("the next session does not start")
			}
		})
	}
}

func TestApprovalOfSomethingCancelled(t *testing.T) { // D8
	w := newSending(t)
	s := w.submitted(w.Clock.Now(), nil)
	w.mustCancel(s)
	if err := w.tryApprove(s); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("approved after it was cancelled: %v", err)
	}
}

func TestCancelTheRest(t *testing.T) { // D26, I6, I13, I17
	w := newSending(t)
	s := w.running(60)
	if n, err := w.mark(t.Context(), s, 25); n != 25 || err != nil {
		t.Fatal(n, err)
	}
	err := w.App.DB.InPlatform(t.Context(), func(p *postgres.PlatformTx) error {
		later := time.Now().Add(time.Hour)
		a := postgres.Answer{Tenant: s.Tenant, Session: s.ID, N: 24, Attempt: 1, Outcome: postgres.OutcomeNotAccepted, State: sms.MessageRetrying, NextAt: &later}
		b := a
		b.N = 25
		return p.Record(t.Context(), "two are busy", []postgres.Answer{a, b})
	})
	if err != nil {
		t.Fatal(err)
	}

	out := w.mustCancel(s)
	if want := (app.Cancelled{Started: true, Handed: 23, Kept: 37, Returned: 37 * sms.Credit}); out != want {
		t.Errorf("%+v, not %+v", out, want)
	}
	if y := w.tally(s); y.Cancelled != 37 || y.Submitting != 23 || y.Pending+y.Retrying != 0 {
		t.Errorf("tally %+v", y)
	}
	counted := pgtest.Value[int64](t, w.DSN, `select count(*) from messages where tenant_id = $1 and state = 14`, int64(w.Tenant.ID))
	retries := pgtest.Value[int64](t, w.DSN, `select count(*) from retries where tenant_id = $1`, int64(w.Tenant.ID))
	if counted != 37 || retries != 0 {
		t.Errorf("%d messages are cancelled, %d wait to be tried again", counted, retries)
	}
	if b := w.balance(); b.Reserved != 23*sms.Credit || b.Available != 97*sms.Credit {
		t.Errorf("balance %+v", b)
	}
	if n, err := w.mark(t.Context(), s, 100); n != 0 || err != nil {
		t.Errorf("after it returned %d are marked: %v", n, err)
	}
	// Let what is in flight end, so that the invariants find a closed session.
	w.finish(s)
}

// finish answers for the carrier: whatever is in flight was refused for good.
func (w *sending) finish(s sms.Session) {
	w.t.Helper()
	err := w.App.DB.InPlatform(w.t.Context(), func(p *postgres.PlatformTx) error {
		var answers []postgres.Answer
		for n := range 200 {
			answers = append(answers, postgres.Answer{Tenant: s.Tenant, Session: s.ID, N: int32(n + 1), Attempt: 1, Outcome: postgres.OutcomeRefused, State: sms.MessageRejected})
		}
		return p.Record(w.t.Context(), fmt.Sprint("finish ", s.ID), answers)
	})
	if err == nil {
		err = w.App.FollowSessions(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if b := w.balance(); b.Reserved != 0 {
		w.t.Errorf("%s are still set aside at the end", b.Reserved) // I17
	}
}

func TestPauseAndResume(t *testing.T) { // I6, D33
	w := newSending(t)
	s := w.running(40)
	if n, _ := w.mark(t.Context(), s, 10); n != 10 {
		t.Fatal(n)
	}
	if err := w.App.PauseSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
		t.Fatal(err)
	}
	if n, _ := w.mark(t.Context(), s, 10); n != 0 {
		t.Errorf("%d are marked while it is paused", n)
	}
	if err := w.App.PauseSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("paused twice: %v", err)
	}
	f := w.form(s)
	for range 2 { // a repeated click is harmless
		if err := w.App.ResumeSession(t.Context(), w.Sender, w.campaign.ID, f); err != nil {
			t.Fatal(err)
		}
	}
	if n, _ := w.mark(t.Context(), s, 100); n != 30 {
		t.Errorf("%d are marked after it was resumed, 30 had not been sent to", n)
	}
	if e := strings.Join(w.events(s), "|"); !strings.Contains(e, "Paused: 30 people wait.|Resumed: For 30 people.") {
		t.Errorf("the timeline says %q", e)
	}
	w.mustCancel(s)
	w.finish(s)
}

func TestNoMarkAfterCancelReturned(t *testing.T) { // I6
	w := newSending(t)
	s := w.running(200)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	type marked struct {
		n  int
		at time.Time // when it was asked for
	}
	got := make(chan marked, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			at := time.Now()
			n, err := w.mark(ctx, s, 3)
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			got <- marked{n, at}
		}
	}()
	time.Sleep(30 * time.Millisecond)
	out := w.mustCancel(s)
	returned := time.Now()
	time.Sleep(50 * time.Millisecond)
	stop()
	<-done
	close(got)
	total := 0
	for m := range got {
		total += m.n
		if m.n > 0 && m.at.After(returned) {
			t.Errorf("%d marked after the cancellation returned", m.n)
		}
	}
	if y := w.tally(s); y.Submitting != total || out.Kept+total != 200 {
		t.Errorf("%d marked, %d kept back, tally %+v", total, out.Kept, y)
	}
	w.finish(s)
}

func TestDeedsTakeTurns(t *testing.T) { // I6: a pause never revives what was cancelled
	w := newSending(t)
	for range 6 {
		s := w.running(20)
		pauseIt, cancelIt := w.form(s), w.form(s)
		held, free := make(chan struct{}), make(chan struct{})
		errs := make(chan error, 3)
		go func() {
			errs <- w.App.DB.InTenant(context.Background(), w.Tenant.ID, func(tx *postgres.Tx) error {
				_, err := tx.LockSession(context.Background(), s.ID)
				close(held)
				<-free
				return err
			})
		}()
		<-held
		go func() {
			_, err := w.App.CancelSession(context.Background(), w.Sender, w.campaign.ID, cancelIt)
			errs <- err
		}()
		go func() {
			if err := w.App.PauseSession(context.Background(), w.Sender, w.campaign.ID, pauseIt); !errors.Is(err, sms.ErrConflict) {
				errs <- err
				return
			}
			errs <- nil
		}()
		time.Sleep(30 * time.Millisecond) // both are at the lock
		close(free)
		if err := errors.Join(<-errs, <-errs, <-errs); err != nil {
			t.Fatal(err)
		}
		w.mustState(s, sms.SessionCancelled)
		w.finish(s)
	}
}

func TestMove(t *testing.T) { // D19
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	w.Clock.Set(w.Clock.Now().Truncate(time.Minute))
	at := w.Clock.Now().Add(time.Hour)
	s := w.approve(w.submitted(at, nil))
	to := at.Add(3 * time.Hour)
	move := func(form sms.ScheduleForm) error {
		return w.App.MoveSession(t.Context(), w.Sender, w.campaign.ID, w.form(s), form)
	}
	if err := move(scheduled(w.Clock.Now())); problem(err, "time") == "" {
		t.Errorf("to the past: %v", err)
	}
	if err := move(scheduled(to)); err != nil {
		t.Fatal(err)
	}
	moved := w.mustState(s, sms.SessionScheduled) // no new validation
	if !moved.StartsAt.Equal(to) || !moved.HoldAfter.Equal(to.Add(2*time.Hour)) || string(moved.ApprovedHash) != string(s.ContentHash) {
		t.Errorf("moved to %s, held after %s", moved.StartsAt, moved.HoldAfter)
	}
	w.Clock.Set(at)
	w.sweep()
	w.wake(s) // the first wake-up comes for nothing
	w.mustState(s, sms.SessionScheduled)
	w.Clock.Set(to.Add(-59 * time.Second))
	if err := move(scheduled(to.Add(time.Hour))); !errors.Is(err, sms.ErrConflict) || !strings.Contains(sms.Words(err), "less than a minute") {
		t.Errorf("moved in the last minute: %v", err)
	}
	if _, err := w.cancel(s); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("cancelled in the last minute: %v", err)
	}
	w.Clock.Set(to)
	w.wake(s)
	w.mustState(s, sms.SessionSending)
	if err := move(scheduled(to.Add(time.Hour))); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("moved while it sends: %v", err)
	}
	w.mustCancel(s)
}

func TestHeldIsDecidedAbout(t *testing.T) { // D20, D21
	grown := func(t *testing.T) (*sending, sms.Session) {
		w := newSending(t)
		w.AddContacts(37) // 40
		w.Credits(1000 * sms.Credit)
		s := w.approve(w.submitted(w.Clock.Now().Add(time.Hour), nil))
		w.AddContacts(20)
		w.Clock.Set(s.StartsAt)
		return w, w.mustState(w.wake(s), sms.SessionHeld)
	}
	status := func(w *sending) app.Status {
		w.t.Helper()
		st, err := w.App.Status(w.t.Context(), w.Sender, w.campaign.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		return st
	}
	t.Run("start now", func(t *testing.T) {
		w, s := grown(t)
		st := status(w)
		if st.Slip == nil || st.Slip.Quote.People != 60 || st.Slip.Friction != sms.FrictionTick {
			t.Fatalf("the page shows %+v", st.Slip)
		}
		f := app.HeldForm{SessionForm: w.form(s), Start: true, Fingerprint: st.Slip.Fingerprint()}
		if err := w.App.DecideHeld(t.Context(), w.Sender, w.campaign.ID, f); problem(err, "tick") == "" { // D4
			t.Errorf("without a tick: %v", err)
		}
		f.Tick = true
		w.AddContacts(1)
		var stale *app.StaleSlip
		if err := w.App.DecideHeld(t.Context(), w.Sender, w.campaign.ID, f); !errors.As(err, &stale) { // D3
			t.Errorf("for another number of people: %v", err)
		}
		f.Fingerprint = status(w).Slip.Fingerprint()
		if err := w.App.DecideHeld(t.Context(), w.Sender, w.campaign.ID, f); err != nil {
			t.Fatal(err)
		}
		w.mustState(s, sms.SessionStarting)
		if s = w.wake(s); s.State != sms.SessionSending || s.People != 61 {
			t.Errorf("it is %q for %d people", s.State, s.People)
		}
		w.mustCancel(s)
	})
	t.Run("new time", func(t *testing.T) {
		w, s := grown(t)
		at := w.Clock.Now().Truncate(time.Minute).Add(5 * time.Hour)
		f := app.HeldForm{SessionForm: w.form(s), Schedule: scheduled(at), Fingerprint: status(w).Slip.Fingerprint(), Tick: true}
		if err := w.App.DecideHeld(t.Context(), w.Sender, w.campaign.ID, f); err != nil {
			t.Fatal(err)
		}
		w.mustState(s, sms.SessionScheduled)
		w.Clock.Set(at)
		w.mustState(w.wake(s), sms.SessionSending)
		w.mustCancel(s)
	})
	t.Run("too little to start now", func(t *testing.T) {
		w := newSending(t)
		s := w.submitted(w.Clock.Now(), nil)
		w.Clock.Add(3 * time.Hour)
		s = w.approve(s)
		f := app.HeldForm{SessionForm: w.form(s), Start: true, Fingerprint: status(w).Slip.Fingerprint()}
		if err := w.App.DecideHeld(t.Context(), w.Sender, w.campaign.ID, f); !strings.Contains(sms.Words(err), "3 credits are missing") {
			t.Errorf("%v", err)
		}
		w.mustState(s, sms.SessionHeld)
	})
}

func TestWhoMayStop(t *testing.T) { // D42
	w := newSending(t)
	s := w.submitted(w.Clock.Now(), nil)
	other := w.Other()
	for _, who := range []sms.Actor{w.Author, w.Viewer, other.Owner} {
		want := sms.ErrForbidden
		if who.Tenant != w.Tenant.ID {
			want = sms.ErrNotFound
		}
		f := w.form(s)
		_, err := w.App.CancelSession(t.Context(), who, w.campaign.ID, f)
		errs := map[string]error{
			"cancel": err,
			"pause":  w.App.PauseSession(t.Context(), who, w.campaign.ID, f),
			"resume": w.App.ResumeSession(t.Context(), who, w.campaign.ID, f),
			"move":   w.App.MoveSession(t.Context(), who, w.campaign.ID, f, sms.ScheduleForm{}),
			"decide": w.App.DecideHeld(t.Context(), who, w.campaign.ID, app.HeldForm{SessionForm: f}),
		}
		for deed, err := range errs {
			if !errors.Is(err, want) {
				t.Errorf("%s of %s: %v", deed, who.Name, err)
			}
		}
	}
	if _, err := w.App.Status(t.Context(), other.Owner, w.campaign.ID); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("another tenant sees it: %v", err)
	}
	w.mustState(s, sms.SessionValidating)
}
