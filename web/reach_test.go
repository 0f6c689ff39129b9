package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// partly starts the campaign for people, and lets so many of them be taken by the carrier, and of so many more
// nobody knows.
func (w *sendingSite) partly(people, taken, unknown int) sms.Session {
	w.t.Helper()
	w.AddContacts(people - 3)
	w.Credits(3 * sms.Credits(people) * sms.Credit)
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	s := w.start()
	ctx := w.t.Context()
	err := w.App.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		refs, err := p.Work(ctx, w.Gateways(), 1000)
		if err != nil {
			return err
		}
		lease, err := w.App.DB.Hold(ctx, "test")
		if err != nil {
			return err
		}
		w.t.Cleanup(lease.Release)
		worker, _ := lease.Worker()
		var answers []postgres.Answer
		for _, r := range refs {
			if r.Session != s.ID {
				continue
			}
			left := taken + unknown - len(answers)
			if left == 0 {
				break
			}
			got, err := p.Mark(ctx, worker, r, left, time.Now())
			if err != nil {
				return err
			}
			for _, m := range got {
				a := postgres.Answer{Tenant: s.Tenant, Session: s.ID, N: m.N, Attempt: m.Attempt, Outcome: postgres.OutcomeUnknown, State: sms.MessageUnknown, Counts: true}
				if len(answers) < taken {
					a.Outcome, a.State = postgres.OutcomeAccepted, sms.MessageAccepted
				}
				answers = append(answers, a)
			}
		}
		return p.Record(ctx, "partly "+w.base, answers)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// D32, D34: without script: after a sending was cancelled half-way its page goes on with those who got nothing, or
// with those who got it; messages without an answer are sent again only by a person, with a reason.
func TestAfterAHalfSentSending(t *testing.T) {
	w := newSendingSite(t)
	w.partly(20, 8, 2)
	w.travel(w.Clock.Now().Add(30 * time.Minute))
	page := w.get(w.base)
	if !page.says("2 messages have no answer from the operator.") || !page.says("Resend 2 unknown") {
		t.Fatalf("while it sends: %s", page.text())
	}
	ask := w.get(w.base + "/resend")
	if !ask.says("Whoever got it the first time gets it twice.") || !ask.says("Resend 2 messages") {
		t.Fatalf("%s", ask.text())
	}
	f := ask.fields()
	f.Set("reason", "No word")
	a := w.post(w.base+"/resend", f)
	if a.status != http.StatusUnprocessableEntity || !a.says("Enter why they are sent again") || !strings.Contains(a.body, "No word") {
		t.Errorf("without a reason: %d %s", a.status, a.text())
	}
	f = a.fields()
	f.Set("reason", "The operator found them in its queue")
	f.Set("shown", "7")
	if a = w.post(w.base+"/resend", f); a.status != http.StatusConflict || !a.says("2 without an answer now, 7 when you looked.") || !strings.Contains(a.body, "found them") {
		t.Errorf("another number: %d %s", a.status, a.text())
	}
	f = a.fields()
	f.Set("reason", "The operator found them in its queue")
	if a = w.post(w.base+"/resend", f); a.status != http.StatusSeeOther || a.to != w.base {
		t.Fatalf("%d to %s: %s", a.status, a.to, a.text())
	}
	if a = w.get(w.base); a.says("Resend 2 unknown") || !a.says("Reason: The operator found them") {
		t.Errorf("afterwards: %s", a.text())
	}

	w.post(w.base+"/cancel", w.get(w.base+"/cancel").fields())
	page = w.get(w.base)
	for _, x := range []string{"The 10 people who got it, or may have, are saved", "Send to those not sent (10 people)", "Write a correction to the people reached (10)", "Edit as version 2"} {
		if !page.says(x) {
			t.Errorf("cancelled: it does not say %q: %s", x, page.text())
		}
	}
	form := func() url.Values { return w.get(w.base).fields() }
	if a = w.post(w.base+"/rest", form()); a.status != http.StatusSeeOther || a.to != w.base+"/finalize" {
		t.Fatalf("rest: %d to %s", a.status, a.to)
	}
	if a = w.get(a.to); !a.says("to 10 people who did not get version 1 as NORDFARE") || !a.says("10 people who got version 1, or may have, are left out.") {
		t.Errorf("the slip: %s", a.text())
	}
	c := w.get(w.base + "/compose")
	if !c.says("10 people will get it.") || !c.says("10 got version 1, or may have") || !c.says("Also people who got it already") {
		t.Errorf("the composer: %s", c.text())
	}
	g := c.fields()
	g.Set("text", w.campaign.Text)
	g.Set("kind", w.campaign.Kind)
	g.Set("sender", w.campaign.Sender)
	g.Set("whom", "again")
	if a = w.post(w.base+"/compose", g); a.status != http.StatusSeeOther {
		t.Fatalf("compose: %d %s", a.status, a.text())
	}
	if a = w.get(w.base + "/finalize"); !a.says("20 people, 10 of them for the second time, as NORDFARE") || !a.says("To confirm, type the number of people") {
		t.Errorf("sent again: %s", a.text())
	}
	if a = w.post(w.base+"/rest", form()); a.status != http.StatusSeeOther || !w.get(w.base+"/finalize").says("to 10 people who did not get version 1") {
		t.Errorf("the button does not take the choice back: %s", a.text())
	}
	a = w.post(w.base+"/correction", form())
	if a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/compose") || strings.HasPrefix(a.to, w.base) {
		t.Fatalf("correction: %d to %s", a.status, a.to)
	}
	if a = w.get(a.to); !a.says("The people whom version 1 of Black Friday crossings reached.") || !a.says("10 people will get it.") {
		t.Errorf("the correction: %s", a.text())
	}
}

func TestAfterAHalfSentSendingInABrowser(t *testing.T) { // D32, D34
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.partly(1200, 900, 12)
	w.travel(w.Clock.Now().Add(30 * time.Minute))
	tab := w.browse(b, w.Sender)
	base := w.server.URL + w.base
	tab.Go(base)
	tab.WaitText("main", "12 messages have no answer from the operator.")
	tab.Look("status-unknown")
	tab.Go(base + "/resend")
	tab.Click("main form .btn.stop-solid")
	tab.WaitText("#errors", "Enter why they are sent again")
	tab.ForgetConsole() // Chrome notes the 422
	tab.Look("resend-mistake")
	tab.Go(base + "/resend")
	tab.Look("resend")
	tab.Go(base + "/cancel")
	tab.Click("main form .btn.stop-solid")
	tab.WaitText("main", "Send to those not sent (288 people)")
	tab.Look("status-half-sent")
	tab.Go(base + "/resend")
	tab.WaitText("main", "They become version 2")
	tab.Look("resend-version")
	tab.Go(base)
	tab.Click("main form[action$='/rest'] .btn")
	tab.WaitText("#slip", "288 people who did not get version 1")
	tab.Look("finalize-rest")
	tab.Go(base + "/compose")
	tab.WaitText("#to-count", "288 people will get it.")
	tab.Look("compose-rest")
	tab.Click("input[name=whom][value=again]")
	tab.WaitText("#to-count", "1,200 people will get it.")
	tab.Go(base + "/finalize")
	tab.WaitText("#slip", "912 of them for the second time")
	tab.Look("finalize-again")
	tab.Go(base)
	tab.Click("main form[action$='/correction'] .btn")
	tab.WaitText("main", "The people whom version 1 of Black Friday crossings reached.")
	tab.Look("compose-correction")
	tab.NoConsole()
}
