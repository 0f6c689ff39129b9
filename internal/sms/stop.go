package sms

import (
	"strings"
	"time"
	"unicode/utf8"

	"tidings/internal/sms/phone"
)

// StopScope is what a stop covers (D35).
type StopScope string

// What can be stopped by the kill switch.
const (
	StopAll     StopScope = "all"
	StopTenant  StopScope = "tenant"
	StopGateway StopScope = "gateway"
	StopCountry StopScope = "country"
	StopSender  StopScope = "sender"
	StopText    StopScope = "text"
)

// StopScopes are all of them, the widest first.
var StopScopes = []StopScope{StopAll, StopTenant, StopGateway, StopCountry, StopSender, StopText}

// Stop is one use of the kill switch. While it holds, no message that it covers
// is handed over. Another administrator than the one who pressed it lifts it.
type Stop struct {
	ID      ID
	Scope   StopScope
	Tenant  TenantID // with StopTenant, and so on
	Gateway int16
	Country string
	Sender  string // in small letters
	Pattern string // words of the text, in any letters
	Name    string // of the tenant or the gateway

	Reason string
	By     ID
	ByName string
	At     time.Time

	LiftedName string
	LiftedAt   *time.Time
	LiftReason string
}

// Words is what it covers, in a sentence: "everything", "the tenant Nordfare".
func (s Stop) Words() string {
	switch s.Scope {
	case StopTenant:
		return "the tenant " + s.Name
	case StopGateway:
		return "the gateway " + s.Name
	case StopCountry:
		return "messages to " + phone.CountryInText(s.Country)
	case StopSender:
		return "the sender " + strings.ToUpper(s.Sender)
	}
	if s.Scope == StopText {
		return "messages with “" + s.Pattern + "” in their text"
	}
	return "everything"
}

// CustomerWords is why a campaign was stopped, as its own people read it.
func (s Stop) CustomerWords() string {
	switch s.Scope {
	case StopTenant:
		return "We have stopped all sending of your account to look into something."
	case StopGateway:
		return "We have stopped a route to the operators that it was using."
	case StopCountry:
		return "We have stopped all messages to " + phone.CountryInText(s.Country) + " for now."
	case StopSender:
		return "We have stopped all messages from " + strings.ToUpper(s.Sender) + " to look into something."
	}
	if s.Scope == StopText {
		return "We have stopped messages with words that are in yours, to look into something."
	}
	return "We have stopped all sending for a moment, of everybody."
}

// StopForm is the wish to stop, as typed.
type StopForm struct {
	Scope  string `form:"scope"`
	What   string `form:"what"` // which one; nothing with StopAll
	Reason string `form:"reason"`
	Typed  string `form:"typed"`
	Token  string `form:"token"`
	Seen   string `form:"seen"` // the Key of what was shown before it was pressed
}

// Tidy is the form without what surrounds its words.
func (f StopForm) Tidy() StopForm {
	f.What, f.Reason, f.Typed = strings.TrimSpace(f.What), strings.TrimSpace(f.Reason), strings.TrimSpace(f.Typed)
	if f.Scope == "" {
		f.Scope = string(StopAll)
	}
	if f.Scope == string(StopAll) {
		f.What = ""
	}
	return f
}

// Key is what the form would stop: it is shown and confirmed together.
func (f StopForm) Key() string { return f.Scope + ":" + strings.ToLower(f.What) }

// Check says what is missing to press it.
func (f StopForm) Check() Problems {
	var p Problems
	if !reasonGiven(f.Reason) {
		p = append(p, Problem{Field: "reason", Text: "Say why, in 10 to 500 characters"})
	}
	if f.Typed != "STOP" {
		p = append(p, Problem{Field: "typed", Text: "Type STOP to confirm"})
	}
	return p
}

// reasonGiven reports whether a reason can be written to the audit.
func reasonGiven(s string) bool {
	n := utf8.RuneCountInString(strings.TrimSpace(s))
	return n >= 10 && n <= 500
}

// CheckReason says what is wrong with a reason for the audit.
func CheckReason(reason string) Problems {
	if reasonGiven(reason) {
		return nil
	}
	return Problems{{Field: "reason", Text: "Say why, in 10 to 500 characters"}}
}

// StopImpact is what a stop would keep back now.
type StopImpact struct {
	Campaigns int
	Messages  int // not yet handed over
	Lines     []StopLine
}

// StopLine is one campaign that a stop covers, or that is stopped.
type StopLine struct {
	Tenant     TenantID
	TenantName string
	Session    SessionID
	Name       string
	State      SessionState
	Waiting    int // messages not yet handed over
	Reason     string
}

// StopPulse is what was handed over of what a stop covers, at one moment: two of
// them are a rate.
type StopPulse struct {
	Stop   ID // zero: of everything
	At     time.Time
	Marked int64 // hand-overs so far
	Flying int   // with a gateway, no answer yet
	Wait   int   // not yet handed over
}

// Rate is how many were handed over in a second since before.
func (p StopPulse) Rate(before StopPulse) float64 {
	d := p.At.Sub(before.At).Seconds()
	if d <= 0 || p.Marked < before.Marked { // a session was settled meanwhile
		return 0
	}
	return float64(p.Marked-before.Marked) / d
}
