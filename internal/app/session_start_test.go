package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

func TestStartSetsAsideOnceAndAllOrNothing(t *testing.T) { // D24, I17
	w := newSending(t)
	w.AddContacts(20)
	w.Credits(60 * sms.Credit)
	s := w.approve(w.submitted(w.Clock.Now(), nil))
	if s.State != sms.SessionStarting {
		t.Fatalf("after approval of a send that is due it is %q", s.State)
	}
	s = w.wake(s)
	w.wake(s) // a job may run twice
	w.mustState(s, sms.SessionSending)
	b := w.balance()
	if b.Available != 37*sms.Credit || b.Reserved != 23*sms.Credit {
		t.Errorf("balance %+v, want 37 to use and 23 set aside", b)
	}
	frozen := pgtest.Value[int64](t, w.DSN, `select sum(price)::bigint from messages where tenant_id = $1 and session_id = $2`, int64(w.Tenant.ID), int64(s.ID))
	if sms.Credits(frozen) != b.Reserved {
		t.Errorf("set aside %s, the frozen prices add up to %s", b.Reserved, sms.Credits(frozen)) // D25
	}
	if n := w.audits("start_session"); n != 2 { // starting, sending
		t.Errorf("%d audit entries of the start", n)
	}
}

func TestStartWithTooLittleWaitsAndGoesOn(t *testing.T) { // D23
	w := newSending(t)
	w.Credits(1 * sms.Credit)
	s := w.approve(w.submitted(w.Clock.Now(), nil))
	s = w.wake(s)
	if s.State != sms.SessionWaitingCredits || s.Missing != 2*sms.Credit {
		t.Fatalf("it is %q, missing %s", s.State, s.Missing)
	}
	rows := pgtest.Value[int64](t, w.DSN, `select count(*) from messages where tenant_id = $1`, int64(w.Tenant.ID))
	if b := w.balance(); rows != 0 || b.Available != 1*sms.Credit || b.Reserved != 0 {
		t.Fatalf("while it waits there are %d messages and %+v", rows, b) // D24: nothing is held
	}
	s = w.wake(s) // nothing changed
	w.mustState(s, sms.SessionWaitingCredits)
	w.Credits(1 * sms.Credit)
	if s = w.wake(s); s.State != sms.SessionWaitingCredits || s.Missing != 1*sms.Credit {
		t.Fatalf("with one more it is %q, missing %s", s.State, s.Missing)
	}
	w.Credits(1 * sms.Credit)
	w.wake(s)
	w.mustState(s, sms.SessionSending)
	events := w.events(s)
	if !strings.Contains(strings.Join(events, "|"), "Waiting for credits: 2 credits missing.") {
		t.Errorf("the timeline does not name the missing amount: %q", events)
	}
	if strings.Count(strings.Join(events, "|"), "Waiting for credits") != 1 {
		t.Errorf("one wait, told more than once: %q", events)
	}
}

func TestWaitingEndsInADecisionWhenItIsTooLate(t *testing.T) { // D21, D23
	w := newSending(t)
	s := w.wake(w.approve(w.submitted(w.Clock.Now(), nil)))
	w.mustState(s, sms.SessionWaitingCredits)
	w.Clock.Add(3 * time.Hour)
	w.Credits(100 * sms.Credit) // too late now
	w.sweep()
	if n, _ := w.jobs(s); n != 2 {
		t.Fatalf("%d wake-ups, the sweeper should have added one", n)
	}
	w.wake(s)
	w.mustState(s, sms.SessionHeld)
}

