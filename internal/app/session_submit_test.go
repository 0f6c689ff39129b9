package app_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// confirmation looks at the slip for what was chosen, as a page would, and
// fills in everything it asks for.
func (w *sending) confirmation(form sms.ScheduleForm) app.SubmitForm {
	w.t.Helper()
	f := w.look(&form)
	return app.SubmitForm{
		Schedule: f.Form, Token: w.token(), Fingerprint: f.Slip.Fingerprint(), Tick: true, Typed: sms.Number(f.Slip.Quote.People),
	}
}

func (w *sending) look(form *sms.ScheduleForm) app.Finalize {
	w.t.Helper()
	f, err := w.App.Finalize(w.t.Context(), w.Sender, w.campaign.ID, form)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *sending) submit(f app.SubmitForm) (app.Submitted, error) {
	w.t.Helper()
	return w.App.SubmitSession(w.t.Context(), w.Sender, w.campaign.ID, f)
}

func (w *sending) sessions() []sms.Session {
	w.t.Helper()
	var out []sms.Session
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) {
		out, err = tx.CampaignSessions(ctx, w.campaign.ID, sms.KindCampaign)
		return err
	})
	return out
}

func sendNow() sms.ScheduleForm {
	return sms.ScheduleForm{When: "now", Zone: "Europe/Paris", ZoneText: "Paris", Late: sms.LateHold, Hours: "2", List: sms.ListFollow}
}

func scheduled(at time.Time) sms.ScheduleForm {
	local := sms.In(at, "Europe/Paris")
	return sms.ScheduleForm{
		When: "scheduled", Date: local.Format(time.DateOnly), Time: local.Format("15:04"), Zone: "Europe/Paris", ZoneText: "Paris",
		Late: sms.LateHold, Hours: "2", List: sms.ListFollow,
	}
}

// problem is the words of a form's mistake in field.
func problem(err error, field string) string {
	var p sms.Problems
	errors.As(err, &p)
	return p.For(field)
}

func TestRepeatedConfirmationMakesOneSession(t *testing.T) { // D2
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	f := w.confirmation(sendNow())
	const posts = 50
	got, errs := make([]app.Submitted, posts), make([]error, posts)
	var all sync.WaitGroup
	for i := range posts {
		all.Go(func() { got[i], errs[i] = w.App.SubmitSession(context.Background(), w.Sender, w.campaign.ID, f) })
	}
	all.Wait()
	first := 0
	for i := range posts {
		if errs[i] != nil {
			t.Fatalf("post %d: %v", i, errs[i])
		}
		if !got[i].Already {
			first++
		}
		if got[i].Number != 1 || !got[i].At.Equal(w.Clock.Now()) {
			t.Fatalf("post %d led to %+v", i, got[i])
		}
	}
	if n := len(w.sessions()); n != 1 || first != 1 {
		t.Errorf("%d posts made %d sessions, %d of them say they were the first", posts, n, first)
	}
	if n := w.audits("submit_session"); n != 1 {
		t.Errorf("%d audit entries", n) // D44
	}
	jobs := pgtest.Value[int64](t, w.DSN, `select count(*) from river.river_job where kind = 'validate_session' and (args->>'Tenant')::bigint = $1`, int64(w.Tenant.ID))
	if jobs != 1 {
		t.Errorf("%d validations are asked for", jobs)
	}
}

func TestTwoTabsMakeOneSession(t *testing.T) { // D2, D7
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	const tabs = 20
	forms := make([]app.SubmitForm, tabs)
	for i := range forms {
		forms[i] = w.confirmation(sendNow())
	}
	errs := make([]error, tabs)
	var all sync.WaitGroup
	for i := range forms {
		all.Go(func() { _, errs[i] = w.App.SubmitSession(context.Background(), w.Sender, w.campaign.ID, forms[i]) })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, sms.ErrConflict) || !strings.Contains(sms.Words(err), "Version 1 is in validation since"):
			t.Errorf("a loser reads %v", err)
		}
	}
	if n := len(w.sessions()); n != 1 || won != 1 {
		t.Errorf("%d sessions, %d winners", n, won)
	}
}

