package view

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
)

// HomeProps is the first page of an account.
type HomeProps struct {
	app.Home
	Account  string // its address
	MayWrite bool
	MayAsk   bool
}

func (p HomeProps) base(id sms.ID) string { return p.Account + "/campaigns/" + id.String() }

// follow looks again while something moves.
func (p HomeProps) follow() templ.Attributes {
	if len(p.Moving) == 0 {
		return nil
	}
	return templ.Attributes{"hx-get": p.Account, "hx-trigger": "every 4s", "hx-target": "#home", "hx-swap": "outerMorph"}
}

// need says what a campaign waits for, and what to do.
func (p HomeProps) need(c sms.CampaignLine) (words, deed string) {
	switch c.State {
	case sms.SessionRefused:
		return "Some things must change before it can leave. Nothing was sent or charged.", "See what to change"
	case sms.SessionWaitingCredits:
		return "Credits are missing. It starts by itself after a reload.", "See what is missing"
	case sms.SessionHeld:
		return "It could not start in time. Start it now, choose another time, or cancel.", "Decide"
	case sms.SessionStopped:
		return "The Tidings team stopped it. Nothing leaves meanwhile.", "See why"
	}
	waits := c.Tally.Pending + c.Tally.Retrying
	return Count(waits, "person has", "people have") + " not been sent to.", "Resume or cancel"
}

// moving says where a campaign is that needs nobody.
func (p HomeProps) moving(c sms.CampaignLine) string {
	t := c.Tally
	switch c.State {
	case sms.SessionValidating:
		return "We are reading it. " + People(c.People) + "."
	case sms.SessionApproved, sms.SessionStarting:
		return "It is starting, to " + People(c.People) + "."
	}
	return Num(t.Final()) + " of " + People(t.People()) + " have a final answer. " + Num(t.Delivered) + " delivered."
}

func (p HomeProps) tide(c sms.CampaignLine) TideProps {
	t := c.Tally
	return TideProps{Total: int64(t.People()), Places: []Place{
		{Key: "delivered", Count: int64(t.Delivered)},
		{Key: "unreachable", Count: int64(t.Unreachable())},
		{Key: "network", Count: int64(t.OnNetwork())},
		{Key: "retrying", Count: int64(t.Retrying)},
		{Key: "waiting", Count: int64(t.Pending)},
		{Key: "cancelled", Label: "Kept back or not accepted", Count: int64(t.Rejected + t.Suppressed + t.Cancelled + t.PresumedUnsent + t.Missed)},
	}}
}

// next are the campaigns with a date to come.
func (p HomeProps) next() (out []sms.ForecastStep) {
	for _, s := range p.Forecast.Steps {
		if s.State == sms.SessionScheduled || s.State == sms.SessionValidating && s.At.After(p.Now) {
			out = append(out, s)
		}
	}
	return out
}

func (p HomeProps) leaves(s sms.ForecastStep) string {
	return sendtime.Sentence(s.At, p.Tenant.Zone) + ", " + People(s.People)
}

func (p HomeProps) ended(c sms.CampaignLine) string {
	return When(sms.In(c.At, p.Tenant.Zone)) + ", " + People(c.People)
}

func (p HomeProps) deliveredSum() (n int) {
	for _, d := range p.Delivered {
		n += d.Count
	}
	return n
}

// dayBar is one day of the chart of what was delivered.
type dayBar struct {
	X, Y, Height string
	None         bool
}

const (
	dayHigh = 64.0
	dayGap  = 0.22 // of a day's width
)

func (p HomeProps) bars() (out []dayBar) {
	most := 1
	for _, d := range p.Delivered {
		most = max(most, d.Count)
	}
	for i, d := range p.Delivered {
		h := dayHigh * float64(d.Count) / float64(most)
		if d.Count > 0 {
			h = max(h, 3)
		} else {
			h = 1.5
		}
		out = append(out, dayBar{X: pct(float64(i) / float64(len(p.Delivered))), Y: px(dayHigh - h), Height: px(h), None: d.Count == 0})
	}
	return out
}

func (p HomeProps) barWidth() string { return pct((1 - dayGap) / float64(max(len(p.Delivered), 1))) }

func (p HomeProps) deliveredWords() string {
	best := app.DayCount{}
	for _, d := range p.Delivered {
		if d.Count > best.Count {
			best = d
		}
	}
	out := "Delivered in " + strconv.Itoa(len(p.Delivered)) + " days: " + Num(p.deliveredSum())
	if best.Count > 0 {
		out += ", most on " + best.Day.Format("2 January") + ": " + Num(best.Count)
	}
	return out
}

func (p HomeProps) firstDay() string { return p.Delivered[0].Day.Format("2 Jan") }

// asked are the open asks for a reload.
func (p HomeProps) asked() (out []sms.ReloadRequest) {
	for _, r := range p.Requests {
		if r.Open() {
			out = append(out, r)
		}
	}
	return out
}

func (p HomeProps) day() string { return sms.In(p.Now, p.Tenant.Zone).Format("Monday 2 January") }

func (p HomeProps) short() (string, time.Time) {
	short, at := p.Forecast.Short()
	if short == 0 {
		return "", at
	}
	return short.Words() + " are missing, first on " + sms.In(at, p.Tenant.Zone).Format("Monday 2 January") + ".", at
}
