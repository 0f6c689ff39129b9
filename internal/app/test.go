package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/gsm"
	"tidings/internal/sms/phone"
)

// TestPage is what "Test and send" shows: own phones, as whom they read the message, what became of the
// tests, and the check list.
type TestPage struct {
	Campaign sms.Campaign
	Tenant   sms.Tenant
	Open     *sms.Session // a sending is under way
	Numbers  []sms.TestNumber
	Costs    map[int64]sms.Credits // of one part to a verified number; absent: there is no price
	As       []TestReader
	Tests    []sms.Test
	Left     int // tests that may still be sent today
	Balance  sms.Balance
	Quote    sms.Quote
	Findings []sms.Finding
	Preview  Preview
}

// TestReader is somebody as whom a test may be read.
type TestReader struct {
	Pick   string // "first", "longest", "unfilled"
	Person sms.Person
	Parts  int
}

// TestPage reads the page.
func (a *App) TestPage(ctx context.Context, who sms.Actor, id sms.ID) (TestPage, error) {
	var out TestPage
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) error {
		c, err := tx.Campaign(ctx, id)
		if err != nil {
			return err
		}
		d := Draft{Campaign: c}
		if err := a.open(ctx, tx, &d); err != nil {
			return err
		}
		if err := a.fillDraft(ctx, tx, &d, View{}); err != nil {
			return err
		}
		out = TestPage{
			Campaign: c, Tenant: d.Tenant, Open: d.Open, Balance: d.Balance, Quote: d.Quote, Findings: d.Findings, Preview: d.Preview,
		}
		if out.As, err = a.readers(ctx, tx, &d); err != nil {
			return err
		}
		if out.Tests, err = tx.Tests(ctx, id, sms.TestsADay); err != nil {
			return err
		}
		sent, _, err := tx.TestsSince(ctx, dayStart(a.Now(), d.Tenant.Zone))
		if err != nil {
			return err
		}
		out.Left = max(sms.TestsADay-sent, 0)
		return a.ownPhones(ctx, tx, &out)
	})
	return out, wrap("test page", id, err)
}

// ownPhones reads the account's phones and what a part to each costs.
func (a *App) ownPhones(ctx context.Context, tx *postgres.Tx, out *TestPage) (err error) {
	if out.Numbers, err = tx.TestNumbers(ctx); err != nil {
		return err
	}
	prices, err := tx.Prices(ctx)
	out.Costs = map[int64]sms.Credits{}
	for _, n := range out.Numbers {
		if each, ok := prices[phone.Number(n.Number).Country()]; ok {
			out.Costs[n.Number] = each
		}
	}
	return err
}

// readers are the first of the audience, the one with the longest message and one with a hole filled by
// a fallback, where they differ.
func (a *App) readers(ctx context.Context, tx *postgres.Tx, d *Draft) ([]TestReader, error) {
	var out []TestReader
	for _, pick := range []string{"first", "longest", "unfilled"} {
		if pick == "unfilled" && d.EmptyField() == "" {
			continue
		}
		p, err := a.reader(ctx, tx, d, pick)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(r TestReader) bool { return r.Person.Contact == p.Contact }) {
			continue
		}
		size := gsm.Measure(sms.Message(d.Text, p, d.Campaign.Kind))
		out = append(out, TestReader{Pick: pick, Person: p, Parts: size.Parts})
	}
	return out, nil
}

func (a *App) reader(ctx context.Context, tx *postgres.Tx, d *Draft, pick string) (sms.Person, error) {
	p, err := a.picked(ctx, tx, d, d.Campaign.Audience(), View{Pick: strings.TrimPrefix(pick, "first")})
	if errors.Is(err, sms.ErrNotFound) {
		return sms.Person{Country: d.Tenant.Country}, nil
	}
	return p, err
}

// Tests reads what became of the tests of a campaign, for the part of the page that is live.
func (a *App) Tests(ctx context.Context, who sms.Actor, id sms.ID) (tests []sms.Test, zone string, err error) {
	err = a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) error {
		if _, err := tx.Campaign(ctx, id); err != nil {
			return err
		}
		tenant, err := tx.OwnTenant(ctx)
		if err != nil {
			return err
		}
		zone = tenant.Zone
		tests, err = tx.Tests(ctx, id, sms.TestsADay)
		return err
	})
	return tests, zone, wrap("tests", id, err)
}

