package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// second is another administrator.
func (w *sending) second() sms.Actor {
	w.t.Helper()
	u := sms.User{ID: sms.NewID(w.Clock.Now()), Email: w.token() + "@tidings.example", Name: "Leif Berg", Staff: sms.StaffAdmin, PasswordHash: "none", CreatedAt: w.Clock.Now()}
	err := w.App.DB.InPlatform(w.t.Context(), func(p *postgres.PlatformTx) error { return p.AddUser(w.t.Context(), u) })
	if err != nil {
		w.t.Fatal(err)
	}
	return sms.Actor{User: u.ID, Name: u.Name, Email: u.Email, Staff: u.Staff, IP: "192.0.2.10"}
}

// slip is the form of a reload as its page draws it after change.
func (w *sending) slip(change func(*sms.Reload)) sms.Reload {
	w.t.Helper()
	c, err := w.App.TenantLedger(w.t.Context(), w.Admin, w.Tenant.Slug, nil, "", 0)
	if err != nil {
		w.t.Fatal(err)
	}
	f := c.Form
	f.Amount, f.Reference, f.Confirm, f.Token = "50,000", "PO 2026-1187", w.Tenant.Name, w.token()
	if change != nil {
		change(&f)
	}
	if c, err = w.App.TenantLedger(w.t.Context(), w.Admin, w.Tenant.Slug, &f, "", 0); err != nil {
		w.t.Fatal(err)
	}
	f.Seen = c.Slip.Fingerprint()
	return f
}

func (w *sending) reload(f sms.Reload) (app.Reloaded, error) {
	return w.App.Reload(w.t.Context(), w.Admin, w.Tenant.Slug, f)
}

