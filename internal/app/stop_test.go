package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// campaign is send, of a campaign that was approved.
func (e *engine) campaign(numbers ...int64) sms.Session {
	e.t.Helper()
	now := e.Clock.Now()
	c := sms.Campaign{ID: sms.NewID(now), Name: "Ferries", Kind: sms.Service, Sender: apptest.Sender, Text: "Hello", UpdatedBy: e.Owner.User, CreatedAt: now, UpdatedAt: now}
	e.InTenant(func(ctx context.Context, tx *postgres.Tx) error { return tx.AddCampaign(ctx, c) })
	s := e.send("Hello", numbers...)
	e.Exec(`update sessions set kind = 'campaign', campaign_id = $2, approved_hash = content_hash, approved_at = started_at where id = $1`, int64(s.ID), c.ID.String())
	return e.session(s)
}

func (e *engine) session(s sms.Session) sms.Session {
	e.t.Helper()
	e.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) { s, err = tx.Session(ctx, s.ID); return err })
	return s
}

func (e *engine) marks() int64 {
	e.t.Helper()
	return pgtest.Value[int64](e.t, e.DSN, `select count(*) from journal`)
}

// second is another administrator.
func (e *engine) second() sms.Actor {
	who := e.Admin
	who.User, who.Name = sms.NewID(e.Clock.Now()), "Bo Dahl"
	return who
}

func (e *engine) stopForm(scope sms.StopScope, what string) sms.StopForm {
	f := sms.StopForm{Scope: string(scope), What: what, Reason: "Something is wrong here", Typed: "STOP", Token: "stop-" + sms.NewID(e.Clock.Now()).String()}
	f.Seen = f.Key()
	return f
}

func (e *engine) press(scope sms.StopScope, what string) sms.Stop {
	e.t.Helper()
	if err := e.App.StopSending(context.Background(), e.Admin, e.stopForm(scope, what)); err != nil {
		e.t.Fatal(err)
	}
	p, err := e.App.Stops(context.Background(), e.Admin, sms.StopForm{})
	if err != nil || len(p.Holding) == 0 {
		e.t.Fatalf("%d stops hold: %v", len(p.Holding), err)
	}
	return p.Holding[0]
}

func (e *engine) lift(k sms.Stop) {
	e.t.Helper()
	if err := e.App.LiftStop(context.Background(), e.second(), k.ID, "It was looked into"); err != nil {
		e.t.Fatal(err)
	}
}

// D35, I6: once a stop is committed no worker marks what it covers, though its
// campaigns are still in the state sending and two workers are in full swing.
func TestNothingIsMarkedOnceAStopHolds(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond, Plain: true})
	s := e.campaign(numbers(8000, 0)...)
	e.run()
	e.run()
	ctx := context.Background()
	scopes := []sms.Stop{
		{Scope: sms.StopAll},
		{Scope: sms.StopTenant, Tenant: e.Tenant.ID},
		{Scope: sms.StopGateway, Gateway: 1},
		{Scope: sms.StopCountry, Country: "FR"},
		{Scope: sms.StopSender, Sender: "nordfare"},
	}
	for _, k := range scopes {
		before := e.marks()
		e.until(s, "marks", func(sms.Tally) bool {
			e.Exec(`update sessions set state = 'sending' where state = 'stopped'`) // by a worker that looked while the last stop held
			return e.marks() > before
		})
		k.ID, k.Reason, k.By, k.ByName = sms.NewID(e.Clock.Now()), "test", e.Admin.User, e.Admin.Name
		err := e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
			_, err := tx.AddStop(ctx, k, k.ID.String())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		after := e.marks()
		time.Sleep(150 * time.Millisecond) // less than a worker takes to look for campaigns to stop
		if n := e.marks(); n != after {
			t.Errorf("%s: %d messages were marked after the stop was committed", k.Scope, n-after)
		}
		e.lift(k)
	}
	if y := e.tally(s); y.Pending == 0 {
		t.Fatalf("everything had left before the last stop: %+v", y)
	}
}