// dayStart is the midnight before now in the zone.
func dayStart(now time.Time, zone string) time.Time {
	t := sms.In(now, zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// TestForm is a test as asked for.
type TestForm struct {
	Numbers []string // E.164 digits of own phones
	As      string   // a TestReader's Pick
	Token   string
}

// TestSent is what a test did.
type TestSent struct {
	People int
	Price  sms.Credits
}

// SendTest sends the message to own, verified phones exactly as the reader would get it (D41): it is
// dispatched and charged like any other, and stays out of validation and statistics.
func (a *App) SendTest(ctx context.Context, who sms.Actor, id sms.ID, f TestForm) (TestSent, error) {
	var out TestSent
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, f.Token, "send_test", &out, func() (err error) {
			out, err = a.sendTest(ctx, tx, who, id, f)
			return err
		})
	})
	return out, wrap("send test", id, err)
}

func (a *App) sendTest(ctx context.Context, tx *postgres.Tx, who sms.Actor, id sms.ID, f TestForm) (TestSent, error) {
	if err := tx.LockTests(ctx); err != nil {
		return TestSent{}, err
	}
	c, err := tx.LockCampaign(ctx, id)
	if err != nil {
		return TestSent{}, err
	}
	d := Draft{Campaign: c}
	if err := a.fillDraft(ctx, tx, &d, View{}); err != nil {
		return TestSent{}, err
	}
	if err := testable(d); err != nil {
		return TestSent{}, err
	}
	to, err := a.testPhones(ctx, tx, d.Tenant, f.Numbers)
	if err != nil {
		return TestSent{}, err
	}
	as, err := a.reader(ctx, tx, &d, f.As)
	if err != nil {
		return TestSent{}, err
	}
	s := sms.Session{
		Campaign: c.ID, Kind: sms.KindTest, Name: "Test of " + c.Name, MessageKind: c.Kind, Sender: c.Sender, Text: c.Text, Token: f.Token,
	}
	out, err := a.sendOwn(ctx, tx, who, s, as.Contact, sms.Message(d.Text, as, c.Kind), to)
	if err != nil {
		return out, err
	}
	return out, tx.SetTested(ctx, id, c.Revision)
}

// testable says what is missing before a phone can show the message.
func testable(d Draft) error {
	var p sms.Problems
	for _, f := range d.Findings {
		if f.Level != sms.LevelBlocking {
			continue
		}
		switch f.Code {
		case "text", "kind", "sender":
			p.Add("numbers", f.Title+" before you send a test")
		}
	}
	if n := d.Preview.Size.Parts; n > sms.MaxParts {
		p.Add("numbers", "The message is "+sms.Number(n)+" parts. The most is "+sms.Number(sms.MaxParts))
	}
	if len(p) > 1 {
		p = p[:1]
	}
	return p.Err()
}

// testPhones checks the phones of a test against the limits of D41.
func (a *App) testPhones(ctx context.Context, tx *postgres.Tx, tenant sms.Tenant, typed []string) ([]int64, error) {
	var p sms.Problems
	own, err := tx.TestNumbers(ctx)
	if err != nil {
		return nil, err
	}
	var to []int64
	for _, n := range own {
		if n.VerifiedAt != nil && slices.Contains(typed, digits(n.Number)) {
			to = append(to, n.Number)
		}
	}
	sent, _, err := tx.TestsSince(ctx, dayStart(a.Now(), tenant.Zone))
	if err != nil {
		return nil, err
	}
	switch left := max(sms.TestsADay-sent, 0); {
	case len(to) == 0:
		p.Add("numbers", "Choose at least one verified phone")
	case len(to) > sms.TestsAtOnce:
		p.Add("numbers", "Choose "+sms.Number(sms.TestsAtOnce)+" phones or fewer")
	case len(to) > left:
		p.Add("numbers", fmt.Sprintf("%d tests a day is the most. %d are left today", sms.TestsADay, left))
	}
	return to, p.Err()
}