func (w *sending) mustReload(change func(*sms.Reload)) app.Reloaded {
	w.t.Helper()
	out, err := w.reload(w.slip(change))
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// wakeWaiting does the job that a reload left, if it left one.
func (w *sending) wakeWaiting() {
	w.t.Helper()
	n := pgtest.Value[int64](w.t, w.DSN, `select count(*) from river.river_job where kind = 'wake_waiting' and (args->>'Tenant')::bigint = $1`, int64(w.Tenant.ID))
	for range n {
		if err := w.App.RunWakeWaiting(w.t.Context(), app.WakeWaitingJob{Tenant: w.Tenant.ID}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestReloadWritesLedgerAndAudit(t *testing.T) { // D27, I20, I21
	w := newSending(t)
	out := w.mustReload(nil)
	if out.Amount != 50_000*sms.Credit || out.Balance.Available != 50_000*sms.Credit || out.Proposed || out.Already {
		t.Errorf("%+v", out)
	}
	for _, kind := range []string{"gift", "correct_up", "correct_down", "expire"} {
		w.mustReload(func(f *sms.Reload) {
			f.Kind, f.Amount, f.Reference, f.Note = kind, "10", "", "What was agreed on 3 March"
		})
	}
	l, err := w.App.Ledger(t.Context(), w.Viewer, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Lines) != 5 || l.Balance.Available != 50_000*sms.Credit || l.Lines[0].After != l.Balance.Available {
		t.Fatalf("%+v", l.Lines)
	}
	first := l.Lines[4]
	if first.Kind != sms.TransferTopup || first.Reference != "PO 2026-1187" || first.Actor != w.Admin.Name || first.Amount != 50_000*sms.Credit || first.After != first.Amount {
		t.Errorf("%+v", first)
	}
	if n := w.audits("reload_credits"); n != 5 {
		t.Errorf("%d audit entries for five reloads", n)
	}
}

func TestReloadRefusesBadInput(t *testing.T) { // D27
	w := newSending(t)
	for _, x := range []struct {
		change      func(*sms.Reload)
		field, says string
	}{
		{func(f *sms.Reload) { f.Amount = "0" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(f *sms.Reload) { f.Amount = "-1" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(f *sms.Reload) { f.Amount = "1000001" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(f *sms.Reload) { f.Amount = "plenty" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(f *sms.Reload) { f.Confirm = "Kystbuss" }, "confirm", "Type Nordfare to confirm"},
		{func(f *sms.Reload) { f.Kind = "release" }, "kind", "Choose a reason"},
		{func(f *sms.Reload) { f.Reference = "" }, "reference", "Enter the order reference, 3 to 40 characters"},
		{func(f *sms.Reload) { f.Kind, f.Note = "gift", "" }, "note", "Say why, in 10 to 500 characters"},
		{func(f *sms.Reload) { f.Kind, f.Amount, f.Note = "correct_down", "1", "Charged twice on 9 March" }, "amount", "Only 0 can be taken: the rest is set aside or spent"},
	} {
		if _, err := w.reload(w.slip(x.change)); problem(err, x.field) != x.says {
			t.Errorf("%v, want %q", err, x.says)
		}
	}
	for name, f := range map[string]sms.Reload{
		"no token":           w.slip(func(f *sms.Reload) { f.Token = "" }),
		"a broken request":   w.slip(func(f *sms.Reload) { f.Request = "../../etc" }),
		"an unknown request": w.slip(func(f *sms.Reload) { f.Request = sms.NewID(w.Clock.Now()).String() }),
	} {
		if _, err := w.reload(f); !errors.Is(err, sms.ErrConflict) && !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b := w.balance(); b.Available != 0 {
		t.Errorf("the balance is %s", b.Available)
	}
}

func TestReloadOnlyByAdministrators(t *testing.T) { // D27, D42
	w := newSending(t)
	f := w.slip(nil)
	for _, who := range []sms.Actor{w.Owner, w.Sender, w.Moderator, {}} {
		if _, err := w.App.Reload(t.Context(), who, w.Tenant.Slug, f); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("%s: %v", who.Name, err)
		}
		if _, err := w.App.TenantLedger(t.Context(), who, w.Tenant.Slug, nil, "", 0); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("%s looks: %v", who.Name, err)
		}
	}
	if _, err := w.App.Reload(t.Context(), w.Admin, "nobody-here", f); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("no such tenant: %v", err)
	}
}

func TestReloadTwiceWithOneToken(t *testing.T) { // D27, I20
	w := newSending(t)
	f := w.slip(nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	already := 0
	for range 10 {
		wg.Go(func() {
			out, err := w.App.Reload(context.Background(), w.Admin, w.Tenant.Slug, f)
			if err != nil || out.Amount != 50_000*sms.Credit || out.Balance.Available != 50_000*sms.Credit {
				t.Errorf("%+v, %v", out, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if out.Already {
				already++
			}
		})
	}
	wg.Wait()
	if b := w.balance(); b.Available != 50_000*sms.Credit || already != 9 || w.audits("reload_credits") != 1 {
		t.Errorf("the balance is %s, %d of ten were told that it was done already", b.Available, already)
	}
	d, err := w.App.ReloadDone(t.Context(), w.Admin, w.Tenant.Slug, f.Token)
	if err != nil || d.Amount != 50_000*sms.Credit || !d.At.Equal(w.Clock.Now()) {
		t.Errorf("%+v, %v", d, err)
	}
	other := w.Other()
	if _, err := w.App.ReloadDone(t.Context(), w.Admin, other.Tenant.Slug, f.Token); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("the result is shown at another tenant: %v", err)
	}
}

func TestReloadShowsTheSlipAgainWhenTheBalanceMoved(t *testing.T) { // D27
	w := newSending(t)
	f := w.slip(nil)
	w.Credits(5 * sms.Credit)
	var stale *app.StaleSlip
	if _, err := w.reload(f); !errors.As(err, &stale) {
		t.Errorf("%v", err)
	}
	f = w.slip(nil)
	f.Amount = "5,000"
	if _, err := w.reload(f); !errors.As(err, &stale) {
		t.Errorf("another amount than the slip said: %v", err)
	}
	w.mustReload(nil)
}

func TestReloadWarnsOfAReferenceUsedBefore(t *testing.T) { // D27
	w := newSending(t)
	w.Clock.Set(time.Now())
	w.mustReload(nil)
	f := w.slip(func(f *sms.Reload) { f.Reference = "po 2026-1187" })
	_, err := w.reload(f)
	want := "po 2026-1187 was already used on " + sms.In(w.Clock.Now(), "Europe/Paris").Format("2 January") + " for 50,000. Tick “Use it again” if that is right"
	if problem(err, "reference") != want {
		t.Errorf("%v, want %q", err, want)
	}
	f.Again = true
	if out, err := w.reload(f); err != nil || out.Balance.Available != 100_000*sms.Credit {
		t.Errorf("%+v, %v", out, err)
	}
	// Another tenant may use the same.
	o := &sending{TheWorld: w.Other(), t: t, campaign: w.campaign, tokens: 1000}
	o.Admin = w.Admin
	if _, err := o.reload(o.slip(nil)); err != nil {
		t.Error(err)
	}
}

func TestReloadAboveTheLimitNeedsASecondAdministrator(t *testing.T) { // D27, I21
	w := newSending(t)
	w.mustReload(func(f *sms.Reload) { f.Amount, f.Reference = "100,000", "PO-0" })
	big := func(f *sms.Reload) { f.Amount, f.Reference = "100,001", "PO-1" }
	out := w.mustReload(big)
	if !out.Proposed || w.balance().Available != 100_000*sms.Credit {
		t.Fatalf("%+v", out)
	}
	c, err := w.App.TenantLedger(t.Context(), w.Admin, w.Tenant.Slug, nil, "", 0)
	if err != nil || len(c.Proposals) != 1 {
		t.Fatalf("%+v, %v", c.Proposals, err)
	}
	id := c.Proposals[0].ID
	decide := func(who sms.Actor, agree bool, token string) (app.Reloaded, error) {
		return w.App.AgreeReload(t.Context(), who, w.Tenant.Slug, id, agree, token)
	}
	if _, err := decide(w.Admin, true, w.token()); !errors.Is(err, sms.ErrForbidden) {
		t.Fatalf("the same administrator agrees: %v", err)
	}
	if err := pgtest.Exec(t, w.DSN, `update reload_proposals set decided_at = now(), agreed = true, decided_by = proposed_by where tenant_id = $1`, int64(w.Tenant.ID)); err == nil {
		t.Error("the database lets one person agree with himself")
	}
	leif, token := w.second(), w.token()
	for i := range 2 {
		out, err := decide(leif, true, token)
		if err != nil || out.Already != (i == 1) || out.Balance.Available != 200_001*sms.Credit {
			t.Errorf("%+v, %v", out, err)
		}
		if d, err := w.App.ReloadDone(t.Context(), leif, w.Tenant.Slug, token); err != nil || d.Balance != out.Balance {
			t.Errorf("%+v, %v", d, err)
		}
	}
	if _, err := decide(leif, false, w.token()); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("decided twice: %v", err)
	}
	if b := w.balance(); b.Available != 200_001*sms.Credit {
		t.Errorf("the balance is %s", b.Available)
	}

	// Declined, and taken back by who proposed it: nothing moves.
	for _, who := range []sms.Actor{leif, w.Admin} {
		w.mustReload(func(f *sms.Reload) { f.Amount, f.Reference, f.Again = "500,000", "PO-2", true })
		c, _ := w.App.TenantLedger(t.Context(), w.Admin, w.Tenant.Slug, nil, "", 0)
		id = c.Proposals[0].ID
		if _, err := decide(who, false, w.token()); err != nil {
			t.Error(err)
		}
	}
	if all, _ := w.App.OpenReloads(t.Context(), w.Admin); slices.ContainsFunc(all.Proposals, func(p sms.TenantProposal) bool { return p.Tenant.ID == w.Tenant.ID }) {
		t.Error("a declined proposal is still open")
	}
	if b := w.balance(); b.Available != 200_001*sms.Credit {
		t.Errorf("the balance is %s", b.Available)
	}
}

func TestReloadAnswersARequest(t *testing.T) { // D27
	w := newSending(t)
	ctx := t.Context()
	ask := sms.ReloadAsk{Amount: "50 000", Reference: " PO  2026-1187 ", Note: "Same terms.", Token: w.token()}
	for i := range 2 {
		out, err := w.App.AskReload(ctx, w.Owner, ask)
		if err != nil || out.Amount != 50_000*sms.Credit || out.Already != (i == 1) {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	for field, bad := range map[string]sms.ReloadAsk{
		"amount":    {Amount: "99"},
		"reference": {Amount: "100", Reference: strings.Repeat("x", 41)},
		"note":      {Amount: "1,000,000", Note: strings.Repeat("x", 501)},
	} {
		if _, err := w.App.AskReload(ctx, w.Owner, bad); problem(err, field) == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := w.App.AskReload(ctx, w.Sender, sms.ReloadAsk{Amount: "100", Token: w.token()})
	if !errors.Is(err, sms.ErrForbidden) || sms.Words(err) != "It needs the role owner in this account. Ask Maren Lund." {
		t.Errorf("a sender asks: %v", err)
	}
	l, err := w.App.Ledger(ctx, w.Viewer, 0)
	if err != nil || len(l.Requests) != 1 || l.Requests[0].Reference != "PO 2026-1187" || l.Requests[0].Words() != "Requested" || l.Helpers[0].Name != "Maren Lund" {
		t.Fatalf("%+v, %v", l.Requests, err)
	}
	f := w.slip(func(f *sms.Reload) { f.Amount = "40000" })
	if f.Request != l.Requests[0].ID.String() {
		t.Fatalf("the form answers %q", f.Request)
	}
	if _, err := w.reload(f); err != nil {
		t.Fatal(err)
	}
	l, _ = w.App.Ledger(ctx, w.Viewer, 0)
	if r := l.Requests[0]; r.Words() != "Added" || r.Added != 40_000*sms.Credit || r.AnsweredName != w.Admin.Name {
		t.Errorf("%+v", r)
	}
	g := w.slip(func(g *sms.Reload) { g.Reference, g.Request = "PO-9", f.Request })
	if _, err := w.reload(g); !errors.Is(err, sms.ErrConflict) || !strings.HasPrefix(sms.Words(err), "This request was answered by Astrid Sand with 40,000 credits on ") {
		t.Errorf("answered twice: %v", err)
	}
	if err := w.App.WithdrawReload(ctx, w.Owner, l.Requests[0].ID); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("taken back after the answer: %v", err)
	}
}

func TestReloadRequestEndsWithoutCredits(t *testing.T) { // D27, D44
	w := newSending(t)
	ctx := t.Context()
	open := func() sms.ID {
		t.Helper()
		if _, err := w.App.AskReload(ctx, w.Owner, sms.ReloadAsk{Amount: "100", Token: w.token()}); err != nil {
			t.Fatal(err)
		}
		l, err := w.App.Ledger(ctx, w.Owner, 0)
		if err != nil || !l.Requests[0].Open() {
			t.Fatalf("%+v, %v", l.Requests, err)
		}
		return l.Requests[0].ID
	}
	first := open()
	other := w.Other()
	if err := w.App.WithdrawReload(ctx, other.Owner, first); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("taken back by another tenant: %v", err)
	}
	if err := w.App.DeclineReload(ctx, w.Admin, other.Tenant.Slug, first, "There is an invoice open."); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("declined at another tenant: %v", err)
	}
	if err := w.App.DeclineReload(ctx, w.Admin, w.Tenant.Slug, first, "no"); problem(err, "why") == "" {
		t.Errorf("declined without a reason: %v", err)
	}
	if err := w.App.DeclineReload(ctx, w.Admin, w.Tenant.Slug, first, "There is an invoice open."); err != nil {
		t.Error(err)
	}
	if err := w.App.WithdrawReload(ctx, w.Owner, open()); err != nil {
		t.Error(err)
	}
	l, _ := w.App.Ledger(ctx, w.Owner, 0)
	if len(l.Requests) != 2 || l.Requests[0].Words() != "Closed" || l.Requests[1].Answer != "There is an invoice open." && l.Requests[0].Answer != "There is an invoice open." {
		t.Errorf("%+v", l.Requests)
	}
	if w.audits("ask_reload") != 2 || w.audits("decline_reload") != 1 || w.audits("withdraw_reload") != 1 {
		t.Error("audit entries are missing")
	}
}

// waiting is a session of three people that found only one credit at its time.
func (w *sending) waiting() sms.Session {
	w.t.Helper()
	s := w.wake(w.approve(w.submitted(w.Clock.Now(), nil)))
	if s.State != sms.SessionWaitingCredits {
		w.t.Fatalf("it is %q", s.State)
	}
	return s
}

func TestReloadLetsWhatWaitsGoOn(t *testing.T) { // D23, D24
	w := newSending(t)
	w.Credits(1 * sms.Credit)
	a := w.waiting()
	if a.Missing != 2*sms.Credit {
		t.Errorf("%s are missing", a.Missing)
	}
	w.Clock.Add(time.Minute)
	w.campaign = w.addCampaign("Winter timetable")
	b := w.waiting()
	// Enough for one: the one that was due first, whatever the queue does.
	out := w.mustReload(func(f *sms.Reload) { f.Amount = "3" })
	if len(out.Woken) != 2 || out.Woken[0] != a.ID {
		t.Errorf("woken are %v", out.Woken)
	}
	d, err := w.App.ReloadDone(t.Context(), w.Admin, w.Tenant.Slug, w.lastToken())
	if err != nil || !d.Moving {
		t.Errorf("nothing is about to start: %+v, %v", d, err)
	}
	w.wakeWaiting()
	w.mustState(a, sms.SessionSending)
	b = w.mustState(b, sms.SessionWaitingCredits)
	if got := w.balance(); got.Available != sms.Credit || got.Reserved != 3*sms.Credit || b.Missing != 2*sms.Credit {
		t.Errorf("%+v, %s are missing", got, b.Missing)
	}
	w.mustReload(func(f *sms.Reload) { f.Amount, f.Reference = "2", "PO-2" })
	w.wakeWaiting()
	w.mustState(b, sms.SessionSending)
	if got := w.balance(); got.Available != 0 || got.Reserved != 6*sms.Credit {
		t.Errorf("%+v", got)
	}
}

func TestReloadAfterTheLimitAsks(t *testing.T) { // D23, D21
	w := newSending(t)
	s := w.waiting()
	w.Clock.Add(3 * time.Hour) // it asked to be held after two
	w.mustReload(nil)
	w.wakeWaiting()
	if s = w.mustState(s, sms.SessionHeld); s.Reason != "3 credits were still missing" {
		t.Errorf("%q", s.Reason)
	}
	if b := w.balance(); b.Reserved != 0 || b.Available != 50_000*sms.Credit {
		t.Errorf("%+v", b)
	}
}

func TestReloadMayLeaveTheDecisionToTheCustomer(t *testing.T) { // D23
	w := newSending(t)
	s := w.waiting()
	out := w.mustReload(func(f *sms.Reload) { f.StartWaiting = false })
	if len(out.Asked) != 1 || len(out.Woken) != 0 {
		t.Errorf("%+v", out)
	}
	w.sweep()
	w.wakeWaiting()
	w.mustState(s, sms.SessionHeld)
	if n := pgtest.Value[int64](t, w.DSN, `select count(*) from river.river_job where kind = 'wake_waiting' and (args->>'Tenant')::bigint = $1`, int64(w.Tenant.ID)); n != 0 {
		t.Errorf("%d wake-ups are queued", n)
	}
}

func TestReloadOfTooLittleAndCreditsTakenAway(t *testing.T) { // D23, D24
	w := newSending(t)
	s := w.waiting()
	w.mustReload(func(f *sms.Reload) { f.Amount = "2" })
	w.wakeWaiting()
	if s = w.mustState(s, sms.SessionWaitingCredits); s.Missing != 1*sms.Credit {
		t.Errorf("%s are missing", s.Missing)
	}
	w.mustReload(func(f *sms.Reload) {
		f.Kind, f.Amount, f.Reference, f.Note = "correct_down", "2", "", "Added by mistake"
	})
	if b := w.balance(); b.Available != 0 {
		t.Errorf("%s can be used", b.Available)
	}
}

func (w *sending) lastToken() string {
	return pgtest.Value[string](w.t, w.DSN, `select token from form_tokens where tenant_id = $1 and deed = 'reload_credits' order by created_at desc limit 1`, int64(w.Tenant.ID))
}

// D24: a reload, a start and another start at once end in one order or the
// other, never with a credit spent twice, and without a deadlock.
func TestReloadAndStartsAtOnce(t *testing.T) {
	w := newSending(t)
	w.Credits(2 * sms.Credit)
	a := w.waiting()
	w.campaign = w.addCampaign("Winter timetable")
	b := w.waiting()
	forms := []sms.Reload{w.slip(func(f *sms.Reload) { f.Amount = "1" }), w.slip(func(f *sms.Reload) { f.Amount, f.Reference, f.StartWaiting = "1", "PO-2", false })}
	var wg sync.WaitGroup
	for _, f := range forms {
		wg.Go(func() {
			var stale *app.StaleSlip
			if _, err := w.App.Reload(context.Background(), w.Admin, w.Tenant.Slug, f); err != nil && !errors.As(err, &stale) {
				t.Error(err)
			}
		})
	}
	for _, s := range []sms.Session{a, b, a, b} {
		wg.Go(func() {
			if err := w.App.RunStartSession(context.Background(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.wakeWaiting()
	sends := 0
	for _, s := range []sms.Session{a, b} {
		if w.session(s).State == sms.SessionSending {
			sends++
		}
	}
	if got := w.balance(); got.Reserved != sms.Credits(sends)*3*sms.Credit || got.Available < 0 || sends > 1 {
		t.Errorf("%d send; %+v", sends, got)
	}
}
