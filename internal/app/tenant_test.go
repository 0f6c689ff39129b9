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

func (w *sending) switchTo(on bool) error {
	return w.App.SetAutoValidation(w.t.Context(), w.Admin, w.Tenant.Slug, app.ValidationForm{On: on, Reason: "Agreed with them on 3 March"})
}

func (w *sending) validate(s sms.Session) sms.Session {
	w.t.Helper()
	if err := w.App.RunValidateSession(w.t.Context(), app.ValidateSessionJob{Tenant: w.Tenant.ID, Session: s.ID}); err != nil {
		w.t.Fatal(err)
	}
	return w.session(s)
}

// D6: the switch holds for what is submitted after it, however late the checks run.
func TestAutomaticValidationHoldsForLaterSubmissions(t *testing.T) {
	w := newSending(t)
	w.Exec(`update tenants set created_at = now() - interval '1 year' where id = $1`, int64(w.Tenant.ID))
	w.Credits(100 * sms.Credit)
	at := func(minutes int) sms.Session {
		w.campaign = w.addCampaign("Campaign")
		w.Clock.Add(time.Duration(minutes) * time.Minute)
		return w.submitted(w.Clock.Now().Add(time.Hour), nil)
	}
	before := at(0)
	w.Clock.Add(time.Minute)
	if err := w.switchTo(true); err != nil {
		t.Fatal(err)
	}
	during := at(1)
	w.Clock.Add(time.Minute)
	if err := w.switchTo(false); err != nil {
		t.Fatal(err)
	}
	after := at(1)
	for _, x := range []struct {
		s    sms.Session
		want sms.SessionState
	}{{before, sms.SessionValidating}, {during, sms.SessionScheduled}, {after, sms.SessionValidating}} {
		if s := w.validate(x.s); s.State != x.want {
			t.Errorf("session %d is %q, not %q", s.ID, s.State, x.want)
		}
	}
	if n := w.audits("set_auto_validation"); n != 2 {
		t.Errorf("%d audit entries", n)
	}
	v, err := w.App.Validation(t.Context(), w.Admin, w.Tenant.Slug)
	if err != nil || len(v.Switches) != 2 || v.Switches[0].Automatic || v.Switches[1].ByName != w.Admin.Name || v.Record.Approved != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestAutomaticValidationIsSwitchedWithAReason(t *testing.T) { // D6, D44
	w := newSending(t)
	ctx := t.Context()
	for _, reason := range []string{"", "  short  ", strings.Repeat("x", 501)} {
		if err := w.App.SetAutoValidation(ctx, w.Admin, w.Tenant.Slug, app.ValidationForm{On: true, Reason: reason}); problem(err, "reason") == "" {
			t.Errorf("%q: %v", reason, err)
		}
	}
	for _, who := range []sms.Actor{w.Owner, w.Moderator} {
		if err := w.App.SetAutoValidation(ctx, who, w.Tenant.Slug, app.ValidationForm{On: true, Reason: "Because I want to"}); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("%s: %v", who.Name, err)
		}
	}
	if err := w.switchTo(false); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("off when it is off: %v", err)
	}
	if err := w.switchTo(true); err != nil {
		t.Error(err)
	}
	if err := w.switchTo(true); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("on when it is on: %v", err)
	}
	do := `do $do$ begin perform set_config('app.tenant', '` + id(w) + `', true); set local role tidings_app; update tenants set auto_validation = false; end $do$`
	if err := pgtest.Exec(t, w.DSN, do); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("a tenant switches it himself: %v", err)
	}
}

func TestTenantsByFilter(t *testing.T) { // D22, D23
	w := newSending(t)
	mark := w.Tenant.Slug[len("nordfare-"):]
	find := func(show string) *sms.TenantLine {
		t.Helper()
		got, _, err := w.App.Tenants(t.Context(), w.Admin, sms.TenantFilter{Find: " " + strings.ToUpper(mark) + " ", Show: show})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return nil
		}
		return &got[0]
	}
	for show, want := range map[string]bool{"": true, "short": false, "waiting": false, "asked": false, "auto": false, "new": true, "'; drop table tenants": true} {
		if got := find(show); (got != nil) != want {
			t.Errorf("%q shows %v", show, got)
		}
	}
	w.waiting()
	if _, err := w.App.AskReload(t.Context(), w.Owner, sms.ReloadAsk{Amount: "100", Token: w.token()}); err != nil {
		t.Fatal(err)
	}
	if err := w.switchTo(true); err != nil {
		t.Fatal(err)
	}
	w.Clock.Add(8 * 24 * time.Hour)
	for show, want := range map[string]bool{"short": true, "waiting": true, "asked": true, "auto": true, "new": false} {
		if got := find(show); (got != nil) != want {
			t.Errorf("%q shows %v", show, got)
		}
	}
	if l := find(""); l.Waiting != 1 || l.Missing != 3*sms.Credit || l.Need != 3*sms.Credit || l.Requests != 1 || !l.Short() {
		t.Errorf("%+v", l)
	}
	p, err := w.App.Tenant(t.Context(), w.Admin, w.Tenant.Slug)
	if err != nil || len(p.Members) != 4 || p.Members[0].Role != sms.RoleOwner || len(p.Sessions) != 1 || len(p.Requests) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if n, err := w.App.ReloadsOpen(t.Context(), w.Admin); err != nil || n < 1 {
		t.Errorf("%d, %v", n, err)
	}
	for _, who := range []sms.Actor{w.Owner, w.Moderator} {
		if _, _, err := w.App.Tenants(t.Context(), who, sms.TenantFilter{}); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("%s: %v", who.Name, err)
		}
		if _, err := w.App.Gateways(t.Context(), who); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("%s: %v", who.Name, err)
		}
	}
}

