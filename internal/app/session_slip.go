package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
)

// Finalize is everything the page says on which a campaign is confirmed: what
// was chosen, what follows from it, and the slip.
type Finalize struct {
	Tenant   sms.Tenant
	Campaign sms.Campaign
	Form     sms.ScheduleForm // as typed, or as offered at first
	Schedule sms.Schedule
	Problems sms.Problems // of the form; then the slip cannot be confirmed
	Slip     sms.Slip
	Findings []sms.Finding // the check list; blocking ones forbid a confirmation
	Forecast sms.Forecast
	Earlier  string        // its versions that have left, in words: "version 1"
	For      string        // of a correction: whose people
	Before   *sms.Session  // the newest sending of the campaign, if there was one
	Refusal  *sms.Review   // when that was refused: what was asked for
	Same     bool          // refused, and nothing was changed since: an answer is needed
	Usual    time.Duration // how long a decision takes at this hour; 0: not known
	Now      time.Time
}

// Open reports whether a sending is under way, so that another cannot be submitted (D7).
func (f Finalize) Open() bool { return f.Before != nil && !f.Before.State.Final() }

// Ready reports whether the slip can be confirmed.
func (f Finalize) Ready() bool {
	return len(f.Problems) == 0 && !f.Open() && !sms.Blocks(f.Findings) && !f.tooDear()
}

// tooDear: what leaves at once must be covered now (D24).
func (f Finalize) tooDear() bool { return f.Schedule.Mode == sms.ModeNow && f.Slip.Short > 0 }

// Finalize lays out the confirmation of a campaign for what was chosen so far;
// nil is the first look at the page. Nothing is submitted by it (D2).
func (a *App) Finalize(ctx context.Context, who sms.Actor, campaign sms.ID, form *sms.ScheduleForm) (Finalize, error) {
	usual, err := a.reviewTime(ctx)
	if err != nil {
		return Finalize{}, wrap("finalize campaign", campaign, err)
	}
	var f Finalize
	err = a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) error {
		c, err := tx.Campaign(ctx, campaign)
		if err != nil {
			return err
		}
		f, err = a.finalize(ctx, tx, who, c, form)
		return err
	})
	f.Usual = usual
	return f, wrap("finalize campaign", campaign, err)
}

func (a *App) finalize(ctx context.Context, tx *postgres.Tx, who sms.Actor, c sms.Campaign, form *sms.ScheduleForm) (Finalize, error) {
	f := Finalize{Campaign: c, Now: a.Now()}
	var err error
	if f.Tenant, err = tx.OwnTenant(ctx); err != nil {
		return f, err
	}
	first := form == nil
	if first {
		offered := sms.FirstSchedule(f.Now, f.Tenant.Zone)
		form = &offered
	}
	f.Form = *form
	f.Schedule, f.Problems = f.Form.Read(f.Now, a.MinLead)
	if f.Earlier, f.For, err = earlierInWords(ctx, tx, c); err != nil {
		return f, err
	}
	if f.Findings, err = a.campaignChecks(ctx, tx, c); err != nil {
		return f, err
	}
	if f.Forecast, err = a.forecast(ctx, tx); err != nil {
		return f, err
	}
	if err := a.sendingsBefore(ctx, tx, &f); err != nil {
		return f, err
	}
	if err := a.fillSlip(ctx, tx, who, &f); err != nil {
		return f, err
	}
	if first && f.Slip.Quote.People >= sms.FirstUsual {
		f.Form.First, f.Schedule.Departure.First, f.Slip.Session.First = sms.FirstOn, true, true
	}
	checkSpread(&f)
	return f, nil
}

// sendingsBefore finds the newest sending, and what was asked for if it was refused.
func (a *App) sendingsBefore(ctx context.Context, tx *postgres.Tx, f *Finalize) error {
	all, err := tx.CampaignSessions(ctx, f.Campaign.ID, sms.KindCampaign)
	if err != nil || len(all) == 0 {
		return err
	}
	f.Before = &all[0]
	if f.Before.State != sms.SessionRefused {
		return nil
	}
	r, err := tx.Review(ctx, f.Before.ID)
	if err != nil {
		return err
	}
	c, b := f.Campaign, f.Before
	f.Refusal = &r
	f.Same = c.Text == b.Text && c.Sender == b.Sender && c.Kind == b.MessageKind && sameIDs(c.Lists, b.Lists) && sameIDs(c.Excluded, b.Excluded)
	return nil
}

