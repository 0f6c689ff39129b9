package view

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// KillProps is the page of the kill switch: what does not leave, and the slip that stops more.
type KillProps struct {
	app.StopPage
	Path     string
	Tokens   func() string
	Me       sms.ID
	Rates    []StopRate
	Updated  bool // the slip was drawn again for what was typed
	Problems []Problem
	Errors   sms.Problems
	Stale    string

	LiftStop, LiftReason string          // of a lifting that came back
	Confirm              app.ConfirmForm // of a confirmation that came back
	OtherErrors          sms.Problems    // of one of these
	OtherProblems        []Problem
}

// StopRate is how many messages are handed over of what a stop covers, second by second.
type StopRate struct {
	Words        string    // "everything"
	Seconds      []float64 // the last ones, the newest last; empty: not known yet
	Flying, Wait int
}

// StopRates remembers what one page was shown, so that it shows rates.
type StopRates struct {
	last map[sms.ID]sms.StopPulse
	seen map[sms.ID][]float64
}

// rateSeconds is how many seconds a page shows.
const rateSeconds = 60

// Add takes the counts of this second and gives the rates: of what stops cover first, then of everything.
func (r *StopRates) Add(holding []sms.Stop, pulses []sms.StopPulse) []StopRate {
	if r.last == nil {
		r.last, r.seen = map[sms.ID]sms.StopPulse{}, map[sms.ID][]float64{}
	}
	words := map[sms.ID]string{{}: "everything"}
	order := make([]sms.ID, 0, len(holding)+1)
	for _, s := range holding {
		words[s.ID] = s.Words()
		order = append(order, s.ID)
	}
	order = append(order, sms.ID{})
	now := map[sms.ID]sms.StopPulse{}
	for _, p := range pulses {
		now[p.Stop] = p
		if before, ok := r.last[p.Stop]; ok {
			all := append(r.seen[p.Stop], p.Rate(before))
			r.seen[p.Stop] = all[max(len(all)-rateSeconds, 0):]
		}
	}
	r.last = now
	out := make([]StopRate, 0, len(order))
	for _, id := range order {
		p := now[id]
		out = append(out, StopRate{Words: words[id], Seconds: r.seen[id], Flying: p.Flying, Wait: p.Wait})
	}
	return out
}

func (r StopRate) stats() []Stat {
	figure := "…"
	if n := len(r.Seconds); n > 0 {
		figure = rate(r.Seconds[n-1])
		if r.Seconds[n-1] == 0 {
			figure = "0"
		}
	}
	return []Stat{
		{Label: "Handed over", Figure: figure, Unit: "a second"},
		{Label: "With a gateway, no answer yet", Figure: Num(r.Flying)},
		{Label: "Not yet handed over", Figure: Num(r.Wait)},
	}
}

// quiet is for how many seconds nothing was handed over.
func (r StopRate) quiet() int {
	n := 0
	for i := len(r.Seconds) - 1; i >= 0 && r.Seconds[i] == 0; i-- {
		n++
	}
	return n
}

func (r StopRate) title() string { return capital(r.Words) }

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func (r StopRate) words() string {
	switch n := r.quiet(); {
	case len(r.Seconds) == 0:
		return "Measuring."
	case n == 0:
		return "Messages leave."
	case n == len(r.Seconds) && n == rateSeconds:
		return "Nothing has been handed over for a minute or more."
	default:
		return "Nothing has been handed over for " + Span(time.Duration(n)*time.Second) + "."
	}
}

// rateBar is one second of the chart.
type rateBar struct{ x, w, y, h float64 }

const rateHeight = 56

func (r StopRate) bars() []rateBar {
	most := 1.0
	for _, s := range r.Seconds {
		most = max(most, s)
	}
	out := make([]rateBar, 0, len(r.Seconds))
	for i, s := range r.Seconds {
		h := s / most * rateHeight
		at := float64(rateSeconds-len(r.Seconds)+i) / rateSeconds
		out = append(out, rateBar{at, 0.8 / rateSeconds, rateHeight - h, h})
	}
	return out
}

// killSay is spoken when the first rate goes to nothing, or begins again.
func killSay(rates []StopRate) string {
	if len(rates) == 0 || len(rates[0].Seconds) == 0 {
		return ""
	}
	if rates[0].quiet() > 0 {
		return "Nothing is handed over of " + rates[0].Words + "."
	}
	return "Messages leave of " + rates[0].Words + "."
}

func (p KillProps) scopes() []Option {
	return []Option{
		{Value: string(sms.StopAll), Label: "All"},
		{Value: string(sms.StopTenant), Label: "Tenant"},
		{Value: string(sms.StopGateway), Label: "Gateway"},
		{Value: string(sms.StopCountry), Label: "Country"},
		{Value: string(sms.StopSender), Label: "Sender"},
		{Value: string(sms.StopText), Label: "Text"},
	}
}

