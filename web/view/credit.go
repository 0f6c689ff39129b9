package view

import (
	"strconv"
	"time"

	"tidings/internal/sms"
)

// LedgerProps is what a tenant has, will need, and how it came to that.
type LedgerProps struct {
	Tenant   sms.Tenant
	Balance  sms.Balance
	Forecast sms.Forecast
	Entries  []Entry
	Older    string
	Prices   []PriceRow
	Requests []sms.ReloadRequest
	Path     string
	Now      time.Time
	MayAsk   bool
}

// PriceRow is what one part costs in a country.
type PriceRow struct {
	Country string
	Price   sms.Credits
}

// LedgerEntry puts a line of the ledger in words, in the zone of the tenant.
func LedgerEntry(l sms.LedgerLine, zone string) Entry {
	e := Entry{When: When(sms.In(l.At, zone)), What: l.Kind.Words(), Sub: l.Reason, By: l.Actor, Amount: int64(l.Amount), After: int64(l.After)}
	if l.Reference != "" {
		e.Sub += ", order " + l.Reference
	}
	if l.Note != "" {
		e.Sub += ". " + l.Note
	}
	if l.Kind == sms.TransferReserve && l.Charged > 0 {
		e.Sub += ". Charged so far: " + l.Charged.String()
	}
	return e
}

func (p LedgerProps) stats() []Stat {
	out := []Stat{
		{Label: "Can be used", Figure: p.Balance.Available.String()},
		{Label: "Set aside", Figure: p.Balance.Reserved.String()},
	}
	if short, at := p.Forecast.Short(); short > 0 {
		out = append(out, Stat{Label: "Missing on " + sms.In(at, p.Tenant.Zone).Format("2 January"), Figure: short.String(), Bad: true})
	}
	return out
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
	f.End = sms.In(last.Add(max(last.Sub(p.Now)/3, 24*time.Hour)), zone)
	return f
}

// AskReloadProps is a customer's ask for credits, as typed.
type AskReloadProps struct {
	Path, Amount, Reference, Note, Token string
	Problems                             []Problem
	Errors                               sms.Problems
}

// TenantCreditsProps is an administrator's page of a tenant's credits, with the reload as typed.
type TenantCreditsProps struct {
	Ledger                                          LedgerProps
	Amount, Kind, Reference, Note, Confirm, Request string
	Again, StartWaiting                             bool
	Token                                           string
	Me                                              sms.ID
	Proposals                                       []sms.ReloadProposal
	Problems                                        []Problem
	Errors                                          sms.Problems
}

func (p TenantCreditsProps) kinds() []Option {
	return []Option{
		{Value: string(sms.TransferTopup), Label: "Paid order"},
		{Value: string(sms.TransferGift), Label: "Gift"},
		{Value: string(sms.TransferCorrectUp), Label: "Correction that adds"},
		{Value: string(sms.TransferCorrectDown), Label: "Correction that takes"},
		{Value: string(sms.TransferExpire), Label: "Expiry"},
	}
}

// reads is the sentence of the slip for what was typed, or what is still to type.
func (p TenantCreditsProps) reads() []Phrase {
	amount, ok := sms.ParseCredits(p.Amount)
	if !ok || amount <= 0 {
		return []Phrase{T("Credits go to "), B(p.Ledger.Tenant.Name), T(", which can use "), B(p.Ledger.Balance.Available.String()), T(" now.")}
	}
	after := p.Ledger.Balance.Available + amount
	return []Phrase{T("Add "), B(amount.String() + " credits"), T(" to "), B(p.Ledger.Tenant.Name), T(". What can be used goes from " + p.Ledger.Balance.Available.String() + " to "), B(after.String()), T(".")}
}

func tenantNote(t sms.TenantLine) string {
	switch {
	case t.Waiting > 0:
		return strconv.Itoa(t.Waiting) + " waiting, " + t.Missing.String() + " missing"
	case t.Requests > 0:
		return Count(t.Requests, "ask for credits", "asks for credits")
	}
	return ""
}

func validationWord(auto bool) string {
	if auto {
		return "Automatic"
	}
	return "By staff"
}
