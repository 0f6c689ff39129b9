package view

import (
	"time"

	"tidings/internal/sms"
)

// slowed reports whether it sends more slowly than its limit because the carrier
// has asked for that.
func (p GatewayProps) slowed() bool {
	return p.Pace.Slow > 0 && p.Pace.AskedAt != nil && p.State == sms.RouteOn
}

// paceWords says how fast it sends, and since when.
func (p GatewayProps) paceWords() string {
	asked := p.Pace.AskedAt.UTC()
	at := Clock(asked)
	if p.At.Sub(asked) > 12*time.Hour {
		at = When(asked)
	}
	return "Sending " + Num(int(p.Pace.Slow)) + " a second: the carrier asked for less at " + at + " UTC."
}