// sendOwn makes a session of a text to own phones and lets it go at once: rows, and the price set aside,
// in this transaction.
func (a *App) sendOwn(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session, as sms.ID, text string, to []int64) (TestSent, error) {
	routes, err := tx.Routes(ctx)
	if err != nil {
		return TestSent{}, err
	}
	if len(routes) == 0 {
		return TestSent{}, sms.Unavailable("No operator is connected yet. Try again in a minute.")
	}
	if stopped, err := tx.TextStopped(ctx, s.Text); err != nil || stopped {
		if err == nil {
			err = sms.Conflict(sms.Stop{Scope: sms.StopText}.CustomerWords())
		}
		return TestSent{}, err
	}
	if s.Prices, err = tx.Prices(ctx); err != nil {
		return TestSent{}, err
	}
	piles, err := a.ownPiles(tx.Tenant(), &s, as, text, to, sms.PrefixesOf(routes))
	if err != nil {
		return TestSent{}, err
	}
	now := a.Now()
	s.Tenant, s.State, s.Mode = tx.Tenant(), sms.SessionSending, sms.ModeNow
	s.StartsAt, s.StartedAt, s.SubmittedAt, s.SubmittedBy = now, &now, now, actorID(who)
	s.ContentHash = s.Hash()
	if s.Kind == sms.KindReply { // its words are ours
		s.ApprovedAt, s.ApprovedHash = &now, s.ContentHash
	}
	if err := tx.AddSession(ctx, &s); err != nil {
		return TestSent{}, err
	}
	first := 1
	for _, pile := range piles {
		gateway, err := routeFor(routes, s, pile.country, pile.prefix, first)
		if err != nil {
			return TestSent{}, sms.Problems{{Field: "numbers", Text: "No route of ours leads to " + phone.CountryInText(pile.country) + " yet. Choose another phone"}}
		}
		b := postgres.Batch{Session: s.ID, Country: pile.country, Gateway: gateway, DueAt: now, First: first, Prefix: pile.prefix}
		if _, err := tx.AddMessages(ctx, b, pile.rows); err != nil {
			return TestSent{}, err
		}
		first += len(pile.rows)
	}
	if err := a.setAside(ctx, tx, who, s); err != nil {
		return TestSent{}, err
	}
	if err := tx.AddEvent(ctx, s.ID, sms.SessionEvent{At: now, Actor: who.Name, State: s.State, Title: ownWords[s.Kind].title}); err != nil {
		return TestSent{}, err
	}
	if err := a.audit(ctx, tx, who, ownWords[s.Kind].deed, sessionName(s), nil, map[string]any{"name": s.Name, "people": s.People, "price": s.Price}, ""); err != nil {
		return TestSent{}, err
	}
	return TestSent{People: s.People, Price: s.Price}, wakeDispatch(ctx, tx, s.ID)
}

// ownWords name the sendings that no marketer finalizes.
var ownWords = map[sms.SessionKind]words{
	sms.KindTest:  {deed: "send_test", title: "Test sent"},
	sms.KindReply: {deed: "send_answer", title: "Answer sent"},
}

type ownPile struct {
	country string
	prefix  string // as Batch has it
	rows    []sms.Outgoing
}

// ownPiles prices the text for each phone, by the country of the phone, and adds it up in s.
func (a *App) ownPiles(tenant sms.TenantID, s *sms.Session, as sms.ID, text string, to []int64, prefixes sms.Prefixes) ([]ownPile, error) {
	var piles []ownPile
	size := gsm.Measure(text)
	for _, n := range to {
		country := phone.Number(n).Country()
		each, ok := s.Prices[country]
		if !ok {
			return nil, sms.Problems{{Field: "numbers", Text: "We do not send to " + phone.CountryInText(country) + ". Choose another phone"}}
		}
		row := sms.Outgoing{
			Contact: as, Number: n, Hash: a.ownHash(tenant, s.Kind, n), Text: text, Parts: size.Parts, Price: sms.Credits(size.Parts) * each,
		}
		s.People, s.Parts, s.Price = s.People+1, s.Parts+int64(size.Parts), s.Price+row.Price
		prefix := prefixes.Of(digits(n))
		i := slices.IndexFunc(piles, func(p ownPile) bool { return p.country == country && p.prefix == prefix })
		if i < 0 {
			piles, i = append(piles, ownPile{country: country, prefix: prefix}), len(piles)
		}
		piles[i].rows = append(piles[i].rows, row)
	}
	return piles, nil
}

// ownHash is by what a message of our own knows its number. The answer to a STOP goes
// to somebody who opted out a moment ago, once: it is not looked for among those.
func (a *App) ownHash(tenant sms.TenantID, kind sms.SessionKind, number int64) []byte {
	if kind == sms.KindReply {
		h := hmac.New(sha256.New, a.Secret)
		fmt.Fprintf(h, "answer:%d:%d", tenant, number)
		return h.Sum(nil)[:16]
	}
	return a.NumberHash(tenant, number)
}

// setAside reserves the price of a test, or says what is missing.
func (a *App) setAside(ctx context.Context, tx *postgres.Tx, who sms.Actor, s sms.Session) error {
	if s.Price == 0 {
		return nil
	}
	b, err := tx.Balance(ctx)
	if err != nil {
		return err
	}
	short := sms.Conflict("There are not enough credits: this costs " + s.Price.String() + ", and you can use " + b.Available.String() + ".")
	if b.Available < s.Price {
		return short
	}
	err = tx.AddTransfer(ctx, &sms.Transfer{
		Kind: sms.TransferReserve, Session: &s.ID, Amount: s.Price, Key: fmt.Sprintf("reserve:%d", s.ID),
		Actor: who.Name, ActorID: actorID(who), Reason: s.Name,
	})
	if postgres.IsConstraint(err, "enough_credits") {
		return short // another sending was faster
	}
	return err
}
