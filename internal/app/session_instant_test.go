package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

func TestScheduledSessionLeavesAtItsInstant(t *testing.T) { // D15
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	at := w.Clock.Now().Add(time.Hour)
	s := w.approve(w.submitted(at, nil))
	if s.State != sms.SessionScheduled {
		t.Fatalf("after approval it is %q", s.State)
	}
	// The queue may be five seconds late by itself: it is asked to wake earlier than that.
	if n, when := w.jobs(s); n != 1 || when.After(at.Add(-6*time.Second)) || when.Before(at.Add(-time.Minute)) {
		t.Fatalf("%d jobs, the first at %s for a start at %s", n, when, at)
	}
	// Woken far too early (it was moved): nothing.
	w.wake(s)
	w.mustState(s, sms.SessionScheduled)

	// Woken early: it is put off, never for so long that the queue could be late.
	for left := 8 * time.Second; left > time.Second; {
		w.Clock.Set(at.Add(-left))
		var early app.NotYet
		err := w.App.RunStartSession(t.Context(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID})
		if !errors.As(err, &early) || early.In <= 0 || early.In > 4*time.Second || early.In > left-500*time.Millisecond {
			t.Fatalf("%v before: %v", left, err)
		}
		left -= early.In
		w.mustState(s, sms.SessionScheduled)
	}

	// In the last moment it holds, and begins when the clock shows the instant.
	w.Clock.Set(at.Add(-600 * time.Millisecond))
	done := make(chan error, 1)
	go func() {
		done <- w.App.RunStartSession(context.Background(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID})
	}()
	for range 3 {
		time.Sleep(60 * time.Millisecond) // longer than it looks at the clock
		w.mustState(s, sms.SessionScheduled)
	}
	w.Clock.Set(at)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s = w.mustState(s, sms.SessionSending)
	if s.StartedAt == nil || s.StartedAt.Before(at) {
		t.Errorf("started at %v, due at %s", s.StartedAt, at)
	}
	if y := w.tally(s); y.Pending != 3 || y.People() != 3 {
		t.Errorf("tally %+v", y)
	}
}

// D15: a large session is written before its instant and leaves at it: until
// then nobody sees it sending, and nothing can be marked.
func TestLargeSessionIsWrittenBeforeAndLeavesAtItsInstant(t *testing.T) {
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	at := w.Clock.Now().Add(time.Hour)
	s := w.approve(w.submitted(at, nil))
	w.Exec(`update sessions set people = 1000000 where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), int64(s.ID))
	w.Clock.Set(at.Add(-20 * time.Second)) // within the time that writing a million takes
	done := make(chan error, 1)
	go func() {
		done <- w.App.RunStartSession(context.Background(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID})
	}()
	writing := func() bool { // the last thing that is done when messages are written
		return pgtest.Value[bool](t, w.DSN, `select exists (select from pg_stat_activity where datname = current_database()
			and state = 'idle in transaction' and query = 'set local plan_cache_mode = force_custom_plan')`)
	}
	for deadline := time.Now().Add(20 * time.Second); !writing(); time.Sleep(20 * time.Millisecond) {
		if len(done) > 0 || time.Now().After(deadline) {
			t.Fatal("it does not hold between writing and leaving")
		}
	}
	w.mustState(s, sms.SessionScheduled)
	w.Clock.Set(at)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s = w.mustState(s, sms.SessionSending); s.StartedAt == nil || s.StartedAt.Before(at) {
		t.Errorf("started at %v, due at %s", s.StartedAt, at)
	}
}
