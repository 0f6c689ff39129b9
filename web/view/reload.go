package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
)

// TenantCreditsProps is an administrator's page of a tenant's credits, with the reload as typed.
type TenantCreditsProps struct {
	app.TenantCredits
	Path          string // of this page
	Token         string
	Tokens        func() string // fresh ones, for the other forms
	DoneToken     string        // of the form whose result is shown
	Me            sms.ID
	Entries       []Entry
	Older, Newest string
	Why           string // of a decline that came back
	Stale         string
	Updated       bool // by a change of the form
	Problems      []Problem
	Errors        sms.Problems
}

func (p TenantCreditsProps) ledger() LedgerProps {
	return LedgerProps{Ledger: p.Ledger, Entries: p.Entries, Older: p.Older, Newest: p.Newest, Path: p.Path}
}

func (p TenantCreditsProps) stats() []Stat {
	return append([]Stat{{Label: "Can be used", Figure: p.Balance.Available.String()}, {Label: "Set aside", Figure: p.Balance.Reserved.String()}}, p.ledger().needed()...)
}

// waits is what stands beside the tenant's name when something waits for credits.
func (p TenantCreditsProps) waits() string {
	n := len(p.Forecast.Waiting())
	if n == 0 {
		return ""
	}
	return Count(n, "campaign waits", "campaigns wait") + " for credits"
}

// look are the attributes of a part of the form that draws the page again when it changes.
func (p TenantCreditsProps) look() templ.Attributes {
	return templ.Attributes{
		"hx-post": p.Path, "hx-vals": `{"look":"yes"}`, "hx-include": "#slip", "hx-trigger": "change", "hx-target": "#reload", "hx-swap": "innerMorph", "hx-sync": "#slip:replace",
	}
}

// lookAgain follows what is about to start.
func (p TenantCreditsProps) lookAgain() templ.Attributes {
	if !p.Done.Moving {
		return nil
	}
	return templ.Attributes{"hx-get": p.Path + "?done=" + p.DoneToken, "hx-trigger": "load delay:1s", "hx-target": "#reload", "hx-swap": "innerMorph"}
}

func (p TenantCreditsProps) presets() []Option {
	var out []Option
	for _, n := range []sms.Credits{10_000, 25_000, 50_000, 100_000} {
		s := (n * sms.Credit).String()
		out = append(out, Option{Value: s, Label: s})
	}
	return out
}

func (p TenantCreditsProps) kinds() []Option {
	return []Option{
		{Value: string(sms.TransferTopup), Label: "Paid order"},
		{Value: string(sms.TransferGift), Label: "Gift"},
		{Value: string(sms.TransferCorrectUp), Label: "Correction, add"},
		{Value: string(sms.TransferCorrectDown), Label: "Correction, take"},
		{Value: string(sms.TransferExpire), Label: "Expiry"},
	}
}

func (p TenantCreditsProps) noteHint() string {
	if p.Form.Kind == string(sms.TransferTopup) {
		return "Shown in the ledger."
	}
	return "10 to 500 characters, shown in the ledger."
}

func deedOf(k sms.TransferKind) string {
	if k.Takes() {
		return "Take"
	}
	return "Add"
}

func (p TenantCreditsProps) button() string {
	switch {
	case p.Slip.Amount == 0, p.Slip.TooMuch():
		return "Check the amount"
	case p.Slip.Second():
		return "Propose to " + lower(deedOf(p.Slip.Kind)) + " " + p.Slip.Amount.Words()
	}
	return deedOf(p.Slip.Kind) + " " + p.Slip.Amount.Words()
}

// sentence is what will happen, from the values that will be written.
func (p TenantCreditsProps) sentence() []Phrase {
	s, name := p.Slip, p.Tenant.Name
	if s.Amount == 0 {
		return []Phrase{B(name), T(" can use "), B(s.Forecast.Now.String()), T(" now. Enter how much to add.")}
	}
	out := []Phrase{T("Add "), B(s.Amount.Words()), T(" to ")}
	if s.Kind.Takes() {
		out = []Phrase{T("Take "), B(s.Amount.Words()), T(" from ")}
	}
	out = append(out, B(name), T(". What can be used goes from "+s.Forecast.Now.String()+" to "), B(s.After().String()), T("."))
	if s.TooMuch() {
		return append(out, T(" That is too much: the rest is set aside or spent."))
	}
	if s.Kind.Takes() {
		return out
	}
	starts, waits := s.Starts()
	if len(starts) > 0 {
		n := 0
		for _, x := range starts {
			n += x.People
		}
		then := Plural(len(starts), " starts", " start") + " at once, to " + People(n) + "."
		if !s.Start {
			then = Plural(len(starts), " is", " are") + " not started: their people are asked first."
		}
		out = append(out, T(" "), B(stepNames(starts)), T(then))
	}
	if len(waits) > 0 {
		out = append(out, T(" "), B(stepNames(waits)), T(Plural(len(waits), " goes", " go")+" on waiting."))
	}
	if s.Second() {
		out = append(out, T(" A second administrator must agree first."))
	}
	return out
}

