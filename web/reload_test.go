package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// canUse is what the tenant can use.
func (w *sendingSite) canUse() (b sms.Balance) {
	w.t.Helper()
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) { b, err = tx.Balance(ctx); return err })
	return b
}

// slip is the page of a reload, filled in.
func (w *sendingSite) slip(amount string) (path string, form url.Values) {
	w.t.Helper()
	path = "/staff/tenants/" + w.Tenant.Slug + "/credits"
	f := w.do(w.Admin, "GET", path, nil).fields()
	f.Set("kind", string(sms.TransferTopup))
	f.Set("amount", amount)
	f.Del("preset")
	f.Set("look", "yes")
	f = w.do(w.Admin, "POST", path, f).fields()
	f.Del("look")
	f.Set("kind", string(sms.TransferTopup))
	f.Set("reference", "PO 2026-"+amount)
	f.Set("confirm", strings.ToUpper(w.Tenant.Name))
	return path, f
}

func TestReloadOnItsPage(t *testing.T) { // D27
	w := newSendingSite(t)
	path, f := w.slip("50000")
	stale := url.Values{}
	for k := range f {
		stale.Set(k, f.Get(k))
	}
	stale.Set("amount", "5000") // changed without a look: what was read is not what was sent
	a := w.do(w.Admin, "POST", path, stale)
	if a.status != http.StatusConflict || !a.says("Read the sentence again.") || !a.says("Add 5,000 credits to Nordfare") || a.fields().Get("confirm") != "" || w.canUse().Available != 0 {
		t.Errorf("%d %s", a.status, a.text())
	}
	a = w.do(w.Admin, "POST", path, f)
	if a.status != http.StatusSeeOther || !strings.Contains(a.to, "?done=") || w.canUse().Available != 50_000*sms.Credit {
		t.Fatalf("%d %s %s", a.status, a.to, a.text())
	}
	if page := w.do(w.Admin, "GET", a.to, nil); !page.says("Added at") || !page.says("Nordfare can use 50,000 now.") || !page.says("Order PO 2026-50000") {
		t.Errorf("%s", page.text())
	}
	if again := w.do(w.Admin, "POST", path, f); again.to != a.to || w.canUse().Available != 50_000*sms.Credit { // I20: once per token
		t.Errorf("the second press leads to %s, and %s can be used", again.to, w.canUse().Available)
	}
	if w.do(w.Owner, "GET", path, nil).status != http.StatusNotFound || w.do(w.Moderator, "GET", path, nil).status != http.StatusForbidden { // D42
		t.Error("somebody else sees the page of a reload")
	}
	csv := w.do(w.Admin, "GET", path+"/ledger.csv", nil)
	if !strings.Contains(csv.body, "Reload,Order PO 2026-50000,PO 2026-50000,Astrid Sand,50000,50000\n") {
		t.Errorf("%s", csv.body)
	}
}

func TestReloadKeepsWhatWasTyped(t *testing.T) { // D27
	w := newSendingSite(t)
	for _, amount := range []string{"0", "-5", "1,000,001", "12.5", "ten", ""} {
		path, f := w.slip(amount)
		f.Set("reference", "x")
		f.Set("confirm", "Somebody else")
		a := w.do(w.Admin, "POST", path, f)
		for _, words := range []string{"Enter a whole number from 1 to 1,000,000", "Enter the order reference, 3 to 40 characters", "Type Nordfare to confirm"} {
			if a.status != http.StatusUnprocessableEntity || !a.says(words) {
				t.Errorf("%q: %d does not say %q", amount, a.status, words)
			}
		}
		if got := a.fields(); got.Get("reference") != "x" || got.Get("confirm") != "Somebody else" || got.Get("amount") != amount {
			t.Errorf("%q: kept %v", amount, got)
		}
	}
	if w.canUse().Available != 0 {
		t.Errorf("%s can be used", w.canUse().Available)
	}
}

