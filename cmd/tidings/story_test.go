package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// person is somebody at a browser of her own.
type person struct {
	*webtest.Tab
	p *program
}

func (p *program) signIn(b *webtest.Browser, email string) *person {
	p.t.Helper()
	tab := &person{b.Tab(p.t), p}
	tab.Go(p.url + "/sign-in")
	tab.Fill("#email", email)
	tab.Fill("#password", app.DemoPassword)
	tab.Click("main form button")
	tab.Until("to be signed in", "location.pathname !== '/sign-in'")
	return tab
}

// press clicks the button or link whose words begin so, in one step: pages
// that follow what happens redraw their buttons.
func (w *person) press(words string) {
	w.p.t.Helper()
	const button = `[...document.querySelectorAll('main button, main a, main summary')].find(e => e.innerText.replace(/\s+/g, ' ').trim().startsWith(%q) &&
		e.offsetParent !== null && e.getAttribute('aria-disabled') !== 'true')`
	w.Until("the button "+words, "(b => b ? (b.click(), true) : false)("+fmt.Sprintf(button, words)+")")
}

// people is a file of 1,000 rows: 990 Norwegian numbers that just deliver, three
// of them a second time, and seven that are none.
func people(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("Mobil;Fornavn;Etternavn;By\r\n")
	first, last := []string{"Ingrid", "Lars", "Åse", "Bjørn", "Sofia", "Zoë", ""}, []string{"Solheim", "Nilsen", "Haugen"}
	for i := range 1000 {
		number := fmt.Sprintf("9%03d %02d 00", i%990, i%90)
		if i >= 993 {
			number = "12" // too short
		}
		fmt.Fprintf(&b, "%s;%s;%s;Bergen\r\n", number, first[i%len(first)], last[i%len(last)])
	}
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// importPeople takes a file in, as a list of its own.
func (w *person) importPeople(file string) {
	w.p.t.Helper()
	w.Go(w.p.url + "/a/kystbuss/contacts")
	w.press("Import people")
	w.Fill("#name", "Travellers")
	w.Set("#consent", "web_form")
	w.Fill("#note", "ticked at booking since May 2026")
	w.Upload("#file", file)
	w.Click("main form .primary")
	w.WaitText("main", "people.csv, 1,000 rows, read as UTF-8, separated by ;")
	w.Click("main form .primary")
	w.WaitText("#slip", "Import 990 people") // by itself
	w.Look("story-import-check")
	w.Click("#slip .primary")
	w.WaitText("main", "990 people imported") // by itself
	w.Look("story-import-done")
}

// write makes a campaign and leaves its writer at the page of its tests.
func (w *person) write(name, text string) {
	w.p.t.Helper()
	w.Fill("#name", name)
	w.press("Write the message")
	w.WaitText("h1", name)
	if !w.Has("#lists [name=list]") {
		w.Click("#lists summary")
		w.press("Timetable news")
		w.WaitText("#to-count", "will get it.")
	}
	w.Fill("#text", text)
	w.Click("input[name=kind][value=marketing]")
	w.WaitText("#text-tail", "STOP") // D39
}

// test sends the message to the first phone of the account, and waits for it.
func (w *person) test() {
	w.p.t.Helper()
	w.WaitText("main", "Send a test")
	w.press("Send the test")
	w.WaitText("#sent", "Delivered in")
}

// schedule chooses the minute and confirms.
func (w *person) schedule(at time.Time) {
	w.p.t.Helper()
	w.press("Finalize the campaign")
	local := sms.In(at, "Europe/Oslo")
	w.Click("input[name=when][value=scheduled]")
	w.Set("#date", local.Format(time.DateOnly))
	w.Set("#time", local.Format("15:04"))
	w.WaitText("#slip", local.Format("Monday 2 January")+" at "+local.Format("15:04"))
	w.confirm()
}

// confirm does what the slip asks for, and sends it.
func (w *person) confirm() {
	w.p.t.Helper()
	if w.Has("#slip [name=typed]") {
		n := regexp.MustCompile(`([0-9,]+) pe`).FindStringSubmatch(w.Text("#confirm"))
		w.Fill("#slip [name=typed]", n[1])
	}
	if w.Has("#slip [name=tick]") {
		w.Click("#slip [name=tick]")
	}
	w.Click("#confirm")
	w.WaitText("main", "We are reading your message.")
}

const (
	moderator = "priya@tidings.example"
	admin     = "astrid@tidings.example"
	marketer  = "solveig@kystbuss.example" // with 60 credits
)

// A campaign from a file to 100 %: refused, changed, approved, at its time
// without credits, reloaded, sent. D1, D2, D4, D5, D8, D9, D14, D15, D22, D23, D29, D36, D39
func TestStory(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	p := start(t)
	solveig, priya := p.signIn(b, marketer), p.signIn(b, moderator)
	solveig.Look("story-home")
	solveig.importPeople(people(t))

	solveig.press("Write a campaign to")
	solveig.write("Winter routes", "Hi {first_name|there}, the winter routes begin on Monday. Prizes for everyone who books today!")
	solveig.Look("story-compose")
	solveig.press("Continue to test")
	solveig.test()
	solveig.Look("story-test")

	at := p.before(20 * time.Second)
	solveig.schedule(at)
	solveig.Look("story-validating")

	priya.review("story-queue")
	priya.WaitText("main", "winter routes begin on Monday")
	priya.Look("story-review")
	priya.Click("[name=decision][value=refuse]")
	priya.Click("[name=reasons][value=M03]")
	priya.Fill("#instruction", "Say which prizes, or leave them out.")
	priya.Click("#decide button[type=submit], #decide .btn.primary")
	priya.WaitText("#flash", "Refused: Winter routes, version 1.")

	solveig.WaitText("main", "then send it again") // by itself
	solveig.Look("story-refused")
	solveig.press("Edit as version 2")
	solveig.Fill("#text", "Hi {first_name|there}, the winter routes begin on Monday. All of them are at kystbuss.no/winter")
	solveig.Look("story-compose-again")
	solveig.press("Continue to test")
	solveig.test()
	at = p.before(25 * time.Second)
	solveig.schedule(at)

	priya.review("")
	priya.WaitText("main section h2", "What changed since the refused version") // D9
	priya.Look("story-review-again")
	priya.approve()

	solveig.WaitText("main", "Leaves") // by itself
	time.Sleep(at.Sub(p.now()))
	solveig.WaitText("main", "credits are missing.") // D22, D23
	solveig.Look("story-waiting")

	astrid := p.signIn(b, admin)
	astrid.Go(p.url + "/staff/tenants")
	astrid.press("Kystbuss")
	astrid.Fill("#reference", "PO 2026-1187")
	astrid.Fill("#amount", "5000")
	astrid.Keys("\t")
	astrid.WaitText("#add", "Add 5,000 credits")
	astrid.Look("story-reload")
	astrid.Fill("#confirm", "kystbuss")
	astrid.press("Add 5,000 credits")
	astrid.WaitText("#done", "Added at")
	astrid.Look("story-reloaded")

	solveig.WaitText("main", "Completed") // by itself
	solveig.Look("story-completed")
	solveig.Go(p.url + "/a/kystbuss/credits")
	solveig.Look("story-credits")
	onTime(p, solveig, priya)
	p.witnessed()
	p.check()
}

// onTime schedules a sending that is covered, and asks the carrier when it
// came: D15, never before its minute.
func onTime(p *program, solveig, priya *person) {
	p.t.Helper()
	solveig.Go(p.url + "/a/kystbuss/campaigns/new")
	solveig.write("Road works", "The road at Svelvik is closed until Friday. Buses leave from the harbour.")
	solveig.press("Continue to test")
	at := p.before(15 * time.Second)
	solveig.schedule(at)
	priya.review("")
	priya.WaitText("main", "The road at Svelvik")
	priya.approve()
	time.Sleep(at.Sub(p.now()))
	solveig.WaitText("main", "Sending,")
	solveig.Look("story-sending")
	var first time.Duration
	n := 0
	for _, s := range p.witness() {
		if strings.HasPrefix(s.Text, "The road at Svelvik") {
			if late := s.Time.Add(-time.Duration(p.late.Load())).Sub(at); n == 0 || late < first {
				first = late
			}
			n++
		}
	}
	if n == 0 || first < 0 {
		p.t.Errorf("%d submits, the first %s after its instant", n, first)
	}
	p.t.Logf("it left %s after its instant", first)
}

// review opens the first of the queue, as soon as the checks have run. look
// names the picture of the queue, if one is wanted.
func (w *person) review(look string) {
	w.p.t.Helper()
	w.Go(w.p.url + "/staff/queue")
	for range 100 {
		if !strings.Contains(w.Text("main"), "Nothing to review.") {
			break
		}
		time.Sleep(200 * time.Millisecond)
		w.Reload()
	}
	if look != "" {
		w.Look(look)
	}
	w.press("Review next")
}

// approve validates the case that is open.
func (w *person) approve() {
	w.p.t.Helper()
	w.Click("[name=decision][value=approve]")
	w.Click("#decide button[type=submit], #decide .btn.primary")
	w.WaitText("#flash", "Approved:")
}

// witnessed asks the carrier: nobody got anything twice (D33).
func (p *program) witnessed() {
	p.t.Helper()
	got := map[string]int{}
	for _, s := range p.witness() {
		if s.Outcome == "accepted" || s.Outcome == "unanswered" {
			got[s.From+" to "+s.To+": "+s.Text]++
		}
	}
	for what, n := range got {
		if n > 1 {
			p.t.Errorf("%s: %d times", what, n)
		}
	}
}