func sameIDs(a, b []sms.ID) bool {
	in := map[sms.ID]bool{}
	for _, x := range a {
		in[x] = true
	}
	for _, x := range b {
		if !in[x] {
			return false
		}
	}
	return len(a) == len(b)
}

// fillSlip quotes the sending as it would be submitted now.
func (a *App) fillSlip(ctx context.Context, tx *postgres.Tx, who sms.Actor, f *Finalize) error {
	c := f.Campaign
	s := sms.Session{
		Tenant: f.Tenant.ID, Campaign: c.ID, Kind: sms.KindCampaign, Number: 1, State: sms.SessionValidating,
		Name: c.Name, MessageKind: c.Kind, Sender: c.Sender, Text: c.Text, Lists: c.Lists, Excluded: c.Excluded,
		Reach: c.Audience().Reach, Follow: !f.Schedule.Freeze, SubmittedBy: actorID(who), SubmittedAt: f.Now,
	}
	if f.Before != nil {
		s.Number = f.Before.Number + 1
	}
	f.Schedule.Put(&s)
	var err error
	if s.Prices, err = tx.Prices(ctx); err != nil {
		return err
	}
	text, err := sms.ParseText(c.Text)
	if err != nil {
		text, _ = sms.ParseText("") // a finding says what is wrong; there is nothing to count
	}
	q, err := a.quote(ctx, tx, c.Audience(), text, c.Kind, s.Prices)
	if err != nil {
		return err
	}
	s.People, s.Parts, s.Price = q.People, q.Parts, q.Price
	b, err := tx.Balance(ctx)
	if err != nil {
		return err
	}
	left := b.Available
	if s.Mode == sms.ModeScheduled {
		left = f.Forecast.Before(s.StartsAt)
	}
	f.Slip = sms.Slip{
		Session: s, Quote: q, Available: b.Available, Short: max(q.Price-left, 0),
		Friction: sms.FrictionFor(q.People, q.Price, b.Available),
	}
	if q.LeftOut.Again > 0 || len(s.UnsureOf) > 0 {
		f.Slip.Friction = sms.FrictionType // somebody may get it twice: never by a click alone
	}
	return nil
}

// reviewTime is how long four of five decisions of the last two hours took,
// rounded up to five minutes; 0 where there were none.
func (a *App) reviewTime(ctx context.Context) (time.Duration, error) {
	var times []time.Duration
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) (err error) {
		times, err = p.DecisionTimes(ctx, a.Now().Add(-2*time.Hour))
		return err
	})
	if err != nil || len(times) == 0 {
		return 0, err
	}
	const step = 5 * time.Minute
	return (times[len(times)*4/5] + step - 1).Truncate(step), nil
}

// SubmitForm is a confirmation: what the slip said, and what it asked for (D3, D4).
type SubmitForm struct {
	Schedule    sms.ScheduleForm
	Token       string
	Fingerprint string // of the slip that was shown
	Tick        bool
	Typed       string // the number of people
	Answer      string // to the team, after a refusal
}

// Submitted is the sending that a confirmation made.
type Submitted struct {
	Number  int
	At      time.Time
	Mode    sms.Mode
	Already bool `json:"-"` // this confirmation had been made before; nothing happened twice
}

// StaleSlip says that what is being agreed to changed since the slip was shown
// (D3). It is an ErrConflict.
type StaleSlip struct{ Words string }

// Error says what changed.
func (s *StaleSlip) Error() string { return s.Words }

// Unwrap is the kind.
func (s *StaleSlip) Unwrap() error { return sms.ErrConflict }

