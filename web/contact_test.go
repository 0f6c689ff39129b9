package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// personOf is somebody of the world's list.
func (w *sendingSite) personOf() sms.ListedContact {
	w.t.Helper()
	p, err := w.App.List(w.t.Context(), w.Owner, w.List, app.PeopleQuery{})
	if err != nil || len(p.People.Found) == 0 {
		w.t.Fatal(p, err)
	}
	return p.People.Found[0]
}

func TestContactsAreForWhoMay(t *testing.T) { // D42
	w := newSendingSite(t)
	account := "/a/" + w.Tenant.Slug
	base := account + "/contacts"
	list, person := base+"/lists/"+w.List.String(), base+"/people/"+w.personOf().ID.String()
	other := w.Other()
	form := url.Values{"name": {"x"}, "country": {"FR"}, "consent": {"shop"}, "token": {strings.Repeat("t", 32)}, "list": {w.List.String()}}
	for _, x := range []struct {
		method, path string
		viewer       int
	}{
		{"GET", base, 200},
		{"GET", base + "?q=person", 200},
		{"GET", list, 200},
		{"GET", person, 200},
		{"GET", base + "/lists/new", 403},
		{"POST", base + "/lists/new", 403},
		{"POST", list, 403},
		{"GET", list + "/delete", 403},
		{"POST", list + "/delete", 403},
		{"POST", person, 403},
		{"GET", person + "/remove", 403},
		{"POST", person + "/remove", 403},
		{"GET", person + "/exclude", 403},
		{"POST", person + "/exclude", 403},
		{"GET", base + "/import", 403},
		{"POST", base + "/import", 403},
	} {
		if a := w.do(w.Viewer, x.method, x.path, form); a.status != x.viewer {
			t.Errorf("a viewer: %s %s: %d, want %d", x.method, x.path, a.status, x.viewer)
		}
		if a := w.do(other.Owner, x.method, x.path, form); a.status != http.StatusNotFound {
			t.Errorf("somebody else: %s %s: %d", x.method, x.path, a.status)
		}
		theirs := strings.Replace(x.path, w.Tenant.Slug, other.Tenant.Slug, 1)
		if a := w.do(other.Owner, x.method, theirs, form); a.status != http.StatusNotFound && strings.Count(x.path, "/") > 4 && !strings.HasSuffix(x.path, "/new") {
			t.Errorf("somebody else, from his account: %s %s: %d", x.method, theirs, a.status)
		}
		a, err := w.ask("nobody", x.method, x.path, form)
		if err != nil || a.status == 200 && x.method == "POST" || a.status == http.StatusForbidden || !a.says("Sign in") && !strings.HasPrefix(a.to, "/sign-in") {
			t.Errorf("signed out: %s %s: %d %s %v", x.method, x.path, a.status, a.to, err)
		}
	}
	if p := w.personOf(); p.LeftOut != "" {
		t.Error("the person was excluded")
	}
	for _, path := range []string{list + "?after=x", list + "?before=", base + "/lists/x", base + "/people/x", base + "/import/x"} {
		if a := w.do(w.Owner, "GET", path, nil); a.status != http.StatusNotFound && !strings.HasSuffix(path, "before=") {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestNumbersAreMaskedForWhoMayNotSeeThem(t *testing.T) { // D42
	w := newSendingSite(t)
	base := "/a/" + w.Tenant.Slug + "/contacts"
	p := w.personOf()
	w.Exec(`update contacts set first_name = '', last_name = '', name_key = '', last_key = '' where tenant_id = $1 and id = $2`, int64(w.Tenant.ID), p.ID.String())
	full, masked := sms.ShownNumber(p.Number, true), sms.ShownNumber(p.Number, false)
	tail := fmt.Sprint(p.Number)[5:]
	for _, path := range []string{base + "/lists/" + w.List.String(), base + "/people/" + p.ID.String(), base + "?q=" + url.QueryEscape(full)} {
		if a := w.do(w.Owner, "GET", path, nil); !a.says(full) {
			t.Errorf("an owner, %s: %s", path, a.text())
		}
		for _, who := range []sms.Actor{w.Viewer, w.Author} {
			a := w.do(who, "GET", path, nil)
			inSearch := strings.Count(a.body, full) - strings.Count(a.body, `value="`+full+`"`)
			if a.status != 200 || !a.says(masked) || inSearch > 0 || strings.Contains(strings.ReplaceAll(a.text(), " ", ""), tail) {
				t.Errorf("%s, %s: %d %s", who.Name, path, a.status, a.text())
			}
		}
	}
	a := w.do(w.Viewer, "GET", base+"/people/"+p.ID.String(), nil)
	for _, button := range []string{"Save", "Exclude", ">Remove"} {
		if strings.Contains(a.body, button) {
			t.Errorf("a viewer is offered %q", button)
		}
	}
	if a := w.do(w.Viewer, "GET", base, nil); a.says("Import people") || a.says("New list") {
		t.Errorf("a viewer is offered the import: %s", a.text())
	}
}

var nextPage = regexp.MustCompile(`rel="(next|prev)" href="([^"]+)"`)

func TestPagesOfAListShowEverybodyOnce(t *testing.T) {
	w := newSendingSite(t)
	w.AddContacts(117)
	for _, query := range []string{"", "?q=person"} {
		seen := map[string]int{}
		path := "/a/" + w.Tenant.Slug + "/contacts/lists/" + w.List.String() + query
		pages := 0
		for path != "" && pages < 10 {
			a := w.get(path)
			pages++
			for _, m := range regexp.MustCompile(`/people/([0-9a-f-]{36})"`).FindAllStringSubmatch(a.body, -1) {
				seen[m[1]]++
			}
			path = ""
			for _, m := range nextPage.FindAllStringSubmatch(a.body, -1) {
				if m[1] == "next" {
					path = strings.ReplaceAll(m[2], "&amp;", "&")
				}
			}
		}
		if pages != 3 || len(seen) != 120 {
			t.Errorf("%q: %d people on %d pages", query, len(seen), pages)
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("%q: %s stands there %d times", query, id, n)
			}
		}
	}
}

func TestFormsOfContactsKeepWhatWasTyped(t *testing.T) {
	w := newSendingSite(t)
	base := "/a/" + w.Tenant.Slug + "/contacts"
	f := w.get(base + "/lists/new").fields()
	f.Set("name", strings.Repeat("ø", 61))
	f.Set("note", "asked")
	f.Set("consent", "other")
	a := w.post(base+"/lists/new", f)
	if a.status != http.StatusUnprocessableEntity || !a.says("Use 60 characters or fewer. It has 61") || !a.says("Say in a few words how these people agreed, 10 characters or more") ||
		a.fields().Get("name") != f.Get("name") || a.fields().Get("note") != "asked" || a.fields().Get("consent") != "other" {
		t.Errorf("%d %s", a.status, a.text())
	}
	f.Set("name", "Boat club")
	f.Set("consent", "event")
	for range 2 { // a double click
		if a = w.post(base+"/lists/new", f); a.status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.status, a.text())
		}
	}
	if a := w.post(a.to, url.Values{"name": {"newsletter"}}); a.status != http.StatusUnprocessableEntity || !a.says("You already have a list called newsletter") || a.fields().Get("name") != "newsletter" {
		t.Errorf("%d %s", a.status, a.text())
	}
	person := base + "/people/" + w.personOf().ID.String()
	g := w.get(person).fields()
	g.Set("first_name", "Kåri")
	g.Set("new_key", "country")
	g.Set("new_value", "1")
	if a := w.post(person, g); a.status != http.StatusUnprocessableEntity || !a.says("Every person has country already. Choose another name") || a.fields().Get("first_name") != "Kåri" || a.fields().Get("new_value") != "1" {
		t.Errorf("%d %s", a.status, a.text())
	}
	if a := w.post(person, url.Values{"key": {"a", "b"}, "value": {"1"}}); a.status != http.StatusBadRequest {
		t.Errorf("keys without values: %d", a.status)
	}
	g.Del("new_key")
	g.Del("new_value")
	if a := w.post(person, g); a.status != http.StatusSeeOther {
		t.Errorf("%d %s", a.status, a.text())
	}
	if a := w.get(base + "?q=kari"); !a.says("Kåri Test") {
		t.Errorf("search: %s", a.text())
	}
}

