package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"tidings/internal/app/apptest"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// answering is an engine whose people have got a message, from a number of the account.
type answering struct {
	*engine
	people []int64
	own    string
}

func newAnswering(t *testing.T) *answering {
	e := newEngine(t, smsc.Config{ReceiptDelay: 5 * time.Millisecond})
	e.AddContacts(4)
	a := &answering{engine: e, own: "33700123456"}
	for i := range 4 {
		a.people = append(a.people, pgtest.Value[int64](t, e.DSN, `select number from contacts order by number offset $1 limit 1`, i))
	}
	e.Exec(`insert into senders(tenant_id, name, approved_at) values ($1, $2, now())`, int64(e.Tenant.ID), a.own)
	e.run()
	s := e.send("Hello", a.people...)
	e.until(s, "delivery", func(y sms.Tally) bool { return y.Delivered == len(a.people) })
	return a
}

// says has a person send a text to a number of ours, and deals with it.
func (a *answering) says(person int64, to, text string) sms.Reply {
	a.t.Helper()
	err := a.App.DB.InPlatform(a.t.Context(), func(tx *postgres.PlatformTx) error {
		return tx.AddInbound(a.t.Context(), postgres.Inbound{Gateway: a.Gateways()[0], Number: person, Recipient: to, Text: text})
	})
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.App.HandleInbound(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
	p, err := a.App.Replies(a.t.Context(), a.Owner, false, 0)
	if err != nil || len(p.Replies) == 0 {
		a.t.Fatalf("no reply is filed: %v", err)
	}
	return p.Replies[0]
}

func (a *answering) leftOut(person int64) sms.SuppressionKind {
	a.t.Helper()
	return sms.SuppressionKind(pgtest.Value[string](a.t, a.DSN, `select coalesce((select kind from suppressions where number_hash = $1), '')`, a.App.NumberHash(a.Tenant.ID, person)))
}

// D38: STOP opts out at once and is confirmed once, START undoes it, HELP is answered
// once a day, and what is doubtful waits for a person.
func TestReplies(t *testing.T) {
	a := newAnswering(t)
	r := a.says(a.people[0], a.own, "stop. thank you")
	if a.leftOut(a.people[0]) != sms.SuppressionOptedOut || r.Session == nil || !strings.Contains(r.Answer, "ne recevrez plus") {
		t.Fatalf("%+v", r)
	}
	got := func(n int) {
		t.Helper()
		var y sms.Tally
		for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			if y.Delivered = int(pgtest.Value[int64](t, a.DSN, `select coalesce(sum(b.delivered), 0) from batches b join sessions s on s.tenant_id = b.tenant_id and s.id = b.session_id where s.kind = 'reply'`)); y.Delivered == n {
				return
			}
		}
		t.Fatalf("%d answers arrived, not %d", y.Delivered, n)
	}
	got(1) // though the person has opted out
	if r := a.says(a.people[0], a.own, "STOP!!!"); r.Answer != "" {
		t.Errorf("a second STOP is answered: %q", r.Answer)
	}
	if r := a.says(a.people[0], a.own, "START"); !strings.Contains(r.Answer, "à nouveau nos messages") || a.leftOut(a.people[0]) != "" {
		t.Errorf("%+v", r)
	}
	got(2)
	if n := pgtest.Value[int](t, a.DSN, `select count(*) from readmissions where proof = 'Answered START' and kind = 'opted_out'`); n != 1 {
		t.Errorf("%d readmissions are kept", n)
	}
	a.says(a.people[1], a.own, "AIDE")
	if r := a.says(a.people[1], a.own, "aide?"); r.Answer != "" {
		t.Errorf("a second HELP is answered: %q", r.Answer)
	}
	got(3)
	d := a.says(a.people[2], a.own, "I will stop by tomorrow")
	if a.leftOut(a.people[2]) != "" || d.Reading != sms.ReadingDoubtful {
		t.Fatalf("%+v", d)
	}
	if _, err := a.App.DecideReply(t.Context(), a.Author, d.ID, sms.DecisionStop); err != nil || a.leftOut(a.people[2]) != sms.SuppressionOptedOut {
		t.Errorf("decided: %v", err)
	}
	if _, err := a.App.DecideReply(t.Context(), a.Owner, d.ID, sms.DecisionNothing); err == nil || !strings.Contains(err.Error(), "has decided about this text already") {
		t.Errorf("a second decision: %v", err)
	}
	// A name cannot be answered from, and a number of many is answered by its operator.
	if r := a.says(a.people[3], "36180", "STOP"); a.leftOut(a.people[3]) != sms.SuppressionOptedOut || !strings.HasPrefix(r.Answer, "Not answered") {
		t.Errorf("%+v", r)
	}
	got(3)
}

// D38: a text goes to the only account that its number belongs to, else to who wrote last; a stranger's to nobody.
func TestAddressee(t *testing.T) {
	a := newAnswering(t)
	find := func(number int64, to string) (found postgres.Addressee, err error) {
		err = a.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) (err error) {
			found, err = tx.Addressee(t.Context(), number, to)
			return err
		})
		return found, err
	}
	if x, err := find(a.people[0], "36180"); err != nil || x.Tenant != a.Tenant.ID || x.Session == nil {
		t.Errorf("who wrote last: %+v, %v", x, err)
	}
	if x, err := find(33600000001, "+"+a.own); err != nil || x.Tenant != a.Tenant.ID || x.Session != nil {
		t.Errorf("a stranger to an own number: %+v, %v", x, err)
	}
	if x, err := find(33600000001, "36180"); err == nil {
		t.Errorf("a stranger: %+v", x)
	}
	a.Exec(`insert into tenants(slug, name, country, zone, price_list_id) select 'kystbuss', 'Kystbuss', 'NO', 'Europe/Oslo', price_list_id from tenants limit 1`)
	a.Exec(`insert into senders(tenant_id, name, approved_at) select id, '33700999999', now() from tenants where slug = 'kystbuss'`)
	if x, err := find(a.people[0], "33700999999"); err != nil || x.Tenant == a.Tenant.ID || x.Session != nil {
		t.Errorf("to another account's own number: %+v, %v", x, err)
	}
}

