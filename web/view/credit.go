package view

import (
	"slices"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// LedgerProps is what a tenant has, will need, and how it came to that.
type LedgerProps struct {
	app.Ledger
	Entries   []Entry
	Older     string // address of the older entries
	Newest    string // address of the newest, on an older page
	Prices    []PriceRow
	Path      string // of this page
	Campaigns string // of the account's campaigns; "" for staff
	MayAsk    bool
}

// PriceRow is what one part costs in some countries.
type PriceRow struct {
	Countries []string
	Price     sms.Credits
}

// PriceRows puts countries of one price together, the cheapest first.
func PriceRows(prices map[string]sms.Credits, name func(string) string) []PriceRow {
	at := map[sms.Credits][]string{}
	for country, price := range prices {
		at[price] = append(at[price], name(country))
	}
	var out []PriceRow
	for price, countries := range at {
		slices.Sort(countries)
		out = append(out, PriceRow{Countries: countries, Price: price})
	}
	slices.SortFunc(out, func(a, b PriceRow) int { return int(a.Price - b.Price) })
	return out
}

// LedgerEntry puts a line of the ledger in words, in the zone of the tenant.
func LedgerEntry(l sms.LedgerLine, zone string) Entry {
	return Entry{When: When(sms.In(l.At, zone)), What: l.Kind.Words(), Sub: LedgerSub(l), By: l.Actor, Amount: int64(l.Amount), After: int64(l.After)}
}

// LedgerSub says what an entry was for.
func LedgerSub(l sms.LedgerLine) string {
	var parts []string
	switch {
	case l.Kind == sms.TransferReserve:
		parts = append(parts, l.Reason, spent(l))
	case l.Reference != "":
		parts = append(parts, "Order "+l.Reference, l.Note)
	case l.Note != "":
		parts = append(parts, l.Note)
	case l.Reason != l.Kind.Words():
		parts = append(parts, l.Reason)
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ". ")
}

// spent is what became of the credits that were set aside.
func spent(l sms.LedgerLine) string {
	switch {
	case l.Settled:
		return "Charged " + l.Charged.String() + ", returned " + l.Returned.String()
	case l.Charged > 0:
		return "Charged so far: " + l.Charged.String()
	}
	return ""
}

func (p LedgerProps) stats() []Stat {
	out := []Stat{{Label: "You can use", Figure: p.Balance.Available.String()}, {Label: "Set aside", Figure: p.Balance.Reserved.String()}}
	return append(out, p.needed()...)
}

// needed is what the coming days take, and what a week takes as a rule.
func (p LedgerProps) needed() (out []Stat) {
	if need, at := p.Forecast.Need(); need > 0 {
		label := "Needed now"
		if at.After(p.Now) {
			label = "Needed by " + sms.In(at, p.Tenant.Zone).Format("2 January")
		}
		out = append(out, Stat{Label: label, Figure: need.String(), Bad: need > p.Forecast.Now})
	}
	if p.Weekly > 0 {
		out = append(out, Stat{Label: "Usual use", Figure: whole(p.Weekly).String(), Unit: "a week"})
	}
	return out
}

// lasts says until when the credits last.
func (p LedgerProps) lasts() string {
	if p.Weekly < sms.Credit || p.Balance.Available <= 0 {
		return ""
	}
	weeks := float64(p.Balance.Available) / float64(p.Weekly)
	if weeks > 52 {
		return "At your usual use it lasts more than a year."
	}
	day := sms.In(p.Now.Add(time.Duration(weeks*7*24)*time.Hour), p.Tenant.Zone)
	return "At your usual use it lasts until about " + day.Format("2 January") + "."
}

// asked is who asked for credits, when, and how it ended.
func (p LedgerProps) asked(r sms.ReloadRequest) string {
	out := r.AskedName + ", " + When(sms.In(r.AskedAt, p.Tenant.Zone)) + "."
	if r.Reference != "" {
		out += " Order " + r.Reference + "."
	}
	if r.Open() {
		return out + " We usually answer within 2 hours."
	}
	if r.Transfer != nil {
		return out + " " + r.Added.String() + " added " + When(sms.In(*r.AnsweredAt, p.Tenant.Zone)) + "."
	}
	return out + " " + r.AnsweredName + ": " + r.Answer
}

func (p LedgerProps) chart() ForecastProps {
	zone := p.Tenant.Zone
	f := ForecastProps{Points: []StepPoint{{At: sms.In(p.Now, zone), After: int64(p.Forecast.Now), Label: p.Forecast.Now.String() + " today"}}}
	f.Words = "Credits that can be used. Today " + p.Forecast.Now.String() + "."
	last := p.Now
	for _, s := range p.Forecast.Steps {
		if s.At.After(last) {
			last = s.At
		}
		f.Points = append(f.Points, StepPoint{At: sms.In(last, zone), After: int64(s.After), Label: s.After.String(), Sub: s.Name})
		f.Words += " After " + s.Name + " " + s.After.String() + "."
	}
	f.End = sms.In(forecastEnd(p.Now, last), zone)
	return f
}

// forecastEnd leaves room after the last step.
func forecastEnd(now, last time.Time) time.Time {
	return last.Add(max(last.Sub(now)/3, 24*time.Hour))
}

func setAsideName(x sms.SetAside) string {
	if x.Test {
		return "Test of " + x.Name
	}
	return x.Name
}

func setAsideSub(x sms.SetAside) string {
	if x.Test || x.People == 0 {
		return StateLabel(string(x.State))
	}
	return StateLabel(string(x.State)) + ", " + People(x.People)
}

// AskReloadProps is a customer's ask for credits, as typed.
type AskReloadProps struct {
	Path, Amount, Reference, Note, Token string
	CanUse                               sms.Credits
	Problems                             []Problem
	Errors                               sms.Problems
}

// whole rounds an amount to whole credits, where it is only a usual one.
func whole(c sms.Credits) sms.Credits { return (c + sms.Credit/2) / sms.Credit * sms.Credit }
