package sms

import "time"

// Audit is one change as it is written down for ever (D44): who, what, before
// and after, from where, why. Entries of a tenant form a hash chain.
type Audit struct {
	Seq    int64
	At     time.Time
	Actor  string // name at that time
	Deed   string // as in the code: "submit_session"
	Object string // what it was done to: "campaign 0198…"
	Before string // JSON or empty
	After  string // JSON or empty
	Reason string
	IP     string
	Hash   []byte
}
