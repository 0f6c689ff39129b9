package web

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// dispatching lets messages leave to a simulated carrier until the end of the test.
func (w *sendingSite) dispatching() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	carrier, err := smsc.Start(ctx, smsc.Config{Listen: "127.0.0.1:0", ReceiptDelay: 400 * time.Millisecond})
	if err != nil {
		w.t.Fatal(err)
	}
	w.App.Routes = map[string]gateway.Gateway{"simulator": smpp.New(smpp.Route{
		Name: "simulator", Addrs: []string{carrier.Addr()}, SystemID: "test", Password: "test", Window: 10, Binds: 1,
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.App.Dispatch(ctx, app.DispatchOptions{Name: "test"}); err != nil {
			w.t.Error(err)
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done })
}

// code is the last code sent to a phone.
func (w *sendingSite) code(number int64) string {
	w.t.Helper()
	text := pgtest.Value[string](w.t, w.DSN, `select text from messages where tenant_id = $1 and number = $2 order by session_id desc limit 1`,
		int64(w.Tenant.ID), number)
	return regexp.MustCompile(`\d{6}`).FindString(text)
}

func TestTestAndSendInABrowser(t *testing.T) { // D41
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.Credits(500 * sms.Credit)
	w.dispatching()
	tab := w.browse(b, w.Author)
	base := w.server.URL + w.base
	campaigns := w.server.URL + "/a/" + w.Tenant.Slug + "/campaigns"

	tab.Go(base + "/test")
	tab.WaitText("#checks", "Not tested yet")
	tab.Look("test-no-phone")
	tab.Fill("#number", "12")
	tab.Click(".add .btn")
	tab.WaitText("#errors", "to put right")
	tab.ForgetConsole() // Chrome notes the 422

	const phone = 33612345670
	tab.Fill("#number", "06 12 34 56 70")
	tab.Fill("#phone-name", "Ida's phone")
	tab.Click(".add .btn")
	tab.WaitText("#flash", "A code is on its way.")
	code := fmt.Sprintf("#code-%d", phone)
	wrong := "000000"
	if w.code(phone) == wrong {
		wrong = "111111"
	}
	tab.Fill(code, wrong)
	tab.Click("#send .note .btn.primary")
	tab.WaitText("#errors", "That code is not right. 4 tries left")
	tab.ForgetConsole()
	tab.Look("test-code")
	tab.Fill(code, w.code(phone))
	tab.Click("#send .note .btn.primary")
	tab.WaitText("#flash", "The phone is verified.")

	// One that the network refuses, by the last digits of its number.
	w.Exec(`insert into test_numbers(tenant_id, number, name, verified_at, created_by) values ($1, 33612349910, 'Old phone', now(), $2)`,
		int64(w.Tenant.ID), w.Owner.User.String())
	tab.Reload()
	tab.Click("#numbers")
	tab.Click("#numbers-1")
	tab.Click("#send .btn.primary")
	tab.WaitText("#flash", "Sent to 2 phones.")
	tab.WaitText("#sent", "Delivered in") // by itself
	tab.WaitText("#checks", "Somebody was sent a test of this message")
	tab.Look("test-sent")

	// The checks lead to where they are mended, and hold the campaign back.
	w.Exec(`update campaigns set text = 'Hi {first_name}, see bit.ly/x', revision = revision + 1 where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), w.campaign.ID.String())
	w.Exec(`update contacts set first_name = '' where tenant_id = $1 and number % 20 = 0`, int64(w.Tenant.ID))
	tab.Go(base + "/test")
	tab.WaitText("#checks", "Add a word for people without a first name")
	tab.WaitText("#finalize-why", "Add a word for people without a first name.")
	tab.Look("test-blocked")
	tab.Click("#checks a[href$='compose#text']")
	tab.WaitText("main", "Continue to test")

	tab.Go(campaigns + "?q=nothing+like+it")
	tab.WaitText("main", "No campaigns match")
	tab.Look("campaigns-none")
	tab.Go(campaigns + "/new")
	tab.Click("main .btn.primary")
	tab.WaitText("#errors", "Enter a name for the campaign.")
	tab.ForgetConsole()
	tab.Look("campaigns-new")
	tab.Fill("#name", "Winter timetable")
	tab.Click("main .btn.primary")
	tab.WaitText("h1", "Winter timetable")
	tab.Look("composer-empty")
	w.history()
	tab.Go(campaigns)
	tab.WaitText("main", "Winter timetable")
	tab.Look("campaigns")
	tab.Click("[aria-label='Delete the draft Winter timetable']")
	tab.WaitText("h1", "Delete this draft?")
	tab.Look("campaigns-delete")
	tab.Click("main form .btn.stop-solid")
	tab.WaitText("#flash", "The draft is deleted.")
	w.Exec(`update campaigns set deleted_at = now() where tenant_id = $1`, int64(w.Tenant.ID))
	tab.Go(campaigns)
	tab.WaitText("main", "No campaigns yet")
	tab.Look("campaigns-empty")
}

// history gives the list of campaigns something to show of each state.
func (w *sendingSite) history() {
	w.t.Helper()
	for i, state := range []sms.SessionState{
		sms.SessionCompleted, sms.SessionRefused, sms.SessionScheduled, sms.SessionWaitingCredits, sms.SessionValidating, sms.SessionHeld, sms.SessionPaused,
	} {
		w.Clock.Add(time.Minute)
		id := sms.NewID(w.Clock.Now())
		w.Exec(`insert into campaigns(tenant_id, id, name, kind, sender, text, created_by, created_at, updated_by, updated_at)
			values ($1, $2, $3, 'service', 'NORDFARE', 'Your crossing on Friday leaves at 18:00 from quay 4. Be there half an hour before.', $4, $5, $4, $5)`,
			int64(w.Tenant.ID), id.String(), "Crossing, week "+fmt.Sprint(40+i), w.Owner.User.String(), w.Clock.Now())
		w.Exec(`insert into sessions(tenant_id, campaign_id, kind, number, state, name, message_kind, sender, text, mode, zone, starts_at, people, content_hash,
				approved_hash, approved_at, token, submitted_at)
			values ($1, $2, 'campaign', 1, $3, 'x', 'service', 'NORDFARE', 'x', 'scheduled', 'Europe/Oslo', $4::timestamptz + interval '2 days', 18214, '\x01', '\x01', $4::timestamptz, $5, $4::timestamptz)`,
			int64(w.Tenant.ID), id.String(), string(state), w.Clock.Now(), id.String())
	}
}
