package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// named gives people names; the numbers are those of AddContacts.
func named(w *apptest.TheWorld, numbers []int64, name func(i int) (first, last string)) {
	for i, n := range numbers {
		first, last := name(i)
		key, reversed := sms.NameKeys(first, last)
		w.Exec(`update contacts set first_name = $3, last_name = $4, name_key = $5, last_key = $6 where tenant_id = $1 and number = $2`,
			int64(w.Tenant.ID), n, first, last, key, reversed)
	}
}

// walk reads every page forwards, then back to the first, and gives who was found.
func walk(t *testing.T, page func(q app.PeopleQuery) app.PeoplePage, text string) []sms.ID {
	t.Helper()
	var all []sms.ID
	q := app.PeopleQuery{Text: text}
	p := page(q)
	pages := 1
	for {
		for _, x := range p.Found {
			all = append(all, x.ID)
		}
		if !p.Next {
			break
		}
		q.From = p.Found[len(p.Found)-1].Place
		p = page(q)
		pages++
	}
	back := p.Found
	for q.Back = true; p.Prev; pages-- {
		q.From = p.Found[0].Place
		p = page(q)
		back = append(slices.Clone(p.Found), back...)
	}
	if pages != 1 || len(back) != len(all) {
		t.Errorf("backwards: %d people, %d forwards; %d pages left", len(back), len(all), pages)
	}
	for i := range min(len(back), len(all)) {
		if back[i].ID != all[i] {
			t.Fatalf("place %d differs backwards", i)
		}
	}
	return all
}

func each(ids []sms.ID) int {
	seen := map[sms.ID]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	return len(seen)
}

func TestPeopleOfAListInPages(t *testing.T) {
	w := apptest.World(t)
	w.AddContacts(117)
	other := w.AddList("Others", "FR")
	page := func(q app.PeopleQuery) app.PeoplePage {
		p, err := w.App.List(t.Context(), w.Viewer, w.List, q)
		if err != nil {
			t.Fatal(err)
		}
		return p.People
	}
	if all := walk(t, page, ""); len(all) != 120 || each(all) != 120 {
		t.Errorf("%d people, %d of them once, of 120", len(all), each(all))
	}
	if p, err := w.App.List(t.Context(), w.Viewer, other, app.PeopleQuery{}); err != nil || len(p.People.Found) != 0 || p.People.Next || p.People.Prev {
		t.Errorf("an empty list: %+v %v", p.People, err)
	}
}

