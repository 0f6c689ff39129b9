package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
	"tidings/internal/sms/sendtime"
)

// FinalizeProps is the page on which a campaign is confirmed.
type FinalizeProps struct {
	app.Finalize
	Base     string       // address of the campaign
	Account  string       // address of the account
	Look     string       // where a change is posted to, to be laid out anew
	Token    string       // one-time, of the confirmation
	Mistakes sms.Problems // of a confirmation that came back; else only what the form itself says is shown
	Stale    string       // what changed since the slip was shown
	Tick     bool
	Typed    string
	Answer   string
	MayAsk   string // why who asks cannot confirm himself; "" when he can
	Updated  bool   // rebuilt after a change: say so
}

// err is what is wrong with a field. What a clock change makes of a time is told in a note of its own.
func (p FinalizeProps) err(field string) string {
	if k := p.Schedule.Resolution.Kind; k == sendtime.Gap && field == "time" || k == sendtime.Overlap && field == "which" {
		return p.Mistakes.For(field)
	}
	if s := p.Mistakes.For(field); s != "" {
		return s
	}
	return p.Problems.For(field)
}

// summary is every mistake, once, for the top of a form that came back.
func (p FinalizeProps) summary() []Problem {
	var out []Problem
	for _, x := range p.Mistakes {
		at := x.Field
		if at == "tick" || at == "typed" {
			at = frictionID(p.Slip)
		}
		out = append(out, Problem{Field: at, Text: x.Text})
	}
	return out
}

func (p FinalizeProps) scheduled() bool { return p.Form.When == string(sms.ModeScheduled) }

// timed reports whether there is a moment to speak about.
func (p FinalizeProps) timed() bool { return len(p.Problems) == 0 }

func (p FinalizeProps) now() string {
	switch {
	case p.Tenant.AutoValidation:
		return "Starts at once."
	case p.Usual > 0:
		return "Starts as soon as it is approved, about " + Span(p.Usual) + " from now."
	}
	return "Starts as soon as it is approved, within " + Span(sms.ReviewPromise) + " as a rule."
}

func (p FinalizeProps) whens() []Choice {
	return []Choice{{Value: "now", Label: "Send now", Hint: p.now()}, {Value: "scheduled", Label: "Schedule", Hint: "Starts on the date you choose."}}
}

func (p FinalizeProps) lists() []Choice {
	return []Choice{
		{Value: sms.ListFollow, Label: "Count again when it starts", Hint: "Who joins or leaves the list before then is counted. It never costs more than 5% above what the slip says now: then we ask you."},
		{Value: sms.ListFreeze, Label: "Freeze the list now", Hint: "Nobody is added. Who opts out is left out all the same."},
	}
}

// zone is the field of the form with the city that the zone is known by, and its offset on the date.
func (p FinalizeProps) zone() ComboProps {
	c := ComboProps{
		ID: "zone", Name: "zone", Label: "Time zone", Error: p.err("zone"), Value: p.Form.Zone, Text: p.Form.ZoneText, Icon: "globe",
		Search: p.Account + "/zones?on=" + p.Form.Date,
	}
	if p.Schedule.Zone != "" {
		c.Value = p.Schedule.Zone
		if c.Text == "" {
			c.Text = sendtime.City(c.Value)
		}
		c.Hint = sendtime.City(c.Value) + " is " + sendtime.Offset(p.at(), c.Value)
		if p.timed() {
			c.Hint += " on that date"
		}
	}
	return c
}

// at is the start, or now while no start is known.
func (p FinalizeProps) at() time.Time {
	if p.Schedule.StartsAt.IsZero() {
		return p.Now
	}
	return p.Schedule.StartsAt
}

// elsewhere says the start by other clocks that matter: UTC, the account's, and those of the audience.
func (p FinalizeProps) elsewhere() string {
	at, zone := p.at(), p.Schedule.Zone
	out := []string{}
	if zone != "UTC" {
		out = append(out, sendtime.UTC(at, zone))
	}
	same := sms.In(at, zone).Format("15:04")
	if t := sms.In(at, p.Tenant.Zone).Format("15:04"); t != same {
		out = append(out, t+" in "+sendtime.City(p.Tenant.Zone))
	}
	for _, h := range p.hours() {
		if t := h.Local.Format("15:04"); t != same && len(out) < 5 {
			out = append(out, t+" in "+h.InText())
		}
	}
	return strings.Join(out, " · ")
}

