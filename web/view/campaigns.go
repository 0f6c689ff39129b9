package view

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
)

// CampaignsProps is one page of the list of campaigns.
type CampaignsProps struct {
	app.CampaignPage
	Filter   sms.CampaignFilter
	Account  string
	Now      time.Time
	MayWrite bool
	Token    func() string // a fresh one for each form
}

func (p CampaignsProps) base(c sms.CampaignLine) string {
	return p.Account + "/campaigns/" + c.ID.String()
}

// first is the first line of the text, cut to what fits.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if r := []rune(line); len(r) > 90 {
		return strings.TrimSpace(string(r[:88])) + "…"
	}
	return line
}

// when says in a few words when the campaign leaves, left or was changed.
func (p CampaignsProps) when(c sms.CampaignLine) string {
	zone := p.Zone
	if c.Zone != "" && c.State != sms.CampaignDraft {
		zone = c.Zone
	}
	at := sms.In(c.At, zone)
	out := When(at)
	if at.Year() != sms.In(p.Now, zone).Year() {
		out = Date(at) + ", " + Clock(at)
	}
	if zone != p.Zone {
		out += ", " + sendtime.City(zone) + " time"
	}
	return out
}

// short is the rest of a line on a small screen.
func (p CampaignsProps) short(c sms.CampaignLine) string {
	out := " · " + p.when(c)
	if c.State != sms.CampaignDraft {
		out += " · " + People(c.People)
	}
	return out
}

// verb is what happened or will happen at when.
func verb(s sms.SessionState) string {
	switch s {
	case sms.CampaignDraft:
		return "Changed"
	case sms.SessionSending, sms.SessionPaused, sms.SessionStopped:
		return "Began"
	case sms.SessionCompleted, sms.SessionCancelled:
		return "Ended"
	case sms.SessionRefused:
		return "Refused"
	}
	return "Leaves"
}

func stateWords(c sms.CampaignLine) string {
	if c.State == sms.SessionSending {
		return "Sending, " + strconv.Itoa(c.Tally.Percent()) + "%"
	}
	return StateLabel(string(c.State))
}

// delivered is the share of those who got it, once something left.
func delivered(c sms.CampaignLine) string {
	if c.Tally.Handed() == 0 {
		return "–"
	}
	return Percent(c.Tally.Delivered, c.Tally.People())
}

func peopleOf(c sms.CampaignLine) string {
	if c.State == sms.CampaignDraft {
		return "–"
	}
	return Num(c.People)
}

// states are the choices of the filter.
func (p CampaignsProps) states() []Option {
	out := []Option{{Label: "Every state"}, {Value: string(sms.CampaignDraft), Label: "Draft"}}
	for _, s := range []sms.SessionState{
		sms.SessionValidating, sms.SessionRefused, sms.SessionScheduled, sms.SessionWaitingCredits, sms.SessionHeld, sms.SessionSending,
		sms.SessionPaused, sms.SessionStopped, sms.SessionCancelled, sms.SessionCompleted,
	} {
		out = append(out, Option{Value: string(s), Label: s.Words()})
	}
	return out
}

// query is the address of this list with the filter.
func (p CampaignsProps) query(more url.Values) string {
	q := url.Values{}
	if p.Filter.State != "" {
		q.Set("state", string(p.Filter.State))
	}
	if p.Filter.Text != "" {
		q.Set("q", p.Filter.Text)
	}
	for k, v := range more {
		q[k] = v
	}
	if len(q) == 0 {
		return p.Account + "/campaigns"
	}
	return p.Account + "/campaigns?" + q.Encode()
}

func (p CampaignsProps) pager() PagerProps {
	out := PagerProps{NewerLabel: "Newest"}
	if !p.Filter.Before.IsZero() {
		out.Newer = p.query(nil)
	}
	if p.More {
		last := p.Lines[len(p.Lines)-1]
		out.Older = p.query(url.Values{"before": {strconv.FormatInt(last.UpdatedAt.UnixMicro(), 10)}, "id": {last.ID.String()}})
	}
	return out
}

// NewCampaignProps is the form that begins a campaign.
type NewCampaignProps struct {
	List                 *sms.List // whom it is for, or nil
	Account, Name, Token string
	Mistakes             sms.Problems
}

// DeleteDraftProps is the draft that is asked about.
type DeleteDraftProps struct {
	Name, Base, Account string
}
