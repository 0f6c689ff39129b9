package web

import (
	"net/url"
	"strings"
	"testing"

	"tidings/internal/sms"
	"tidings/web/webtest"
)

// D35 in a browser: she lets a few people go first and spreads the rest, the slip and the page of the campaign say so,
// and she lets the rest follow without waiting.
func TestDepartureInABrowser(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := ownSendingSite(t)
	w.Exec(`update campaigns set kind = 'service'`) // at any hour
	w.AddContacts(697)
	w.Credits(100_000 * sms.Credit)
	tab := w.browse(b, w.Sender)
	tab.Go(w.server.URL + w.base + "/finalize")
	tab.WaitText("#finalize", "Start with 50 people (7.1%) and wait for their receipts")
	tab.Click("input[name=when][value=now]")
	tab.Wait("#finalize")
	tab.Click("#first")
	tab.WaitText("#slip", "50 of them go first.")
	tab.Set("#spread", "4")
	tab.WaitText("#slip", "It leaves evenly over 4 hours.")
	glance(tab, "finalize-departure")
	w.submitted(func(f url.Values) { f.Set("when", "now"); f.Set("spread", "4"); f.Set("first", "on") })
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	w.start()
	tab.Go(w.server.URL + w.base)
	tab.WaitText("#live", "50 people go first. 650 wait for their receipts.")
	tab.WaitText("#live", "0 delivered, 0 not, 50 without a receipt yet.")
	glance(tab, "live-first")
	tab.Click("form[action$='/release'] button")
	tab.WaitText("#flash", "The rest follows now.")
	tab.WaitText("#live", "It is spread over 4 hours. The last leaves at ")
	glance(tab, "live-spread")
	tab.NoConsole()
	if a := w.get(w.base); !strings.Contains(a.body, "did not wait for the receipts") {
		t.Error("the timeline does not say who went on")
	}
}
