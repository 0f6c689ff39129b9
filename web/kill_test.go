package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// killSite is a world of its own, since a stop is of the whole platform, with one campaign under way.
func killSite(t *testing.T) (w *sendingSite, second sms.Actor) {
	t.Helper()
	w = newSendingSiteIn(t, apptest.OwnWorld(t))
	w.AddContacts(17)
	w.Credits(1000 * sms.Credit)
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	w.start()
	u := sms.User{ID: sms.NewID(w.Clock.Now()), Email: "bo@tidings.example", Name: "Bo Dahl", Staff: sms.StaffAdmin, PasswordHash: "none", CreatedAt: w.Clock.Now()}
	err := w.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) error { return tx.AddUser(t.Context(), u) })
	if err != nil {
		t.Fatal(err)
	}
	return w, sms.Actor{User: u.ID, Name: u.Name, Email: u.Email, Staff: u.Staff}
}

// formFields are the fields of the form whose address ends so.
func (a answer) formFields(action string) url.Values {
	_, rest, _ := strings.Cut(a.body, `action="`+action+`"`)
	form, _, _ := strings.Cut(rest, "</form>")
	return answer{body: form}.fields()
}

func TestKillSwitchOnItsPage(t *testing.T) { // D35
	w, second := killSite(t)
	page := w.do(w.Admin, "GET", killPath, nil)
	if !page.says("Stop everything: 1 campaign under way, 20 messages not yet handed over.") || !page.says("Black Friday crossings, Nordfare 20") {
		t.Errorf("it does not say what it stops: %s", page.text())
	}
	f := page.formFields(killPath)
	f.Set("reason", "No")
	f.Set("typed", "stop")
	if a := w.do(w.Admin, "POST", killPath, f); a.status != http.StatusUnprocessableEntity || !a.says("Say why, in 10 to 500 characters") || !a.says("Type STOP to confirm") ||
		a.formFields(killPath).Get("typed") != "stop" || !strings.Contains(a.body, ">No</textarea>") {
		t.Errorf("%d %s", a.status, a.text())
	}
	f.Set("reason", "Complaints about the carrier")
	f.Set("typed", "STOP")
	f.Set("scope", "country") // changed without a look
	f.Set("what", "fr")
	if a := w.do(w.Admin, "POST", killPath, f); a.status != http.StatusConflict || !a.says("Read the sentence again.") || !a.says("Stop messages to France: 1 campaign") || a.formFields(killPath).Get("typed") != "" {
		t.Errorf("%d %s", a.status, a.text())
	}
	f.Set("look", "yes")
	f = w.do(w.Admin, "POST", killPath, f).formFields(killPath)
	f.Set("scope", "country")
	f.Set("reason", "Complaints about the carrier")
	f.Set("typed", "STOP")
	if a := w.do(w.Admin, "POST", killPath, f); a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.text())
	}
	page = w.do(w.Admin, "GET", killPath, nil)
	if !page.says("You pressed it, so another administrator must lift it.") || strings.Contains(page.body, killPath+"/lift") || !page.says("Astrid Sand: Complaints about the carrier") {
		t.Errorf("%s", page.text())
	}
	if s := w.get(w.base); !s.says("Stopped by Tidings") || !s.says("We have stopped all messages to France for now.") || !s.says("20 people have not been sent to.") ||
		s.says("Complaints about the carrier") || strings.Contains(s.body, w.base+"/resume") {
		t.Errorf("its own page: %s", s.text())
	}
	release := page.formFields(killPath + "/release")
	release.Set("answer", "release")
	if a := w.do(w.Admin, "POST", killPath+"/release", release); a.status != http.StatusSeeOther || w.sessions()[0].State != sms.SessionStopped {
		t.Errorf("released while the stop holds: %s", w.sessions()[0].State)
	}
	theirs := w.do(second, "GET", killPath, nil)
	lift := theirs.formFields(killPath + "/lift")
	lift.Set("reason", "ok")
	if a := w.do(second, "POST", killPath+"/lift", lift); a.status != http.StatusUnprocessableEntity || !a.says("Say why, in 10 to 500 characters") {
		t.Errorf("%d %s", a.status, a.text())
	}
	lift.Set("reason", "The carrier has repaired it")
	w.do(second, "POST", killPath+"/lift", lift)
	if s := w.sessions()[0]; s.State != sms.SessionStopped {
		t.Errorf("lifted, and the campaign is %s", s.State)
	}
	release = w.do(second, "GET", killPath, nil).formFields(killPath + "/release")
	release.Set("answer", "release")
	w.do(second, "POST", killPath+"/release", release)
	if s := w.get(w.base); !s.says("Resume for 20 people") {
		t.Errorf("%s", s.text())
	}
	for who, want := range map[*sms.Actor]int{&w.Owner: http.StatusNotFound, &w.Moderator: http.StatusForbidden} { // D42
		for _, path := range []string{"", "/events"} {
			if a := w.do(*who, "GET", killPath+path, nil); a.status != want {
				t.Errorf("%s sees %s: %d", who.Name, path, a.status)
			}
		}
	}
}

