package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tidings/internal/sms"
)

// QueueProps is the page of what waits.
type QueueProps struct {
	Entries     []QueueEntry
	First       string // address of the first
	Usual       time.Duration
	LastDecided string
	Mine        bool
}

// ReviewPerson is the text as one real person gets it; the number comes masked.
type ReviewPerson struct {
	Label, Name, Number, Country, Text string
	Parts                              int
}

// ReviewProps is one session to decide on.
type ReviewProps struct {
	Item     sms.QueueItem
	Before   *sms.Session
	Asked    *sms.Review
	Checks   []sms.Finding
	People   []ReviewPerson
	Quote    sms.Quote
	Alike    []sms.Precedent
	ListName string
	Consent  string
	Done     int
	Balance  sms.Balance
	Queue    []QueueEntry
	Now      time.Time
	HeldBy   string
	Starts   string
	Next     string
	Path     string
	Shown    string
	Country  func(string) string

	Decision, Instruction, Note string
	Reasons                     []string
	Problems                    []Problem
	Errors                      sms.Problems
}

func (p ReviewProps) title() string { return p.Item.Tenant.Name }

func (p ReviewProps) sub() string {
	return fmt.Sprintf("%s, version %d", p.Item.Session.Name, p.Item.Session.Number)
}

// open reports whether it can be decided here and now.
func (p ReviewProps) open() bool {
	return p.Item.Session.State == sms.SessionValidating && p.Item.Review.Decision == "" && p.HeldBy == ""
}

// sla is how much of the promise is left. What starts within a quarter of an
// hour was due before it came: then the time to its start is what counts.
func (p ReviewProps) sla() SlaProps {
	left := p.Item.Review.DueAt.Sub(p.Now)
	whole := p.Item.Review.DueAt.Sub(p.Item.Session.SubmittedAt)
	if whole <= 0 {
		left = p.Item.Session.StartsAt.Sub(p.Now)
		if left <= 0 {
			return SlaProps{Of: "it was to start", Left: Span(-left) + " ago", Share: 1}
		}
		return SlaProps{Of: "to its start", Left: Span(left), Share: 1}
	}
	s := SlaProps{Of: "of " + Span(whole), Left: Span(left) + " left", Share: 1}
	if left < 0 {
		s.Left = Span(-left) + " late"
	} else {
		s.Share = 1 - float64(left)/float64(whole)
	}
	return s
}

func (p ReviewProps) diff() []Token {
	var out []Token
	for _, c := range sms.Diff(p.Before.Text, p.Item.Session.Text) {
		kind := Text
		switch c.Kind {
		case '-':
			kind = Del
		case '+':
			kind = Ins
		}
		out = append(out, Token{Kind: kind, Text: c.Text})
	}
	return out
}

func (p ReviewProps) asked() string {
	var titles []string
	for _, code := range p.Asked.Reasons {
		if r, ok := sms.ReasonByCode(code); ok {
			titles = append(titles, r.Title)
		}
	}
	return strings.Join(titles, "; ")
}

func (p ReviewProps) facts() []Fact {
	s := p.Item.Session
	var to []string
	for _, l := range p.Quote.ByCountry {
		to = append(to, Num(l.People)+" in "+p.Country(l.Country))
	}
	starts := "As soon as it is approved"
	if p.Starts != "" {
		starts = p.Starts
	}
	return []Fact{
		{Name: "Sender", Value: s.Sender},
		{Name: "Sends to", Value: strings.Join(to, ", ")},
		{Name: "Starts", Value: starts},
		{Name: "Price", Value: s.Price.String() + " credits"},
		{Name: "Kind", Value: kindWord(s.MessageKind)},
		{Name: "List", Value: or(p.ListName, "none")},
		{Name: "How they agreed", Value: or(p.Consent, "Not said")},
		{Name: "This account", Value: p.account()},
	}
}

// account is how long they are customers, and what they sent.
func (p ReviewProps) account() string {
	if p.Done == 0 {
		return days(max(p.Now.Sub(p.Item.Tenant.CreatedAt), 0)) + " old, nothing sent yet"
	}
	return days(max(p.Now.Sub(p.Item.Tenant.CreatedAt), 0)) + " old, " + Count(p.Done, "campaign", "campaigns") + " sent"
}

func kindWord(kind string) string {
	if kind == sms.Service {
		return "Service message"
	}
	return "Marketing"
}

func (p ReviewProps) decisions() []Option {
	return []Option{{Value: "approve", Label: "Approve", Group: "A"}, {Value: "refuse", Label: "Refuse", Group: "R"}}
}

// serious reports a finding that an approval must answer with a note.
func (p ReviewProps) serious() bool {
	return p.Item.Review.Risk == "high"
}

func (p ReviewProps) noteLabel() string {
	if p.serious() {
		return "Note for the team only, needed to approve"
	}
	return "Add a note for the team only"
}

// approves says what an approval sets in motion.
func (p ReviewProps) approves() string {
	if p.Starts != "" {
		return "It leaves " + p.Starts + "."
	}
	return "It starts at once, to " + People(p.Item.Session.People) + "."
}

func (p ReviewProps) flags() []FlagProps {
	var out []FlagProps
	for _, c := range p.Checks {
		level := "low"
		switch c.Level {
		case sms.LevelBlocking:
			level = "high"
		case sms.LevelWarning:
			level = "medium"
		}
		out = append(out, FlagProps{Level: level, Title: c.Title, Evidence: c.Evidence})
	}
	return out
}

func (p ReviewProps) reasons() []Reason {
	var out []Reason
	for i, r := range sms.Reasons {
		x := Reason{Code: r.Code, Label: r.Title, Checked: slices.Contains(p.Reasons, r.Code)}
		if i < 9 {
			x.Key = plainInt(i + 1)
		}
		out = append(out, x)
	}
	return out
}

func (p ReviewProps) outcome() string {
	r := p.Item.Review
	switch {
	case p.HeldBy != "":
		return p.HeldBy + " is reviewing this."
	case p.Item.Session.State == sms.SessionCancelled:
		return "The customer cancelled. There is nothing to decide."
	case r.Decision != "" && r.DecidedAt != nil:
		return fmt.Sprintf("%s %s this on %s UTC.", r.DecidedName, r.Decision, When(r.DecidedAt.UTC()))
	}
	return "It is not waiting for a decision any more."
}

func decidedAt(r sms.Review) string {
	if r.DecidedAt == nil {
		return ""
	}
	return When(r.DecidedAt.UTC()) + " UTC"
}

func precedentState(d string) string {
	if d == "refused" {
		return "refused"
	}
	return "completed"
}

func precedentWord(d string) string {
	if d == "refused" {
		return "Refused"
	}
	return "Approved"
}

func queueLede(p QueueProps) string {
	if p.Usual == 0 {
		return "Promise: 30 minutes, day and night."
	}
	return "Promise: 30 minutes, day and night. Nine of ten decisions of the last day took " + Span(p.Usual) + " or less."
}

func queueEmpty(p QueueProps) string {
	switch {
	case p.Mine:
		return "Open something from the queue."
	case p.LastDecided != "":
		return "The last one was decided at " + p.LastDecided + "."
	}
	return "Campaigns appear here as soon as they are submitted."
}
