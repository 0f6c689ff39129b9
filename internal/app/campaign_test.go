package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
	"tidings/internal/sms/gsm"
)

func token(t *testing.T) string { return fmt.Sprintf("%032x", time.Now().UnixNano()) }

// addPerson puts somebody into lists, and gives the contact.
func addPerson(w *apptest.TheWorld, number int64, country, first string, fields string, lists ...sms.ID) sms.ID {
	id := sms.NewID(w.Clock.Now())
	w.Exec(`insert into contacts(tenant_id, id, number, number_hash, country, first_name, fields) values ($1, $2, $3, $4, $5, $6, $7::jsonb)`,
		int64(w.Tenant.ID), id.String(), number, w.App.NumberHash(w.Tenant.ID, number), country, first, fields)
	for _, l := range lists {
		w.Exec(`insert into list_members(tenant_id, list_id, contact_id) values ($1, $2, $3)`, int64(w.Tenant.ID), l.String(), id.String())
	}
	w.Recount()
	return id
}

func suppress(w *apptest.TheWorld, number int64, kind string) {
	w.Exec(`insert into suppressions(tenant_id, number_hash, kind, number, source) values ($1, $2, $3, $4, 'test')`,
		int64(w.Tenant.ID), w.App.NumberHash(w.Tenant.ID, number), kind, number)
}

func newDraft(t *testing.T, w *apptest.TheWorld) sms.ID {
	t.Helper()
	id, err := w.App.NewCampaign(t.Context(), w.Author, "Black Friday crossings", token(t))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func form(d app.Draft, change func(*app.CampaignForm)) app.CampaignForm {
	c := d.Campaign
	f := app.CampaignForm{Name: c.Name, Sender: c.Sender, Kind: c.Kind, Text: c.Text, Revision: c.Revision}
	for _, l := range c.Lists {
		f.Lists = append(f.Lists, l.String())
	}
	for _, l := range c.Excluded {
		f.Excluded = append(f.Excluded, l.String())
	}
	change(&f)
	return f
}

func save(t *testing.T, w *apptest.TheWorld, id sms.ID, change func(*app.CampaignForm)) app.Draft {
	t.Helper()
	d, err := w.App.Draft(t.Context(), w.Author, id, app.View{})
	if err != nil {
		t.Fatal(err)
	}
	d, err = w.App.SaveDraft(t.Context(), w.Author, id, form(d, change))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// mixed is a list of people in several countries, with odd names and fields, some of them left out.
func mixed(w *apptest.TheWorld) (list, second, excluded sms.ID) {
	list, second, excluded = w.AddList("Mixed", "FR"), w.AddList("Second", "FR"), w.AddList("Staff", "FR")
	names := []string{"", "Al", "Zoë", "Maximilian-Alexander", "José", "Łukasz", "Ingrid  ", "O’Connor"}
	countries := []string{"FR", "FR", "DE", "NO", "GB", "FR"}
	for i := range 120 {
		number := 33700000000 + int64(i)*10
		lists := []sms.ID{list}
		if i%5 == 0 {
			lists = append(lists, second)
		}
		if i%17 == 0 {
			lists = append(lists, excluded)
		}
		fields := "{}"
		if i%3 == 0 {
			fields = fmt.Sprintf(`{"city": "City %d"}`, i%11)
		}
		addPerson(w, number, countries[i%len(countries)], names[i%len(names)], fields, lists...)
		switch {
		case i%13 == 1:
			suppress(w, number, "opted_out")
		case i%29 == 2:
			suppress(w, number, "npai")
		}
	}
	return list, second, excluded
}

// D25: the quote of an audience is the sum of what every person costs, which is what starting freezes.
// D39: every frozen message carries the notice.
func TestQuoteIsWhatIsFrozen(t *testing.T) {
	w := apptest.World(t)
	w.Credits(100_000 * sms.Credit)
	list, second, excluded := mixed(w)
	id := newDraft(t, w)
	d := save(t, w, id, func(f *app.CampaignForm) {
		f.Kind, f.Text = sms.Marketing, "Hi {first_name|there}, boats to {city|the north} — "+strings.Repeat("30% off! ", 8)
		f.Lists, f.Excluded = []string{list.String(), second.String()}, []string{excluded.String()}
	})
	var parts int64
	var price sms.Credits
	people := 0
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		var after sms.ID
		for {
			page, err := tx.AudiencePage(ctx, d.Campaign.Audience(), after, 7)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, p := range page {
				m := sms.Price(d.Text, p, sms.Marketing, apptest.Prices)
				parts, price, people = parts+int64(m.Size.Parts), price+m.Price, people+1
			}
			after = page[len(page)-1].Contact
		}
	})
	q := d.Quote
	if q.People != people || q.Parts != parts || q.Price != price || people == 0 {
		t.Fatalf("quote %d people, %d parts, %s; person by person %d, %d, %s", q.People, q.Parts, q.Price, people, parts, price)
	}
	if l := q.LeftOut; l.Listed != l.Reached+l.Duplicates+l.Excluded+l.OptedOut+l.Unreachable+l.Complained+l.Blocked || l.Reached != people ||
		l.OptedOut == 0 || l.Unreachable == 0 || l.Excluded == 0 || l.Duplicates == 0 {
		t.Errorf("left out: %+v", l)
	}
	s := started(t, w, d)
	frozen := pgtest.Value[string](t, w.DSN, `select concat_ws(' ', count(*), sum(parts), sum(price)) from messages where tenant_id = $1 and session_id = $2`,
		int64(w.Tenant.ID), int64(s))
	if want := fmt.Sprint(people, " ", parts, " ", int64(price)); frozen != want {
		t.Errorf("frozen %s, quoted %s", frozen, want)
	}
	without := pgtest.Value[int](t, w.DSN, `select count(*) from messages where tenant_id = $1 and session_id = $2 and text not like '% STOP 36180'`,
		int64(w.Tenant.ID), int64(s))
	if without != 0 {
		t.Errorf("%d messages do not say how to stop", without)
	}
}