// D38: whoever's will it is: an opt-out comes before an exclusion and before NPAI, and a text never takes back a complaint.
func TestSuppressionKindsAreKeptApart(t *testing.T) {
	a := newAnswering(t)
	add := func(k sms.SuppressionKind) {
		t.Helper()
		a.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
			_, err := tx.AddSuppression(ctx, sms.Suppression{Hash: a.App.NumberHash(a.Tenant.ID, a.people[0]), Kind: k, Number: a.people[0], Source: "test"})
			return err
		})
	}
	for _, c := range []struct{ is, add, then sms.SuppressionKind }{
		{"", sms.SuppressionNPAI, sms.SuppressionNPAI},
		{sms.SuppressionNPAI, sms.SuppressionExcluded, sms.SuppressionExcluded},
		{sms.SuppressionExcluded, sms.SuppressionNPAI, sms.SuppressionExcluded},
		{sms.SuppressionExcluded, sms.SuppressionOptedOut, sms.SuppressionOptedOut},
		{sms.SuppressionOptedOut, sms.SuppressionExcluded, sms.SuppressionOptedOut},
	} {
		if add(c.add); a.leftOut(a.people[0]) != c.then {
			t.Errorf("%q and then %q is %q", c.is, c.add, a.leftOut(a.people[0]))
		}
	}
	a.Exec(`update suppressions set kind = 'complaint'`)
	if a.says(a.people[0], a.own, "START"); a.leftOut(a.people[0]) != sms.SuppressionComplaint {
		t.Errorf("a text took a complaint back: %q", a.leftOut(a.people[0]))
	}
}

// D38: numbers are left out by paste and by file, the good ones whatever is wrong with the others; one is
// taken back only with proof, and never a complaint.
func TestLeaveOutAndReadmit(t *testing.T) {
	w := apptest.World(t)
	ctx := t.Context()
	f := sms.LeftOutForm{Kind: "excluded", How: "by mail to our office", Text: "06 12 34 56 78\n+33 6 12 34 56 78; 12, nonsense", Token: "leave-out-leave-out-1"}
	got, err := w.App.LeaveOut(ctx, w.Author, f)
	if err != nil || got.Added != 1 || got.Known != 0 || len(got.Bad) != 2 || got.Bad[0].Cell != "12" || got.Bad[0].Why == "" {
		t.Fatalf("%+v, %v", got, err)
	}
	if again, err := w.App.LeaveOut(ctx, w.Author, f); err != nil || again.Added != 1 {
		t.Errorf("the same form again: %+v, %v", again, err)
	}
	f.Token, f.Text, f.File = "leave-out-leave-out-2", "", []byte("Nom;Mobile\nAnne;0612345678\nJean;0698765432\nPaul;12\n")
	if got, err = w.App.LeaveOut(ctx, w.Author, f); err != nil || got.Added != 1 || got.Known != 1 || len(got.Bad) != 1 {
		t.Fatalf("by file: %+v, %v", got, err)
	}
	f.Token, f.File = "leave-out-leave-out-3", []byte("a;b\nc;d\n")
	if _, err = w.App.LeaveOut(ctx, w.Author, f); err == nil || !strings.Contains(err.Error(), "column of phone numbers") {
		t.Errorf("a file without numbers: %v", err)
	}
	hash := w.App.NumberHash(w.Tenant.ID, 33612345678)
	for proof, ok := range map[string]bool{"": false, "yes": false} {
		if err := w.App.Readmit(ctx, w.Sender, hash, proof); (err == nil) != ok {
			t.Errorf("with the proof %q: %v", proof, err)
		}
	}
	if err := w.App.Readmit(ctx, w.Author, hash, "signed up again at the desk"); err == nil {
		t.Error("an author took somebody back in")
	}
	if err := w.App.Readmit(ctx, w.Sender, hash, "signed up again at the desk"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.App.LeftOut(ctx, w.Owner, hash); err == nil {
		t.Error("still left out")
	}
	other := w.App.NumberHash(w.Tenant.ID, 33698765432)
	w.Exec(`update suppressions set kind = 'complaint' where number_hash = $1`, other)
	if err := w.App.Readmit(ctx, w.Sender, other, "signed up again at the desk"); err == nil {
		t.Error("a complaint was taken back")
	}
	w.Exec(`update suppressions set kind = 'npai', created_at = $2 where number_hash = $1`, other, w.Clock.Now().Add(-89*24*time.Hour))
	if err := w.App.Readmit(ctx, w.Sender, other, ""); err == nil || !strings.Contains(err.Error(), "can be tried again from") {
		t.Errorf("after 89 days: %v", err)
	}
	w.Clock.Add(48 * time.Hour)
	if err := w.App.Readmit(ctx, w.Sender, other, ""); err != nil {
		t.Errorf("after 91 days: %v", err)
	}
}