func TestSweeperWakesWhatWasLost(t *testing.T) { // D15, D23
	w := newSending(t)
	s := w.approve(w.submitted(w.Clock.Now().Add(time.Hour), nil))
	woken := func(what string, want int64) {
		t.Helper()
		before, _ := w.jobs(s)
		w.sweep()
		if n, _ := w.jobs(s); n-before != want {
			t.Errorf("%s: %d wake-ups, not %d", what, n-before, want)
		}
	}
	woken("scheduled, not due", 0)
	w.Clock.Set(s.StartsAt.Add(10 * time.Second))
	woken("scheduled and past due", 1)
	w.mustState(w.wake(s), sms.SessionWaitingCredits)
	woken("small and waiting", 1)
	w.Exec(`update sessions set people = 1000000 where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), int64(s.ID))
	woken("large, waiting, without credits", 0)
	w.Clock.Add(3 * time.Hour)
	woken("large, waiting, too late", 1)
	w.Clock.Add(-3 * time.Hour)
	w.Credits(100 * sms.Credit)
	woken("large, waiting, with credits", 1)
	w.mustState(w.wake(s), sms.SessionSending)
	woken("sending", 0)
	w.mustCancel(s)
}

func TestWithoutALimitItStartsHoweverLate(t *testing.T) { // D21
	w := newSending(t)
	s := w.wake(w.approve(w.submitted(w.Clock.Now(), func(s *sms.Session) { s.HoldAfter = nil })))
	w.mustState(s, sms.SessionWaitingCredits)
	w.Clock.Add(30 * time.Hour)
	w.Credits(100 * sms.Credit)
	w.wake(s)
	w.mustState(s, sms.SessionSending)
}

func TestLateApproval(t *testing.T) { // D11, D21
	for _, c := range []struct {
		name string
		late time.Duration
		hold bool
		want sms.SessionState
	}{
		{"before its time", -time.Minute, true, sms.SessionScheduled},
		{"after it, before the limit", time.Hour, true, sms.SessionStarting},
		{"after the limit", 3 * time.Hour, true, sms.SessionHeld},
		{"after it, start when possible", 30 * time.Hour, false, sms.SessionStarting},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newSending(t)
			w.Credits(100 * sms.Credit)
			at := w.Clock.Now().Add(10 * time.Minute)
			s := w.submitted(at, func(s *sms.Session) {
				if !c.hold {
					s.HoldAfter = nil
				}
			})
			w.Clock.Set(at)
			w.sweep()
			w.wake(s) // its time comes with no decision: nothing leaves
			w.mustState(s, sms.SessionValidating)
			w.Clock.Set(at.Add(c.late))
			if s = w.approve(s); s.State != c.want {
				t.Errorf("approved %s late it is %q, not %q", c.late, s.State, c.want)
			}
		})
	}
}

func TestApprovalIsBoundToTheContent(t *testing.T) { // D10
	w := newSending(t)
	s := w.submitted(w.Clock.Now(), nil)
	w.Exec(`update sessions set text = 'something else' where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), int64(s.ID))
	if err := w.tryApprove(s); err == nil {
		t.Error("what was not submitted was approved")
	}
	w.Exec(`update sessions set text = $3 where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), int64(s.ID), s.Text)
	w.Credits(100 * sms.Credit)
	s = w.approve(s)
	w.Exec(`update sessions set text = 'something else' where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), int64(s.ID))
	if s = w.wake(s); s.State != sms.SessionHeld {
		t.Errorf("a changed text is %q", s.State)
	}
}