// started approves and starts a session of the draft by the deeds that jobs call.
func started(t *testing.T, w *apptest.TheWorld, d app.Draft) sms.SessionID {
	t.Helper()
	now := w.Clock.Now()
	c := d.Campaign
	s := sms.Session{
		Tenant: w.Tenant.ID, Campaign: c.ID, Kind: sms.KindCampaign, State: sms.SessionStarting, Name: c.Name, MessageKind: c.Kind, Sender: c.Sender,
		Text: c.Text, Lists: c.Lists, Excluded: c.Excluded, Follow: true, Mode: sms.ModeNow, StartsAt: now, SubmittedAt: now,
		SubmittedBy: &w.Sender.User, Token: token(t), Prices: apptest.Prices, People: d.Quote.People, Parts: d.Quote.Parts, Price: d.Quote.Price,
	}
	s.ContentHash = s.Hash()
	s.ApprovedHash, s.ApprovedAt = s.ContentHash, &now
	carrier(t, w)
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error { return tx.AddSession(ctx, &s) })
	if err := w.App.RunStartSession(t.Context(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID}); err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func carrier(t *testing.T, w *apptest.TheWorld) {
	t.Helper()
	err := w.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) error {
		_, err := tx.RegisterGateway(t.Context(), "simulator", "smpp")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A draft keeps what is typed, whatever is wrong with it; the page says what.
func TestDraftKeepsEverythingTyped(t *testing.T) {
	w := apptest.World(t)
	id := newDraft(t, w)
	d := save(t, w, id, func(f *app.CampaignForm) {
		f.Name, f.Text, f.Kind, f.Lists = " ", "Hi {prenom}", sms.Service, []string{w.List.String(), "nonsense"}
	})
	if d.Problems.For("name") != "Enter a name for the campaign. Only your team sees it" ||
		d.Problems.For("text") != "There is no field called *prenom*. Did you mean *first_name*?" {
		t.Errorf("%+v", d.Problems)
	}
	if c := d.Campaign; c.Name != "Black Friday crossings" || c.Text != "Hi {prenom}" || c.Revision != 2 || len(c.Lists) != 1 || c.Sender != apptest.Sender {
		t.Errorf("%+v", c)
	}
	again := save(t, w, id, func(*app.CampaignForm) {})
	if again.Campaign.Revision != 2 {
		t.Errorf("nothing changed, and it is revision %d", again.Campaign.Revision)
	}
	for text, want := range map[string]string{
		"": "Write the message",
		"Hi {first_name}, " + strings.Repeat("a", 6*153): "For 3 people the message is 7 parts. The most is 6",
		"Hi {last_name} {first_name":                     "The field {first_name has no closing brace. Add } after it",
		strings.Repeat("word ", 900):                     "",
	} {
		d := save(t, w, id, func(f *app.CampaignForm) { f.Text = text })
		got := append(sms.DraftProblems(d.Findings), d.Problems...)
		if want != "" && got.For("text") != want {
			t.Errorf("%.30q: %+v", text, got)
		}
		if len([]rune(d.Campaign.Text)) > sms.TextLimit || got.For("text") == "" {
			t.Errorf("%.30q is kept with %d characters: %v", text, len(d.Campaign.Text), got)
		}
	}
	suppress(w, 33612000010, "opted_out")
	suppress(w, 33612000020, "complaint")
	suppress(w, 33612000030, "excluded")
	d = save(t, w, id, func(f *app.CampaignForm) { f.Text = "Boats" })
	if got := sms.DraftProblems(d.Findings).For("lists"); got != "Nobody in this selection can be reached" || !d.Preview.Nobody {
		t.Errorf("%q, %+v", got, d.Preview)
	}
}

// Somebody faster is never overwritten in silence, and nothing typed is lost.
func TestDraftConflict(t *testing.T) {
	w := apptest.World(t)
	id := newDraft(t, w)
	mine, err := w.App.Draft(t.Context(), w.Author, id, app.View{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.App.SaveDraft(t.Context(), w.Sender, id, form(mine, func(f *app.CampaignForm) { f.Text = "Theirs" })); err != nil {
		t.Fatal(err)
	}
	f := form(mine, func(f *app.CampaignForm) { f.Text = "Mine" })
	d, err := w.App.SaveDraft(t.Context(), w.Author, id, f)
	if !errors.Is(err, sms.ErrConflict) || d.Stale == nil || d.Campaign.Text != "Mine" || !strings.HasPrefix(d.StaleWords(), "Jonas Eide saved a newer version at ") {
		t.Fatalf("%v, %q, %q", err, d.StaleWords(), d.Campaign.Text)
	}
	if kept, _ := w.App.Draft(t.Context(), w.Author, id, app.View{}); kept.Campaign.Text != "Theirs" {
		t.Errorf("kept %q", kept.Campaign.Text)
	}
	f.Revision = d.Stale.Revision
	if d, err = w.App.SaveDraft(t.Context(), w.Author, id, f); err != nil || d.Campaign.Text != "Mine" {
		t.Errorf("keep mine: %v, %q", err, d.Campaign.Text)
	}
	f = form(mine, func(f *app.CampaignForm) { f.Text = "Mine" })
	if _, err = w.App.SaveDraft(t.Context(), w.Author, id, f); err != nil {
		t.Errorf("the same content is no conflict: %v", err)
	}
}

// The answer to a save may be lost while the next is under way: the same page is in
// no conflict with itself. A save that comes late does not undo a newer one, and
// another page is in conflict as ever.
func TestDraftIsInNoConflictWithItself(t *testing.T) {
	w := apptest.World(t)
	id := newDraft(t, w)
	d, err := w.App.Draft(t.Context(), w.Author, id, app.View{})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		window string
		turn   int
		text   string
		refuse bool
	}{
		{"one", 1, "Boats", false},
		{"one", 3, "Boats and trains", false},
		{"one", 2, "Boats and", true},
		{"two", 4, "Buses", true},
		{"", 5, "Trams", true},
		{"one", 4, "Boats, trains and buses", false},
	} {
		f := form(d, func(f *app.CampaignForm) { f.Text, f.Window = c.text, sms.Window{ID: c.window, Turn: c.turn} })
		got, err := w.App.SaveDraft(t.Context(), w.Author, id, f)
		if errors.Is(err, sms.ErrConflict) != c.refuse || (got.Stale != nil) != c.refuse {
			t.Errorf("%d: %v", i, err)
		}
	}
	if kept, _ := w.App.Draft(t.Context(), w.Author, id, app.View{}); kept.Campaign.Text != "Boats, trains and buses" {
		t.Errorf("kept %q", kept.Campaign.Text)
	}
}

// D7: while a sending is under way nothing of the campaign changes.
func TestDraftIsReadOnlyWhileUnderWay(t *testing.T) {
	w := apptest.World(t)
	w.Credits(100 * sms.Credit)
	id := newDraft(t, w)
	d := save(t, w, id, func(f *app.CampaignForm) { f.Text, f.Kind, f.Lists = "Boats", sms.Service, []string{w.List.String()} })
	started(t, w, d)
	d, err := w.App.SaveDraft(t.Context(), w.Author, id, form(d, func(f *app.CampaignForm) { f.Text = "Ships" }))
	if !errors.Is(err, sms.ErrConflict) || d.Open == nil || !strings.HasPrefix(sms.Words(err), "Version 1 is sending since ") ||
		!strings.HasSuffix(sms.Words(err), ". Cancel sending to change it.") || d.Campaign.Text != "Ships" {
		t.Errorf("%v, %q", err, d.Campaign.Text)
	}
	if kept, _ := w.App.Draft(t.Context(), w.Author, id, app.View{}); kept.Campaign.Text != "Boats" {
		t.Errorf("it became %q", kept.Campaign.Text)
	}
	if err := w.App.DeleteDraft(t.Context(), w.Author, id); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("deleted: %v", err)
	}
}

// One press repairs the text, and what it promised to save is exact (D25).
func TestFollowAdvice(t *testing.T) {
	w := apptest.World(t)
	list, _, _ := mixed(w)
	id := newDraft(t, w)
	d := save(t, w, id, func(f *app.CampaignForm) {
		f.Text, f.Kind, f.Lists = "Hi {first_name|you}, don’t miss the boats: "+strings.Repeat("30% off ", 5), sms.Marketing, []string{list.String()}
	})
	if len(d.Advice) == 0 || d.Advice[0].Code != "odd" {
		t.Fatalf("%+v", d.Advice)
	}
	promised := d.Quote.Price - d.Advice[0].Saves
	after := save(t, w, id, func(f *app.CampaignForm) { f.Fix = "odd" })
	if after.Quote.Price != promised || strings.Contains(after.Campaign.Text, "’") {
		t.Errorf("%s, promised %s: %q", after.Quote.Price, promised, after.Campaign.Text)
	}
}

func TestPreviewOfRealPeople(t *testing.T) {
	w := apptest.World(t)
	list, _, _ := mixed(w)
	id := newDraft(t, w)
	d := save(t, w, id, func(f *app.CampaignForm) {
		f.Text, f.Kind, f.Lists = "Hi {first_name|you}, boats", sms.Service, []string{list.String()}
	})
	see := func(v app.View) app.Preview {
		d, err := w.App.Draft(t.Context(), w.Viewer, id, v)
		if err != nil {
			t.Fatal(err)
		}
		return d.Preview
	}
	at := d.Preview
	for i := 1; i <= 5; i++ {
		if at.Place != i || at.Message != sms.Message(d.Text, at.Person, sms.Service) || at.Size.Size != gsm.Measure(at.Message) {
			t.Fatalf("place %d: %+v", i, at)
		}
		at = see(app.View{Pick: "next", Person: at.Person.Contact})
	}
	if back := see(app.View{Pick: "previous", Person: at.Person.Contact}); back.Place != 5 {
		t.Errorf("back to %d", back.Place)
	}
	if last := see(app.View{Pick: "previous", Person: d.Preview.Person.Contact}); last.Place != d.Quote.People {
		t.Errorf("before the first is %d of %d", last.Place, d.Quote.People)
	}
	if p := see(app.View{Pick: "longest"}); p.Size.Parts != d.Quote.MostParts || p.Person.FirstName != "Maximilian-Alexander" && p.Size.Encoding == gsm.GSM7 {
		t.Errorf("longest %+v", p)
	}
	if p := see(app.View{Pick: "unfilled"}); p.Person.FirstName != "" || p.Message != "Hi you, boats" {
		t.Errorf("no first name: %+v", p)
	}
	if p := see(app.View{Pick: "anyone"}); p.Nobody || p.Place < 1 || p.Place > d.Quote.People {
		t.Errorf("anyone %+v", p)
	}
	o := w.Other()
	if _, err := w.App.Draft(t.Context(), o.Owner, id, app.View{}); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("another tenant sees it: %v", err)
	}
	if _, err := w.App.SaveDraft(t.Context(), w.Viewer, id, form(d, func(*app.CampaignForm) {})); !errors.Is(err, sms.ErrForbidden) {
		t.Errorf("a viewer writes: %v", err)
	}
}

