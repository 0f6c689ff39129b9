package sms

import (
	"fmt"
	"strconv"

	"tidings/internal/sms/phone"
)

// The figures of the stop rules (D35), the same for the whole platform. They are
// constants: changing them is a decision about every customer.
const (
	StopOptOutsAbove   = 2   // percent of the delivered that opted out
	StopOptOutsFrom    = 50  // delivered before it is judged
	StopDeliveredBelow = 20  // percent delivered of the messages with a final answer, in one country
	StopDeliveredFrom  = 200 // messages with a final answer before it is judged
)

// Trip is a stop rule that pauses a session: which, and why in figures.
type Trip struct {
	Rule string // "opt-outs", or "delivered FR"
	Why  string
}

// Trips are the stop rules that hold against a session, of those that have not
// paused it before: whoever resumes it after a rule has decided about that rule.
func Trips(countries []CountryTally, optedOut int, before []string) []Trip {
	var out []Trip
	add := func(rule, why string) {
		for _, b := range before {
			if b == rule {
				return
			}
		}
		out = append(out, Trip{rule, why})
	}
	delivered := 0
	for _, c := range countries {
		delivered += c.Delivered
		final := c.Delivered + c.Undelivered + c.Expired + c.Rejected
		if final >= StopDeliveredFrom && c.Delivered*100 < final*StopDeliveredBelow {
			add("delivered "+c.Country, fmt.Sprintf("Only %s of %s messages with a final answer in %s were delivered (%s). Below %d%% we pause a campaign",
				Number(c.Delivered), Number(final), phone.CountryInText(c.Country), percent(c.Delivered, final), StopDeliveredBelow))
		}
	}
	if delivered >= StopOptOutsFrom && optedOut*100 > delivered*StopOptOutsAbove {
		add("opt-outs", fmt.Sprintf("%s of the %s people it was delivered to opted out (%s). Above %d%% we pause a campaign",
			Number(optedOut), Number(delivered), percent(optedOut, delivered), StopOptOutsAbove))
	}
	return out
}

// percent is a share with one decimal: "2.4%".
func percent(part, whole int) string {
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + "%"
}
