package view

import (
	"fmt"
	"strconv"
	"time"

	"tidings/internal/sms"
)

// SendingProps is the body of the status page of a session that has left.
type SendingProps struct {
	Progress  sms.Progress
	Departure *sms.DepartureStatus     // of one that does not leave all at once
	EventsURL string                   // the stream of this page
	Country   func(code string) string // a country's name
	Text      []Token                  // the message, fields as tokens
	To        string                   // "Newsletter, opted in"
	Location  *time.Location           // the session's zone
	ZoneName  string                   // "Paris time"
}

func (p SendingProps) at(t time.Time) time.Time { return t.In(p.Location) }

// title is what the browser's tab shows: "63% · Black Friday crossings".
func (p SendingProps) title() string {
	return fmt.Sprintf("%d%% · %s", p.Progress.Tally.Percent(), p.Progress.Session.Name)
}

// say is spoken once at each quarter and at each change of state, never for
// every figure.
func (p SendingProps) say() string {
	s := p.Progress.Session
	if s.State != sms.SessionSending {
		return s.State.Words()
	}
	return strconv.Itoa(p.Progress.Tally.Percent()/25*25) + " percent final"
}

func (p SendingProps) sentence() string {
	t := p.Progress.Tally
	return fmt.Sprintf("%s of %s %s a final answer.", Num(t.Final()), People(t.People()), Plural(t.People(), "has", "have"))
}

// why is the second line: what is happening, and until when it may stand still.
func (p SendingProps) why() string {
	g := p.Progress
	switch g.Session.State {
	case sms.SessionPaused:
		return fmt.Sprintf("Paused. %s not been sent to. Messages already with the operators will still arrive.", Count(g.Tally.Pending+g.Tally.Retrying, "person has", "people have"))
	case sms.SessionStopped:
		return "Stopped by the Tidings team. " + g.Session.Reason
	case sms.SessionCancelled:
		if g.Tally.Final() == g.Tally.People() {
			return "Cancelled. Nothing is under way any more."
		}
		return fmt.Sprintf("Cancelled. %s with the operators and followed to the end.", Count(g.Tally.OnNetwork(), "message is", "messages are"))
	case sms.SessionCompleted:
		return "Everyone has a final answer" + p.since() + "."
	}
	if r := g.Rate(); r > 0 {
		line := "Leaving at " + rate(r) + " a second."
		if at := g.LastLeavesAt(); at != nil {
			line += " The last message should go at " + Clock(p.at(*at)) + "."
		}
		return line
	}
	if p.Departure != nil && g.Tally.Pending > 0 {
		return "The rest leaves as you chose."
	}
	if g.Tally.Pending > 0 {
		return "Messages wait for the operator. They leave by themselves."
	}
	if by := g.FinalBy(); by != nil {
		return "All have left. The rest are tried again or awaited until " + LongWhen(p.at(*by)) + " at the latest."
	}
	return "Starting."
}

func (p SendingProps) since() string {
	if p.Progress.Session.EndedAt == nil {
		return ""
	}
	return " since " + LongWhen(p.at(*p.Progress.Session.EndedAt))
}