func stepNames(list []sms.ForecastStep) string {
	if len(list) > 3 {
		return Num(len(list)) + " campaigns"
	}
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return names[0]
}

func (p TenantCreditsProps) say() string {
	if !p.Updated {
		return ""
	}
	var b strings.Builder
	for _, x := range p.sentence() {
		b.WriteString(x.Text)
	}
	return b.String()
}

func (p TenantCreditsProps) localTime() string {
	return "It is " + Clock(sms.In(p.Now, p.Tenant.Zone)) + " in " + City(p.Tenant.Zone) + ". They start inside allowed hours."
}

// depends is one line about a campaign that needs credits.
func (p TenantCreditsProps) depends(s sms.ForecastStep) string {
	if s.State == sms.SessionWaitingCredits {
		return People(s.People) + ". It was due " + p.when(s.At)
	}
	if s.At.After(p.Now) {
		return People(s.People) + ". " + sendtime.Sentence(s.At, p.Tenant.Zone)
	}
	return People(s.People) + ". As soon as it is approved"
}

// when is a moment in the tenant's zone, shorter if it is today.
func (p TenantCreditsProps) when(t time.Time) string {
	in := sms.In(t, p.Tenant.Zone)
	if in.Format(time.DateOnly) == sms.In(p.Now, p.Tenant.Zone).Format(time.DateOnly) {
		return "today at " + Clock(in)
	}
	return "on " + in.Format("2 January at 15:04")
}

// requestWords is what a customer asked for, as a quotation.
func requestWords(r sms.ReloadRequest) string {
	out := r.Amount.Words()
	if r.Reference != "" {
		out += ", order " + r.Reference
	}
	if r.Note != "" {
		out += ". “" + r.Note + "”"
	}
	return out
}

func (p TenantCreditsProps) proposed(x sms.ReloadProposal) []Phrase {
	deed := " proposes to add "
	if x.Kind.Takes() {
		deed = " proposes to take "
	}
	out := []Phrase{B(x.ByName), T(deed), B(x.Amount.Words()), T(": " + lower(x.Kind.Words()))}
	if x.Reference != "" {
		out = append(out, T(", order "+x.Reference))
	}
	if x.Note != "" {
		out = append(out, T(", “"+x.Note+"”"))
	}
	return append(out, T("."))
}

func (p TenantCreditsProps) doneTitle() string {
	d, at := p.Done, Clock(sms.In(p.Done.At, p.Tenant.Zone))
	switch {
	case d.Proposed:
		return d.Amount.Words() + " wait for a second administrator."
	case d.Kind.Takes():
		return "Taken at " + at + "."
	}
	return "Added at " + at + "."
}

func (p TenantCreditsProps) doneText() string {
	if p.Done.Proposed {
		return "Nothing was moved yet."
	}
	return p.Tenant.Name + " can use " + p.Balance.Available.String() + " now."
}

// became is how a campaign that waited is now.
func (p TenantCreditsProps) became(s sms.Session) string {
	switch s.State {
	case sms.SessionWaitingCredits:
		if p.Done.Moving {
			return "is about to start."
		}
		return "goes on waiting: " + s.Missing.Words() + " " + Plural(int64(s.Missing/sms.Credit), "is", "are") + " missing."
	case sms.SessionHeld:
		return "asks its people: start now, another time, or cancel."
	case sms.SessionScheduled:
		return "leaves " + sendtime.Sentence(s.StartsAt, s.Zone) + "."
	case sms.SessionStarting:
		return "is starting."
	}
	return fmt.Sprintf("has started, to %s.", People(s.People))
}
