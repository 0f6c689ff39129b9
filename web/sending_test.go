package web

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/sms"
)

func TestConfirmingOverHTTP(t *testing.T) { // D2, D3
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	page := w.get(w.base + "/finalize")
	if page.status != http.StatusOK || !page.says("Send one message to 3 people as NORDFARE, on") {
		t.Fatalf("%d: %s", page.status, page.text())
	}
	f := page.fields()
	again := w.post(w.base+"/finalize", f)
	if again.status != http.StatusOK || again.fields().Get("fingerprint") != f.Get("fingerprint") || again.fields().Get("typed") != "" {
		t.Errorf("laid out again: %d, fields %v", again.status, again.fields())
	}
	if a := w.get(w.base + "/confirm"); a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/finalize") {
		t.Errorf("GET of the confirmation: %d to %s", a.status, a.to)
	}
	if n := len(w.sessions()); n != 0 {
		t.Fatalf("looking at it made %d sessions", n)
	}

	const posts = 50
	token := w.login(w.Sender)
	got := make([]answer, posts)
	var all sync.WaitGroup
	for i := range posts {
		all.Go(func() { got[i], _ = w.ask(token, "POST", w.base+"/confirm", f) })
	}
	all.Wait()
	for i, a := range got {
		if a.status != http.StatusSeeOther || a.to != w.base {
			t.Fatalf("post %d: %d to %q: %s", i, a.status, a.to, a.text())
		}
	}
	if n := len(w.sessions()); n != 1 {
		t.Fatalf("%d posts made %d sessions", posts, n)
	}
	// A second tab loses, and reads why.
	f.Set("token", "another-token-of-another-tab")
	if a := w.post(w.base+"/confirm", f); a.status != http.StatusConflict || !a.says("Version 1 is in validation since") {
		t.Errorf("another tab: %d: %s", a.status, a.text())
	}
}

func TestConfirmationThatComesBackKeepsEverything(t *testing.T) {
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	day := w.Clock.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	f := w.get(w.base + "/finalize").fields()
	for _, c := range []struct {
		name   string
		change map[string]string
		status int
		words  string
	}{
		{"in the past", map[string]string{"date": "2020-01-01"}, 422, "That time has passed. Choose a time at least 5 minutes from now"},
		{"not a zone", map[string]string{"zone": "Mars/Olympus", "zone_text": "Olympus Mons"}, 422, "Choose a city"},
		{"nothing chosen", map[string]string{"when": ""}, 422, "Choose when to send"},
		{"another time than on the slip", map[string]string{"date": day, "time": "11:30"}, 409, "The time or how it leaves changed. Check the slip again."},
		{"no token", map[string]string{"token": ""}, 409, "This page is too old to act on. Reload it and try again."},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := url.Values{}
			for k, v := range f {
				g[k] = v
			}
			for k, v := range c.change {
				g.Set(k, v)
			}
			g.Set("hours", "8")
			g.Del("late")
			a := w.post(w.base+"/confirm", g)
			if a.status != c.status || !a.says(c.words) {
				t.Errorf("%d: %s", a.status, a.text())
			}
			back := a.fields()
			for _, k := range []string{"date", "time", "zone_text", "when", "hours", "list"} {
				if back.Get(k) != g.Get(k) {
					t.Errorf("%s was %q and is %q", k, g.Get(k), back.Get(k))
				}
			}
			if back.Has("late") {
				t.Error("the tick came back")
			}
		})
	}
	if n := len(w.sessions()); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestSixJoined(t *testing.T) { // D3
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	f := w.get(w.base + "/finalize").fields()
	w.AddContacts(6)
	a := w.post(w.base+"/confirm", f)
	if a.status != http.StatusConflict || !a.says("6 people joined the list. Check the slip again.") || !a.says("Send one message to 9 people") {
		t.Fatalf("%d: %s", a.status, a.text())
	}
	if a = w.post(w.base+"/confirm", a.fields()); a.status != http.StatusSeeOther {
		t.Errorf("the new slip: %d: %s", a.status, a.text())
	}
}

func TestTypedNumberIsClearedByAChange(t *testing.T) { // D4
	w := newSendingSite(t)
	w.AddContacts(997)
	w.Credits(10_000 * sms.Credit)
	f := w.get(w.base + "/finalize").fields()
	if !f.Has("typed") {
		t.Fatal("1,000 people and no number is asked for")
	}
	f.Set("typed", "1 000")
	if a := w.post(w.base+"/finalize", f); a.fields().Get("typed") != "" {
		t.Error("what was typed for another slip is still there")
	}
	f.Set("typed", "999")
	if a := w.post(w.base+"/confirm", f); a.status != 422 || !a.says("Type 1000 to confirm. You typed 999") {
		t.Errorf("%d: %s", a.status, a.text())
	}
	f.Set("typed", "1.000")
	if a := w.post(w.base+"/confirm", f); a.status != http.StatusSeeOther {
		t.Errorf("%d: %s", a.status, a.text())
	}
}

