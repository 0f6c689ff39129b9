package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/gsm"
)

// CampaignPage is one page of the list of campaigns.
type CampaignPage struct {
	Zone  string // of the tenant
	Lines []sms.CampaignLine
	More  bool // others follow
	None  bool // the account has no campaign at all
}

// campaignPage is how many campaigns a page of the list has.
const campaignPage = 25

// Campaigns lists campaigns, the last changed first.
func (a *App) Campaigns(ctx context.Context, who sms.Actor, f sms.CampaignFilter) (CampaignPage, error) {
	var out CampaignPage
	f.Limit = campaignPage + 1
	f.Text = strings.TrimSpace(f.Text)
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if out.Lines, err = tx.Campaigns(ctx, f); err != nil {
			return err
		}
		if out.More = len(out.Lines) > campaignPage; out.More {
			out.Lines = out.Lines[:campaignPage]
		}
		tenant, err := tx.OwnTenant(ctx)
		out.Zone = tenant.Zone
		out.None = len(out.Lines) == 0 && f.State == "" && f.Text == "" && f.Before.IsZero()
		return err
	})
	return out, err
}

// NewCampaign makes a draft without a text, to lists if they are named. The same token gives the same draft.
func (a *App) NewCampaign(ctx context.Context, who sms.Actor, name, token string, lists ...sms.ID) (sms.ID, error) {
	name, err := sms.CampaignName(name)
	if err != nil {
		return sms.ID{}, err
	}
	now := a.Now()
	id := sms.NewID(now)
	err = a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, token, "new_campaign", &id, func() error {
			for _, l := range lists {
				if _, err := tx.ListHead(ctx, l); err != nil {
					return err
				}
			}
			return a.addCampaign(ctx, tx, who, "new_campaign", sms.Campaign{ID: id, Name: name, Lists: lists, CreatedAt: now, UpdatedBy: who.User})
		})
	})
	return id, err
}

// addCampaign writes a draft; the account's only sender is chosen for it.
func (a *App) addCampaign(ctx context.Context, tx *postgres.Tx, who sms.Actor, deed string, c sms.Campaign) error {
	if c.Sender == "" {
		senders, err := tx.Senders(ctx)
		if err != nil {
			return err
		}
		if len(senders) == 1 && senders[0].ApprovedAt != nil {
			c.Sender = senders[0].Name
		}
	}
	if err := tx.AddCampaign(ctx, c); err != nil {
		return err
	}
	return a.audit(ctx, tx, who, deed, "campaign "+c.ID.String(), nil, auditCampaign(c), "")
}

// auditCampaign is what the audit keeps of a draft.
func auditCampaign(c sms.Campaign) map[string]any {
	return map[string]any{"name": c.Name, "kind": c.Kind, "sender": c.Sender, "text": c.Text, "lists": c.Lists, "excluded": c.Excluded, "whom": c.Whom, "reached_by": c.ReachedBy}
}

// DuplicateCampaign makes a draft with everything of another campaign but its name.
func (a *App) DuplicateCampaign(ctx context.Context, who sms.Actor, of sms.ID, token string) (sms.ID, error) {
	now := a.Now()
	id := sms.NewID(now)
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, token, "duplicate_campaign", &id, func() error {
			c, err := tx.Campaign(ctx, of)
			if err != nil {
				return err
			}
			c.ID, c.CreatedAt, c.UpdatedBy = id, now, who.User
			c.Name, c.Whom = copyName(c.Name), sms.WhomNew
			return a.addCampaign(ctx, tx, who, "duplicate_campaign", c)
		})
	})
	return id, wrap("duplicate campaign", of, err)
}

func copyName(name string) string {
	const suffix = ", copy"
	r := []rune(name)
	return string(r[:min(len(r), 80-len(suffix))]) + suffix
}

// DeleteDraft takes a campaign that nothing was sent of out of the list.
func (a *App) DeleteDraft(ctx context.Context, who sms.Actor, id sms.ID) error {
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		c, err := tx.LockCampaign(ctx, id)
		if err != nil {
			return err
		}
		sessions, err := tx.CampaignSessions(ctx, id, sms.KindCampaign)
		if err != nil {
			return err
		}
		for _, s := range sessions {
			if s.State != sms.SessionRefused && (s.State != sms.SessionCancelled || s.StartedAt != nil) {
				return sms.Conflict("Version " + fmt.Sprint(s.Number) + " of it is " + strings.ToLower(s.State.Words()) + ", so it stays. Only drafts can be deleted.")
			}
		}
		if err := tx.DeleteCampaign(ctx, id, a.Now()); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "delete_draft", "campaign "+id.String(), auditCampaign(c), nil, "")
	})
	return wrap("delete draft", id, err)
}