func TestPeopleByName(t *testing.T) {
	w := apptest.World(t)
	numbers := w.AddContacts(130)
	named(w, numbers, func(i int) (string, string) {
		switch {
		case i < 60:
			return "Zoë", "Zoelle" // both forms begin alike: found once
		case i < 110:
			return fmt.Sprintf("Émile%d", i), "Zöe"
		}
		return "Ørjan", "Lund"
	})
	page := func(q app.PeopleQuery) app.PeoplePage {
		p, err := w.App.People(t.Context(), w.Viewer, q)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for text, want := range map[string]int{"zoe": 110, "ZOË": 110, "Zoë Zo": 60, "emile7": 10, "Émile70 z": 1, "lund ø": 20, "orjan": 20, "nobody": 0, "%": 0} {
		if all := walk(t, page, text); len(all) != want || each(all) != want {
			t.Errorf("%q: %d people, %d of them once, want %d", text, len(all), each(all), want)
		}
	}
	list := w.AddList("Two", "FR")
	for _, n := range []int64{numbers[0], numbers[70]} {
		w.Exec(`insert into list_members(tenant_id, list_id, contact_id) select tenant_id, $2, id from contacts where tenant_id = $1 and number = $3`,
			int64(w.Tenant.ID), list.String(), n)
	}
	w.Recount()
	p, err := w.App.List(t.Context(), w.Viewer, list, app.PeopleQuery{Text: "zoe"})
	if err != nil || len(p.People.Found) != 2 {
		t.Errorf("inside a list: %d people, %v", len(p.People.Found), err)
	}
}

func TestPeopleByNumber(t *testing.T) {
	w := apptest.World(t)
	numbers := w.AddContacts(117)
	page := func(q app.PeopleQuery) app.PeoplePage {
		p, err := w.App.People(t.Context(), w.Owner, q)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for text, want := range map[string]int{
		"+33 612": 120, "06 12 00": 120, "06 12 00 01 1": 1, "06 12 00 01": 10, "3": 120, fmt.Sprint(numbers[0]): 1, fmt.Sprintf("0%d", numbers[0]-33_000_000_000): 1, "+47": 0,
	} {
		if all := walk(t, page, text); len(all) != want || each(all) != want {
			t.Errorf("%q: %d people, %d of them once, want %d", text, len(all), each(all), want)
		}
	}
	if p, err := w.App.People(t.Context(), w.Author, app.PeopleQuery{Text: "+33 612"}); err != nil || len(p.Found) != 0 { // D42
		t.Errorf("an author finds %d people by the beginning of a number, %v", len(p.Found), err)
	}
}

func TestListsCountWhoCanBeReached(t *testing.T) {
	w := apptest.World(t)
	numbers := w.AddContacts(5)
	suppress(w, numbers[0], "opted_out")
	suppress(w, numbers[1], "npai")
	w.Exec(`update suppressions set number = null where tenant_id = $1 and number = $2`, int64(w.Tenant.ID), numbers[1]) // erased, came again
	w.Other()
	p, err := w.App.Lists(t.Context(), w.Viewer)
	if err != nil || len(p.Lists) != 1 {
		t.Fatalf("%+v %v", p, err)
	}
	if l := p.Lists[0]; l.People != 8 || l.Reachable() != 6 || l.UsedAt != nil {
		t.Errorf("%+v", l)
	}
}

func mistake(t *testing.T, err error, field, text string) {
	t.Helper()
	var p sms.Problems
	if !errors.As(err, &p) || p.For(field) != text {
		t.Errorf("%v, want %s: %s", err, field, text)
	}
}

func TestNewAndRenamedLists(t *testing.T) {
	w := apptest.World(t)
	f := sms.ListForm{Name: " Boat  club ", Country: "NO", Consent: "event"}
	tok := token(t)
	id, err := w.App.NewList(t.Context(), w.Author, f, tok)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.App.NewList(t.Context(), w.Author, f, tok); err != nil || again != id { // D2
		t.Errorf("the same form again: %v %v", again, err)
	}
	_, err = w.App.NewList(t.Context(), w.Author, sms.ListForm{Name: "boat club", Country: "NO", Consent: "event"}, token(t))
	mistake(t, err, "name", "You already have a list called boat club")
	_, err = w.App.NewList(t.Context(), w.Author, sms.ListForm{Consent: "other", Note: "asked"}, token(t))
	mistake(t, err, "name", "Enter a name for the list")
	mistake(t, err, "country", "Choose a country")
	mistake(t, err, "note", "Say in a few words how these people agreed, 10 characters or more")
	mistake(t, w.App.RenameList(t.Context(), w.Author, id, "NEWSLETTER"), "name", "You already have a list called NEWSLETTER")
	if err := w.App.RenameList(t.Context(), w.Author, id, "Boat club, Oslo"); err != nil {
		t.Error(err)
	}
	audited(t, w, "new_list", "rename_list") // D44
}

// audited reports whether the newest entries are these, oldest first.
func audited(t *testing.T, w *apptest.TheWorld, deeds ...string) {
	t.Helper()
	l, err := w.App.AuditLog(t.Context(), w.Owner, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range l.Entries {
		got = append([]string{e.Deed}, got...)
	}
	if len(got) < len(deeds) || !slices.Equal(got[len(got)-len(deeds):], deeds) {
		t.Errorf("the log ends with %v, want %v", got, deeds)
	}
}

func TestDeleteListKeepsPeopleAndIsRefusedWhileInUse(t *testing.T) {
	w := apptest.World(t)
	w.Credits(100 * sms.Credit)
	now := w.Clock.Now()
	c := sms.Campaign{ID: sms.NewID(now), Name: "Spring", Kind: sms.Service, Sender: apptest.Sender, Text: "x", Lists: []sms.ID{w.List}, CreatedAt: now, UpdatedBy: w.Owner.User}
	s := sms.Session{
		Campaign: c.ID, Kind: sms.KindCampaign, State: sms.SessionScheduled, Name: c.Name, MessageKind: sms.Service, Sender: c.Sender, Text: "x",
		Lists: []sms.ID{w.AddList("Third", "FR")}, Excluded: c.Lists, Mode: sms.ModeScheduled, Zone: "Europe/Paris", StartsAt: now.Add(time.Hour), SubmittedAt: now, Token: "t",
	}
	s.ContentHash = s.Hash()
	s.State = sms.SessionValidating
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.AddCampaign(ctx, c); err != nil {
			return err
		}
		return tx.AddSession(ctx, &s)
	})
	_, err := w.App.DeleteList(t.Context(), w.Owner, w.List)
	if want := "Spring uses this list and is under way (in validation)."; !errors.Is(err, sms.ErrConflict) || !strings.HasPrefix(sms.Words(err), want) {
		t.Fatalf("%v, want %q", err, want)
	}
	w.Exec(`update sessions set state = 'cancelled' where tenant_id = $1`, int64(w.Tenant.ID))
	w.Exec(`insert into imports(tenant_id, id, list_id, state, file_name) values ($1, gen_random_uuid(), $2, 'running', 'spring.csv')`, int64(w.Tenant.ID), w.List.String())
	_, err = w.App.DeleteList(t.Context(), w.Owner, w.List)
	if want := "The import of spring.csv goes into this list. Finish or cancel it first."; sms.Words(err) != want {
		t.Fatalf("%v, want %q", err, want)
	}
	w.Exec(`update imports set state = 'done' where tenant_id = $1`, int64(w.Tenant.ID))
	if d, err := w.App.ListDeletion(t.Context(), w.Owner, w.List); err != nil || d.Refused != "" || d.Drafts != 1 {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := w.App.DeleteList(t.Context(), w.Other().Owner, w.List); !errors.Is(err, sms.ErrNotFound) { // D42
		t.Errorf("another account deletes it: %v", err)
	}
	if _, err := w.App.DeleteList(t.Context(), w.Owner, w.List); err != nil {
		t.Fatal(err)
	}
	audited(t, w, "delete_list")
	p, err := w.App.People(t.Context(), w.Owner, app.PeopleQuery{Text: "Person"})
	if err != nil || len(p.Found) != 3 {
		t.Errorf("%d people stay, %v", len(p.Found), err)
	}
}

func TestChangeContact(t *testing.T) {
	w := apptest.World(t)
	id := addPerson(w, 4791234567, "NO", "Kari", `{"city": "Oslo", "ship": "Freya", "deck": "A"}`, w.List)
	f := sms.ContactForm{FirstName: " Kåri ", LastName: "Øst", Keys: []string{"city", "ship"}, Values: []string{"", "Nora"}, NewKey: "seat", NewValue: "12"}
	if err := w.App.ChangeContact(t.Context(), w.Author, id, f); err != nil {
		t.Fatal(err)
	}
	p, err := w.App.Contact(t.Context(), w.Viewer, id) // the deck came after the form was shown
	if err != nil || p.Contact.Name() != "Kåri Øst" || fmt.Sprint(p.Contact.Fields) != "map[deck:A seat:12 ship:Nora]" || len(p.Lists) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	if x, err := w.App.People(t.Context(), w.Viewer, app.PeopleQuery{Text: "ost kari"}); err != nil || len(x.Found) != 1 {
		t.Errorf("the new name finds %d people, %v", len(x.Found), err)
	}
	audited(t, w, "change_contact") // D44
	f = sms.ContactForm{FirstName: strings.Repeat("x", 101), Keys: []string{"ship"}, Values: []string{strings.Repeat("x", 201)}, NewKey: "Phone", NewValue: "1"}
	err = w.App.ChangeContact(t.Context(), w.Author, id, f)
	mistake(t, err, "first_name", "Use 100 characters or fewer. It has 101")
	mistake(t, err, "value-0", "Use 200 characters or fewer. It has 201")
	mistake(t, err, "new_key", "Use a to z, digits and _, and begin with a letter")
}

func TestRemoveAndExclude(t *testing.T) {
	w := apptest.World(t)
	numbers := w.AddContacts(1)
	found, err := w.App.People(t.Context(), w.Author, app.PeopleQuery{Text: fmt.Sprint(numbers[0])})
	if err != nil || len(found.Found) != 1 {
		t.Fatal(found, err)
	}
	id := found.Found[0].ID
	for range 2 { // the second time nothing happens
		if _, err := w.App.RemoveFromList(t.Context(), w.Author, id, w.List); err != nil {
			t.Fatal(err)
		}
	}
	if l, err := w.App.Lists(t.Context(), w.Viewer); err != nil || l.Lists[0].People != 3 {
		t.Errorf("%+v %v", l.Lists, err)
	}
	audited(t, w, "remove_from_list")
	for range 2 {
		if err := w.App.ExcludeContact(t.Context(), w.Author, id); err != nil { // D38
			t.Fatal(err)
		}
	}
	audited(t, w, "remove_from_list", "exclude_contact")
	p, err := w.App.Contact(t.Context(), w.Viewer, id)
	if err != nil || p.LeftOut == nil || p.LeftOut.Kind != sms.SuppressionExcluded || p.LeftOut.Source != "by hand, Ida Vik" {
		t.Errorf("%+v %v", p.LeftOut, err)
	}
}

// D42: deny by default; another tenant's thing is not there.
func TestContactsAreWalled(t *testing.T) {
	w := apptest.World(t)
	numbers := w.AddContacts(1)
	found, err := w.App.People(t.Context(), w.Owner, app.PeopleQuery{Text: fmt.Sprint(numbers[0])})
	if err != nil || len(found.Found) != 1 {
		t.Fatal(found, err)
	}
	id := found.Found[0].ID
	deeds := map[string]func(sms.Actor) error{
		"new list": func(who sms.Actor) error {
			_, err := w.App.NewList(t.Context(), who, sms.ListForm{Name: "x", Country: "FR", Consent: "shop"}, token(t))
			return err
		},
		"rename":  func(who sms.Actor) error { return w.App.RenameList(t.Context(), who, w.List, "x") },
		"delete":  func(who sms.Actor) error { _, err := w.App.DeleteList(t.Context(), who, w.List); return err },
		"ask":     func(who sms.Actor) error { _, err := w.App.ListDeletion(t.Context(), who, w.List); return err },
		"change":  func(who sms.Actor) error { return w.App.ChangeContact(t.Context(), who, id, sms.ContactForm{}) },
		"exclude": func(who sms.Actor) error { return w.App.ExcludeContact(t.Context(), who, id) },
		"remove":  func(who sms.Actor) error { _, err := w.App.RemoveFromList(t.Context(), who, id, w.List); return err },
	}
	other := w.Other()
	for name, deed := range deeds {
		if err := deed(w.Viewer); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("a viewer, %s: %v", name, err)
		}
		if err := deed(other.Owner); name != "new list" && !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("another account, %s: %v", name, err)
		}
	}
	if _, err := w.App.Contact(t.Context(), other.Owner, id); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("another account reads the person: %v", err)
	}
	if p, err := w.App.People(t.Context(), other.Owner, app.PeopleQuery{Text: fmt.Sprint(numbers[0])}); err != nil || len(p.Found) > 1 || len(p.Found) == 1 && p.Found[0].ID == id {
		t.Errorf("another account finds the person: %+v %v", p, err)
	}
}