func TestTheDatabaseRefusesASecondSessionUnderWay(t *testing.T) { // D7
	w := newSending(t)
	s := w.submitted(w.Clock.Now(), nil)
	s.Token = w.token()
	err := w.App.DB.InTenant(t.Context(), w.Tenant.ID, func(tx *postgres.Tx) error { return tx.AddSession(t.Context(), &s) })
	if !errors.Is(err, sms.ErrConflict) || sms.Words(err) == "" {
		t.Errorf("a second session: %v", err)
	}
}

func TestConfirmationOfSomethingElseIsRefused(t *testing.T) { // D3
	for _, c := range []struct {
		name   string
		change func(*sending, *app.SubmitForm)
		words  string
	}{
		{"six joined", func(w *sending, _ *app.SubmitForm) { w.AddContacts(6) }, "6 people joined the list. Check the slip again."},
		{"one left", func(w *sending, _ *app.SubmitForm) {
			w.Exec(`delete from list_members where ctid = (select ctid from list_members where tenant_id = $1 limit 1)`, int64(w.Tenant.ID))
			w.Recount()
		}, "1 person left the list. Check the slip again."},
		{"other text", func(w *sending, _ *app.SubmitForm) {
			w.Exec(`update campaigns set text = 'Hi, 40% off every crossing.' where tenant_id = $1`, int64(w.Tenant.ID))
		}, "The message or its lists changed. Check the slip again."},
		{"other time", func(_ *sending, f *app.SubmitForm) { f.Schedule.Time = "23:59" }, "The time or how it leaves changed. Check the slip again."},
		{"other mode", func(_ *sending, f *app.SubmitForm) { f.Schedule.When = "now" }, "The time or how it leaves changed. Check the slip again."},
		{"no fingerprint", func(_ *sending, f *app.SubmitForm) { f.Fingerprint = "" }, "This page is not the newest. Check the slip again."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newSending(t)
			w.Credits(100 * sms.Credit)
			f := w.confirmation(scheduled(w.Clock.Now().Add(26 * time.Hour)))
			c.change(w, &f)
			_, err := w.submit(f)
			var stale *app.StaleSlip
			if !errors.As(err, &stale) || stale.Words != c.words || !errors.Is(err, sms.ErrConflict) {
				t.Fatalf("%v", err)
			}
			if len(w.sessions()) != 0 {
				t.Error("a session was made")
			}
		})
	}
}

func TestFrictionInProportion(t *testing.T) { // D4
	w := newSending(t)
	w.Credits(100_000 * sms.Credit)
	at := scheduled(w.Clock.Now().Add(26 * time.Hour))
	try := func(tick bool, typed string) (field, words string) {
		t.Helper()
		f := w.confirmation(at)
		f.Tick, f.Typed = tick, typed
		_, err := w.submit(f)
		var p sms.Problems
		if errors.As(err, &p) {
			return p[0].Field, p[0].Text
		}
		if err != nil {
			t.Fatal(err)
		}
		s := w.sessions()[0]
		if _, err := w.App.CancelSession(t.Context(), w.Sender, w.campaign.ID, w.form(s)); err != nil {
			t.Fatal(err)
		}
		return "", ""
	}
	w.AddContacts(47) // 50 people
	if field, _ := try(false, ""); field != "" {
		t.Errorf("50 people are asked for %s", field)
	}
	w.AddContacts(1)
	if field, _ := try(false, ""); field != "tick" {
		t.Errorf("51 people are asked for %q, not for a tick", field)
	}
	if field, _ := try(true, ""); field != "" {
		t.Errorf("51 people and a tick are asked for %s", field)
	}
	w.AddContacts(949)
	if field, words := try(true, ""); field != "typed" || words != "Type 1000 to confirm" {
		t.Errorf("1,000 people are asked for %q: %s", field, words)
	}
	if _, words := try(true, "100"); words != "Type 1000 to confirm. You typed 100" {
		t.Errorf("a wrong number: %s", words)
	}
	for _, typed := range []string{"1000", "1,000", "1.000", " 1 000 ", "1 000"} {
		if field, words := try(false, typed); field != "" {
			t.Errorf("%q is refused: %s", typed, words)
		}
	}
}

