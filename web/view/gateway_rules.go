package view

import "tidings/internal/sms"

// GatewayUnknownProps is what staff decide about, of a route whose messages
// without an answer wait for a person.
type GatewayUnknownProps struct {
	GatewayProps
	Lines       []sms.UnknownLine
	How, Reason string
	Stale       string
	Problems    []Problem
	Errors      sms.Problems
}

func (p GatewayUnknownProps) count() (n int) {
	for _, l := range p.Lines {
		n += l.Messages
	}
	return n
}

// unknowns are the rules for messages without an answer that the kind can have.
func (p GatewayFormProps) unknowns() []Choice {
	var out []Choice
	for _, u := range sms.OnUnknowns {
		if u == sms.UnknownKey && p.RouteForm.Kind != "http" {
			continue
		}
		label, hint := u.Words()
		out = append(out, Choice{Value: string(u), Label: label, Hint: hint})
	}
	return out
}

// unknownWords is what the route does without an answer.
func (p GatewayProps) unknownWords() string {
	label, _ := p.OnUnknown.Words()
	if p.OnUnknown == sms.UnknownAfter {
		label += " in " + Count(p.UnknownHours, "hour", "hours")
	}
	return label
}

// codesHint says how a rule for a code is written.
func (p GatewayFormProps) codesHint() string {
	example := map[string]string{"smpp": "0x45 temporary 60 3", "twilio": "30003 recipient"}[p.RouteForm.Kind]
	if example == "" {
		example = "http:429 throttled 5"
	}
	return "One a line: code, what it means, seconds to wait, tries: " + example + ". All others mean what they usually do."
}

var codeClassWords = []struct {
	Class sms.CodeClass
	Text  string
}{
	{sms.CodeTemporary, "Tried again after the wait, a little longer each time, until the hours of the route are over; after the tries, if a number is given, the message is not accepted."},
	{sms.CodeThrottled, "The route slows down, and the message goes soon. No try is counted."},
	{sms.CodeRoute, "The route or the sender is at fault. Messages are kept, and the route pauses when it goes on."},
	{sms.CodeRecipient, "This number, for good: unreachable (NPAI)."},
	{sms.CodePermanent, "This message, for good: not accepted, not charged."},
	{sms.CodeOptedOut, "This person, for good: kept out of later sendings too."},
	{sms.CodeUnknown, "The carrier itself does not know whether it sent it: treated as without an answer."},
}
