package web

import (
	"context"
	"testing"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// browse signs who in to a browser.
func (w *sendingSite) browse(b *webtest.Browser, who sms.Actor) *webtest.Tab {
	w.t.Helper()
	tab := b.Tab(w.t)
	tab.Go(w.server.URL + "/sign-in")
	webtest.Eval[bool](tab, `(document.cookie = "sid=`+w.login(who)+`; path=/", true)`)
	return tab
}

// ferries fills the list as a customer with people in four countries would.
func (w *sendingSite) ferries() {
	w.t.Helper()
	w.AddContacts(18_211)
	w.Exec(`update contacts c set country = case when x.i <= 12960 then 'FR' when x.i <= 14960 then 'DE' when x.i <= 16610 then 'NO' else 'GB' end
		from (select id, row_number() over (order by number) as i from contacts where tenant_id = $1) x where c.tenant_id = $1 and c.id = x.id`, int64(w.Tenant.ID))
	w.Credits(31_500 * sms.Credit)
	winter := sms.Campaign{
		ID: sms.NewID(w.Clock.Now()), Name: "Winter timetable", Kind: sms.Service, Sender: "NORDFARE", Text: "x", Lists: []sms.ID{w.List},
		CreatedAt: w.Clock.Now(), UpdatedAt: w.Clock.Now(), UpdatedBy: w.Owner.User,
	}
	at := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	s := sms.Session{
		Campaign: winter.ID, Kind: sms.KindCampaign, State: sms.SessionValidating, Name: winter.Name, MessageKind: sms.Service, Sender: "NORDFARE", Text: "x",
		Lists: winter.Lists, Mode: sms.ModeScheduled, Zone: "Europe/Paris", StartsAt: at, People: 6240, Parts: 6240, Price: 6240 * sms.Credit,
		SubmittedAt: w.Clock.Now(), Token: winter.ID.String(),
	}
	s.ContentHash = s.Hash()
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.AddCampaign(ctx, winter); err != nil {
			return err
		}
		return tx.AddSession(ctx, &s)
	})
}

func TestFinalizeAndStatesInABrowser(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 23, 10, 26, 0, 0, time.UTC))
	w.ferries()
	tab := w.browse(b, w.Sender)
	base := w.server.URL + w.base

	tab.Go(base + "/finalize")
	tab.WaitText("#slip", "Tuesday 24 November at 10:00, Paris time")
	tab.Fill("[name=typed]", "18214")
	tab.Set("#date", "2026-11-27")
	tab.WaitText("#slip", "Friday 27 November at 10:00, Paris time (09:00 UTC)")
	if v := tab.Value("[name=typed]"); v != "" { // D4
		t.Errorf("the typed number is still %q after the date was changed", v)
	}
	tab.WaitText("#say", "Slip updated.")
	tab.Look("finalize")

	// A zone by its city, with the keyboard.
	tab.Fill("#zone", "oslo")
	tab.Until("Oslo to be offered", `document.querySelector('#zone-list')?.innerText.includes('Oslo')`)
	tab.Keys("\ue015\ue007")
	webtest.Eval[bool](tab, `(document.querySelector('#zone-list [role=option]')?.dispatchEvent(new MouseEvent('mousedown', {bubbles: true})), true)`)
	tab.WaitText("#slip", "Oslo time")
	tab.Set("#date", "2027-03-28")
	tab.Set("#time", "02:30")
	tab.WaitText("#finalize", "02:30 does not exist on Sunday 28 March in Oslo.")
	tab.Look("finalize-gap")
	tab.Click("button[value='2027-03-28 03:00']")
	tab.WaitText("#slip", "Sunday 28 March at 03:00, Oslo time")
	tab.WaitText("#finalize", "The clocks change before this date.")
	tab.Look("finalize-change")
	tab.Set("#date", "2027-10-31")
	tab.Set("#time", "02:30")
	tab.WaitText("#finalize", "02:30 happens twice")
	tab.Look("finalize-twice")
	tab.Click("#which")
	tab.WaitText("#slip", "02:30, Oslo time (00:30 UTC)")
	tab.Set("#date", "2026-11-29")
	tab.Set("#time", "10:00")
	tab.WaitText("#finalize", "Sunday 29 November is no day for marketing in France.")
	tab.Look("finalize-sunday")
	tab.Click("button[name=pick]")
	tab.WaitText("#slip", "Monday 30 November")
	tab.Click("input[name=when][value=now]")
	tab.WaitText("#slip", "as soon as it is approved")
	tab.Look("finalize-now")
	tab.Click("input[name=when][value=scheduled]")
	tab.Set("#date", "2026-11-27")
	tab.WaitText("#slip", "Friday 27 November at")
	tab.Fill("[name=typed]", "18 21")
	tab.Click("#confirm")
	tab.WaitText("#errors", "Type 18214 to confirm. You typed 18 21")
	tab.ForgetConsole() // Chrome notes the 422
	tab.Look("finalize-mistake")
	tab.Fill("[name=typed]", "18,214")
	tab.Click("#confirm")
	tab.WaitText("main", "We are reading your message.")
	tab.WaitText("#flash", "Submitted at 11:26.")
	tab.Look("status-validating")

	// The page follows by itself.
	w.validated(sms.Verdict{Decision: "refuse", Reasons: []string{"M02", "M03"}, Instruction: "Link to your own site, and say until when the offer holds."})
	tab.ForgetConsole()
	tab.Go(base)
	tab.WaitText("main", "Two things to change, then send it again.")
	tab.Look("status-refused")
	tab.Go(base + "/finalize")
	tab.WaitText("main", "Answer the team")
	tab.Look("finalize-answer")
}

func TestStatesInABrowser(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	go w.App.Follow(t.Context())
	w.Clock.Set(time.Date(2026, 11, 23, 10, 26, 0, 0, time.UTC))
	at := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	w.AddContacts(97)
	w.Credits(40 * sms.Credit)
	tab := w.browse(b, w.Sender)
	base := w.server.URL + w.base
	w.submitted(onTheDay(at))
	tab.Go(base)
	tab.WaitText("main", "We are reading your message.")
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	tab.WaitText("main", "Leaves Friday 27 November at 10:00, Paris time.") // by itself
	tab.WaitText("#say", "Scheduled.")
	tab.Look("status-scheduled")
	tab.Go(base + "/move")
	tab.Look("move")
	tab.Go(base + "/cancel")
	tab.Look("cancel-before")
	tab.Go(base)
	w.travel(at)
	w.start()
	tab.WaitText("main", "60 credits are missing.")
	tab.Look("status-waiting")
	w.travel(at.Add(130 * time.Minute))
	w.start()
	tab.WaitText("main", "It could not start by 12:00. What now?")
	w.Credits(200 * sms.Credit)
	tab.Reload()
	tab.WaitText("main", "Start now for 100 people")
	tab.Look("status-held")
	tab.Click("main .btn.send")
	tab.WaitText("main", "It is starting.")
	w.start()
	tab.WaitText("main", "Sending, 0%")
	tab.Click("main .acts .btn")
	tab.WaitText("main", "Pause this sending?")
	tab.Look("pause")
	tab.Click("main form .btn.primary")
	tab.WaitText("main", "Stopped at 0 of 100.")
	tab.Look("status-paused")
	tab.Click("main .btn.stop")
	tab.WaitText("main", "Cancel the rest?")
	tab.Look("cancel-rest")
	tab.Click("main form .btn.stop-solid")
	tab.WaitText("main", "Cancelled after 0 of 100.")
	tab.Look("status-cancelled")
	tab.NoConsole()
}
