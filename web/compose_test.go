package web

import (
	"net/http"
	"strings"
	"testing"

	"tidings/internal/app"
	"tidings/internal/sms"
)

func appView() app.View { return app.View{} }

// draftForm is the draft with another text.
func draftForm(d app.Draft, text string) app.CampaignForm {
	c := d.Campaign
	f := app.CampaignForm{Name: c.Name, Sender: c.Sender, Kind: c.Kind, Text: text, Revision: c.Revision}
	for _, l := range c.Lists {
		f.Lists = append(f.Lists, l.String())
	}
	return f
}

// Without script every button of the composer posts the form, keeps it, and comes back.
func TestComposeWithoutScript(t *testing.T) {
	w := newSendingSite(t)
	page := w.get(w.base + "/compose")
	if page.status != http.StatusOK || !page.says("3 people will get it.") || !page.says("1 part for most people") && !page.says("1 part per person.") {
		t.Fatalf("%d: %s", page.status, page.text())
	}
	f := page.fields()
	f.Set("text", "Hi {first_name}, boats — "+strings.Repeat("30% off ", 12))
	f.Set("do", "fix:odd")
	a := w.post(w.base+"/compose", f)
	if a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "#text") {
		t.Fatalf("%d to %q: %s", a.status, a.to, a.text())
	}
	page = w.get(w.base + "/compose")
	if !strings.Contains(page.body, "boats - 30% off") {
		t.Errorf("not repaired: %s", page.text())
	}
	f = page.fields()
	f.Set("text", "Hi {prenom}")
	f.Set("name", " ")
	f.Set("do", "continue")
	a = w.post(w.base+"/compose", f)
	if a.status != http.StatusUnprocessableEntity || !a.says("Enter a name for the campaign.") || !strings.Contains(a.body, "Hi {prenom}") {
		t.Errorf("%d: %s", a.status, a.text())
	}
	f = a.fields()
	f.Set("text", "Hi {prenom}")
	f.Set("name", "A name")
	f.Set("do", "continue")
	a = w.post(w.base+"/compose", f)
	if a.status != http.StatusUnprocessableEntity || !a.says("There is no field called prenom. Did you mean first_name?") || !strings.Contains(a.body, "Hi {prenom}") ||
		strings.Contains(a.body, "*prenom*") { // the list at the top, whose links have no emphasis
		t.Errorf("%d: %s", a.status, a.text())
	}
	f = a.fields()
	f.Set("text", "Hi {first_name|you}")
	f.Set("do", "continue")
	if a = w.post(w.base+"/compose", f); a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/test") {
		t.Errorf("%d to %q: %s", a.status, a.to, a.text())
	}
	f = w.get(w.base + "/compose").fields()
	f.Set("text", "Hi {first_name|you}")
	f.Set("do", "view:next")
	if a = w.post(w.base+"/compose", f); a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "#preview") {
		t.Errorf("%d to %q", a.status, a.to)
	}
	if page = w.get(a.to); !page.says("2 of 3") {
		t.Errorf("the second person: %s", page.text())
	}
}

func TestComposeConflictKeepsWhatWasTyped(t *testing.T) {
	w := newSendingSite(t)
	f := w.get(w.base + "/compose").fields()
	d, err := w.App.Draft(t.Context(), w.Owner, w.campaign.ID, app.View{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.App.SaveDraft(t.Context(), w.Owner, w.campaign.ID, draftForm(d, "Theirs")); err != nil {
		t.Fatal(err)
	}
	f.Set("text", "Mine")
	f.Set("do", "close")
	a := w.post(w.base+"/compose", f)
	if a.status != http.StatusConflict || !a.says("Maren Lund saved a newer version at") || !strings.Contains(a.body, ">Mine</textarea>") || !a.says("Theirs") {
		t.Fatalf("%d: %s", a.status, a.text())
	}
	f = a.fields()
	f.Set("text", "Mine")
	f.Set("do", "keep:2")
	if a = w.post(w.base+"/compose", f); a.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", a.status, a.text())
	}
	if a = w.get(w.base + "/compose"); !strings.Contains(a.body, ">Mine</textarea>") {
		t.Errorf("%s", a.text())
	}
}

// D7: while a sending is under way the page is read-only and says why.
func TestComposeIsReadOnlyWhileUnderWay(t *testing.T) {
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	before := w.get(w.base + "/compose").fields()
	w.submitted(now)
	page := w.get(w.base + "/compose")
	if !page.says("Version 1 is in validation since") || !page.says("Cancel sending to change it.") || strings.Contains(page.body, "hx-post") || !strings.Contains(page.body, "readonly") {
		t.Errorf("%s", page.text())
	}
	before.Set("text", "Something else")
	before.Set("do", "save")
	a := w.post(w.base+"/compose", before)
	if a.status != http.StatusConflict || !a.says("Version 1 is in validation since") || !strings.Contains(a.body, ">Something else</textarea>") {
		t.Errorf("%d: %s", a.status, a.text())
	}
	if a := w.do(w.Viewer, "GET", w.base+"/compose", nil); a.status != http.StatusOK {
		t.Errorf("a viewer: %d", a.status)
	}
	if a := w.do(w.Viewer, "POST", w.base+"/compose", before); a.status != http.StatusForbidden {
		t.Errorf("a viewer writes: %d", a.status)
	}
	o := w.Other()
	if a := w.do(o.Owner, "GET", "/a/"+o.Tenant.Slug+"/campaigns/"+w.campaign.ID.String()+"/compose", nil); a.status != http.StatusNotFound {
		t.Errorf("another tenant: %d", a.status)
	}
	if a := w.do(o.Owner, "GET", w.base+"/test", nil); a.status != http.StatusNotFound {
		t.Errorf("another tenant, by this one's address: %d", a.status)
	}
}

func TestCampaignsPages(t *testing.T) {
	w := newSendingSite(t)
	list := "/a/" + w.Tenant.Slug + "/campaigns"
	if a := w.get(list); a.status != http.StatusOK || !a.says("Black Friday crossings") || !a.says("Draft") {
		t.Fatalf("%d: %s", a.status, a.text())
	}
	if a := w.get(list + "?q=nothing"); !a.says("No campaigns match") {
		t.Errorf("%s", a.text())
	}
	f := w.get(list + "/new").fields()
	f.Set("name", "  ")
	a := w.post(list+"/new", f)
	if a.status != http.StatusUnprocessableEntity || !a.says("Enter a name for the campaign. Only your team sees it") {
		t.Fatalf("%d: %s", a.status, a.text())
	}
	f = a.fields()
	f.Set("name", "Winter")
	a = w.post(list+"/new", f)
	if again := w.post(list+"/new", f); a.status != http.StatusSeeOther || again.to != a.to {
		t.Fatalf("%d to %q, pressed again %q", a.status, a.to, again.to)
	}
	winter := strings.TrimSuffix(a.to, "/compose")
	if a = w.get(winter + "/delete"); !a.says("Delete the draft Winter?") {
		t.Errorf("%s", a.text())
	}
	if a = w.post(winter+"/delete", nil); a.status != http.StatusSeeOther {
		t.Errorf("%d: %s", a.status, a.text())
	}
	if a = w.get(winter + "/compose"); a.status != http.StatusNotFound {
		t.Errorf("deleted: %d", a.status)
	}
	if a = w.do(w.Viewer, "GET", list+"/new", nil); a.status != http.StatusForbidden {
		t.Errorf("a viewer: %d", a.status)
	}
}
