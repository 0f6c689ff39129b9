package view

import (
	"fmt"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// GatewaysProps is the list of routes.
type GatewaysProps struct{ app.Gateways }

// sums is every route with how it is at all workers together.
func (p GatewaysProps) sums() []GatewayProps {
	out := make([]GatewayProps, len(p.Lines))
	for i, l := range p.Lines {
		out[i] = newGateway(l, p.Now)
	}
	return out
}

func (p GatewaysProps) stats() []Stat {
	out, up, waiting := 0, 0, 0
	for _, g := range p.sums() {
		out += g.Now.Out
		waiting += g.Load.Waiting
		if g.up() {
			up++
		}
	}
	return []Stat{
		{Label: "Leaving now", Figure: perSecond(out), Unit: "parts/s"},
		{Label: "Up", Figure: Num(up), Unit: "of " + Num(len(p.Lines)), Bad: up == 0 && len(p.Lines) > 0},
		{Label: "Waiting", Figure: Num(waiting), Unit: "messages"},
		{Label: "Workers", Figure: Num(len(p.Workers)), Bad: len(p.Workers) == 0},
	}
}

// say is spoken when a route changes its state.
func (p GatewaysProps) say() string {
	var out []string
	for _, g := range p.sums() {
		out = append(out, g.Name+": "+g.state())
	}
	return strings.Join(out, ". ")
}

// GatewayProps is one route, and how it is.
type GatewayProps struct {
	app.GatewayLine
	Now    sms.GatewayStatus
	At     time.Time
	Others int // other routes that are on
}

func newGateway(l app.GatewayLine, at time.Time) GatewayProps {
	return GatewayProps{GatewayLine: l, Now: l.Sum(at), At: at}
}

// NewGateway is what the page of one route shows.
func NewGateway(g app.GatewayPage) GatewayProps {
	p := newGateway(g.GatewayLine, g.Now)
	p.Others = g.Others
	return p
}

// GatewayPath is the address of a route's page.
func GatewayPath(name string) string { return "/staff/gateways/" + name }

func (p GatewayProps) base() string { return GatewayPath(p.Name) }

func (p GatewayProps) up() bool { return p.mark() == "gateway_ready" || p.mark() == "gateway_slow" }

// mark is the state as it is drawn.
func (p GatewayProps) mark() string {
	switch {
	case p.State == sms.RouteOff && len(p.Statuses) > 0:
		return "gateway_draining"
	case p.State == sms.RouteOff:
		return "gateway_off"
	case len(p.Statuses) == 0:
		return "gateway_down"
	case p.State == sms.RouteDraining:
		return "gateway_draining"
	}
	switch p.Now.State {
	case "ready":
		if p.slowed() {
			return "gateway_slow"
		}
		return "gateway_ready"
	case "throttled":
		return "gateway_slow"
	case "starting":
		return "gateway_starting"
	case "draining":
		return "gateway_draining"
	}
	return "gateway_down"
}

// state is the state in words.
func (p GatewayProps) state() string {
	switch {
	case p.State == sms.RouteOff && len(p.Statuses) > 0:
		return "Turning off"
	case p.State == sms.RouteOff:
		return "Off"
	case len(p.Statuses) == 0:
		return "No worker runs it"
	case p.State == sms.RouteDraining:
		return "Draining"
	}
	switch p.Now.State {
	case "ready":
		if p.slowed() {
			return "Slowed by the carrier"
		}
		return "Ready"
	case "throttled":
		return "Slowed by the carrier"
	case "starting":
		return "Connecting"
	case "draining":
		return "Connecting anew"
	case "refused":
		return "Turned away"
	case "backoff":
		return "Not connected"
	}
	return "Down"
}

// trouble says what is wrong, in a sentence; "" when nothing is.
func (p GatewayProps) trouble() string {
	errors := p.errors()
	all := errors + p.lastHour()
	switch {
	case p.State == sms.RouteOff:
		return ""
	case p.mark() == "gateway_down" && p.Now.Trouble != "":
		s := sentence(p.Now.Trouble)
		if p.Now.NextTry != nil && p.Now.NextTry.After(p.At) {
			s += " The next try is in " + Span(p.Now.NextTry.Sub(p.At).Round(time.Second)) + "."
		}
		return s
	case p.mark() == "gateway_down":
		return "Start a worker: tidings serve --role=worker."
	case p.Now.Held != "":
		return p.Now.Held
	case p.slowed():
		return p.paceWords()
	case p.Now.State == "throttled":
		return "The carrier asks to send more slowly. It goes on by itself."
	case errors >= 20 && errors*20 > all:
		return Percent(errors, all) + " of the last hour was not accepted."
	}
	return ""
}

// sentence begins with a capital and ends with a stop.
func sentence(s string) string {
	return strings.TrimSuffix(strings.ToUpper(s[:1])+s[1:], ".") + "."
}

func (p GatewayProps) errors() (n int) {
	for _, c := range p.Now.Codes {
		n += c.Count
	}
	return n
}

func (p GatewayProps) lastHour() (n int) {
	for _, m := range p.Now.Minutes {
		n += m
	}
	return n
}

// facts are the figures of a card.
func (p GatewayProps) facts() []Fact {
	window := "–"
	if p.Now.Window > 0 {
		window = Num(p.Now.Used) + " of " + Num(p.Now.Window)
	}
	last := "none yet"
	if p.Now.LastReceipt != nil {
		last = Ago(*p.Now.LastReceipt, p.At)
	}
	return []Fact{
		{"Out", perSecond(p.Now.Out) + " parts/s"},
		{"In", perSecond(p.Now.In) + " a second"},
		{"Window", window},
		{"Connections", Num(p.Now.Binds)},
		{"Answer, half", millis(p.Now.P50)},
		{"Answer, 95%", millis(p.Now.P95)},
		{"Last receipt", last},
		{"Receipts", Num(p.Now.Receipts)},
	}
}

// load is what it has to do, in a sentence.
func (p GatewayProps) load() string {
	l := p.Load
	if l.Waiting+l.Handing+l.Network+l.Unknown == 0 {
		return "Nothing is under way."
	}
	out := Num(l.Waiting) + " waiting, " + Num(l.Handing) + " without an answer, " + Num(l.Network) + " with the operators"
	if l.Unknown > 0 {
		out += ", " + Num(l.Unknown) + " unknown"
	}
	return out + "."
}

// waits says why messages stand still.
func (p GatewayProps) waits() string {
	if p.Load.Waiting == 0 || p.up() {
		return ""
	}
	why := "because it is not connected"
	switch p.State {
	case sms.RouteOff:
		why = "because it is off"
	case sms.RouteDraining:
		why = "because it drains"
	}
	return Count(p.Load.Waiting, "message waits ", "messages wait ") + why + "."
}

func (p GatewayProps) kind() string {
	if k, ok := sms.KindOfRoute(p.Kind); ok {
		return k.Label
	}
	return p.Kind
}

// reach says which messages take it.
func (p GatewayProps) reach() string {
	out := "every country"
	if len(p.Countries) > 0 {
		names := make([]string, len(p.Countries))
		for i, c := range p.Countries {
			names[i] = phone.CountryName(c)
		}
		out = few(names)
	}
	if len(p.Kinds) > 0 {
		out += ", " + strings.Join(p.Kinds, " and ")
	}
	if len(p.Senders) > 0 {
		out += ", from " + few(p.Senders)
	}
	if len(p.Prefixes) > 0 {
		out += ", numbers that begin with +" + few(p.Prefixes)
	}
	return out
}

// few names the first of many.
func few(names []string) string {
	const most = 4
	if len(names) > most+1 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func (p GatewayProps) sub() string {
	out := p.kind()
	if p.Environment {
		out += ", from the environment"
	}
	return out
}

func (p GatewayProps) share() string {
	if p.Weight == 0 {
		return "Spare: only when no other is on"
	}
	return Num(p.Weight)
}

// terms are what is agreed for the route.
func (p GatewayProps) terms() []Fact {
	out := []Fact{{"Takes", sentence(p.reach())}, {"Share", p.share()}}
	if p.Cost.Currency != "" {
		out = append(out, Fact{"Cost of a part", p.Cost.String()})
	}
	rate := "No limit of ours"
	if p.Now.Rate > 0 {
		rate = Num(int(p.Now.Rate)) + " parts/s, all workers together"
	}
	out = append(out, Fact{"Speed", rate}, Fact{"We try for", Count(p.Retry, "hour", "hours")})
	if k, _ := sms.KindOfRoute(p.Kind); k.Validity {
		out = append(out, Fact{"The carrier tries for", Count(p.Validity, "hour", "hours")})
	}
	out = append(out, Fact{"Without an answer", p.unknownWords()})
	if !p.UpdatedAt.IsZero() && p.UpdatedBy != "" {
		out = append(out, Fact{"Changed", When(p.UpdatedAt.UTC()) + " UTC, " + p.UpdatedBy})
	}
	return out
}

// written are the settings of the kind, without secrets.
func (p GatewayProps) written() []Fact {
	k, _ := sms.KindOfRoute(p.Kind)
	values := k.Values(p.Settings)
	var out []Fact
	for _, f := range k.Fields {
		v := values[f.Name]
		switch {
		case f.Type == sms.SettingSecret && p.Sealed:
			v = "Saved"
		case f.Type == sms.SettingSwitch && v == "on":
			v = "Yes"
		case f.Type == sms.SettingChoice:
			for _, c := range f.Choices {
				if c[0] == v {
					v = c[1]
				}
			}
		}
		if v != "" {
			out = append(out, Fact{f.Label, v})
		}
	}
	return out
}

// minuteBars is the chart of the last hour.
func (p GatewayProps) minuteBars() (out []dayBar) {
	most := 1
	for _, n := range p.Now.Minutes {
		most = max(most, n)
	}
	for i, n := range p.Now.Minutes {
		h := 1.5
		if n > 0 {
			h = max(dayHigh*float64(n)/float64(most), 3)
		}
		out = append(out, dayBar{X: pct(float64(i) / float64(len(p.Now.Minutes))), Y: px(dayHigh - h), Height: px(h), None: n == 0})
	}
	return out
}

func (p GatewayProps) minuteWidth() string {
	return pct((1 - dayGap) / float64(max(len(p.Now.Minutes), 1)))
}

func (p GatewayProps) hourWords() string {
	most := 0
	for _, n := range p.Now.Minutes {
		most = max(most, n)
	}
	return "Parts handed over in the last hour: " + Num(p.lastHour()) + ", at most " + Num(most) + " in a minute"
}
