package app_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// answer records what the carrier says to the first attempt of message n.
func (w *sending) answer(s sms.Session, n int32, a postgres.Answer) {
	w.t.Helper()
	a.Tenant, a.Session, a.N, a.Counts = s.Tenant, s.ID, n, true
	if a.Attempt == 0 {
		a.Attempt = 1
	}
	w.tokens++
	err := w.App.DB.InPlatform(w.t.Context(), func(p *postgres.PlatformTx) error {
		return p.Record(w.t.Context(), w.token(), []postgres.Answer{a})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

var (
	accepted = postgres.Answer{Outcome: postgres.OutcomeAccepted, State: sms.MessageAccepted}
	unknown  = postgres.Answer{Outcome: postgres.OutcomeUnknown, State: sms.MessageUnknown}
	refused  = postgres.Answer{Outcome: postgres.OutcomeRefused, State: sms.MessageUndelivered}
)

func again(at time.Time) postgres.Answer {
	return postgres.Answer{Outcome: postgres.OutcomeNotAccepted, State: sms.MessageRetrying, NextAt: &at}
}

// halfSent is a session of ten people that was cancelled when five had left: of the first the carrier has the
// text, of the second nobody knows, the third was refused, the fourth was to be tried again, the fifth is on its way.
func (w *sending) halfSent() sms.Session {
	w.t.Helper()
	s := w.running(10)
	if n, err := w.mark(w.t.Context(), s, 5); n != 5 || err != nil {
		w.t.Fatal(n, err)
	}
	w.answer(s, 1, accepted)
	w.answer(s, 2, unknown)
	w.answer(s, 3, refused)
	w.answer(s, 4, again(w.Clock.Now()))
	w.mustCancel(s)
	return w.session(s)
}

// end lets whatever a carrier has or may have come to its end, 48 hours later.
func (w *sending) end(list ...sms.Session) {
	w.t.Helper()
	for _, s := range list {
		if y := w.tally(s); y.Submitting > 0 {
			w.answer(s, 5, refused)
		}
	}
	w.Clock.Add(49 * time.Hour)
	if err := errors.Join(w.App.ExpireMessages(w.t.Context()), w.App.FollowSessions(w.t.Context())); err != nil {
		w.t.Fatal(err)
	}
	if b := w.balance(); b.Reserved != 0 {
		w.t.Errorf("%s are still set aside at the end", b.Reserved) // I17
	}
}

// numbers are the numbers of a session's messages, of those n alone if any are named.
func (w *sending) numbers(s sms.Session, n ...int) []int64 {
	w.t.Helper()
	list := pgtest.Value[[]int64](w.t, w.DSN, `select array_agg(number order by number) from messages
		where tenant_id = $1 and session_id = $2 and (cardinality($3::int[]) = 0 or n = any($3))`, int64(w.Tenant.ID), int64(s.ID), append([]int{}, n...))
	return list
}

// leave confirms the campaign as its page offers it, to leave at once, and lets it start.
func (w *sending) leave(campaign sms.ID) sms.Session {
	w.t.Helper()
	f, err := w.App.Finalize(w.t.Context(), w.Sender, campaign, &sms.ScheduleForm{When: "now", List: sms.ListFollow})
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := w.App.SubmitSession(w.t.Context(), w.Sender, campaign, app.SubmitForm{
		Schedule: f.Form, Token: w.token(), Fingerprint: f.Slip.Fingerprint(), Tick: true, Typed: sms.Number(f.Slip.Quote.People),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	var s sms.Session
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) {
		s, err = tx.SessionNumber(ctx, campaign, got.Number)
		return err
	})
	return w.mustState(w.wake(w.approve(s)), sms.SessionSending)
}

// D32, D33: the next version of a campaign that had begun to leave goes to those who got none of it, though nobody
// says so; also where somebody was deleted and imported again.
func TestNextVersionLeavesOutWhomItReached(t *testing.T) {
	w := newSending(t)
	s := w.halfSent()
	reached := w.numbers(s, 1, 2, 5)
	st, err := w.App.Status(t.Context(), w.Sender, w.campaign.ID)
	if err != nil || st.Reached != (sms.Reached{People: 3, Unsure: 1, Rest: 7}) {
		t.Fatalf("%+v, %v", st.Reached, err)
	}
	w.Exec(`with c as (delete from contacts where tenant_id = $1 and number = $2 returning *),
		n as (insert into contacts(tenant_id, id, number, number_hash, country, first_name, last_name, name_key, last_key)
			select tenant_id, gen_random_uuid(), number, number_hash, country, first_name, last_name, name_key, last_key from c returning id)
		insert into list_members(tenant_id, list_id, contact_id) select $1, $3, id from n`, int64(w.Tenant.ID), reached[0], w.List.String())
	w.Recount()
	d, err := w.App.Draft(t.Context(), w.Author, w.campaign.ID, app.View{})
	if l := d.Quote.LeftOut; err != nil || d.Quote.People != 7 || l.Before != 3 || l.Listed != l.Reached+l.Before {
		t.Fatalf("the draft is for %d: %+v, %v", d.Quote.People, l, err)
	}
	for range 7 { // whoever is leafed to is somebody who gets it
		if slices.Contains(reached, d.Preview.Person.Number) {
			t.Fatalf("place %d shows somebody who got it", d.Preview.Place)
		}
		d, err = w.App.Draft(t.Context(), w.Author, w.campaign.ID, app.View{Pick: "next", Person: d.Preview.Person.Contact})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.App.SendRest(t.Context(), w.Author, w.campaign.ID); err != nil {
		t.Fatal(err)
	}
	next := w.leave(w.campaign.ID)
	got := w.numbers(next)
	if len(got) != 7 || !slices.Equal(next.NotReachedBy, []sms.SessionID{s.ID}) {
		t.Fatalf("version 2 has %d messages, without %v", len(got), next.NotReachedBy)
	}
	for _, n := range got {
		if slices.Contains(reached, n) {
			t.Errorf("%d gets it twice", n)
		}
	}
	w.mustCancel(next)
	w.end(s)
}

// D32: to send to people again who got it is a choice of its own: it is counted, the number is typed, and it holds
// for one version.
func TestSendingAgainIsChosen(t *testing.T) {
	w := newSending(t)
	s := w.halfSent()
	w.Credits(1000 * sms.Credit)
	c := w.campaign
	d, err := w.App.Draft(t.Context(), w.Author, c.ID, app.View{})
	if err != nil {
		t.Fatal(err)
	}
	form := app.CampaignForm{Name: c.Name, Sender: c.Sender, Kind: c.Kind, Text: c.Text, Lists: []string{w.List.String()}, Revision: d.Campaign.Revision, Whom: sms.WhomUnsure}
	if d, err = w.App.SaveDraft(t.Context(), w.Author, c.ID, form); err != nil || d.Campaign.Whom != sms.WhomNew {
		t.Fatalf("%q was chosen by a form: %v", d.Campaign.Whom, err) // D34: that takes a deed, and a reason
	}
	before, err := w.App.Finalize(t.Context(), w.Sender, c.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	form.Whom = sms.WhomAgain
	if d, err = w.App.SaveDraft(t.Context(), w.Author, c.ID, form); err != nil || d.Quote.People != 10 || d.Quote.LeftOut.Again != 3 {
		t.Fatalf("%+v, %v", d.Quote.LeftOut, err)
	}
	f, err := w.App.Finalize(t.Context(), w.Sender, c.ID, nil)
	if err != nil || f.Slip.Friction != sms.FrictionType || f.Slip.Since(before.Slip.Fingerprint()) == "" { // D3, D4
		t.Errorf("friction %q, %v", f.Slip.Friction, err)
	}
	next := w.leave(c.ID)
	if got := w.numbers(next); len(got) != 10 || !next.Again {
		t.Errorf("version 2 has %d messages", len(got))
	}
	w.mustCancel(next)
	if d, err = w.App.Draft(t.Context(), w.Author, c.ID, app.View{}); err != nil || d.Campaign.Whom != sms.WhomNew {
		t.Errorf("the choice holds for version 3: %v", err)
	}
	w.end(s)
}

// D32: a correction goes to the people reached and to nobody else, whatever becomes of the lists.
func TestCorrectionGoesToThePeopleReached(t *testing.T) {
	w := newSending(t)
	s := w.halfSent()
	reached := w.numbers(s, 1, 2, 5)
	f := w.form(s)
	id, err := w.App.WriteCorrection(t.Context(), w.Author, w.campaign.ID, f)
	if err != nil {
		t.Fatal(err)
	}
	if twice, err := w.App.WriteCorrection(t.Context(), w.Author, w.campaign.ID, f); err != nil || twice != id {
		t.Errorf("the same page made another: %v", err)
	}
	w.AddContacts(5)
	empty := w.AddList("Nobody", "FR")
	d, err := w.App.Draft(t.Context(), w.Author, id, app.View{})
	if err != nil || d.Quote.People != 3 || d.Campaign.Name != "Correction of Black Friday crossings" {
		t.Fatalf("%q for %d: %v", d.Campaign.Name, d.Quote.People, err)
	}
	form := app.CampaignForm{Name: "Sorry", Sender: apptest.Sender, Kind: sms.Service, Text: "Sorry, 20%.", Lists: []string{empty.String()}, Revision: d.Campaign.Revision}
	if d, err = w.App.SaveDraft(t.Context(), w.Author, id, form); err != nil || d.Quote.People != 3 || len(d.Campaign.Lists) != 1 || d.Campaign.Lists[0] != w.List {
		t.Fatalf("another list: %d people, %v", d.Quote.People, err)
	}
	next := w.leave(id)
	if got := w.numbers(next); !slices.Equal(got, reached) {
		t.Errorf("it goes to %v, reached were %v", got, reached)
	}
	if _, err := w.App.CancelSession(t.Context(), w.Sender, id, w.form(next)); err != nil {
		t.Fatal(err)
	}
	w.end(s)
}

// D10: whom it leaves out is part of what is approved; what was approved before there was such a thing still is.
func TestHashCoversWhomItReached(t *testing.T) {
	s := sms.Session{Text: "Hello", Kind: sms.KindCampaign}
	seen := map[string]bool{}
	for _, r := range []sms.Reach{{}, {NotReachedBy: []sms.SessionID{}}, {NotReachedBy: []sms.SessionID{1}}, {NotReachedBy: []sms.SessionID{1}, Again: true}, {ReachedBy: []sms.SessionID{1}}, {UnsureOf: []sms.SessionID{1}}} {
		s.Reach = r
		seen[string(s.Hash())] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d hashes of five audiences", len(seen))
	}
	old := sha256.Sum256([]byte(`{"Campaign":"` + sms.ID{}.String() + `","Kind":"campaign","MessageKind":"","Sender":"","Text":"Hello",` +
		`"Lists":[],"Excluded":[],"Follow":false,"FrozenAt":null,"Prices":null}`))
	if !seen[string(old[:])] {
		t.Error("a session that was approved before has another hash now")
	}
}

// D42: who may not write, or is of another account, makes nothing of it.
func TestWhoMayCorrect(t *testing.T) {
	w := newSending(t)
	s := w.halfSent()
	other := w.Other()
	for _, c := range []struct {
		who  sms.Actor
		want error
	}{{w.Viewer, sms.ErrForbidden}, {other.Owner, sms.ErrNotFound}} {
		f := w.form(s)
		_, err := w.App.WriteCorrection(t.Context(), c.who, w.campaign.ID, f)
		_, err2 := w.App.Resend(t.Context(), c.who, w.campaign.ID, app.ResendForm{SessionForm: f, Shown: 1, Reason: "because it is so"})
		for _, err := range []error{err, err2, w.App.SendRest(t.Context(), c.who, w.campaign.ID)} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.who.Name, err)
			}
		}
	}
	w.end(s)
}