// CampaignForm is a draft as typed.
type CampaignForm struct {
	Name, Sender, Kind, Text string
	Lists, Excluded          []string // IDs
	Whom                     sms.Whom // when a version has left before
	Revision                 int64    // what it may write over
	Window                   sms.Window
	Fix                      string // code of the advice to follow
	View                     View
}

// View is whom the preview shows.
type View struct {
	Pick   string // "" stays; "next", "previous", "anyone", "longest", "unfilled"
	Person sms.ID // whom it showed
	Place  int    // and where in the audience that person stands
}

// Stale says that somebody else saved a newer version.
type Stale struct {
	By       string
	At       time.Time
	Revision int64
	Mine     bool   // it was me, in another window
	Text     string // of the newer version
}

// Draft is a campaign as it is being written, with all that the page says about it.
type Draft struct {
	Campaign sms.Campaign // as typed
	Tenant   sms.Tenant
	Lists    []sms.ListName
	Senders  []sms.Sender
	Fields   []string // that the text may use
	Earlier  string   // its versions that have left, in words: "version 1"; "" when none has
	For      string   // of a correction: whose people, "version 1 of Winter timetable"
	Open     *sms.Session
	Since    time.Time // when Open took its state
	Stale    *Stale
	Problems sms.Problems // with what is typed now
	Text     sms.Text
	Quote    sms.Quote
	Balance  sms.Balance
	Advice   []sms.Advice
	Findings []sms.Finding
	Preview  Preview
}

// Preview is the message as one person gets it.
type Preview struct {
	Person  sms.Person
	Nobody  bool // there is no audience: an imagined reader
	Place   int  // 1 is the first of the audience
	Which   string
	Message string
	Size    gsm.Tally
}

// Draft reads a campaign for writing.
func (a *App) Draft(ctx context.Context, who sms.Actor, id sms.ID, v View) (Draft, error) {
	var d Draft
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if d.Campaign, err = tx.Campaign(ctx, id); err != nil {
			return err
		}
		if err = a.open(ctx, tx, &d); err != nil {
			return err
		}
		return a.fillDraft(ctx, tx, &d, v)
	})
	return d, wrap("draft", id, err)
}

// open finds the sending that is under way, if there is one: while it is, nothing is changed (D7).
func (a *App) open(ctx context.Context, tx *postgres.Tx, d *Draft) error {
	sessions, err := tx.CampaignSessions(ctx, d.Campaign.ID, sms.KindCampaign)
	if err != nil || len(sessions) == 0 || sessions[0].Editable() {
		return err
	}
	s := sessions[0]
	events, err := tx.Events(ctx, s.ID)
	if err != nil {
		return err
	}
	d.Open, d.Since = &s, s.SubmittedAt
	for _, e := range events {
		if e.State == s.State {
			d.Since = e.At
		}
	}
	return nil
}

// OpenWords says why the draft cannot be changed now, or "".
func (d Draft) OpenWords() string {
	if d.Open == nil {
		return ""
	}
	state := strings.ToLower(d.Open.State.Words()[:1]) + d.Open.State.Words()[1:]
	since := sms.In(d.Since, d.Tenant.Zone)
	return fmt.Sprintf("Version %d is %s since %s. Cancel sending to change it.", d.Open.Number, state, since.Format("15:04"))
}

// SaveDraft keeps what was typed, whatever is wrong with it. ErrConflict, with the Draft as typed: a
// sending is under way (Draft.Open), or somebody saved a newer version (Draft.Stale); then nothing was
// kept. A name that cannot be kept stays as it was and is in Draft.Problems.
func (a *App) SaveDraft(ctx context.Context, who sms.Actor, id sms.ID, f CampaignForm) (Draft, error) {
	var d Draft
	err := a.as(ctx, who, sms.RightCompose, func(tx *postgres.Tx) error {
		d = Draft{}
		kept, err := tx.LockCampaign(ctx, id)
		if err != nil {
			return err
		}
		d.Campaign = kept
		if err := a.open(ctx, tx, &d); err != nil {
			return err
		}
		if err := a.typed(ctx, tx, &d, f); err != nil {
			return err
		}
		if f.Revision != kept.Revision && !f.Window.After(kept.Window) && !sameDraft(d.Campaign, kept) {
			d.Stale = &Stale{By: kept.UpdatedByName, At: kept.UpdatedAt, Revision: kept.Revision, Mine: kept.UpdatedBy == who.User, Text: kept.Text}
			d.Campaign.Revision = f.Revision
		}
		if f.Fix != "" && d.Open == nil && d.Stale == nil {
			if err := a.follow(ctx, tx, &d, f.Fix); err != nil {
				return err
			}
		}
		if d.Open == nil && d.Stale == nil && !sameDraft(d.Campaign, kept) {
			if err := a.keepDraft(ctx, tx, who, &d.Campaign, kept); err != nil {
				return err
			}
		}
		return a.fillDraft(ctx, tx, &d, f.View)
	})
	switch {
	case err != nil:
		return d, wrap("save draft", id, err)
	case d.Open != nil:
		return d, sms.Conflict(d.OpenWords())
	case d.Stale != nil:
		return d, sms.Conflict(d.StaleWords())
	}
	return d, nil
}

