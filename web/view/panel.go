package view

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
	"tidings/internal/sms/sendtime"
)

// StatusProps is the page of a campaign that was submitted: where its newest sending is, what happens next, and
// what can be done.
type StatusProps struct {
	app.Status
	Progress sms.Progress // of a sending that has left
	Base     string       // address of the campaign
	Account  string       // address of the account
	Events   string       // the stream of this page
	Tokens   func() string
	MaySend  bool // who asks may pause, resume, cancel, move
	MayWrite bool // who asks may write campaigns
	Tick     bool // of a decision that came back
	Typed    string
	Mistakes sms.Problems
	Stale    string
}

// left reports whether messages have begun to leave.
func (p StatusProps) left() bool { return p.Session.StartedAt != nil }

func (p StatusProps) clock(t time.Time) string {
	in := sms.In(t, p.Tenant.Zone)
	if in.Format(time.DateOnly) == sms.In(p.Now, p.Tenant.Zone).Format(time.DateOnly) {
		return in.Format("15:04")
	}
	return in.Format("Monday 2 January at 15:04")
}

func (p StatusProps) today(t time.Time) string {
	in := sms.In(t, p.Tenant.Zone)
	if in.Format(time.DateOnly) == sms.In(p.Now, p.Tenant.Zone).Format(time.DateOnly) {
		return "today at " + in.Format("15:04")
	}
	return "on " + in.Format("Monday 2 January at 15:04")
}

// state is the state as the head of the page shows it: with its percentage while it sends.
func (p StatusProps) state() string {
	if p.Session.State == sms.SessionSending {
		return fmt.Sprintf("Sending, %d%%", p.Tally.Percent())
	}
	return StateLabel(string(p.Session.State))
}

// title is what the browser's tab shows.
func (p StatusProps) title() string {
	if p.left() && !p.Session.State.Final() {
		return fmt.Sprintf("%d%% · %s", p.Tally.Percent(), p.Campaign.Name)
	}
	return StateLabel(string(p.Session.State)) + " · " + p.Campaign.Name
}

// headline is the one sentence of the state.
func (p StatusProps) headline() string {
	s, t := p.Session, p.Tally
	switch s.State {
	case sms.SessionValidating:
		return "We are reading your message."
	case sms.SessionRefused:
		if n := len(p.Review.Reasons); n != 1 {
			return numberWord(n) + " things to change, then send it again."
		}
		return "One thing to change, then send it again."
	case sms.SessionApproved, sms.SessionStarting:
		return "It is starting."
	case sms.SessionScheduled:
		return "Leaves " + sendtime.Sentence(s.StartsAt, s.Zone) + "."
	case sms.SessionWaitingCredits:
		return s.Missing.Words() + " " + Plural(int64(s.Missing/sms.Credit), "is", "are") + " missing."
	case sms.SessionHeld:
		if s.HoldAfter != nil && p.Now.After(*s.HoldAfter) {
			return "It could not start by " + p.holdClock() + ". What now?"
		}
		return "It needs your decision. What now?"
	case sms.SessionPaused:
		return "Stopped at " + Num(t.People()-t.Pending-t.Retrying) + " of " + Num(t.People()) + "."
	case sms.SessionStopped:
		return "We stopped this campaign at " + p.clock(p.Since().At) + "."
	case sms.SessionCancelled:
		return "Cancelled after " + Num(t.Handed()) + " of " + Num(t.People()) + "."
	case sms.SessionCompleted:
		return Num(t.Delivered) + " of " + Num(t.People()) + " delivered."
	}
	return ""
}

func numberWord(n int) string {
	words := []string{"No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"}
	if n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n)
}

func (p StatusProps) holdClock() string {
	if p.Session.HoldAfter == nil {
		return ""
	}
	at := sms.In(*p.Session.HoldAfter, p.Session.Zone)
	if at.Format(time.DateOnly) == p.Session.Local().Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format("Monday 2 January at 15:04")
}

// takes says how long a decision takes at this hour, or that it takes longer than promised.
func (p StatusProps) takes() string {
	switch {
	case p.Now.Sub(p.Session.SubmittedAt) > sms.ReviewPromise:
		return "This is taking longer than we promise. It is first in line."
	case p.Usual > 0:
		return "At this hour it takes about " + Span(p.Usual) + ", day and night."
	}
	return "It takes " + Span(sms.ReviewPromise) + " at most as a rule, day and night."
}