func TestAudienceAtStart(t *testing.T) { // D20
	t.Run("follow counts again and leaves out who opted out", func(t *testing.T) {
		w := newSending(t)
		numbers := w.AddContacts(97)
		w.Credits(200 * sms.Credit)
		s := w.approve(w.submitted(w.Clock.Now().Add(time.Hour), nil))
		w.AddContacts(2)
		w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.AddSuppression(ctx, sms.Suppression{Hash: w.App.NumberHash(w.Tenant.ID, numbers[0]), Kind: "opted_out", Number: numbers[0], Source: "STOP"})
			return err
		})
		w.Clock.Set(s.StartsAt)
		s = w.wake(s)
		w.mustState(s, sms.SessionSending)
		if s.People != 101 || s.Price != 101*sms.Credit {
			t.Errorf("%d people for %s", s.People, s.Price)
		}
		if e := w.events(s); !strings.Contains(e[len(e)-1], "101 people. Left out: 1 opted out. 101 credits set aside.") {
			t.Errorf("the start says %q", e[len(e)-1])
		}
	})
	t.Run("frozen leaves out who joined later", func(t *testing.T) {
		w := newSending(t)
		w.Credits(200 * sms.Credit)
		w.Clock.Set(time.Now().Add(time.Minute)) // the lists carry the time of the database
		s := w.approve(w.submitted(w.Clock.Now().Add(time.Hour), func(s *sms.Session) {
			now := w.Clock.Now()
			s.Follow, s.FrozenAt = false, &now
		}))
		w.AddContacts(5)
		w.Exec(`update list_members set added_at = $3 where tenant_id = $1 and added_at > $2`, int64(w.Tenant.ID), time.Now().Add(-time.Second), w.Clock.Now().Add(time.Minute))
		w.Exec(`update list_members set added_at = $2 where tenant_id = $1 and contact_id in (select id from contacts where tenant_id = $1 order by number limit 3)`, int64(w.Tenant.ID), time.Now())
		w.Clock.Set(s.StartsAt)
		if s = w.wake(s); s.State != sms.SessionSending || s.People != 3 {
			t.Errorf("it is %q for %d people, 3 were there when it was frozen", s.State, s.People)
		}
	})
	t.Run("above the ceiling it asks", func(t *testing.T) {
		w := newSending(t)
		w.AddContacts(97)
		w.Credits(200 * sms.Credit)
		s := w.approve(w.submitted(w.Clock.Now().Add(time.Hour), nil))
		w.AddContacts(6) // 106 of at most 105
		w.Clock.Set(s.StartsAt)
		if s = w.wake(s); s.State != sms.SessionHeld || !strings.Contains(s.Reason, "106 people") {
			t.Errorf("it is %q: %s", s.State, s.Reason)
		}
	})
	t.Run("nobody left", func(t *testing.T) {
		w := newSending(t)
		w.Credits(200 * sms.Credit)
		s := w.approve(w.submitted(w.Clock.Now().Add(time.Hour), nil))
		w.Exec(`delete from list_members where tenant_id = $1`, int64(w.Tenant.ID))
		w.Recount()
		w.Clock.Set(s.StartsAt)
		if s = w.wake(s); s.State != sms.SessionHeld || s.Reason != "Nobody on the list can be reached any more" {
			t.Errorf("it is %q: %s", s.State, s.Reason)
		}
	})
}

func TestStartBatchesByCountry(t *testing.T) { // D20, I1
	w := newSending(t)
	w.AddContacts(57)
	w.Exec(`update contacts set country = 'DE' where tenant_id = $1 and number % 30 = 0`, int64(w.Tenant.ID))
	w.Credits(500 * sms.Credit)
	s := w.submitted(w.Clock.Now(), func(s *sms.Session) { s.Price = 100 * sms.Credit })
	s = w.wake(w.approve(s))
	w.mustState(s, sms.SessionSending)
	bad := pgtest.Value[int64](t, w.DSN, `select count(*) from messages m join batches b on b.tenant_id = m.tenant_id and b.id = m.batch_id
		where m.tenant_id = $1 and (m.country <> b.country or m.n not between b.first_n and b.last_n)`, int64(w.Tenant.ID))
	if bad != 0 {
		t.Errorf("%d messages outside their batch", bad)
	}
	span := pgtest.Value[string](t, w.DSN, `select min(n) || ' ' || max(n) || ' ' || count(distinct n) || ' ' || count(distinct number_hash) from messages where tenant_id = $1`, int64(w.Tenant.ID))
	if span != "1 60 60 60" {
		t.Errorf("first, last, numbers, people: %s", span)
	}
	if s.Price != (40+2*20)*sms.Credit {
		t.Errorf("the price is %s", s.Price)
	}
}