func TestMoreThanAQuarterOfTheBalanceIsTyped(t *testing.T) { // D4
	w := newSending(t) // 3 people, 3 credits
	w.Credits(12 * sms.Credit)
	if f := w.look(nil); f.Slip.Friction != sms.FrictionButton {
		t.Errorf("a quarter asks for %s", f.Slip.Friction)
	}
	w.AddContacts(1)
	if f := w.look(nil); f.Slip.Friction != sms.FrictionType {
		t.Errorf("more than a quarter asks for %s", f.Slip.Friction)
	}
}

func TestTheSlipRestatesEverything(t *testing.T) { // D3, D14
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	w.Clock.Set(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	form := scheduled(time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC))
	if _, err := w.submit(w.confirmation(form)); err != nil {
		t.Fatal(err)
	}
	s := w.sessions()[0]
	if s.Sender != apptest.Sender || s.Text != w.campaign.Text || s.People != 3 || s.Price != 3*sms.Credit || s.Mode != sms.ModeScheduled {
		t.Errorf("the copy says %+v", s)
	}
	if !s.StartsAt.Equal(time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)) || s.Zone != "Europe/Paris" || s.WallTime == nil ||
		s.WallTime.Format("2006-01-02 15:04") != "2026-11-27 10:00" || s.TZData == "" { // D16
		t.Errorf("the schedule says %s, %s, %v, %q", s.StartsAt, s.Zone, s.WallTime, s.TZData)
	}
	if s.HoldAfter == nil || !s.HoldAfter.Equal(s.StartsAt.Add(2*time.Hour)) {
		t.Errorf("it is held after %v", s.HoldAfter) // D21
	}
	if len(s.Prices) != len(apptest.Prices) || s.State != sms.SessionValidating || s.SubmittedBy == nil || *s.SubmittedBy != w.Sender.User {
		t.Errorf("prices %v, state %s, by %v", s.Prices, s.State, s.SubmittedBy)
	}
	w.AddContacts(27)                                             // 30
	if got := w.look(&form).Slip.AtMost(); got != 31*sms.Credit { // D20: 5 in 100 more at its start
		t.Errorf("at most %s", got)
	}
	form.List = sms.ListFreeze
	if got := w.look(&form).Slip.AtMost(); got != 30*sms.Credit {
		t.Errorf("frozen, at most %s", got)
	}
}

func TestSubmittedTextNeverChanges(t *testing.T) { // D10
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	if _, err := w.submit(w.confirmation(sendNow())); err != nil {
		t.Fatal(err)
	}
	w.Exec(`update campaigns set text = 'changed' where tenant_id = $1`, int64(w.Tenant.ID))
	if s := w.sessions()[0]; s.Text != w.campaign.Text || string(s.Hash()) != string(s.ContentHash) {
		t.Errorf("the copy says %q", s.Text)
	}
}