func TestAListInUseIsNotDeleted(t *testing.T) {
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	w.submitted(now)
	list := "/a/" + w.Tenant.Slug + "/contacts/lists/" + w.List.String()
	const why = "Black Friday crossings uses this list and is under way (in validation)."
	if a := w.get(list + "/delete"); !a.says(why) || a.says("Delete the list Newsletter") {
		t.Errorf("%d %s", a.status, a.text())
	}
	if a := w.post(list+"/delete", nil); a.status != http.StatusSeeOther || a.to != list {
		t.Errorf("%d %s", a.status, a.to)
	}
	w.Exec(`update sessions set state = 'cancelled' where tenant_id = $1`, int64(w.Tenant.ID))
	if a := w.get(list + "/delete"); !a.says("Its 3 people stay in your contacts") || !a.says("1 draft names it and loses it.") {
		t.Errorf("%d %s", a.status, a.text())
	}
	if a := w.post(list+"/delete", nil); a.status != http.StatusSeeOther || a.to != "/a/"+w.Tenant.Slug+"/contacts" {
		t.Errorf("%d %s", a.status, a.to)
	}
	if a := w.get(list); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
	if a := w.get("/a/" + w.Tenant.Slug + "/contacts"); !a.says("Bring the people who agreed") {
		t.Errorf("without a list: %s", a.text())
	}
}

func TestExcludeAndRemoveOverHTTP(t *testing.T) {
	w := newSendingSite(t)
	p := w.personOf()
	person := "/a/" + w.Tenant.Slug + "/contacts/people/" + p.ID.String()
	if a := w.get(person + "/remove?list=" + w.List.String()); !a.says("out of Newsletter?") {
		t.Errorf("%d %s", a.status, a.text())
	}
	if a := w.get(person + "/remove?list=x"); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
	if a := w.post(person+"/remove", url.Values{"list": {w.List.String()}}); a.status != http.StatusSeeOther || !w.get(a.to).says("In no list.") {
		t.Errorf("%d %s", a.status, w.get(a.to).text())
	}
	if a := w.post(person+"/exclude", nil); a.status != http.StatusSeeOther || !w.get(a.to).says("by hand, Jonas Eide.") { // D38
		t.Errorf("%d %s", a.status, w.get(a.to).text())
	}
	if a := w.get(person + "/exclude"); a.status != http.StatusSeeOther {
		t.Errorf("who is excluded is asked again: %d", a.status)
	}
}