func TestReloadAboveTheLimitOnItsPage(t *testing.T) { // D27: another administrator agrees
	w := newSendingSite(t)
	path, f := w.slip("100001")
	a := w.do(w.Admin, "POST", path, f)
	page := w.do(w.Admin, "GET", a.to, nil)
	if !page.says("100,001 credits wait for a second administrator.") || !page.says("somebody else must agree") || strings.Contains(page.body, `value="agree"`) || w.canUse().Available != 0 {
		t.Errorf("%s", page.text())
	}
	answer := url.Values{"answer": {"decline"}}
	for _, k := range []string{"proposal", "token"} {
		form := page.body[strings.Index(page.body, `name="proposal"`)-60:]
		answer.Set(k, answer0(form, k))
	}
	if a := w.do(w.Admin, "POST", path, answer); a.status != http.StatusSeeOther || !w.do(w.Admin, "GET", path, nil).says("Reload credits") {
		t.Errorf("%d %s", a.status, a.text())
	}
	if page = w.do(w.Admin, "GET", path, nil); strings.Contains(page.body, `name="proposal"`) {
		t.Error("the proposal is still there")
	}
}

// answer0 is the value of the first field of that name.
func answer0(html, name string) string {
	for _, tag := range inputs.FindAllString(html, -1) {
		if strings.Contains(tag, `name="`+name+`"`) {
			_, v, _ := strings.Cut(tag, `value="`)
			v, _, _ = strings.Cut(v, `"`)
			return v
		}
	}
	return ""
}

func TestAskForAReloadOnItsPage(t *testing.T) { // D27
	w := newSendingSite(t)
	credits := "/a/" + w.Tenant.Slug + "/credits"
	f := w.do(w.Owner, "GET", credits+"/reload", nil).fields()
	f.Set("amount", "99")
	f.Set("note", "for December")
	if a := w.do(w.Owner, "POST", credits+"/reload", f); a.status != http.StatusUnprocessableEntity || !a.says("Enter a whole number from 100 to 1,000,000") || !a.says("for December") {
		t.Errorf("%d %s", a.status, a.text())
	}
	f.Set("amount", "50 000")
	for range 2 { // a double click asks once
		if a := w.do(w.Owner, "POST", credits+"/reload", f); a.to != credits {
			t.Fatalf("%d %s", a.status, a.text())
		}
	}
	page := w.do(w.Owner, "GET", credits, nil)
	if n := strings.Count(page.body, "/withdraw"); n != 1 || !page.says("50,000 credits Requested") {
		t.Errorf("%d asks: %s", n, page.text())
	}
	if v := w.do(w.Viewer, "GET", credits, nil); strings.Contains(v.body, "/withdraw") || w.do(w.Viewer, "GET", credits+"/reload", nil).status != http.StatusForbidden { // D42
		t.Error("a viewer may ask")
	}
	staff := "/staff/tenants/" + w.Tenant.Slug + "/credits"
	slip := w.do(w.Admin, "GET", staff, nil)
	if !slip.says("50,000 credits. “for December”") || !slip.says("Add 50,000 credits") {
		t.Errorf("%s", slip.text())
	}
	decline := url.Values{"request": {slip.fields().Get("request")}, "why": {"no"}}
	if a := w.do(w.Admin, "POST", staff+"/decline", decline); a.status != http.StatusUnprocessableEntity || !a.says("The customer reads it") {
		t.Errorf("%d %s", a.status, a.text())
	}
	decline.Set("why", "The invoice of October is open.")
	w.do(w.Admin, "POST", staff+"/decline", decline)
	if page := w.do(w.Owner, "GET", credits, nil); !page.says("Astrid Sand: The invoice of October is open.") || strings.Contains(page.body, "/withdraw") {
		t.Errorf("%s", page.text())
	}
}

func TestHomeSaysWhatNeedsYou(t *testing.T) {
	w := newSendingSite(t)
	home := "/a/" + w.Tenant.Slug
	w.Credits(100 * sms.Credit)
	w.submitted(now)
	if a := w.get(home); !a.says("Nothing needs you.") || !a.says("We are reading it. 3 people.") {
		t.Errorf("%s", a.text())
	}
	w.validated(sms.Verdict{Decision: "refuse", Reasons: []string{"M02"}, Instruction: "Link to your own site."})
	if a := w.get(home); !a.says("Black Friday crossings Refused Some things must change") {
		t.Errorf("%s", a.text())
	}
	other := w.Other()
	if a := w.do(w.Owner, "GET", "/a/"+other.Tenant.Slug, nil); a.status != http.StatusNotFound { // D42
		t.Errorf("another account answers %d", a.status)
	}
}