// D32, D35: a stop counts exactly, stops the campaign with a reason of its own,
// and nothing goes on by itself: another administrator lifts it, staff release
// the campaign, its people resume it, and nobody gets it twice.
func TestKillSwitch(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond, Delay: 5 * time.Millisecond, Plain: true})
	s := e.campaign(numbers(4000, 0)...)
	e.run()
	e.until(s, "some to leave", func(y sms.Tally) bool { return y.Handed() > 100 })
	ctx := context.Background()
	k := e.press(sms.StopCountry, "france")
	y := e.tally(s)
	if got := e.session(s); got.State != sms.SessionStopped || got.Reason != "We have stopped all messages to France for now." {
		t.Fatalf("%s: %s", got.State, got.Reason)
	}
	if err := e.App.ResumeSession(ctx, e.Owner, s.Campaign, app.SessionForm{Number: s.Number, Token: "resume-resume-resume"}); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("its people resume a stopped campaign: %v", err)
	}
	if err := e.App.PauseSession(ctx, e.Owner, s.Campaign, app.SessionForm{Number: s.Number, Token: "pause-pause-pause-pause"}); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("its people bring a stopped campaign to paused: %v", err)
	}
	release := app.ReleaseForm{Tenant: e.Tenant.ID, Session: s.ID, Token: "release-release-1"}
	if err := e.App.ReleaseSession(ctx, e.Admin, release); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("released while the stop holds: %v", err)
	}
	if err := e.App.LiftStop(ctx, e.Admin, k.ID, "It was looked into"); !errors.Is(err, sms.ErrForbidden) {
		t.Errorf("who pressed it lifts it: %v", err)
	}
	if err := pgtest.Exec(t, e.DSN, `update stops set lifted_by = stopped_by, lifted_at = now()`); err == nil {
		t.Error("the database lets who pressed it lift it")
	}
	e.lift(k)
	time.Sleep(300 * time.Millisecond)
	if z := e.tally(s); z.Pending != y.Pending || e.session(s).State != sms.SessionStopped {
		t.Fatalf("it went on by itself: %+v, then %+v", y, z)
	}
	if err := e.App.ReleaseSession(ctx, e.Admin, release); err != nil {
		t.Fatal(err)
	}
	if got := e.session(s); got.State != sms.SessionPaused {
		t.Fatalf("released to %s", got.State)
	}
	if err := e.App.ResumeSession(ctx, e.Owner, s.Campaign, app.SessionForm{Number: s.Number, Token: "resume-resume-again"}); err != nil {
		t.Fatal(err)
	}
	e.until(s, "100 %", func(y sms.Tally) bool { return y.Percent() == 100 })
	if n := e.carrier.Stats().Messages; n != 4000 {
		t.Errorf("the carrier took %d messages of 4000", n)
	}
	e.settled(s, s.Price, 0)
	for _, deed := range []string{"stop_sending", "lift_stop"} { // D44
		if n := pgtest.Value[int64](t, e.DSN, `select count(*) from audit where tenant_id = 0 and deed = $1 and reason <> ''`, deed); n != 1 {
			t.Errorf("%d entries of %s", n, deed)
		}
	}
}

// D35: what is not covered goes on; what starts while a stop holds is stopped
// too; a test is cancelled and its price returned; a repeated press stops once.
func TestStopCoversWhatItNames(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	ctx := context.Background()
	s := e.campaign(numbers(10, 0)...)
	f := e.stopForm(sms.StopSender, "somebody")
	for range 2 {
		if err := e.App.StopSending(ctx, e.Admin, f); err != nil {
			t.Fatal(err)
		}
	}
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from stops`); n != 1 {
		t.Errorf("%d stops after two presses of one page", n)
	}
	if got := e.mark(s, 4); len(got) != 4 {
		t.Fatalf("marked %d of 4 while another sender is stopped", len(got))
	}
	e.press(sms.StopTenant, e.Tenant.Slug)
	late, probe := e.campaign(numbers(5, 0)...), e.send("Hello", numbers(3, 0)...)
	if got := e.mark(late, 5); len(got) != 0 {
		t.Fatalf("marked %d of a stopped tenant", len(got))
	}
	if err := e.App.FollowSessions(ctx); err != nil {
		t.Fatal(err)
	}
	if got := e.session(late); got.State != sms.SessionStopped {
		t.Errorf("a campaign that began while the stop holds is %s", got.State)
	}
	if got := e.session(probe); got.State != sms.SessionCancelled {
		t.Errorf("a test is %s", got.State)
	}
	e.settled(probe, 0, probe.Price)
	if y := e.tally(e.session(s)); y.Submitting != 4 || y.Pending != 6 {
		t.Errorf("%+v", y)
	}
	release := app.ReleaseForm{Tenant: e.Tenant.ID, Session: s.ID, Cancel: true, Token: "release-release-2"}
	if err := e.App.ReleaseSession(ctx, e.Admin, release); err != nil { // giving up needs no lifting
		t.Fatal(err)
	}
	if y := e.tally(s); y.Cancelled != 6 || y.Submitting != 4 {
		t.Errorf("%+v", y)
	}
}

// D35: the form says what is missing, and stops nothing else than was shown.
func TestStopFormIsChecked(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	ctx := context.Background()
	var p sms.Problems
	f := sms.StopForm{Scope: "country", What: "Atlantis", Reason: "no", Typed: "stop", Token: "token-token-token-1"}
	if err := e.App.StopSending(ctx, e.Admin, f); !errors.As(err, &p) || p.For("what") == "" || p.For("reason") == "" || p.For("typed") == "" {
		t.Errorf("%v", err)
	}
	f = e.stopForm(sms.StopAll, "")
	f.Seen = "tenant:nordfare"
	var stale *app.StaleSlip
	if err := e.App.StopSending(ctx, e.Admin, f); !errors.As(err, &stale) {
		t.Errorf("%v", err)
	}
	for _, who := range []sms.Actor{e.Owner, e.Moderator} {
		if err := e.App.StopSending(ctx, who, e.stopForm(sms.StopAll, "")); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("%s presses it: %v", who.Name, err)
		}
	}
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from stops`); n != 0 {
		t.Errorf("%d stops", n)
	}
}