func TestClockChanges(t *testing.T) { // D16
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	f := w.get(w.base + "/finalize").fields()
	f.Set("date", "2027-03-28")
	f.Set("time", "02:30")
	a := w.post(w.base+"/finalize", f)
	if !a.says("02:30 does not exist on Sunday 28 March in Paris.") || !strings.Contains(a.body, `value="2027-03-28 01:59"`) || !strings.Contains(a.body, `value="2027-03-28 03:00"`) {
		t.Errorf("gap: %s", a.text())
	}
	f.Set("pick", "2027-03-28 03:00")
	if a = w.post(w.base+"/finalize", f); !a.says("on Sunday 28 March at 03:00, Paris time (01:00 UTC)") {
		t.Errorf("the nearest: %s", a.text())
	}
	if !a.says("The clocks change before this date.") || !a.says("We keep 03:00 in Paris.") {
		t.Errorf("the changed offset is not shown: %s", a.text())
	}
	f.Del("pick")
	f.Set("date", "2027-10-31")
	if a = w.post(w.base+"/finalize", f); !a.says("02:30 happens twice on Sunday 31 October in Paris.") || !a.says("First, summer time (UTC+2)") || !a.says("Second, winter time (UTC+1)") {
		t.Errorf("overlap: %s", a.text())
	}
	f.Set("which", "second")
	if a = w.post(w.base+"/finalize", f); !a.says("at 02:30, Paris time (01:30 UTC)") {
		t.Errorf("the second: %s", a.text())
	}
	if a = w.get("/a/" + w.Tenant.Slug + "/zones?zone_text=osl&on=2027-07-01"); !a.says("Oslo") || !a.says("UTC+2") {
		t.Errorf("search: %s", a.text())
	}
}

func TestAddressesOfOthersAreNotThere(t *testing.T) { // D42
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	f := w.get(w.base + "/finalize").fields()
	f.Set("number", "1")
	other := w.Other()
	theirs := strings.Replace(w.base, w.Tenant.Slug, other.Tenant.Slug, 1)
	for _, path := range []string{"", "/finalize", "/confirm", "/pause", "/resume", "/cancel", "/move", "/decide", "/events"} {
		for _, method := range []string{"GET", "POST"} {
			if method == "POST" && (path == "" || path == "/events") || method == "GET" && (path == "/resume" || path == "/decide" || path == "/confirm") {
				continue
			}
			for _, at := range []string{theirs + path, w.base + path} {
				if a := w.do(other.Owner, method, at, f); a.status != http.StatusNotFound {
					t.Errorf("%s %s: %d", method, at, a.status)
				}
			}
			want := http.StatusForbidden
			if path == "" || path == "/events" {
				continue
			}
			if a := w.do(w.Viewer, method, w.base+path, f); a.status != want {
				t.Errorf("a viewer: %s %s: %d", method, path, a.status)
			}
		}
	}
	if a := w.do(w.Author, "GET", w.base+"/finalize", nil); a.status != 200 || !a.says("You cannot confirm it. It needs the role sender in this account.") || strings.Contains(a.body, `aria-describedby="slip-say"`) {
		t.Errorf("an author: %d %s", a.status, a.text())
	}
	if a := w.do(w.Author, "POST", w.base+"/confirm", f); a.status != http.StatusForbidden {
		t.Errorf("an author confirms: %d", a.status)
	}
	if len(w.sessions()) != 0 {
		t.Error("a session was made")
	}
}