// D22, D24, D26: what the credits page says of a sending, from its start to its end.
func TestLedgerTellsOfASending(t *testing.T) {
	w := newSending(t)
	ctx := t.Context()
	w.Credits(10 * sms.Credit)
	s := w.wake(w.approve(w.submitted(w.Clock.Now(), nil)))
	w.mustState(s, sms.SessionSending)
	w.campaign = w.addCampaign("Winter timetable")
	next := w.approve(w.submitted(w.Clock.Now().Add(48*time.Hour), func(s *sms.Session) { s.Price = 9 * sms.Credit }))
	l, err := w.App.Ledger(ctx, w.Viewer, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(l.SetAside) != 1 || l.SetAside[0].Left != 3*sms.Credit || l.SetAside[0].Name != "Black Friday crossings" {
		t.Errorf("set aside: %+v", l.SetAside)
	}
	if short, at := l.Forecast.Short(); short != 2*sms.Credit || !at.Equal(next.StartsAt) {
		t.Errorf("%s short at %s", short, at)
	}
	if len(l.Lines) != 2 || l.Lines[0].Kind != sms.TransferReserve || l.Lines[0].After != 7*sms.Credit || l.Lines[0].People != 3 || l.Lines[0].Settled {
		t.Errorf("%+v", l.Lines)
	}
	if l.Weekly != 3*sms.Credit {
		t.Errorf("the usual use is %s a week", l.Weekly)
	}
	if _, err := w.App.CancelSession(ctx, w.Sender, s.Campaign, w.form(s)); err != nil {
		t.Fatal(err)
	}
	l, _ = w.App.Ledger(ctx, w.Viewer, 0)
	if len(l.Lines) != 3 || l.Lines[0].Kind != sms.TransferRelease || l.Lines[0].After != 10*sms.Credit || l.Lines[1].Returned != 3*sms.Credit || len(l.SetAside) != 0 {
		t.Errorf("%+v", l.Lines)
	}
	other := w.Other()
	if o, err := w.App.Ledger(ctx, other.Viewer, 0); err != nil || len(o.Lines) != 0 || len(o.Forecast.Steps) != 0 {
		t.Errorf("another tenant sees %+v, %v", o, err)
	}
}

func TestLedgerPages(t *testing.T) { // D27
	w := newSending(t)
	for range 120 {
		w.Credits(1 * sms.Credit)
	}
	var got []int64
	for before := int64(0); ; {
		l, err := w.App.Ledger(t.Context(), w.Viewer, before)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range l.Lines {
			if x.After != sms.Credits(x.Version)*sms.Credit {
				t.Errorf("entry %d leaves %s", x.Version, x.After)
			}
			got = append(got, x.Version)
			before = x.Version
		}
		if !l.More {
			break
		}
	}
	n := 0
	err := w.App.LedgerEntries(t.Context(), w.Viewer, func(sms.LedgerLine) error { n++; return nil })
	if len(got) != 120 || got[0] != 120 || got[119] != 1 || n != 120 || err != nil {
		t.Errorf("%d entries on pages, %d in the file, %v", len(got), n, err)
	}
}

func TestGatewaysOfThisDatabase(t *testing.T) {
	w := newSending(t)
	w.Credits(10 * sms.Credit)
	w.wake(w.approve(w.submitted(w.Clock.Now(), nil)))
	g, err := w.App.Gateways(t.Context(), w.Admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range g.Lines {
		if l.Name == "simulator" && (l.Load.Waiting < 3 || !l.Environment || len(l.Statuses) > 0) {
			t.Errorf("%+v", l)
		}
	}
	err = w.App.DB.InPlatform(t.Context(), func(p *postgres.PlatformTx) error {
		_, err := p.HandedSince(context.Background(), w.Clock.Now())
		return err
	})
	if len(g.Lines) == 0 || err != nil {
		t.Errorf("%+v, %v", g, err)
	}
}
