package app

import (
	"context"
	"slices"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// ValidateSessionJob runs the automatic checks on a submitted session.
type ValidateSessionJob struct {
	Tenant  sms.TenantID
	Session sms.SessionID
}

// Kind names the job.
func (ValidateSessionJob) Kind() string { return "validate_session" }

// RunValidateSession checks a submitted session as its people would get it.
// With automatic validation and no blocking finding it is approved at once
// (D6); else it waits for staff, by its due time (D5, D13). Run twice it does
// nothing the second time.
func (a *App) RunValidateSession(ctx context.Context, job ValidateSessionJob) error {
	return a.DB.InTenant(ctx, job.Tenant, func(tx *postgres.Tx) error {
		s, err := tx.LockSession(ctx, job.Session)
		if err != nil || s.State != sms.SessionValidating {
			return err
		}
		checks, err := a.checkSession(ctx, tx, s)
		if err != nil {
			return err
		}
		if err := tx.AddChecks(ctx, s.ID, checks); err != nil {
			return err
		}
		automatic, err := tx.AutomaticAt(ctx, s.SubmittedAt)
		if err != nil {
			return err
		}
		answer, err := tx.Answer(ctx, s.ID)
		if err != nil {
			return err
		}
		r := sms.Review{Session: s.ID, DueAt: sms.ReviewDue(s), Risk: sms.Risk(checks), Answer: answer}
		if err := tx.AddReview(ctx, r); err != nil {
			return err
		}
		if !automatic || sms.Blocks(checks) {
			return a.notifyQueue(ctx, tx)
		}
		now := a.Now()
		r.Decision, r.DecidedName, r.DecidedAt = "approved", "Automatic validation", &now
		if err := tx.SaveReview(ctx, r); err != nil {
			return err
		}
		return a.approve(ctx, tx, sms.SystemActor(job.Tenant), &s, nil)
	})
}

// checkSession gathers the facts of D12 and looks at them.
func (a *App) checkSession(ctx context.Context, tx *postgres.Tx, s sms.Session) ([]sms.Finding, error) {
	t, err := tx.OwnTenant(ctx)
	if err != nil {
		return nil, err
	}
	f := sms.CheckFacts{Session: s, TenantAge: a.Now().Sub(t.CreatedAt)}
	text, _ := sms.ParseText(s.Text) // problems were refused at submission
	q, err := a.quote(ctx, tx, s.Audience(), text, s.MessageKind, s.Prices)
	if err != nil {
		return nil, err
	}
	f.Longest = q.MostParts
	for _, n := range q.Unfilled {
		f.Unfilled += n
	}
	for _, l := range q.Unpriced {
		f.Unpriced += l.People
	}
	for _, l := range q.ByCountry {
		if s.MessageKind == sms.Marketing && sms.OptOutNotice(l.Country, s.MessageKind) == "" {
			f.NoOptOut += l.People
		}
	}
	if f.SentBefore, err = tx.Completed(ctx); err != nil {
		return nil, err
	}
	if f.SenderUsed, err = tx.SenderUsed(ctx, s.Sender, s.ID); err != nil {
		return nil, err
	}
	if f.SenderKnown, err = senderKnown(ctx, tx, s.Sender, q); err != nil {
		return nil, err
	}
	f.FreshPeople, f.Sequential, err = tx.ListSigns(ctx, sms.Audience{Lists: s.Lists}, a.Now().Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	refused, err := tx.RefusedTexts(ctx, 200)
	if err != nil {
		return nil, err
	}
	for _, x := range refused {
		if n := sms.Alike(s.Text, x.Text); n > f.MostAlike {
			f.MostAlike, f.AlikeTo = n, x.Name
		}
	}
	return sms.RunChecks(f), nil
}

// senderKnown reports whether the name is approved in every country of the quote.
func senderKnown(ctx context.Context, tx *postgres.Tx, name string, q sms.Quote) (bool, error) {
	senders, err := tx.Senders(ctx)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(senders, func(s sms.Sender) bool { return s.Name == name })
	if i < 0 {
		return false, nil
	}
	for _, l := range q.ByCountry {
		if !senders[i].ApprovedIn(l.Country) {
			return false, nil
		}
	}
	return true, nil
}

// notifyQueue tells the moderators' pages that the queue changed.
func (a *App) notifyQueue(ctx context.Context, tx *postgres.Tx) error {
	return tx.Notify(ctx, "progress", queueKey)
}

const queueKey = "queue"

// Queue is what moderators see: what waits, in order, and how they keep the promise.
type Queue struct {
	Items   []sms.QueueItem
	Held    int // by me
	Decided []sms.QueueItem
	Usual   time.Duration // how long nine of ten decisions of the last day took; 0: none yet
}

// Queue lists what waits for a decision, in the order of D13.
func (a *App) Queue(ctx context.Context, who sms.Actor) (Queue, error) {
	var q Queue
	err := a.asStaff(ctx, who, sms.RightReview, func(p *postgres.PlatformTx) (err error) {
		if q.Items, err = p.QueueItems(ctx, 200); err != nil {
			return err
		}
		for _, x := range q.Items {
			if x.Review.ClaimedBy != nil && *x.Review.ClaimedBy == who.User && x.Review.ClaimedUntil.After(a.Now()) {
				q.Held++
			}
		}
		if q.Decided, err = p.DecidedItems(ctx, 50); err != nil {
			return err
		}
		times, err := p.DecisionTimes(ctx, a.Now().Add(-24*time.Hour))
		if n := len(times); err == nil && n > 0 {
			q.Usual = times[n*9/10]
		}
		return err
	})
	return q, err
}

// Case is one session as a moderator decides on it.
type Case struct {
	Item     sms.QueueItem
	Before   *sms.Session // the refused version before it
	Asked    *sms.Review  // what was asked for then
	Checks   []sms.Finding
	People   []CasePerson // typical, longest, missing a field
	Quote    sms.Quote
	Alike    []sms.Precedent
	ListName string
	Consent  string
	Balance  sms.Balance
	Done     int // campaigns of the tenant that completed
	HeldBy   string
}

// CasePerson is the text as one real person gets it.
type CasePerson struct {
	Label  string // "Typical", "Longest", "No first name"
	Person sms.Person
	Text   string
	Parts  int
}

// OpenCase shows a session to a moderator and claims it for ten minutes, unless
// somebody else holds it (D13).
func (a *App) OpenCase(ctx context.Context, who sms.Actor, id sms.SessionID) (Case, error) {
	var c Case
	err := a.asStaff(ctx, who, sms.RightReview, func(p *postgres.PlatformTx) error {
		var err error
		if c.Item, err = p.Item(ctx, id); err != nil {
			return err
		}
		tx := p.In(c.Item.Session.Tenant)
		r, err := tx.LockReview(ctx, id)
		if err != nil {
			return err
		}
		if name, held := r.HeldBy(a.Now(), who.User); held {
			c.HeldBy = name
		} else if r.Decision == "" && c.Item.Session.State == sms.SessionValidating {
			until := a.Now().Add(sms.ClaimFor)
			r.ClaimedBy, r.ClaimedName, r.ClaimedUntil = &who.User, who.Name, &until
			if err := tx.SaveReview(ctx, r); err != nil {
				return err
			}
		}
		c.Item.Review = r
		return a.fillCase(ctx, p, tx, &c)
	})
	return c, err
}

func (a *App) fillCase(ctx context.Context, p *postgres.PlatformTx, tx *postgres.Tx, c *Case) (err error) {
	s := c.Item.Session
	if c.Checks, err = tx.Checks(ctx, s.ID); err != nil {
		return err
	}
	text, _ := sms.ParseText(s.Text)
	aud := s.Audience()
	if c.Quote, err = a.quote(ctx, tx, aud, text, s.MessageKind, s.Prices); err != nil {
		return err
	}
	if c.People, err = a.casePeople(ctx, tx, s, aud, text, c.Quote); err != nil {
		return err
	}
	if c.ListName, c.Consent, err = audienceInWords(ctx, tx, s); err != nil {
		return err
	}
	if c.Balance, err = tx.Balance(ctx); err != nil {
		return err
	}
	if c.Done, err = tx.Completed(ctx); err != nil {
		return err
	}
	if c.Before, c.Asked, err = refusedBefore(ctx, tx, s); err != nil {
		return err
	}
	return a.precedents(ctx, p, c)
}

// refusedBefore finds the newest refused version before s, and what was asked.
func refusedBefore(ctx context.Context, tx *postgres.Tx, s sms.Session) (*sms.Session, *sms.Review, error) {
	all, err := tx.CampaignSessions(ctx, s.Campaign, sms.KindCampaign)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range all {
		if x.Number < s.Number && x.State == sms.SessionRefused {
			r, err := tx.Review(ctx, x.ID)
			return &x, &r, err
		}
	}
	return nil, nil, nil
}

// casePeople renders the text for three real people: typical, longest, and one
// who lacks a field.
func (a *App) casePeople(ctx context.Context, tx *postgres.Tx, s sms.Session, aud sms.Audience, text sms.Text, q sms.Quote) ([]CasePerson, error) {
	page, err := tx.AudiencePage(ctx, aud, sms.ID{}, 200)
	if err != nil || len(page) == 0 {
		return nil, err
	}
	show := func(label string, p sms.Person) CasePerson {
		m := sms.Price(text, p, s.MessageKind, s.Prices)
		return CasePerson{Label: label, Person: p, Text: m.Text, Parts: m.Size.Parts}
	}
	out := []CasePerson{show("Typical", page[len(page)/2])}
	longest := page[0]
	for _, p := range page {
		if len(sms.Message(text, p, s.MessageKind)) > len(sms.Message(text, longest, s.MessageKind)) {
			longest = p
		}
	}
	out = append(out, show("Longest", longest))
	for _, f := range text.Fields() {
		i := slices.IndexFunc(page, func(p sms.Person) bool { return p.Field(f) == "" })
		if i >= 0 {
			out = append(out, show("No "+fieldName(f), page[i]))
			break
		}
	}
	return out, nil
}

func fieldName(key string) string {
	b := []byte(key)
	for i := range b {
		if b[i] == '_' {
			b[i] = ' '
		}
	}
	return string(b)
}

// precedents finds the three most alike texts that were decided.
func (a *App) precedents(ctx context.Context, p *postgres.PlatformTx, c *Case) error {
	decided, err := p.Decided(ctx, 500)
	if err != nil {
		return err
	}
	for _, d := range decided {
		if d.Alike = sms.Alike(c.Item.Session.Text, d.Text); d.Alike >= 40 {
			c.Alike = append(c.Alike, d)
		}
	}
	slices.SortStableFunc(c.Alike, func(x, y sms.Precedent) int { return y.Alike - x.Alike })
	c.Alike = c.Alike[:min(3, len(c.Alike))]
	return nil
}
