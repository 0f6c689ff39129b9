package view

import (
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// OptOutsProps is the page of who is never written to.
type OptOutsProps struct {
	app.OptOutsPage
	Base, Account string
	Kind          sms.SuppressionKind // "": all
	Text          string              // looked for
	Numbers       bool                // seen in full
	MayEdit       bool
}

// kinds are the kinds of suppressions, in the order of the page.
var kinds = []sms.SuppressionKind{sms.SuppressionOptedOut, sms.SuppressionExcluded, sms.SuppressionNPAI, sms.SuppressionComplaint}

func (p OptOutsProps) lede() string {
	if p.Total() == 0 {
		return ""
	}
	are := "They are"
	if p.Total() == 1 {
		are = "This one is"
	}
	return People(p.Total()) + ". " + are + " left out of every campaign, also if you import them again."
}

func (p OptOutsProps) tabs() []Link {
	out := []Link{{Label: "All, " + Num(p.Total()), Href: p.Base, Current: p.Kind == ""}}
	for _, k := range kinds {
		out = append(out, Link{Label: k.Words() + ", " + Num(p.Counts[k]), Href: p.Base + "?kind=" + string(k), Current: p.Kind == k})
	}
	return out
}

func (p OptOutsProps) nobody() EmptyProps {
	switch {
	case p.Unread:
		return EmptyProps{Icon: "search", Title: "This is no phone number", Text: "Enter all of a number, with its country code if it is not of your country."}
	case p.Text != "":
		return EmptyProps{Icon: "search", Title: "This number is not left out", Text: "It gets your campaigns if it is in one of their lists."}
	case p.Kind != "":
		return EmptyProps{Icon: "contacts", Title: "Nobody is here", Text: "Nobody is left out for this reason."}
	}
	return EmptyProps{Icon: "contacts", Title: "Nobody has opted out", Text: "Who answers STOP stands here at once. You can add numbers yourself too."}
}

func (p OptOutsProps) number(x sms.LeftOut) string {
	return p.Base + "/numbers/" + hex.EncodeToString(x.Hash)
}

func (p OptOutsProps) pager() PagerProps {
	out := PagerProps{OlderLabel: "Next"}
	if p.Next {
		last := p.Found[len(p.Found)-1]
		q := url.Values{"before": {strconv.FormatInt(last.At.UnixMicro(), 10)}, "number": {hex.EncodeToString(last.Hash)}}
		if p.Kind != "" {
			q.Set("kind", string(p.Kind))
		}
		out.Older = p.Base + "?" + q.Encode()
	}
	return out
}

func (p OptOutsProps) when(t time.Time) string { return Date(sms.In(t, p.Tenant.Zone)) }

// leftOutName is what somebody who is left out is called.
func leftOutName(x sms.LeftOut, full bool) string { return nameOrNumber(x.ContactName, x.Number, full) }

// nameOrNumber is what somebody is called of whom only the number may be left, or not even that.
func nameOrNumber(name string, number int64, full bool) string {
	return or(name, or(sms.ShownNumber(number, full), "Erased person"))
}

// LeaveOutProps is the form of numbers to be left out.
type LeaveOutProps struct {
	Base     string
	Form     sms.LeftOutForm
	Done     *app.LeaveOutResult // what was done with the others
	Mistakes sms.Problems
	Problems []Problem
}

// LeftOutWords say what became of the numbers.
func LeftOutWords(r app.LeaveOutResult) string {
	var out []string
	if r.Added > 0 {
		out = append(out, Count(r.Added, "number is left out", "numbers are left out")+" from now on")
	}
	if r.Known > 0 {
		out = append(out, Count(r.Known, "was", "were")+" left out already")
	}
	if len(out) == 0 {
		return "Nothing was left out."
	}
	return strings.Join(out, ", ") + "."
}

// BadCells are what could not be read, to be repaired, one a line.
func BadCells(bad []sms.BadCell) string {
	lines := make([]string, len(bad))
	for i, b := range bad {
		lines[i] = b.Cell
	}
	return strings.Join(lines, "\n")
}

// mostReasons is how many of them a page explains.
const mostReasons = 20

func (p LeaveOutProps) reasons() []sms.BadCell { return p.Done.Bad[:min(len(p.Done.Bad), mostReasons)] }

func (p LeaveOutProps) badTitle() string {
	return Count(len(p.Done.Bad), "number could not be read", "numbers could not be read") + ". Repair and send them again."
}

// LeftOutProps is the page of one number.
type LeftOutProps struct {
	sms.LeftOut
	Tenant              sms.Tenant
	Base, Here, Account string
	Numbers             bool
	MayReadmit          bool
	Now                 time.Time
	Proof               string // as typed
	Mistakes            sms.Problems
	Problems            []Problem
}

// Title is who it is.
func (p LeftOutProps) Title() string { return leftOutName(p.LeftOut, p.Numbers) }

func (p LeftOutProps) facts() []Fact {
	out := []Fact{
		{"Number", or(sms.ShownNumber(p.Number, p.Numbers), "Erased; only a fingerprint is kept")},
		{"Since", LongWhen(sms.In(p.At, p.Tenant.Zone))},
		{"How", p.Source},
	}
	if p.CampaignName != "" {
		out = append(out, Fact{"Campaign", p.CampaignName})
	}
	return out
}

// retryAt is when an unreachable number may be tried again; "" when it is due.
func (p LeftOutProps) retryAt() string {
	if at := p.At.Add(sms.RetryNPAIAfter); p.Now.Before(at) {
		return Date(sms.In(at, p.Tenant.Zone))
	}
	return ""
}

// RepliesProps is the page of what people answered.
type RepliesProps struct {
	app.RepliesPage
	All           bool // not the doubtful ones alone
	Base, Account string
	Numbers       bool
	MayEdit       bool
}

func (p RepliesProps) tabs() []Link {
	here := p.Base + "/replies"
	return []Link{
		{Label: "To be read, " + Num(p.Doubtful), Href: here, Current: !p.All},
		{Label: "All", Href: here + "?show=all", Current: p.All},
	}
}

func (p RepliesProps) empty() EmptyProps {
	if p.All {
		return EmptyProps{Icon: "check", Title: "Nobody has answered yet", Text: "What people answer to your campaigns stands here."}
	}
	return EmptyProps{Icon: "check", Title: "Nothing to read", Text: "A text of which it is not sure whether it is an opt-out waits here for you to decide."}
}

func (p RepliesProps) who(r sms.Reply) string {
	return nameOrNumber(r.ContactName, r.Number, p.Numbers)
}

func (p RepliesProps) when(r sms.Reply) string { return When(sms.In(r.At, p.Tenant.Zone)) }

// read is what a text was read as, in words.
func (p RepliesProps) read(r sms.Reply) string {
	switch {
	case r.Decision == sms.DecisionStop:
		return "Opted out by " + r.DecidedBy
	case r.Decision == sms.DecisionNothing:
		return "No opt-out, says " + r.DecidedBy
	}
	switch r.Reading {
	case sms.ReadingStop:
		return "Opted out"
	case sms.ReadingStart:
		return "Wants messages again"
	case sms.ReadingHelp:
		return "Asked who writes"
	case sms.ReadingDoubtful:
		return "Waits for a decision"
	case sms.ReadingOther:
	}
	return "No opt-out"
}

func (p RepliesProps) pager() PagerProps {
	out := PagerProps{OlderLabel: "Older"}
	if p.Next {
		q := url.Values{"before": {strconv.FormatInt(p.Replies[len(p.Replies)-1].ID, 10)}}
		if p.All {
			q.Set("show", "all")
		}
		out.Older = p.Base + "/replies?" + q.Encode()
	}
	return out
}
