package web

import (
	"strings"
	"testing"
	"time"

	"tidings/internal/sms"
	"tidings/web/webtest"
)

// D38: numbers are left out by paste, what cannot be read comes back with its reason; one is taken back in with
// proof; a doubtful text is decided, and who said it is left out from then on.
func TestOptOutsInABrowser(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 24, 9, 31, 0, 0, time.UTC))
	w.AddContacts(7)
	w.Credits(100 * sms.Credit)
	w.submitted(now)
	w.answered()
	tab := w.browse(b, w.Owner)
	base := w.server.URL + "/a/" + w.Tenant.Slug

	tab.Go(base + "/contacts")
	tab.Click("a[href$='/opt-outs']")
	tab.WaitText("main", "2 replies wait to be read.")
	tab.WaitText("main", "Answered STOP")
	tab.Look("opt-outs")

	// By paste: the good ones are done, the others come back.
	tab.Click("a[href$='/opt-outs/add']")
	tab.Click("main form .primary")
	tab.WaitText("main", "Choose why they are left out")
	tab.ForgetConsole() // Chrome notes the 422
	tab.Look("opt-outs-mistakes")
	tab.Click("input[name=kind][value=excluded]")
	tab.Fill("#how", "by mail to our office")
	tab.Set("#text", "06 98 76 54 32\n12\n+33 1 42 68 53 00")
	tab.Click("main form .primary")
	tab.WaitText("main", "2 numbers could not be read. Repair and send them again.")
	tab.WaitText("main", "1 number is left out from now on.")
	if v := tab.Value("#text"); v != "12\n+33 1 42 68 53 00" || tab.Value("#how") != "by mail to our office" {
		t.Errorf("what was typed is %q", v)
	}
	tab.ForgetConsole()
	tab.Look("opt-outs-repair")
	tab.Set("#text", "06 98 76 54 32")
	tab.Click("main form .primary")
	tab.WaitText("#flash", "1 was left out already.")

	// Found by its number, and taken back in with proof.
	tab.Fill("#q", "0698765432")
	tab.Keys("\ue007")
	tab.WaitText("main", "by mail to our office, entered by")
	tab.Click("main table a")
	tab.WaitText("main", "Only with a new consent.")
	tab.Fill("#proof", "yes")
	tab.Click("main form .btn")
	tab.WaitText("main", "Say in 10 to 300 characters how and when they agreed again")
	tab.ForgetConsole()
	tab.Fill("#proof", "signed up again at the harbour desk")
	tab.Click("main form .btn")
	tab.WaitText("#flash", "Taken back in.")

	// A doubtful text.
	tab.Click("a[href$='/opt-outs/replies']")
	tab.WaitText("main", "Is this the bus stop at the harbour?")
	tab.Look("replies")
	tab.Click("li button[value=" + sms.DecisionNothing + "]")
	tab.WaitText("#flash", "It stays as it is.")
	tab.Click("li button[value=" + sms.DecisionStop + "]")
	tab.WaitText("#flash", "Opted out.")
	tab.WaitText("main", "Nothing to read")
	tab.Go(base + "/opt-outs/replies?show=all")
	if s := tab.Text("main"); !strings.Contains(s, "No opt-out, says") || !strings.Contains(s, "Opted out by") || !strings.Contains(s, "see you on board") {
		t.Error(s)
	}
	tab.Look("replies-all")
	tab.NoConsole()
}
