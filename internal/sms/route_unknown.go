package sms

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// OnUnknown is what a route does with a message that was written to its carrier
// and never answered (D34): it may have been sent.
type OnUnknown string

// What a route may do. Only the first two can never make anybody get a text twice.
const (
	UnknownHold     OnUnknown = "hold"
	UnknownKey      OnUnknown = "idempotent_retry"
	UnknownAfter    OnUnknown = "retry_if_no_receipt_after"
	UnknownOperator OnUnknown = "operator"
)

// OnUnknowns are all of them, the usual one first.
var OnUnknowns = []OnUnknown{UnknownHold, UnknownKey, UnknownAfter, UnknownOperator}

// Words is what it does, for staff: a name and what follows from it.
func (u OnUnknown) Words() (label, hint string) {
	switch u {
	case UnknownKey:
		return "Ask again under the same key", "Only for a carrier whose reference promises that a key is never taken twice. While the key is good the request is made again; after that it is held."
	case UnknownAfter:
		return "Send again when no receipt comes", "Once, after the hours below. Somebody may get the text twice: agree it with the customers of this route first."
	case UnknownOperator:
		return "Wait for a person", "It never ends by itself. Staff decide on this page whether it is presumed unsent or sent again."
	}
	return "Hold", "A receipt settles it. After 48 hours it is presumed unsent, and its credits come back. Never sent again by itself."
}

// Customer is what it does, for the people of a campaign.
func (u OnUnknown) Customer(hours int) string {
	switch u {
	case UnknownKey:
		return "We ask the operator again under the same key, so that nobody gets it twice"
	case UnknownAfter:
		return "Sent again once when no receipt comes in " + counted(hours, "hour", "hours") + ". A receipt or 48 hours decide it"
	case UnknownOperator:
		return "Never sent again by itself. A receipt or the Tidings team decide it"
	}
	return "Never sent again by itself. A receipt or 48 hours decide it"
}

// KeyLife is how long the carrier of the route keeps an idempotency key: in that
// time the same key is never taken twice. 0: it declares none.
func (r Route) KeyLife() time.Duration {
	var s struct {
		Header string `json:"key_header"`
		Hours  int    `json:"key_hours"`
	}
	if r.Kind != httpKind.Kind || json.Unmarshal(r.Settings, &s) != nil || s.Header == "" {
		return 0
	}
	return time.Duration(s.Hours) * time.Hour
}

// KeyMargin is how long before its end a key is no longer relied upon: clocks
// differ, and a request takes its time.
const KeyMargin = 10 * time.Minute

// KeyWaits are the times from one request to the next under the same key; the
// last repeats while the key is good.
var KeyWaits = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// unknown reads what becomes of messages without an answer.
func (f RouteForm) unknown(r *Route, p *Problems) {
	r.OnUnknown = OnUnknown(f.OnUnknown)
	if r.OnUnknown == "" {
		r.OnUnknown = UnknownHold
	}
	if !oneOfUnknown(r.OnUnknown) {
		p.Add("on_unknown", "Choose what happens without an answer: hold, idempotent_retry, retry_if_no_receipt_after or operator")
	}
	hours := strings.TrimSpace(f.UnknownHours)
	if hours == "" {
		hours = strconv.Itoa(usualUnknownHours)
	}
	n, err := strconv.Atoi(hours)
	if err != nil || n < 1 || n > 47 {
		p.Add("unknown_hours", "Enter 1 to 47 hours")
	}
	r.UnknownHours = n
	if r.OnUnknown == UnknownKey && r.KeyLife() == 0 {
		p.Add("on_unknown", "Choose another, or enter the header of the idempotency key: this gateway declares none")
	}
}

const usualUnknownHours = 6

func oneOfUnknown(u OnUnknown) bool {
	for _, x := range OnUnknowns {
		if x == u {
			return true
		}
	}
	return false
}

// UnknownReason is why Tidings sends messages of a route again, for the audit and
// for the people of the campaign.
func (r Route) UnknownReason() string {
	if r.OnUnknown == UnknownKey {
		return fmt.Sprintf("Route %s: asked again under the same idempotency key, which its carrier never takes twice", r.Name)
	}
	by := ""
	if r.UpdatedBy != "" {
		by = ", as set by " + r.UpdatedBy
	}
	return fmt.Sprintf("Route %s: no answer, and no receipt in %s%s", r.Name, counted(r.UnknownHours, "hour", "hours"), by)
}

// UnknownLine is how many messages of a campaign wait for a person.
type UnknownLine struct {
	Tenant     TenantID
	TenantName string
	Session    SessionID
	Campaign   string
	Messages   int
	Oldest     time.Time // when the first of them was handed over
}