// D35: a session is paused by a rule with its figures, once: who resumes it has decided.
func TestStopRulePauses(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 5 * time.Millisecond})
	people := append(numbers(60, 0), numbers(10, 1)...)
	s := e.campaign(people...)
	e.Exec(`update batches set last_n = 60, pending = 60`)
	e.Exec(`insert into batches(tenant_id, session_id, country, gateway_id, due_at, first_n, last_n, next_n, pending)
		select tenant_id, session_id, country, gateway_id, clock_timestamp() + interval '1 hour', 61, 70, 61, 10 from batches`)
	e.Exec(`update messages set batch_id = (select max(id) from batches) where n > 60`)
	e.run()
	e.until(s, "receipts", func(y sms.Tally) bool { return y.Delivered == 60 })
	optOut := func(n int64) {
		e.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.AddSuppression(ctx, sms.Suppression{Hash: e.App.NumberHash(e.Tenant.ID, n), Kind: sms.SuppressionOptedOut, Number: n, Source: "test"})
			return err
		})
	}
	optOut(people[0]) // 1 of 60: below 2 %
	if err := e.App.FollowSessions(t.Context()); err != nil || e.session(s).State != sms.SessionSending {
		t.Fatalf("paused below the limit: %v", err)
	}
	optOut(people[1])
	if err := e.App.FollowSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := e.session(s); got.State != sms.SessionPaused || got.Reason != "2 of the 60 people it was delivered to opted out (3.3%). Above 2% we pause a campaign" {
		t.Fatalf("%s: %s", got.State, got.Reason)
	}
	if err := e.App.ResumeSession(t.Context(), e.Owner, s.Campaign, app.SessionForm{Number: s.Number, Token: "resume-resume-resume"}); err != nil {
		t.Fatal(err)
	}
	if err := e.App.FollowSessions(t.Context()); err != nil || e.session(s).State != sms.SessionSending {
		t.Errorf("the same rule paused it again: %v", err)
	}
}

// D35: a stop of words holds every campaign with them in its text: what is under way is stopped before the call
// returns, what starts later does not leave, and a test is refused.
func TestStopByText(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	ctx := t.Context()
	running := w.running(5)
	press := func(what string) error {
		return w.App.StopSending(ctx, w.Admin, sms.StopForm{Scope: "text", What: what, Reason: "a link in it was taken over", Typed: "STOP", Token: w.token(), Seen: "text:" + strings.ToLower(what)})
	}
	if err := press("off"); problem(err, "what") == "" {
		t.Errorf("three letters: %v", err)
	}
	p, err := w.App.Stops(ctx, w.Admin, sms.StopForm{Scope: "text", What: "EVERY crossing"})
	if err != nil || p.Impact.Campaigns != 1 || p.Impact.Messages != 5 || p.Stop.Words() != "messages with “EVERY crossing” in their text" {
		t.Errorf("it would stop %+v (%v)", p.Impact, err)
	}
	if err := press("Every Crossing"); err != nil {
		t.Fatal(err)
	}
	w.mustState(running, sms.SessionStopped)
	if n, err := w.mark(ctx, running, 5); n != 0 || err != nil {
		t.Errorf("%d were marked (%v)", n, err)
	}
	w.campaign = w.addCampaign("Later")
	w.Credits(100 * sms.Credit)
	later := w.mustState(w.wake(w.approve(w.submitted(w.Clock.Now(), nil))), sms.SessionStopped)
	if n, err := w.mark(ctx, later, 5); n != 0 || err != nil {
		t.Errorf("of one that started later %d were marked (%v)", n, err)
	}
	if !strings.HasPrefix(later.Reason, "We have stopped messages with words that are in yours") {
		t.Errorf("its people read %q", later.Reason)
	}
	other := w.addCampaign("Another text")
	w.Exec(`update campaigns set text = 'Hello' where id = $1`, other.ID.String())
	other.Text = "Hello"
	w.campaign = other
	w.mustState(w.wake(w.approve(w.submitted(w.Clock.Now(), nil))), sms.SessionSending)
}