func TestCrashInTheMiddleOfStartLeavesNothing(t *testing.T) { // D24
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	s := w.approve(w.submitted(w.Clock.Now(), nil))
	// Postgres refuses the event that ends the start: all of it must be undone.
	w.Exec(`create or replace function refuse_event() returns trigger language plpgsql as $$ begin
		if new.title = 'Started' and new.tenant_id = ` + id(w) + ` then raise exception 'no'; end if; return new; end $$`)
	w.Exec(`create or replace trigger refuse_event before insert on session_events for each row execute function refuse_event()`)
	err := w.App.RunStartSession(t.Context(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID})
	if err == nil {
		t.Fatal("the start did not fail")
	}
	w.mustState(s, sms.SessionStarting)
	rows := pgtest.Value[int64](t, w.DSN, `select count(*) from messages where tenant_id = $1`, int64(w.Tenant.ID))
	if b := w.balance(); rows != 0 || b.Reserved != 0 {
		t.Errorf("%d messages and %s set aside are left", rows, b.Reserved)
	}
	w.Exec(`drop trigger refuse_event on session_events`)
	w.wake(s)
	w.mustState(s, sms.SessionSending)
}

func TestTwoSessionsNeverSpendOneCredit(t *testing.T) { // D24
	w := newSending(t)
	w.Credits(4 * sms.Credit)
	s := w.approve(w.submitted(w.Clock.Now(), nil))
	// Somebody else spends three of the four, and is not done yet when this one has seen four.
	spent, begun, done := make(chan error, 1), make(chan struct{}), make(chan error, 1)
	commit := make(chan struct{})
	go func() {
		spent <- w.App.DB.InTenant(context.Background(), w.Tenant.ID, func(tx *postgres.Tx) error {
			err := tx.AddTransfer(context.Background(), &sms.Transfer{Kind: sms.TransferExpire, Amount: 3 * sms.Credit, Key: "other", Actor: "test", Reason: "test"})
			close(begun)
			<-commit
			return err
		})
	}()
	<-begun
	go func() {
		done <- w.App.RunStartSession(context.Background(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID})
	}()
	for pgtest.Value[int64](t, w.DSN, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
		and query like 'insert into ledger_transfers%'`) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	close(commit)
	if err := errors.Join(<-spent, <-done); err != nil {
		t.Fatal(err)
	}
	if s = w.mustState(s, sms.SessionWaitingCredits); s.Missing != 2*sms.Credit {
		t.Errorf("%s are missing", s.Missing)
	}
	rows := pgtest.Value[int64](t, w.DSN, `select count(*) from messages where tenant_id = $1`, int64(w.Tenant.ID))
	if got := w.balance(); got.Available != 1*sms.Credit || got.Reserved != 0 || rows != 0 {
		t.Errorf("balance %+v, %d messages", got, rows)
	}
}

func TestLocalTimeIsKeptWhenZoneRulesChange(t *testing.T) { // D16
	w := newSending(t)
	at := w.Clock.Now().Truncate(time.Minute).Add(48 * time.Hour)
	s := w.submitted(at, func(s *sms.Session) {
		wall := sms.In(at, "Europe/Paris")
		local := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, time.UTC)
		s.WallTime, s.TZData = &local, "tz-of-last-year"
		s.StartsAt = at.Add(-time.Hour) // as the rules of last year had it
		hold := s.StartsAt.Add(2 * time.Hour)
		s.HoldAfter = &hold
	})
	s = w.approve(s)
	w.sweep()
	moved := w.session(s)
	if !moved.StartsAt.Equal(at) || !moved.HoldAfter.Equal(at.Add(2*time.Hour)) || moved.TZData == "tz-of-last-year" {
		t.Errorf("it starts at %s, not %s; held after %s, rules %s", moved.StartsAt, at, moved.HoldAfter, moved.TZData)
	}
	n, _ := w.jobs(s)
	w.sweep()
	if again, _ := w.jobs(s); again != n || n != 2 {
		t.Errorf("%d wake-ups, and %d after another sweep", n, again)
	}
	if e := w.events(s); !strings.Contains(e[len(e)-1], "The local time is kept: ") {
		t.Errorf("the timeline says %q", e)
	}
}