func (p KillProps) whatLabel() string {
	switch sms.StopScope(p.Form.Scope) {
	case sms.StopTenant:
		return "Which tenant"
	case sms.StopGateway:
		return "Which gateway"
	case sms.StopCountry:
		return "Which country"
	case sms.StopSender:
		return "Which sender"
	case sms.StopText:
		return "Words of the text"
	}
	return "Which one"
}

func (p KillProps) whatHint() string {
	switch sms.StopScope(p.Form.Scope) {
	case sms.StopTenant:
		return "The last part of its address, or its whole name."
	case sms.StopCountry:
		return "Its name, or its two letters."
	case sms.StopText:
		return "As the campaign was written, fields and links among it; capitals do not matter. An address of a link is best."
	}
	return ""
}

// whatError waits until something was typed, or the form was sent.
func (p KillProps) whatError() string {
	if e := p.Errors.For("what"); e != "" {
		return e
	}
	if p.Updated && p.Form.What != "" {
		return p.Unknown
	}
	return ""
}

func (p KillProps) sentence() []Phrase {
	if p.Unknown != "" {
		return []Phrase{T("Say what to stop, and read here what that is.")}
	}
	out := []Phrase{T("Stop "), B(p.Stop.Words()), T(": ")}
	if p.Impact.Campaigns == 0 {
		return append(out, T("nothing of it is under way now. What starts later is stopped too."))
	}
	return append(out, B(Count(p.Impact.Campaigns, "campaign", "campaigns")), T(" under way, "), B(Count(p.Impact.Messages, "message", "messages")), T(" not yet handed over."))
}

func (p KillProps) button() string {
	if p.Unknown != "" {
		return "Stop it now"
	}
	return "Stop " + p.Stop.Words() + " now"
}

// TypedID is the id of the field for STOP. It changes with what would be stopped,
// so that what was typed for another stop is gone.
func (p KillProps) TypedID() string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(p.Form.Key())) // a hash in memory takes everything
	return fmt.Sprintf("typed-%08x", h.Sum32())
}

func (p KillProps) look() templ.Attributes {
	return templ.Attributes{
		"hx-post": p.Path, "hx-vals": `{"look":"yes"}`, "hx-include": "#kill", "hx-trigger": "change", "hx-target": "#slip", "hx-swap": "innerMorph", "hx-sync": "#kill:replace",
	}
}

func (p KillProps) choices() []Option {
	var out []Option
	for _, c := range p.Choices {
		label := c
		if p.Stop.Scope == sms.StopCountry {
			label = phone.CountryName(c)
		}
		out = append(out, Option{Value: c, Label: label})
	}
	return out
}

func utcWhen(t time.Time) string { return t.UTC().Format("Mon 2 Jan, 15:04:05") + " UTC" }

// happened says what became of the database, and since when its data is.
func (p KillProps) happened() string {
	r := p.Restore
	out := "It is another database than the one that was confirmed: restored from a backup, moved or upgraded."
	if r.Promoted() {
		out = "It was restored from a backup, or a standby was promoted: it writes on another timeline than the one that was confirmed."
	}
	return out + " Its data is of " + utcWhen(r.AliveAt) + ". What was handed over after that is not in it, and would be sent again."
}

func (p KillProps) found() string {
	now, was := p.Restore.Now, p.Restore.Confirmed
	out := fmt.Sprintf("System %d, timeline %d; confirmed was system %d, timeline %d.", now.System, now.Timeline, was.System, was.Timeline)
	if p.Restore.FoundAt != nil {
		out += " A worker found it " + utcWhen(*p.Restore.FoundAt) + "."
	}
	return out
}

func guardTitle(g sms.Guard) string {
	if g.Kind == sms.GuardDisk {
		return "The disk is full: " + g.Worker + " hands nothing over."
	}
	return "A clock is wrong: " + g.Worker + " hands nothing over."
}

func (p KillProps) liftError(s sms.Stop) string {
	if p.LiftStop == s.ID.String() {
		return p.OtherErrors.For("reason")
	}
	return ""
}

func (p KillProps) liftValue(s sms.Stop) string {
	if p.LiftStop == s.ID.String() {
		return p.LiftReason
	}
	return ""
}

func (p KillProps) confirmError(field string) string {
	if p.LiftStop != "" {
		return ""
	}
	return p.OtherErrors.For(field)
}

// KillProblems leads each mistake of a lifting or a confirmation to its field.
func KillProblems(p KillProps, list sms.Problems) []Problem {
	out := make([]Problem, len(list))
	for i, x := range list {
		out[i] = Problem{Field: "confirm-" + x.Field, Text: x.Text}
		if p.LiftStop != "" {
			out[i].Field = "lift-" + p.LiftStop
		}
	}
	return out
}