func TestRestoreGuardOnItsPage(t *testing.T) { // I25
	w, _ := killSite(t)
	w.Exec(`update incarnations set timeline_id = timeline_id - 1, alive_at = '2026-11-24 10:00:00Z'`)
	page := w.do(w.Admin, "GET", killPath, nil)
	for _, words := range []string{"Nothing leaves: the database is not the one that was confirmed.", "a standby was promoted", "Its data is of Tue 24 Nov, 10:00:00 UTC.", "1 campaign was under way.", "Black Friday crossings"} {
		if !page.says(words) {
			t.Errorf("does not say %q: %s", words, page.text())
		}
	}
	f := page.formFields(killPath + "/confirm")
	f.Set("reason", "too short")
	if a := w.do(w.Admin, "POST", killPath+"/confirm", f); a.status != http.StatusUnprocessableEntity || !a.says("Tick that you have compared") || !a.says("Say why, in 10 to 500 characters") || !strings.Contains(a.body, ">too short</textarea>") {
		t.Errorf("%d %s", a.status, a.text())
	}
	f.Set("tick", "on")
	f.Set("reason", "Restored from the backup of ten o’clock")
	w.do(w.Admin, "POST", killPath+"/confirm", f)
	if a := w.do(w.Admin, "GET", killPath, nil); a.says("Nothing leaves: the database") {
		t.Errorf("%s", a.text())
	}
}

func TestKillSwitchInABrowser(t *testing.T) { // D35
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w, second := killSite(t)
	tab := w.browse(b, w.Admin)
	tab.Go(w.server.URL + killPath)
	tab.WaitText("#proof", "0 a second")
	tab.WaitText("#proof", "Nothing has been handed over for")
	// Somebody hands over while the page looks on.
	hand := func(n int) {
		w.Exec(`update batches set marked = marked + $1`, n)
	}
	hand(300)
	tab.WaitText("#proof", "Messages leave.")
	tab.WaitText("#proof", "Nothing has been handed over for")
	tab.Fill("[name=typed]", "STOP")
	tab.Click("input[name=scope][value=country]")
	tab.WaitText("#slip", "Which country")
	if v := tab.Value("[name=typed]"); v != "" {
		t.Errorf("STOP is still typed after the scope was changed: %q", v)
	}
	tab.Set("#what", "Atlantis")
	tab.WaitText("#slip", "Enter a country, or its two letters")
	tab.Look("kill-unknown")
	tab.Set("#what", "France")
	tab.WaitText("#slip", "Stop messages to France: 1 campaign under way, 20 messages not yet handed over.")
	tab.Click("#press")
	tab.WaitText("#errors", "Type STOP to confirm")
	tab.ForgetConsole() // Chrome notes the 422
	tab.Look("kill-mistake")
	tab.Fill("[name=reason]", "Complaints about the carrier")
	tab.Fill("[name=typed]", "STOP")
	tab.Click("#press")
	tab.WaitText("#flash", "Stopped.")
	tab.WaitText("#proof", "Messages to France")
	tab.WaitText("#proof", "Nothing has been handed over for 2 seconds.")
	tab.Look("kill-holds")

	tab = w.browse(b, second)
	w.Exec(`update incarnations set timeline_id = timeline_id - 1, alive_at = '2026-11-24 10:00:00Z', found_at = '2026-11-24 10:40:00Z'`)
	w.Exec(`insert into guards(worker, kind, reason) values ('worker-2 4711', 'clock', 'Its clock is 3.1 seconds behind the database’s. More than 2 are not allowed.')`)
	tab.Go(w.server.URL + killPath)
	tab.WaitText("main", "Lift the stop of messages to France")
	tab.Look("kill-guards")

	tab = w.browse(b, w.Sender)
	tab.Go(w.server.URL + w.base)
	tab.WaitText("main", "We have stopped all messages to France for now.")
	tab.Look("status-stopped")
}
