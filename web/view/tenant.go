package view

import (
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// TenantsProps is the administrators' list of tenants.
type TenantsProps struct {
	Lines  []sms.TenantLine
	Filter sms.TenantFilter
	More   bool
}

var tenantViews = []Option{
	{Label: "Everybody"},
	{Value: sms.TenantsWaiting, Label: "Waiting for credits"},
	{Value: sms.TenantsShort, Label: "Short within 7 days"},
	{Value: sms.TenantsAsked, Label: "Asked for a reload"},
	{Value: sms.TenantsAuto, Label: "Automatic validation on"},
	{Value: sms.TenantsNew, Label: "New this week"},
}

func tenantNote(t sms.TenantLine) string {
	switch {
	case t.Proposals > 0:
		return Count(t.Proposals, "reload waits", "reloads wait") + " for a second administrator"
	case t.Requests > 0:
		return Count(t.Requests, "ask", "asks") + " for a reload"
	}
	return ""
}

func validationWord(auto bool) string {
	if auto {
		return "Automatic"
	}
	return "By a person"
}

func waitsState(waits string) templ.Component {
	if waits == "" {
		return nil
	}
	return waitsBox(waits)
}

// TenantProps is the overview of one tenant.
type TenantProps struct {
	app.TenantPage
}

func (p TenantProps) stats() []Stat {
	out := []Stat{
		{Label: "Can be used", Figure: p.Balance.Available.String()},
		{Label: "Set aside", Figure: p.Balance.Reserved.String()},
		{Label: "Campaigns sent", Figure: Num(p.Sent)},
		{Label: "Customer since", Figure: sms.In(p.Tenant.CreatedAt, p.Tenant.Zone).Format("Jan 2006")},
	}
	return out
}

// ValidationProps is what an administrator looks at before he switches automatic validation.
type ValidationProps struct {
	app.Validation
	Reason   string
	Problems []Problem
	Errors   sms.Problems
}

// The hints of ux.md 9.4: what a tenant shows who needs no reader.
const (
	recordDays     = 30
	recordApproved = 5
)

func (p ValidationProps) checks() []CheckLine {
	r := p.Record
	line := func(ok bool, text string) CheckLine {
		if ok {
			return CheckLine{Level: "ok", Text: text}
		}
		return CheckLine{Level: "warn", Text: text}
	}
	return []CheckLine{
		line(r.Age >= recordDays*24*time.Hour, "A customer for "+days(r.Age)+"; 30 days or more is usual"),
		line(r.Approved >= recordApproved, Count(r.Approved, "campaign", "campaigns")+" approved in a row; 5 or more is usual"),
		line(r.Refused == 0, refusedWords(r.Refused)),
		line(r.OptedOut*100 <= r.Delivered, Percent(r.OptedOut, max(r.Delivered, 1))+" opted out in the last 30 days; 1% or less is usual"),
	}
}

func refusedWords(n int) string {
	if n == 0 {
		return "Nothing refused in the last 30 days"
	}
	return Count(n, "campaign", "campaigns") + " refused in the last 30 days"
}

// days is a span in whole days.
func days(d time.Duration) string { return Count(int(d/(24*time.Hour)), "day", "days") }

func (p ValidationProps) sentence() []Phrase {
	if p.Tenant.AutoValidation {
		return []Phrase{T("Campaigns of "), B(p.Tenant.Name), T(" are approved by the automatic checks. Turned off, "), B("a person reads each one"), T(" before it leaves.")}
	}
	return []Phrase{T("A person reads each campaign of "), B(p.Tenant.Name), T(". Turned on, "), B("those the automatic checks find nothing in"), T(" leave without it.")}
}

func switchedWord(on bool) string {
	if on {
		return "Turned on"
	}
	return "Turned off"
}
