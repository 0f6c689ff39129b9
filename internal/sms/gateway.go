package sms

import "time"

// GatewayLoad is what a way to carriers has to do, for the sendings that are not
// settled.
type GatewayLoad struct {
	Name      string
	Kind      string
	Waiting   int // to leave, or to be tried again
	Handing   int // marked, no answer yet
	Network   int // accepted, no final receipt yet
	Unknown   int // no answer came
	Delivered int
}

// WorkerLine is a process that hands messages over.
type WorkerLine struct {
	Name      string
	StartedAt time.Time
}
