package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// departing is a session to n people that leaves as p says, started.
func (w *sending) departing(n int, p sms.Departure) sms.Session {
	w.t.Helper()
	w.AddContacts(n - w.people())
	w.Credits(sms.Credits(n) * sms.Credit)
	s := w.submitted(w.Clock.Now(), func(s *sms.Session) { s.Departure = p })
	return w.mustState(w.wake(w.approve(s)), sms.SessionSending)
}

// due counts messages of s that may leave now.
func (w *sending) due(s sms.Session) int64 {
	w.t.Helper()
	return pgtest.Value[int64](w.t, w.DSN, `select coalesce(sum(pending), 0)::bigint from batches where session_id = $1 and due_at <= clock_timestamp()`, int64(s.ID))
}

func (w *sending) follow() {
	w.t.Helper()
	if err := w.App.FollowSessions(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// firstAre says of those who went first that so many were delivered and so many not.
func (w *sending) firstAre(s sms.Session, delivered, not int) {
	w.t.Helper()
	ns := pgtest.Value[[]int32](w.t, w.DSN, `select array_agg(g.n order by g.n) from messages g join batches b on b.id = g.batch_id and b.tenant_id = g.tenant_id
		where g.session_id = $1 and b.first_portion`, int64(s.ID))
	ref := postgres.BatchRef{Tenant: s.Tenant, Session: s.ID}
	ref.Batch = sms.BatchID(pgtest.Value[int64](w.t, w.DSN, `select id from batches where session_id = $1 and first_portion`, int64(s.ID)))
	ref.Gateway = pgtest.Value[int16](w.t, w.DSN, `select gateway_id from batches where id = $1`, int64(ref.Batch))
	worker := w.worker()
	err := w.App.DB.InPlatform(w.t.Context(), func(p *postgres.PlatformTx) error {
		got, err := p.Mark(w.t.Context(), worker, ref, len(ns), time.Now())
		if err == nil && len(got) != len(ns) {
			err = fmt.Errorf("%d of %d were marked", len(got), len(ns))
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for i, n := range ns[:delivered+not] {
		if i < not {
			w.answer(s, n, refused)
			continue
		}
		w.answer(s, n, accepted)
		w.Exec(`update messages set state = 10 where session_id = $1 and n = $2`, int64(s.ID), n)
		w.Exec(`update batches set accepted = accepted - 1, delivered = delivered + 1 where session_id = $1 and first_portion`, int64(s.ID))
	}
}

// D35: one in a hundred goes first, from the whole list; the rest follows by itself when their receipts are good.
func TestFirstPartGoesFirst(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.departing(600, sms.Departure{First: true})
	if got := w.due(s); got != 50 || s.FirstPeople != 50 {
		t.Fatalf("%d may leave, %d went first", got, s.FirstPeople)
	}
	if n := pgtest.Value[int64](t, w.DSN, `select count(*) from messages g join batches b on b.id = g.batch_id where b.first_portion and g.number % 1200 < 600`); n < 20 || n > 30 {
		t.Errorf("%d of the 50 are of every other dozen of the list: not drawn from all of it", n)
	}
	w.follow()
	if got := w.due(s); got != 50 {
		t.Fatalf("the rest did not wait: %d may leave", got)
	}
	w.firstAre(s, 40, 0)
	w.follow()
	s = w.mustState(s, sms.SessionSending)
	if got := w.due(s); got != 550 || s.ReleasedAt == nil {
		t.Errorf("the rest did not follow: %d may leave", got)
	}
	if !slices.ContainsFunc(w.events(s), func(e string) bool {
		return strings.HasPrefix(e, "The rest follows: ") && strings.Contains(e, "550 people")
	}) {
		t.Errorf("not told: %v", w.events(s))
	}
}

// D35: bad receipts of the first part pause the session before the rest leaves; whoever resumes it has decided.
func TestFirstPartStops(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.departing(600, sms.Departure{First: true})
	w.firstAre(s, 3, 17)
	w.follow()
	s = w.mustState(s, sms.SessionPaused)
	if !strings.HasPrefix(s.Reason, "Only 3 of the first 20 with a final answer were delivered (15.0%)") || w.due(s) != 0 {
		t.Fatalf("%q, %d may leave", s.Reason, w.due(s))
	}
	if err := w.App.ResumeSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
		t.Fatal(err)
	}
	w.follow()
	s = w.mustState(s, sms.SessionSending)
	if got := w.due(s); got != 550 || s.ReleasedAt == nil {
		t.Errorf("after her decision %d may leave", got)
	}
}

// D35, D32, D42: she need not wait; and a pause of her own does not let the rest go.
func TestFirstPartIsNotAwaited(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.departing(600, sms.Departure{First: true})
	if err := w.App.ReleaseRest(t.Context(), w.Author, w.campaign.ID, w.form(s)); !errors.Is(err, sms.ErrForbidden) {
		t.Errorf("by an author: %v", err)
	}
	if err := w.App.PauseSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.App.ReleaseRest(t.Context(), w.Sender, w.campaign.ID, w.form(s)); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("while it is paused: %v", err)
	}
	if err := w.App.ResumeSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
		t.Fatal(err)
	}
	if got := w.due(s); got != 50 {
		t.Errorf("a pause let %d leave", got)
	}
	st, err := w.App.Status(t.Context(), w.Sender, w.campaign.ID)
	if err != nil || st.Departure == nil || !st.Departure.Waiting || st.Departure.First.People() != 50 {
		t.Errorf("the page says %+v (%v)", st.Departure, err)
	}
	f := w.form(s)
	for range 2 { // D2: a repeated press does nothing more
		if err := w.App.ReleaseRest(context.Background(), w.Sender, w.campaign.ID, f); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.due(s); got != 600 || w.audits("release_rest") != 1 {
		t.Errorf("%d may leave, %d entries", got, w.audits("release_rest"))
	}
	kept, err := w.App.CancelSession(t.Context(), w.Sender, w.campaign.ID, w.form(s))
	if err != nil || kept.Kept != 600 {
		t.Errorf("cancelled: %+v (%v)", kept, err)
	}
}

// D35, D32: a session that is spread leaves evenly; a pause moves the rest, a cancellation takes all of it.
func TestSpreadLeavesEvenly(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.departing(600, sms.Departure{Spread: 4})
	if got := w.due(s); got < 1 || got > 6 {
		t.Fatalf("%d of 600 may leave at once", got)
	}
	within := func(what string, d time.Duration, want int64) {
		t.Helper()
		got := pgtest.Value[int64](t, w.DSN, `select coalesce(sum(pending), 0)::bigint from batches where session_id = $1
			and due_at <= (select min(due_at) from batches where session_id = $1) + $2::interval`, int64(s.ID), d.String())
		if got < want-6 || got > want+6 {
			t.Errorf("%s: %d in %s, not %d", what, got, d, want)
		}
	}
	within("spread", time.Hour, 150)
	within("spread", 2*time.Hour, 300)
	within("spread", 4*time.Hour, 600)
	var until time.Time
	last := func() time.Time {
		st, err := w.App.Status(t.Context(), w.Sender, w.campaign.ID)
		if err != nil || st.Departure == nil || st.Departure.Until == nil {
			t.Fatalf("the page says %+v (%v)", st.Departure, err)
		}
		return *st.Departure.Until
	}
	if until = last(); until.Sub(w.Clock.Now()).Round(time.Hour) != 4*time.Hour {
		t.Errorf("the last is due at %s", until)
	}
	if err := w.App.PauseSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
		t.Fatal(err)
	}
	w.Exec(`update sessions set paused_at = paused_at - interval '1 hour' where id = $1`, int64(s.ID)) // so long ago
	w.Exec(`update batches set due_at = due_at - interval '1 hour' where session_id = $1`, int64(s.ID))
	if err := w.App.ResumeSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
		t.Fatal(err)
	}
	if moved := last().Sub(until); moved.Abs() > 5*time.Minute {
		t.Errorf("after a pause of an hour the last is due %s from where it was when the pause began", moved)
	}
	if got := w.due(s); got > 12 {
		t.Errorf("%d leave at once after the pause", got)
	}
	kept, err := w.App.CancelSession(t.Context(), w.Sender, w.campaign.ID, w.form(s))
	if err != nil || kept.Kept != 600 {
		t.Errorf("cancelled: %+v (%v)", kept, err)
	}
}

// D3, D18, D35: the slip says how it leaves, a change of that is not confirmed unseen, and a spread that would go on
// after the hours of a country is refused.
func TestDepartureIsConfirmed(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	w.AddContacts(597)
	w.Credits(1000 * sms.Credit)
	look := func(spread, first string) app.Finalize {
		t.Helper()
		form := sms.ScheduleForm{When: "scheduled", Date: w.Clock.Now().AddDate(0, 0, 7).Format(time.DateOnly), Time: "10:00", Zone: "Europe/Paris", Spread: spread, First: first}
		f, err := w.App.Finalize(t.Context(), w.Sender, w.campaign.ID, &form)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := look("4", "on")
	if s := f.Slip.Session; !s.First || s.Spread != 4 || len(f.Problems) > 0 {
		t.Fatalf("%+v %v", s.Departure, f.Problems)
	}
	if f.Slip.Fingerprint() == look("4", "").Slip.Fingerprint() || f.Slip.Fingerprint() == look("3", "on").Slip.Fingerprint() {
		t.Error("another departure has the same fingerprint")
	}
	if p := look("5", "").Problems; p.For("spread") == "" {
		t.Error("a spread that is not offered is taken")
	}
	w.Exec(`update campaigns set kind = 'marketing' where id = $1`, w.campaign.ID.String())
	if p := look("24", "").Problems; !strings.Contains(p.For("spread"), "the hours in France end at") {
		t.Errorf("overnight: %v", p)
	}
	first, err := w.App.Finalize(t.Context(), w.Sender, w.campaign.ID, nil)
	if err != nil || first.Form.First != "" {
		t.Errorf("a small one is offered with a part that goes first: %v", err)
	}
}