// SubmitSession confirms a campaign: it makes one immutable session, in
// validation, whatever is clicked twice (D2). The error is Problems of the form,
// a StaleSlip, or an ErrConflict in words.
func (a *App) SubmitSession(ctx context.Context, who sms.Actor, campaign sms.ID, form SubmitForm) (Submitted, error) {
	out := Submitted{}
	err := a.as(ctx, who, sms.RightSend, func(tx *postgres.Tx) error {
		out = Submitted{Already: true}
		return a.once(ctx, tx, form.Token, "submit_session", &out, func() error {
			c, err := tx.LockCampaign(ctx, campaign)
			if err != nil {
				return err
			}
			f, err := a.finalize(ctx, tx, who, c, &form.Schedule)
			if err != nil {
				return err
			}
			if err := mayConfirm(f, form); err != nil {
				return err
			}
			s := f.Slip.Session
			if err := a.submit(ctx, tx, who, &s, f, form); err != nil {
				return err
			}
			out = Submitted{Number: s.Number, At: s.SubmittedAt, Mode: s.Mode}
			return nil
		})
	})
	return out, wrap("submit session", campaign, err)
}

// mayConfirm checks a confirmation against what it would do now.
func mayConfirm(f Finalize, form SubmitForm) error {
	if f.Open() {
		return sms.Conflict(fmt.Sprintf("Version %d is %s since %s. Cancel sending to change it or to send another.", f.Before.Number,
			strings.ToLower(f.Before.State.Words()), sms.In(f.Before.SubmittedAt, f.Tenant.Zone).Format("15:04")))
	}
	if len(f.Problems) > 0 {
		return f.Problems
	}
	if words := f.Slip.Since(form.Fingerprint); words != "" {
		return &StaleSlip{words + " Check the slip again."}
	}
	for _, x := range f.Findings {
		if x.Level == sms.LevelBlocking {
			return sms.Problems{{Field: "checks", Text: x.Title}}
		}
	}
	if f.tooDear() {
		return sms.Problems{{Field: "when", Text: f.Slip.Short.Words() + " are missing to send it now. Reload, or schedule it"}}
	}
	n := len([]rune(strings.TrimSpace(form.Answer)))
	switch {
	case f.Same && n < 10:
		return sms.Problems{{Field: "answer", Text: fmt.Sprintf("The text is the same as version %d. Change it, or answer the team in 10 to 500 characters", f.Before.Number)}}
	case n > 500:
		return sms.Problems{{Field: "answer", Text: "Use 500 characters or fewer"}}
	}
	return f.Slip.Confirm(form.Tick, form.Typed)
}

// submit writes the session, and asks for its validation (D5).
func (a *App) submit(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session, f Finalize, form SubmitForm) error {
	if f.Schedule.Freeze {
		s.FrozenAt = &f.Now
	}
	s.Token = form.Token
	s.ContentHash = s.Hash()
	if err := tx.AddSession(ctx, s); err != nil {
		return err
	}
	if err := tx.ForgetWhom(ctx, s.Campaign); err != nil {
		return err
	}
	if answer := strings.TrimSpace(form.Answer); answer != "" {
		if err := tx.SetAnswer(ctx, s.ID, answer); err != nil {
			return err
		}
	}
	note := "For " + sms.People(s.People) + ", to leave as soon as it is approved."
	if s.Mode == sms.ModeScheduled {
		note = "For " + sms.People(s.People) + ", " + sendtime.Sentence(s.StartsAt, s.Zone) + "."
	}
	err := tx.AddEvent(ctx, s.ID, sms.SessionEvent{At: f.Now, Actor: who.Name, State: s.State, Title: "Submitted for validation", Note: note})
	if err != nil {
		return err
	}
	err = a.audit(ctx, tx, who, "submit_session", sessionName(*s), nil, map[string]any{
		"sender": s.Sender, "text": s.Text, "people": s.People, "price": s.Price, "at_most": f.Slip.AtMost(), "mode": s.Mode, "starts_at": s.StartsAt, "zone": s.Zone,
		"first_part": s.First, "spread_hours": s.Spread,
	}, "")
	if err != nil {
		return err
	}
	if err := a.notifyProgress(ctx, tx, s.Campaign); err != nil {
		return err
	}
	return tx.Later(ctx, ValidateSessionJob{Tenant: s.Tenant, Session: s.ID})
}