func TestCampaignList(t *testing.T) {
	w := apptest.World(t)
	w.Credits(100 * sms.Credit)
	if p, err := w.App.Campaigns(t.Context(), w.Viewer, sms.CampaignFilter{}); err != nil || !p.None {
		t.Fatalf("%+v %v", p, err)
	}
	var ids []sms.ID
	for i := range 60 {
		if i%4 == 0 {
			w.Clock.Add(time.Second) // several share a moment
		}
		id, err := w.App.NewCampaign(t.Context(), w.Author, fmt.Sprint("Campaign ", i), fmt.Sprintf("%s-%d", token(t)[:20], i))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	d := save(t, w, ids[7], func(f *app.CampaignForm) {
		f.Text, f.Kind, f.Lists = "Boats ahoy", sms.Service, []string{w.List.String()}
	})
	started(t, w, d)
	seen := map[sms.ID]bool{}
	var f sms.CampaignFilter
	for pages := 1; ; pages++ {
		p, err := w.App.Campaigns(t.Context(), w.Viewer, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Lines {
			if seen[c.ID] {
				t.Fatalf("%s twice", c.Name)
			}
			seen[c.ID] = true
		}
		last := p.Lines[len(p.Lines)-1]
		f.Before, f.ID = last.UpdatedAt, last.ID
		if !p.More {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d of 60", len(seen))
	}
	for _, c := range []struct {
		f    sms.CampaignFilter
		want int
	}{
		{sms.CampaignFilter{State: sms.SessionSending}, 1},
		{sms.CampaignFilter{State: sms.CampaignDraft}, 59},
		{sms.CampaignFilter{State: sms.SessionPaused}, 0},
		{sms.CampaignFilter{Text: "AHOY"}, 1},
		{sms.CampaignFilter{Text: "100% _"}, 0},
		{sms.CampaignFilter{Text: "campaign 5"}, 11},
	} {
		n := 0
		for {
			p, err := w.App.Campaigns(t.Context(), w.Viewer, c.f)
			if err != nil {
				t.Fatal(err)
			}
			if n += len(p.Lines); !p.More {
				break
			}
			last := p.Lines[len(p.Lines)-1]
			c.f.Before, c.f.ID = last.UpdatedAt, last.ID
		}
		if n != c.want {
			t.Errorf("%+v: %d", c.f, n)
		}
	}
	p, _ := w.App.Campaigns(t.Context(), w.Viewer, sms.CampaignFilter{State: sms.SessionSending})
	if c := p.Lines[0]; c.State != sms.SessionSending || c.People != 3 || c.Tally.People() != 3 || c.Text != "Boats ahoy" || c.Version != 1 {
		t.Errorf("%+v", c)
	}
	copied, err := w.App.DuplicateCampaign(t.Context(), w.Author, ids[7], token(t))
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := w.App.Draft(t.Context(), w.Author, copied, app.View{}); d.Campaign.Name != "Campaign 7, copy" || d.Campaign.Text != "Boats ahoy" || len(d.Campaign.Lists) != 1 || d.Open != nil {
		t.Errorf("%+v", d.Campaign)
	}
	if err := w.App.DeleteDraft(t.Context(), w.Author, copied); err != nil {
		t.Fatal(err)
	}
	if _, err := w.App.Draft(t.Context(), w.Author, copied, app.View{}); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}