func rate(r float64) string {
	if r < 10 {
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return Num(int(r + 0.5))
}

// places are the five of D29, then those endings that happened.
func (p SendingProps) places() TideProps {
	t := p.Progress.Tally
	out := TideProps{Total: int64(t.People()), Places: []Place{
		{Key: "delivered", Count: int64(t.Delivered)},
		{Key: "unreachable", Count: int64(t.Unreachable())},
		{Key: "network", Count: int64(t.Submitting + t.Accepted)},
		{Key: "retrying", Count: int64(t.Retrying)},
		{Key: "waiting", Count: int64(t.Pending)},
	}}
	if t.Pending > 0 && p.Progress.Session.State.Final() {
		out.Places[4].Sub = "Being kept back"
	}
	if p.Progress.Session.State == sms.SessionStopped {
		out.Places[4].Sub = "Kept back while it is stopped"
	}
	for _, x := range []Place{
		{Key: "unknown", Sub: p.unknownWords(), Count: int64(t.Unknown)},
		{Key: "refused", Count: int64(t.Rejected)},
		{Key: "left_out", Sub: "Opted out before their turn. Not charged", Count: int64(t.Suppressed)},
		{Key: "cancelled", Count: int64(t.Cancelled)},
		{Key: "refused", Label: "Presumed unsent", Sub: "The operator never answered in 48 hours. Not charged", Count: int64(t.PresumedUnsent)},
		{Key: "cancelled", Label: "Hours missed", Sub: "The allowed hours ended first. Not charged", Count: int64(t.Missed)},
	} {
		if x.Count > 0 {
			out.Places = append(out.Places, x)
		}
	}
	return out
}

// unknownWords is what becomes of messages without an answer, where all their routes
// say the same; else what is true of every route.
func (p SendingProps) unknownWords() string {
	if len(p.Progress.Unknown) > 1 {
		return "A receipt decides it, or what was agreed for its route"
	}
	for rule, hours := range p.Progress.Unknown {
		return rule.Customer(hours)
	}
	return ""
}

func (p SendingProps) flow() FlowProps {
	g := p.Progress
	f := FlowProps{ID: "flow", Title: "Sent and delivered", Total: int64(g.Tally.People())}
	for _, s := range g.Samples {
		f.Points = append(f.Points, FlowPoint{At: p.at(s.At), Sent: int64(s.Sent), Delivered: int64(s.Delivered)})
	}
	if len(f.Points) == 0 {
		return f
	}
	if at := g.Session.StartedAt; at != nil && f.Points[0].Sent > 0 && at.Before(f.Points[0].At) {
		f.Points = append([]FlowPoint{{At: p.at(*at)}}, f.Points...)
	}
	f.From, f.To = f.Points[0].At, f.Points[len(f.Points)-1].At
	last := f.Points[len(f.Points)-1]
	if at := g.LastLeavesAt(); at != nil && g.Session.State == sms.SessionSending {
		end := p.at(*at).Add(p.at(*at).Sub(f.From) / 6)
		share := 1.0
		if last.Sent > 0 {
			share = float64(last.Delivered) / float64(last.Sent)
		}
		final := f.Total - last.Sent
		f.Ahead = []FlowPoint{
			last,
			{At: p.at(*at), Sent: f.Total, Delivered: last.Delivered + int64(share*float64(final))},
			{At: end, Sent: f.Total, Delivered: f.Total - int64(g.Tally.Unreachable())},
		}
		f.To = end
	}
	f.Words = fmt.Sprintf("Messages sent and delivered from %s to %s: %s sent, %s delivered.", Clock(f.From), Clock(last.At), Num(last.Sent), Num(last.Delivered))
	return f
}

func (p SendingProps) bars() []BarRow {
	var out []BarRow
	for _, c := range p.Progress.Countries {
		out = append(out, BarRow{Label: p.Country(c.Country), Part: int64(c.Delivered), Whole: int64(c.People())})
	}
	return out
}

// events are what happened, and what is still to come.
func (p SendingProps) events() []Event {
	g := p.Progress
	var out []Event
	for i, e := range g.Events {
		x := Event{Title: e.Title, Sub: e.Actor + ", " + When(p.at(e.At)), Phase: "done"}
		if e.Note != "" {
			x.Sub += ". " + e.Note
		}
		if i == len(g.Events)-1 && g.Session.State == sms.SessionSending {
			x.Phase = "now"
		}
		switch e.State {
		case sms.SessionWaitingCredits, sms.SessionHeld, sms.SessionPaused:
			x.Phase = "wait"
		case sms.SessionRefused, sms.SessionStopped:
			x.Phase = "stop"
		}
		out = append(out, x)
	}
	if g.Session.State != sms.SessionSending {
		return out
	}
	if g.Tally.Pending > 0 {
		sub := "When the operator takes them"
		if at := g.LastLeavesAt(); at != nil {
			sub = "About " + Clock(p.at(*at))
		}
		out = append(out, Event{Title: "Last message leaves", Sub: sub, Phase: "todo"})
	}
	if by := g.FinalBy(); by != nil {
		out = append(out, Event{Title: "Final report", Sub: When(p.at(*by)) + " at the latest", Phase: "todo"})
	}
	return out
}
