package view

import (
	"strconv"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// SpeedProps is how fast a tenant and its senders may send.
type SpeedProps struct {
	Tenant   sms.Tenant
	All      string
	Lines    []SpeedLine
	Reason   string
	Problems []Problem
	Errors   sms.Problems
}

// SpeedLine is a sender and its limit, as typed.
type SpeedLine struct{ Sender, Limit string }

// NewSpeed is what the page shows: what was typed, else what holds.
func NewSpeed(t app.TenantSpeed, typed *sms.SpeedForm, list []Problem, p sms.Problems) SpeedProps {
	out := SpeedProps{Tenant: t.Tenant, All: limitText(t.Limits[""]), Problems: list, Errors: p}
	for _, s := range t.Senders {
		out.Lines = append(out.Lines, SpeedLine{s, limitText(t.Limits[s])})
	}
	if typed == nil {
		return out
	}
	out.All, out.Reason, out.Lines = typed.All, typed.Reason, nil
	for i, s := range typed.Senders {
		if i < len(typed.Limits) {
			out.Lines = append(out.Lines, SpeedLine{s, typed.Limits[i]})
		}
	}
	return out
}

func limitText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
