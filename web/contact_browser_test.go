package web

import (
	"strings"
	"testing"
	"time"

	"tidings/internal/sms"
	"tidings/web/webtest"
)

func TestContactsInABrowser(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 24, 9, 31, 0, 0, time.UTC))
	w.people()
	tab := w.browse(b, w.Owner)
	base := w.server.URL + "/a/" + w.Tenant.Slug + "/contacts"

	tab.Go(base)
	tab.WaitText("main", "Newsletter")
	tab.Look("contacts")
	tab.Fill("#q", "zoe")
	tab.Click(".search .btn")
	tab.WaitText("main", "Zoë Lefèvre")
	tab.Look("contacts-found")
	tab.Click("main tbody a")
	tab.WaitText("main", "Black Friday crossings")
	tab.Look("person")
	tab.Fill("#first_name", "Zoé")
	tab.Fill("#new_key", "Seat no")
	tab.Fill("#new_value", "12")
	tab.Click("main .btn.primary")
	tab.WaitText("#errors", "Use a to z, digits and _, and begin with a letter")
	tab.ForgetConsole() // Chrome notes the 422
	if v := tab.Value("#first_name"); v != "Zoé" {
		t.Errorf("the first name that was typed is %q", v)
	}
	tab.Fill("#new_key", "seat")
	tab.Click("main .btn.primary")
	tab.WaitText("#flash", "Saved.")
	tab.Click("main .margin .btn.stop")
	tab.WaitText("main", "Send nothing to Zoé Dupont any more?")
	tab.Look("person-exclude")
	tab.Click("main .btn.stop-solid")
	tab.WaitText("main", "by hand, Maren Lund.")
	tab.Look("person-excluded")

	tab.Go(base + "/lists/" + w.List.String())
	tab.WaitText("main", "58 people")
	tab.Look("list")
	tab.Click("main .pager [rel=next]")
	tab.WaitText("main .pager", "Previous")
	tab.Click("main .margin .btn.quiet")
	tab.WaitText("main", "This list is in use.")
	tab.Look("list-delete")
	tab.Go(base + "/lists/new")
	tab.Click("main .btn.primary")
	tab.WaitText("#errors", "Enter a name for the list")
	tab.ForgetConsole()
	tab.Look("list-new")
	w.Exec(`delete from lists where tenant_id = $1`, int64(w.Tenant.ID))
	tab.Go(base)
	tab.WaitText("main", "Bring the people who agreed")
	tab.Look("contacts-empty")
	tab.NoConsole()
}

// people gives the list 58 people, some of whom are left out, and one of whom got a campaign.
func (w *sendingSite) people() {
	w.t.Helper()
	numbers := w.AddContacts(55)
	first := []string{"Zoë", "Ingrid", "Łukasz", "Marie", "José", "Hannah", "Björn"}
	last := []string{"Lefèvre", "Solheim", "O’Connor", "Dupont", "Müller"}
	for i, n := range numbers {
		f, l := first[i%len(first)], last[i%len(last)]
		name, reversed := sms.NameKeys(f, l)
		w.Exec(`update contacts set first_name = $3, last_name = $4, name_key = $5, last_key = $6, fields = '{"city": "Bergen", "ship": "Freya"}' where tenant_id = $1 and number = $2`,
			int64(w.Tenant.ID), n, f, l, name, reversed)
	}
	for i, kind := range []string{"opted_out", "npai", "complaint", "excluded"} {
		n := numbers[50-i]
		w.Exec(`insert into suppressions(tenant_id, number_hash, kind, number, source) values ($1, $2, $3, $4, 'STOP')`, int64(w.Tenant.ID), w.App.NumberHash(w.Tenant.ID, n), kind, n)
	}
	w.Exec(`update lists set consent_source = 'web_form', consent_note = 'ticked on nordfare.example' where tenant_id = $1`, int64(w.Tenant.ID))
	w.AddList("Boat club", "NO")
	w.Credits(500 * sms.Credit)
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "approve", Note: "fine"})
	w.Clock.Set(time.Date(2026, 11, 24, 9, 40, 0, 0, time.UTC))
	w.start()
	if a := w.get("/a/" + w.Tenant.Slug + "/contacts"); !strings.Contains(a.body, "Boat club") {
		w.t.Fatal(a.text())
	}
}