// StaleWords says who was faster, or "".
func (d Draft) StaleWords() string {
	if d.Stale == nil {
		return ""
	}
	at := sms.In(d.Stale.At, d.Tenant.Zone).Format("15:04")
	if d.Stale.Mine {
		return "You saved a newer version at " + at + " in another window."
	}
	return d.Stale.By + " saved a newer version at " + at + "."
}

// typed puts the form over the campaign.
func (a *App) typed(ctx context.Context, tx *postgres.Tx, d *Draft, f CampaignForm) error {
	var err error
	if d.Lists, err = tx.ListNames(ctx); err != nil {
		return err
	}
	if d.Senders, err = tx.Senders(ctx); err != nil {
		return err
	}
	c := &d.Campaign
	kept := *c
	c.Window = f.Window
	if name, err := sms.CampaignName(f.Name); err == nil {
		c.Name = name
	} else {
		var p sms.Problems
		errors.As(err, &p)
		d.Problems.Add("name", p.For("name"))
	}
	c.Text = gsm.Clean(f.Text)
	if r := []rune(c.Text); len(r) > sms.TextLimit {
		d.Problems.Add("text", "The message has "+sms.Number(len(r))+" characters. We keep the first "+sms.Number(sms.TextLimit))
		c.Text = string(r[:sms.TextLimit])
	}
	if f.Kind == sms.Marketing || f.Kind == sms.Service || f.Kind == "" {
		c.Kind = f.Kind
	}
	if f.Sender == "" || slices.ContainsFunc(d.Senders, func(s sms.Sender) bool { return s.Name == f.Sender }) {
		c.Sender = f.Sender
	}
	c.Lists = d.chosen(f.Lists, nil)
	c.Excluded = d.chosen(f.Excluded, c.Lists)
	if c.Whom = d.whom(f.Whom); len(c.ReachedBy) > 0 {
		c.Lists, c.Excluded = kept.Lists, kept.Excluded // a correction goes to nobody else
	}
	return nil
}

// chosen are the lists named in a form that exist, each once, and are not in others.
func (d Draft) chosen(typed []string, others []sms.ID) []sms.ID {
	var out []sms.ID
	for _, x := range typed {
		id, err := sms.ParseID(x)
		if err != nil || slices.Contains(out, id) || slices.Contains(others, id) {
			continue
		}
		if slices.ContainsFunc(d.Lists, func(l sms.ListName) bool { return l.ID == id }) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b sms.ID) int { return slices.Compare(a[:], b[:]) })
	return out
}

func sameDraft(a, b sms.Campaign) bool {
	return sameMessage(a, b) && a.Name == b.Name && slices.Equal(a.Lists, b.Lists) && slices.Equal(a.Excluded, b.Excluded) && a.Whom == b.Whom
}

// sameMessage reports whether what a phone shows is the same.
func sameMessage(a, b sms.Campaign) bool {
	return a.Text == b.Text && a.Kind == b.Kind && a.Sender == b.Sender
}

// keepDraft writes the draft. A test of the same message stays a test of it.
func (a *App) keepDraft(ctx context.Context, tx *postgres.Tx, who sms.Actor, c *sms.Campaign, kept sms.Campaign) error {
	c.UpdatedBy, c.UpdatedByName, c.UpdatedAt = who.User, who.Name, a.Now()
	if err := tx.SaveCampaign(ctx, c); err != nil {
		return err
	}
	if sameMessage(*c, kept) && kept.TestedRevision == kept.Revision {
		c.TestedRevision = c.Revision
		if err := tx.SetTested(ctx, c.ID, c.Revision); err != nil {
			return err
		}
	}
	return a.audit(ctx, tx, who, "save_draft", "campaign "+c.ID.String(), auditCampaign(kept), auditCampaign(*c), "")
}

// follow puts the text of an advice in the place of the typed one.
func (a *App) follow(ctx context.Context, tx *postgres.Tx, d *Draft, code string) error {
	text, err := sms.ParseText(d.Campaign.Text)
	if err != nil {
		return nil //nolint:nilerr // a text with mistakes has no advice; the page says what is wrong
	}
	prices, err := tx.Prices(ctx)
	if err != nil {
		return err
	}
	groups, _, err := tx.AudienceGroups(ctx, d.Campaign.Audience(), text.Fields())
	if err != nil {
		return err
	}
	quote := sms.NewQuote(text, d.Campaign.Kind, prices, groups)
	if fixed, ok := sms.FixText(sms.Advise(text, d.Campaign.Kind, prices, groups, quote), code); ok {
		d.Campaign.Text = fixed
	}
	return nil
}