func (p FinalizeProps) hours() []sms.Hours {
	return sms.HoursOf(p.Slip.Quote.ByCountry, p.Campaign.Kind, p.at())
}

func (p FinalizeProps) strips() []ZoneHours {
	var out []ZoneHours
	for i, h := range p.hours() {
		if i == 6 {
			break
		}
		z := ZoneHours{
			Name: h.Name(), People: People(h.People), At: float64(h.Local.Hour()) + float64(h.Local.Minute())/60,
			Local: h.Local.Format("15:04"), Rule: rule(h),
		}
		if !h.Shut {
			z.Open = [][2]float64{{h.Open.Opens.Hours(), h.Open.Closes.Hours()}}
		}
		out = append(out, z)
	}
	return out
}

// rule writes hours in little room: "8 to 20:30".
func rule(h sms.Hours) string {
	if h.Shut {
		return "closed"
	}
	if h.Open.Closes-h.Open.Opens >= 24*time.Hour {
		return "any hour"
	}
	return hour(h.Open.Opens) + " to " + hour(h.Open.Closes)
}

func hour(d time.Duration) string {
	if m := int(d.Minutes()) % 60; m != 0 {
		return fmt.Sprintf("%d:%02d", int(d.Hours()), m)
	}
	return strconv.Itoa(int(d.Hours()))
}

func (p FinalizeProps) hoursLabel() string {
	kind := "Service"
	if p.Campaign.Kind == sms.Marketing {
		kind = "Marketing"
	}
	return kind + ", " + sms.In(p.at(), p.Schedule.Zone).Format("Monday 2")
}

// outside is the first country in which it would leave outside the hours, and the next time that fits all.
func (p FinalizeProps) outside() (h sms.Hours, next time.Time, ok bool) {
	for _, h := range p.hours() {
		if !h.Inside() {
			return h, sms.NextInside(p.Slip.Quote.ByCountry, p.Campaign.Kind, p.at()), true
		}
	}
	return h, next, false
}

func outsideTitle(h sms.Hours) string {
	where := phone.CountryInText(h.Countries[0])
	if h.Shut {
		return h.Local.Format("Monday 2 January") + " is no day for marketing in " + where + "."
	}
	return h.Local.Format("15:04") + " is outside the hours for marketing in " + where + ", " + h.Open.String() + "."
}

// moveTo is what the button says that moves the start inside the hours.
func (p FinalizeProps) moveTo(next time.Time) string {
	return sms.In(next, p.Schedule.Zone).Format("Move to Monday 2 January 15:04")
}

// pick is the value of a button that sets date and time.
func (p FinalizeProps) pick(next time.Time) string {
	return sms.In(next, p.Schedule.Zone).Format("2006-01-02 15:04")
}

func (p FinalizeProps) holdLabel() string {
	if !p.timed() {
		return "If it has not started " + Count(p.chosenHours(), "hour", "hours") + " after its time, hold it and ask me"
	}
	return "If it has not started by " + p.holdAt(p.chosenHours()) + ", hold it and ask me"
}

func (p FinalizeProps) chosenHours() int {
	n, err := strconv.Atoi(p.Form.Hours)
	if err != nil {
		return sms.HoldHours[0]
	}
	return n
}

// holdAt is the clock so many hours after the start, with the day where it is another.
func (p FinalizeProps) holdAt(hours int) string {
	start := sms.In(p.at(), p.Schedule.Zone)
	at := start.Add(time.Duration(hours) * time.Hour)
	if at.Format(time.DateOnly) == start.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format("Monday 15:04")
}

func (p FinalizeProps) holdOptions() []Option {
	var out []Option
	for _, n := range []int{1, 2, 4, 8, 24, 48} {
		label := Count(n, "hour", "hours") + " after the start"
		if p.timed() {
			label += ", " + p.holdAt(n)
		}
		out = append(out, Option{Value: strconv.Itoa(n), Label: label})
	}
	return out
}

