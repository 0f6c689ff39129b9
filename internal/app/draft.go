package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/gsm"
)

// sameTextFor is how long ago a sending of the same text is worth a word.
const sameTextFor = 7 * 24 * time.Hour

// fillDraft works out everything the page says about the draft, from one snapshot of its people.
func (a *App) fillDraft(ctx context.Context, tx *postgres.Tx, d *Draft, v View) error {
	if err := a.draftChoices(ctx, tx, d); err != nil {
		return err
	}
	facts, groups, err := a.draftFacts(ctx, tx, d.Campaign, d.Senders, d.Fields)
	if err != nil {
		return err
	}
	d.Text, d.Quote, d.Balance = facts.Text, facts.Quote, facts.Balance
	d.Findings = sms.CheckDraft(facts)
	d.Problems = append(d.Problems, facts.TextProblems...)
	if len(facts.TextProblems) == 0 {
		d.Advice = sms.Advise(facts.Text, d.Campaign.Kind, facts.Prices, groups, facts.Quote)
	}
	return a.preview(ctx, tx, d, v)
}

// draftChoices reads what the draft may be made of.
func (a *App) draftChoices(ctx context.Context, tx *postgres.Tx, d *Draft) (err error) {
	if d.Tenant, err = tx.OwnTenant(ctx); err != nil {
		return err
	}
	if d.Lists == nil {
		if d.Lists, err = tx.ListNames(ctx); err != nil {
			return err
		}
	}
	if d.Senders == nil {
		if d.Senders, err = tx.Senders(ctx); err != nil {
			return err
		}
	}
	if d.Earlier, d.For, err = earlierInWords(ctx, tx, d.Campaign); err != nil {
		return err
	}
	d.Fields, err = a.fields(ctx, tx, d.Campaign.Lists)
	return err
}

// fields are the merge fields that people of the lists have.
func (a *App) fields(ctx context.Context, tx *postgres.Tx, lists []sms.ID) ([]string, error) {
	keys, err := tx.FieldKeys(ctx, lists)
	return append([]string{sms.FieldFirstName, sms.FieldLastName}, keys...), err
}

// draftFacts gathers what the checks of a draft look at, and the groups its quote was counted from.
func (a *App) draftFacts(ctx context.Context, tx *postgres.Tx, c sms.Campaign, senders []sms.Sender, fields []string) (sms.DraftFacts, []sms.Group, error) {
	f := sms.DraftFacts{Campaign: c}
	for _, s := range senders {
		if s.Name == c.Sender {
			f.Sender = s
		}
	}
	text, err := sms.ParseText(c.Text)
	f.Text = text
	if err == nil {
		err = text.CheckFields(fields)
	}
	_ = errors.As(err, &f.TextProblems) // the only kind of error of these two
	if f.Prices, err = tx.Prices(ctx); err != nil {
		return f, nil, err
	}
	if f.Balance, err = tx.Balance(ctx); err != nil {
		return f, nil, err
	}
	groups, counts, err := tx.AudienceGroups(ctx, c.Audience(), text.Fields())
	if err != nil {
		return f, nil, err
	}
	f.Quote = sms.NewQuote(text, c.Kind, f.Prices, groups)
	f.Quote.LeftOut = counts
	besides := &c.ID
	if c.Whom == sms.WhomAgain {
		besides = nil
	}
	f.SentAt, err = tx.LastSentLike(ctx, c.Text, a.Now().Add(-sameTextFor), besides)
	if err != nil {
		return f, nil, err
	}
	tenant, err := tx.OwnTenant(ctx)
	f.Zone = tenant.Zone
	return f, groups, err
}

// campaignChecks is the check list of a draft (ux.md 7.13): what passed too. Blocking ones forbid its
// submission.
func (a *App) campaignChecks(ctx context.Context, tx *postgres.Tx, c sms.Campaign) ([]sms.Finding, error) {
	senders, err := tx.Senders(ctx)
	if err != nil {
		return nil, err
	}
	fields, err := a.fields(ctx, tx, c.Lists)
	if err != nil {
		return nil, err
	}
	facts, _, err := a.draftFacts(ctx, tx, c, senders, fields)
	return sms.CheckDraft(facts), err
}

// preview renders the message for the person asked for, or for an imagined reader when there is nobody.
func (a *App) preview(ctx context.Context, tx *postgres.Tx, d *Draft, v View) error {
	p, err := a.viewed(ctx, tx, d, v)
	if errors.Is(err, sms.ErrNotFound) {
		d.Preview.Nobody = true
		p = sms.Person{Country: d.Tenant.Country}
		err = nil
	}
	if err != nil {
		return err
	}
	d.Preview.Person = p
	d.Preview.Message = sms.Message(d.Text, p, d.Campaign.Kind)
	d.Preview.Size = gsm.Count(d.Preview.Message)
	return nil
}

func (a *App) viewed(ctx context.Context, tx *postgres.Tx, d *Draft, v View) (sms.Person, error) {
	aud := d.Campaign.Audience()
	if d.Quote.People == 0 {
		return sms.Person{}, sms.ErrNotFound
	}
	p, err := a.picked(ctx, tx, d, aud, v)
	if err != nil {
		return p, err
	}
	if v.Pick == "" && v.Person == p.Contact && v.Place > 0 {
		d.Preview.Place = v.Place // counted when the page was made
		return p, nil
	}
	before, err := tx.AudiencePlace(ctx, aud, p.Contact)
	d.Preview.Place = before + 1
	return p, err
}

// picked finds the person; where the wish cannot be met it is the first of the audience.
func (a *App) picked(ctx context.Context, tx *postgres.Tx, d *Draft, aud sms.Audience, v View) (p sms.Person, err error) {
	err = sms.ErrNotFound
	switch v.Pick {
	case "":
		if !v.Person.IsZero() {
			p, err = tx.AudiencePerson(ctx, aud, v.Person)
		}
	case "next":
		p, err = first(tx.AudiencePage(ctx, aud, v.Person, 1))
	case "previous":
		if p, err = tx.AudienceBefore(ctx, aud, v.Person); errors.Is(err, sms.ErrNotFound) {
			p, err = tx.AudienceNth(ctx, aud, d.Quote.People-1)
		}
	case "anyone":
		p, err = tx.AudienceNth(ctx, aud, rand.IntN(d.Quote.People))
	case "longest":
		d.Preview.Which = v.Pick
		p, err = tx.AudienceLike(ctx, aud, d.Quote.Longest, d.Text.Fields())
	case "unfilled":
		if f := d.EmptyField(); f != "" {
			d.Preview.Which = v.Pick
			p, err = tx.AudienceLike(ctx, aud, sms.Person{}, []string{f})
		}
	}
	if errors.Is(err, sms.ErrNotFound) {
		p, err = first(tx.AudiencePage(ctx, aud, sms.ID{}, 1))
	}
	return p, err
}

// EmptyField is the field in use that most people are without, or "" when everybody has every one.
func (d Draft) EmptyField() string {
	most, field := 0, ""
	for _, f := range d.Text.Fields() {
		if n := d.Quote.Empty[f]; n > most {
			most, field = n, f
		}
	}
	return field
}

func first(page []sms.Person, err error) (sms.Person, error) {
	if err != nil {
		return sms.Person{}, err
	}
	if len(page) == 0 {
		return sms.Person{}, sms.ErrNotFound
	}
	return page[0], nil
}