// after says what follows an approval.
func (p StatusProps) after() string {
	s := p.Session
	if s.Mode == sms.ModeNow {
		return "It starts as soon as it is approved."
	}
	if !s.StartsAt.After(p.Now) {
		if s.HoldAfter == nil {
			return "It was due " + p.due() + ". Nothing has left; it starts as soon as it is approved."
		}
		return "It was due " + p.due() + ". Nothing has left. If it is not approved before " + p.holdClock() + ", we hold it and ask you."
	}
	return "It leaves " + sendtime.Sentence(s.StartsAt, s.Zone) + "."
}

func (p StatusProps) due() string {
	local := p.Session.Local()
	if local.Format(time.DateOnly) == sms.In(p.Now, p.Session.Zone).Format(time.DateOnly) {
		return "at " + local.Format("15:04")
	}
	return "on " + local.Format("Monday 2 January at 15:04")
}

// soon is how long until it leaves.
func (p StatusProps) soon() string {
	if !p.Session.StartsAt.After(p.Now) {
		return "It leaves any moment now."
	}
	return "In " + Span(p.Session.StartsAt.Sub(p.Now).Round(time.Second)) + "."
}

func (p StatusProps) approved() string {
	if p.Session.ApprovedAt == nil {
		return ""
	}
	if p.Session.ApprovedBy == nil {
		return "Approved automatically " + p.today(*p.Session.ApprovedAt) + "."
	}
	return "Approved " + p.today(*p.Session.ApprovedAt) + "."
}

// uses is the money of a scheduled sending.
func (p StatusProps) uses() string {
	s := p.Session
	if s.Follow && s.FrozenAt == nil {
		return "It uses about " + s.Price.Words() + ", " + sms.Ceiling(s.Price).String() + " at most; you can use " + p.Balance.Available.String() + "."
	}
	return "It uses at most " + s.Price.Words() + "; you can use " + p.Balance.Available.String() + "."
}

func (p StatusProps) who() string {
	if p.Session.Follow && p.Session.FrozenAt == nil {
		return "New people added to the list before then are included."
	}
	return "The list is frozen: nobody is added."
}

// unsure is how many messages a person may have sent again: in this sending, or, when it is over, as the next version.
func (p StatusProps) unsure() int {
	if p.Session.State.Final() {
		return p.Reached.Unsure
	}
	return p.Silent
}

func (p StatusProps) unsureWords() string {
	if p.Session.State.Final() {
		return "They were written and never confirmed: nobody knows whether they arrived. They are not charged, and never sent again by themselves."
	}
	return "They were written more than " + Span(sms.ResendAfter) + " ago: nobody knows whether they arrived. A receipt or 48 hours decide it. They are never sent again by themselves."
}

// reachedWords says of a cancelled sending whom it reached.
func (p StatusProps) reachedWords() string {
	n := p.Reached.People
	if n == 0 {
		return ""
	}
	return "The " + Count(n, "person who got it, or may have, is", "people who got it, or may have, are") + " saved: the next version leaves them out, and you can send them a correction."
}

// waits is how many a pause holds back.
func (p StatusProps) waits() int { return p.Tally.Pending + p.Tally.Retrying }

// by is who did the last step, and when: "Maren Lund paused it at 10:14."
func (p StatusProps) by(verb string) string {
	e := p.Since()
	return e.Actor + " " + verb + " it " + p.today(e.At) + "."
}

// paused is who paused it; where a rule did or the team gave it back, also why.
func (p StatusProps) paused() string {
	switch e := p.Since(); e.Title {
	case "Paused":
		return p.by("paused")
	case "Released":
		return "The team has looked into it " + p.today(e.At) + ", and you can resume it."
	default:
		return p.Session.Reason + ": a rule paused it " + p.today(e.At) + "."
	}
}

// reasons are what must change, by the coded reasons of the refusal.
func (p StatusProps) reasons() []sms.Reason {
	var out []sms.Reason
	for _, code := range p.Review.Reasons {
		if r, ok := sms.ReasonByCode(code); ok {
			out = append(out, r)
		}
	}
	return out
}

func (p StatusProps) family() string {
	if p.Review.Family == sms.FamilyTechnical {
		return "The reason is a technical problem in how it would be received."
	}
	return "The reason is the Code of Conduct."
}

