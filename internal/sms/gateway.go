package sms

import "time"

// GatewayLoad is what a way to carriers has to do, for the sendings that are not
// settled.
type GatewayLoad struct {
	ID        int16
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

// GatewayStatus is how a gateway is, as one worker sees it.
type GatewayStatus struct {
	Gateway int16     `json:"-"`
	Worker  int64     `json:"-"`
	Process string    `json:"-"` // the worker's name
	At      time.Time `json:"-"`

	State   string     `json:"state"` // a word of package gateway: "ready"
	Since   time.Time  `json:"since,omitzero"`
	NextTry *time.Time `json:"next_try,omitempty"` // of the connection
	Trouble string     `json:"trouble,omitempty"`  // the last, in words

	Held string `json:"held,omitempty"` // why messages are kept back, in words

	Binds  int     `json:"binds"`
	Window int     `json:"window"` // most unanswered at a time
	Used   int     `json:"used"`   // unanswered now
	Rate   float64 `json:"rate"`   // most parts a second; 0: no limit of ours

	Second  int         `json:"second,omitempty"`  // parts handed over in the last second
	Out     int         `json:"out"`               // parts handed over in the last minute
	In      int         `json:"in"`                // receipts and texts in the last minute
	Minutes []int       `json:"minutes,omitempty"` // parts handed over, minute by minute, the last hour
	Codes   []CodeCount `json:"codes,omitempty"`   // errors of the last hour, the commonest first

	Receipts    int64      `json:"receipts"` // since the worker began with it
	LastReceipt *time.Time `json:"last_receipt,omitempty"`
	P50         float64    `json:"p50"` // milliseconds from writing to the answer; 0: not measured
	P95         float64    `json:"p95"`
}

// WebhookCount is what a carrier posted for a route: in the last minute, or in
// the last hour.
type WebhookCount struct {
	Receipts, Texts int
	Minute          int        // of both, in the last minute
	Last            *time.Time // receipt
}

// CodeCount is how often an error came.
type CodeCount struct {
	Code  string `json:"code"`
	Count int    `json:"count"`
}

// TraceLine is one protocol unit that went over a connection. It holds no text
// and no whole number of a person.
type TraceLine struct {
	At     time.Time `json:"at"`
	Out    bool      `json:"out"`
	What   string    `json:"what"`             // "submit_sm"
	Status string    `json:"status,omitempty"` // of an answer: "0x00"
	Seq    uint32    `json:"seq"`
	Detail string    `json:"detail,omitempty"`
}

// GatewayTrace is the last protocol units of a gateway, as one worker saw them.
type GatewayTrace struct {
	Process string
	At      time.Time
	Lines   []TraceLine
}
