package gateway

import (
	"time"

	"tidings/internal/sms"
)

// Meaning is what a route says that one of its carrier's codes means.
type Meaning struct {
	Outcome Outcome // Refused or Unknown
	Class   Class
	After   time.Duration
	Tries   int
}

// Codes are the codes that a route gives a meaning of its own, by Result.Code.
type Codes map[string]Meaning

var classOf = map[sms.CodeClass]Class{
	sms.CodeTemporary: Temporary, sms.CodeThrottled: Throttled, sms.CodeRoute: Route, sms.CodeRecipient: Recipient,
	sms.CodePermanent: Content, sms.CodeOptedOut: OptedOut,
}

// CodesOf reads the rules of a route.
func CodesOf(rules []sms.CodeRule) Codes {
	out := make(Codes, len(rules))
	for _, r := range rules {
		m := Meaning{Outcome: Refused, Class: classOf[r.Class], After: r.After(), Tries: r.Tries}
		if r.Class == sms.CodeUnknown {
			m.Outcome = Unknown
		}
		out[r.Code] = m
	}
	return out
}