func (p FinalizeProps) reads() string {
	switch {
	case p.Tenant.AutoValidation:
		return "Automatic validation is on: it starts when no check objects, else our team reads it first."
	case p.Usual > 0:
		return "Our team reads the message first, day and night. It takes about " + Span(p.Usual) + " at this hour."
	}
	return "Our team reads the message first, day and night, within " + Span(sms.ReviewPromise) + " as a rule."
}

// steps lays this campaign among those that are scheduled already.
func (p FinalizeProps) steps() ForecastProps {
	zone := p.Tenant.Zone
	f := ForecastProps{Points: []StepPoint{{At: sms.In(p.Now, zone), After: int64(p.Forecast.Now), Label: p.Forecast.Now.String() + " today"}}}
	at := maxTime(p.at(), p.Now)
	left, placed := p.Forecast.Now, false
	words := "Credits forecast. Today " + p.Forecast.Now.String() + "."
	place := func() {
		placed = true
		left -= p.Slip.Quote.Price
		x := StepPoint{At: sms.In(at, zone), After: int64(left), Label: left.String() + " left", Sub: "after this campaign", Mark: true}
		if left < 0 {
			x.Label = (-left).String() + " missing"
		}
		f.Points = append(f.Points, x)
		words += " After this campaign on " + x.At.Format("Monday 2 January") + " " + x.Label + "."
	}
	for _, s := range p.Forecast.Steps {
		if !placed && s.At.After(at) {
			place()
		}
		left -= s.Price
		x := StepPoint{At: sms.In(maxTime(s.At, p.Now), zone), After: int64(left), Label: left.String()}
		f.Points = append(f.Points, x)
		words += " After " + s.Name + " on " + x.At.Format("Monday 2 January") + " " + left.String() + "."
	}
	if !placed {
		place()
	}
	last := f.Points[len(f.Points)-1].At
	f.End = last.Add(max(last.Sub(p.Now)/3, 24*time.Hour))
	f.Words = words
	return f
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// uses says which sendings come before, and what happens with the price of this one.
func (p FinalizeProps) uses() string {
	out := ""
	for i, s := range p.Forecast.Steps {
		if i == 2 {
			out += fmt.Sprintf("%d more are scheduled. ", len(p.Forecast.Steps)-2)
			break
		}
		out += s.Name + " leaves on " + sms.In(s.At, p.Tenant.Zone).Format("Monday 2 January") + " and uses " + s.Price.String() + ". "
	}
	return out + "The " + p.Slip.Quote.Price.String() + " for this campaign are set aside when it starts."
}

func (p FinalizeProps) shortTitle() string {
	if !p.scheduled() {
		return p.Slip.Short.Words() + " are missing to send it now."
	}
	return "You will be " + p.Slip.Short.String() + " short on " + sms.In(p.at(), p.Schedule.Zone).Format("Monday") + "."
}

func (p FinalizeProps) shortText() string {
	if !p.scheduled() {
		return "Reload, or schedule it: a scheduled campaign waits for its credits."
	}
	return "You can schedule it now. If the balance is still too low on " + sms.In(p.at(), p.Schedule.Zone).Format("Monday at 15:04") + ", it waits and goes on after a reload."
}

func (p FinalizeProps) checks() []CheckLine {
	return checkLines(p.Findings, p.Base, p.Account)
}

// checkLines are findings as a list, each with the way to where it is mended.
func checkLines(list []sms.Finding, base, account string) []CheckLine {
	var out []CheckLine
	for _, f := range list {
		c := CheckLine{Level: "ok", Text: f.Title}
		switch f.Level {
		case sms.LevelBlocking:
			c.Level = "bad"
		case sms.LevelWarning, sms.LevelHint:
			c.Level = "warn"
		}
		if c.Level != "ok" && f.Evidence != "" {
			c.Text += ". " + f.Evidence
		}
		if c.Level != "ok" && f.Mend != "" {
			c.Link = &Link{Label: "Mend it", Href: base + "/" + f.Mend}
			if f.Mend == "credits" || f.Mend == "contacts" {
				c.Link = &Link{Label: "Look", Href: account + "/" + f.Mend}
			}
		}
		out = append(out, c)
	}
	return out
}