func (p StatusProps) refusedAt() string {
	if p.Review.DecidedAt == nil {
		return ""
	}
	return "Refused by the Tidings team " + p.today(*p.Review.DecidedAt) + ". Nothing was sent or charged."
}

// delivered sums up a completed sending.
func (p StatusProps) delivered() string {
	t := p.Tally
	out := Percent(t.Delivered, max(t.People(), 1)) + " delivered, " + Num(t.Unreachable()) + " unreachable (NPAI)"
	if n := t.Rejected + t.Suppressed + t.Cancelled + t.PresumedUnsent + t.Missed; n > 0 {
		out += ", " + Num(n) + " not sent and not charged"
	}
	out += "."
	if p.Session.EndedAt != nil {
		out += " Everyone has a final answer since " + p.clock(*p.Session.EndedAt) + "."
	}
	return out
}

func (p StatusProps) money() string {
	return p.Charged.Words() + " charged, " + p.Returned.String() + " returned."
}

// heldSentence restates what starting a held sending now would do.
func (p StatusProps) heldSentence() []Phrase {
	q := p.Slip.Quote
	return []Phrase{T("Send it now to "), B(sms.People(q.People)), T(" as "), B(p.Session.Sender), T(", for "), B(q.Price.Words()), T(".")}
}

func (p StatusProps) events() []Event {
	out := sendingEvents(p.Status.Events, p.Tenant.Zone)
	s := p.Session
	switch s.State {
	case sms.SessionValidating:
		out = append(out, Event{Title: "A person reads it", Sub: "Within " + Span(sms.ReviewPromise) + " of the submission as a rule", Phase: "now"})
		if s.Mode == sms.ModeScheduled {
			out = append(out, Event{Title: "Leaves", Sub: sendtime.Short(s.StartsAt, s.Zone), Phase: "todo"})
		}
	case sms.SessionScheduled:
		out = append(out, Event{Title: "Leaves", Sub: sendtime.Short(s.StartsAt, s.Zone), Phase: "todo"})
	}
	return out
}

func sendingEvents(list []sms.SessionEvent, zone string) []Event {
	var out []Event
	for _, e := range list {
		x := Event{Title: e.Title, Sub: e.Actor + ", " + When(sms.In(e.At, zone)), Phase: "done"}
		if e.Note != "" {
			x.Sub += ". " + e.Note
		}
		switch e.State {
		case sms.SessionWaitingCredits, sms.SessionHeld, sms.SessionPaused:
			x.Phase = "wait"
		case sms.SessionRefused, sms.SessionStopped:
			x.Phase = "stop"
		}
		out = append(out, x)
	}
	return out
}

func (p StatusProps) tokens() []Token {
	return MessageTokens(p.Session.Text, sms.OptOutNotice(p.Tenant.Country, p.Session.MessageKind))
}

// sending is the body that main pages of sendings share.
func (p StatusProps) sending() SendingProps {
	zone := p.Session.Zone
	if zone == "" {
		zone = p.Tenant.Zone
	}
	return SendingProps{
		Progress: p.Progress, Departure: p.Departure, EventsURL: p.Events, Country: phone.CountryName, Text: p.tokens(), To: p.Lists,
		Location: sms.In(p.Now, zone).Location(), ZoneName: sendtime.City(zone) + " time",
	}
}

// versions are the earlier sendings of the campaign.
func (p StatusProps) earlier() []sms.Session {
	if len(p.Versions) < 2 {
		return nil
	}
	return p.Versions[1:]
}

func (p StatusProps) version(s sms.Session) string {
	out := "Version " + strconv.Itoa(s.Number) + ", " + lower(StateLabel(string(s.State)))
	if s.EndedAt != nil {
		out += " " + p.today(*s.EndedAt)
	}
	return out
}

// stopped says what waits for a route that is stopped; "" when nothing does.
func (p StatusProps) stopped() string {
	n := 0
	var names []string
	for _, c := range slices.Sorted(maps.Keys(p.Stopped)) {
		n += p.Stopped[c]
		names = append(names, phone.CountryInText(c))
	}
	if n == 0 {
		return ""
	}
	return Count(n, "message", "messages") + " to " + few(names) + " " + Plural(n, "waits", "wait") + "."
}