func TestBadTimes(t *testing.T) { // D16
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	w.Clock.Set(now)
	for _, c := range []struct {
		name   string
		change func(*sms.ScheduleForm)
		field  string
		words  string
	}{
		{"nothing chosen", func(f *sms.ScheduleForm) { f.When = "" }, "when", "Choose when to send"},
		{"in the past", func(f *sms.ScheduleForm) { f.Date = "2026-11-20" }, "time", "That time has passed. Choose a time at least 5 minutes from now"},
		{"too soon", func(f *sms.ScheduleForm) { f.Date, f.Time = "2026-11-23", "11:04" }, "time", "Choose a time at least 5 minutes from now"},
		{"too far", func(f *sms.ScheduleForm) { f.Date = "2027-11-24" }, "date", "Choose a date within a year"},
		{"no date", func(f *sms.ScheduleForm) { f.Date = "next Friday" }, "date", "Enter a date, like 2026-11-23"},
		{"no time", func(f *sms.ScheduleForm) { f.Time = "ten" }, "time", "Enter a time, like 10:00"},
		{"no such day", func(f *sms.ScheduleForm) { f.Date = "2026-02-30" }, "date", "Enter a date, like 2026-11-23"},
		{"not a zone", func(f *sms.ScheduleForm) { f.Zone, f.ZoneText = "Mars/Olympus", "Olympus Mons" }, "zone", "Choose a city"},
		{"in a gap", func(f *sms.ScheduleForm) { f.Date, f.Time = "2027-03-28", "02:30" }, "time", "02:30 does not exist on Sunday 28 March in Paris. Choose a time before 02:00 or from 03:00"},
		{"twice", func(f *sms.ScheduleForm) { f.Date, f.Time = "2027-10-31", "02:30" }, "which", "02:30 happens twice. Choose which one"},
		{"hold at no time", func(f *sms.ScheduleForm) { f.Hours = "-3" }, "hours", "Choose a time after 10:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			form := scheduled(now.AddDate(0, 0, 4).Add(-time.Hour))
			c.change(&form)
			f := w.look(&form)
			if got := f.Problems.For(c.field); got != c.words {
				t.Errorf("%q: %q", c.field, got)
			}
			if f.Ready() {
				t.Error("it could be confirmed")
			}
			if _, err := w.submit(w.confirmation(form)); problem(err, c.field) != c.words {
				t.Errorf("confirming: %v", err)
			}
		})
	}
	form := scheduled(now)
	form.Date, form.Time, form.Which = "2027-10-31", "02:30", sms.WhichSecond
	if got := w.look(&form); len(got.Problems) != 0 || !got.Schedule.StartsAt.Equal(time.Date(2027, 10, 31, 1, 30, 0, 0, time.UTC)) {
		t.Errorf("the second 02:30 is %s (%v)", got.Schedule.StartsAt, got.Problems)
	}
	if len(w.sessions()) != 0 {
		t.Error("a session was made")
	}
}

func TestSendNowNeedsCreditsNow(t *testing.T) { // D24
	w := newSending(t)
	w.Credits(1 * sms.Credit)
	if _, err := w.submit(w.confirmation(sendNow())); !strings.Contains(problem(err, "when"), "2 credits are missing to send it now") {
		t.Errorf("send now: %v", err)
	}
	f := w.confirmation(scheduled(w.Clock.Now().Add(26 * time.Hour)))
	if _, err := w.submit(f); err != nil { // D22: allowed, with a warning
		t.Errorf("scheduled: %v", err)
	}
}

func TestForecastCountsWhatIsScheduledBefore(t *testing.T) { // D22
	w := newSending(t)
	w.Credits(5 * sms.Credit)
	w.approve(w.submitted(w.Clock.Now().Add(24*time.Hour), nil)) // takes 3
	w.campaign = w.addCampaign("Winter timetable")
	later, earlier := scheduled(w.Clock.Now().Add(48*time.Hour)), scheduled(w.Clock.Now().Add(2*time.Hour))
	if f := w.look(&later); f.Slip.Short != 1*sms.Credit {
		t.Errorf("after it, %s are missing", f.Slip.Short)
	}
	if f := w.look(&earlier); f.Slip.Short != 0 {
		t.Errorf("before it, %s are missing", f.Slip.Short)
	}
}

func TestWhoMayConfirm(t *testing.T) { // D42
	w := newSending(t)
	w.Credits(100 * sms.Credit)
	f := w.confirmation(sendNow())
	for _, who := range []sms.Actor{w.Author, w.Viewer, w.Moderator} {
		if _, err := w.App.SubmitSession(t.Context(), who, w.campaign.ID, f); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("%s: %v", who.Name, err)
		}
	}
	other := w.Other()
	if _, err := w.App.SubmitSession(t.Context(), other.Sender, w.campaign.ID, f); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
	if _, err := w.App.Finalize(t.Context(), other.Sender, w.campaign.ID, nil); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("another tenant looks: %v", err)
	}
}