func TestEachStateInItsWords(t *testing.T) {
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 24, 9, 31, 0, 0, time.UTC))
	at := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	w.Credits(20 * sms.Credit)
	w.AddContacts(17)
	says := func(state string, words ...string) answer {
		t.Helper()
		a := w.get(w.base)
		if a.status != http.StatusOK {
			t.Fatalf("%s: %d to %s", state, a.status, a.to)
		}
		for _, x := range words {
			if !a.says(x) {
				t.Errorf("%s does not say %q: %s", state, x, a.text())
			}
		}
		return a
	}
	if a := w.get(w.base); a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/compose") {
		t.Errorf("a draft: %d to %s", a.status, a.to)
	}

	w.submitted(onTheDay(at))
	says("validating", "In validation", "We are reading your message.", "Submitted today at 10:31.", "Nothing is sent or charged before it is approved.", "Cancel sending")

	w.validated(sms.Verdict{Decision: "refuse", Reasons: []string{"M01", "M02"}, Instruction: "Send us the licence, and link to your own site."})
	says("refused", "Two things to change, then send it again.", "Proof or licence missing.", "Link leads somewhere else.", "Nothing was sent or charged.", "Send us the licence", "Edit as version 2")
	if a := w.get(w.base + "/finalize"); !a.says("Version 1 was refused.") || !a.says("Answer the team") {
		t.Errorf("after the refusal: %s", a.text())
	}
	f := w.get(w.base + "/finalize").fields()
	f.Set("typed", "20")
	if a := w.post(w.base+"/confirm", f); a.status != 422 || !a.says("The text is the same as version 1. Change it, or answer the team") { // ux 7.17
		t.Errorf("the same again: %d %s", a.status, a.text())
	}
	f.Set("answer", "The licence is on our page, see the footer.")
	if a := w.post(w.base+"/confirm", f); a.status != http.StatusSeeOther {
		t.Fatalf("with an answer: %d %s", a.status, a.text())
	}

	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	says("scheduled", "Scheduled", "Leaves ", "Approved today at 10:31.", "New people added to the list before then are included.", "Change the time", "Cancel sending")
	if a := w.get(w.base + "/move"); !a.says("Change the time") || !a.says("needs no new validation") {
		t.Errorf("move: %s", a.text())
	}
	m := w.get(w.base + "/move").fields()
	onTheDay(at)(m)
	m.Set("do", "move")
	if a := w.post(w.base+"/move", m); a.status != http.StatusSeeOther {
		t.Fatalf("move: %d %s", a.status, a.text())
	}
	says("moved", "Leaves Friday 27 November at 10:00, Paris time.", "In 2 days and 23 hours.")

	w.Exec(`insert into ledger_transfers(tenant_id, kind, amount, idem_key, actor, reason) values ($1, 'expire', 15000, 'x', 'Astrid', 'ran out')`, int64(w.Tenant.ID))
	says("short", "You will be 15 short on Friday.") // D22
	w.Clock.Set(at)
	w.start()
	says("waiting", "Waiting for credits", "15 credits are missing.", "It was due at 10:00.", "as soon as the balance covers it. If that is not before 12:00, we hold it and ask you.", "Ask for a reload")

	w.Clock.Set(at.Add(150 * time.Minute))
	w.start()
	says("held", "Needs your decision", "It could not start by 12:00. What now?", "15 credits were still missing.", "Choose another time", "15 credits are missing to start it now.")
	w.Credits(100 * sms.Credit)
	a := says("held with credits", "Start now for 20 people")
	d := a.fields()
	if a := w.post(w.base+"/decide", d); a.status != http.StatusSeeOther {
		t.Fatalf("decide: %d %s", a.status, a.text())
	}
	says("starting", "It is starting.")
	w.start()
	says("sending", "Sending, 0%", "Pause", "Cancel the rest")

	p := w.get(w.base + "/pause")
	if !p.says("20 people have not been sent to.") {
		t.Errorf("pause: %s", p.text())
	}
	w.post(w.base+"/pause", p.fields())
	a = says("paused", "Stopped at 0 of 20.", "Jonas Eide paused it today at 12:30. 20 people have not been sent to.", "Messages already with the operators will still arrive.", "Resume for 20 people", "Cancel the rest")
	w.post(w.base+"/resume", a.fields())
	says("resumed", "Sending, 0%")

	c := w.get(w.base + "/cancel")
	if !c.says("Stop 20 messages that have not left? 0 have left and cannot be called back. 20 credits come back.") || !c.says("Cancel 20 messages") {
		t.Errorf("cancel: %s", c.text())
	}
	if a := w.post(w.base+"/cancel", c.fields()); a.status != http.StatusSeeOther {
		t.Fatalf("cancel: %d", a.status)
	}
	says("cancelled", "Cancelled after 0 of 20.", "Jonas Eide cancelled it today at 12:30.", "20 returned.", "Edit as version 3")
}

func TestCancelBeforeStartIsADraftAgain(t *testing.T) { // D8
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	w.submitted(now)
	c := w.get(w.base + "/cancel")
	if !c.says("Send nothing to 3 people? Nothing has left and nothing was charged.") {
		t.Errorf("%s", c.text())
	}
	w.post(w.base+"/cancel", c.fields())
	if a := w.get(w.base); a.status != http.StatusSeeOther || !strings.HasSuffix(a.to, "/compose") {
		t.Errorf("%d to %s", a.status, a.to)
	}
	w.submitted(now) // and another may follow
}

func TestCompletedInItsWords(t *testing.T) {
	w := newSendingSite(t)
	w.Credits(100 * sms.Credit)
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	s := w.start()
	w.Exec(`update messages set state = case n when 3 then 11 else 10 end where tenant_id = $1`, int64(w.Tenant.ID))
	w.Exec(`update batches set pending = 0, next_n = 4, delivered = 2, undelivered = 1 where tenant_id = $1`, int64(w.Tenant.ID))
	w.Exec(`insert into attempts(tenant_id, session_id, n, attempt, worker_id, gateway_id, outcome) select tenant_id, session_id, n, 1, 0, 1, 1 from messages where tenant_id = $1`, int64(w.Tenant.ID))
	w.Exec(`insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason) values ($1, 'capture', $2, $3, 'c', 'Tidings', 'x')`, int64(w.Tenant.ID), int64(s.ID), int64(s.Price))
	if err := w.App.FollowSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := w.get(w.base)
	for _, x := range []string{"Completed", "2 of 3 delivered.", "66.7% delivered, 1 unreachable (NPAI).", "Everyone has a final answer since", "3 credits charged, 0 returned."} {
		if !a.says(x) {
			t.Errorf("it does not say %q: %s", x, a.text())
		}
	}
}
