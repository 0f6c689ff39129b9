package sms

import "time"

// LedgerLine is one entry of a tenant's ledger in plain words, with the
// credits that could be used after it.
type LedgerLine struct {
	Version   int64 // of the account of what can be used: 1, 2, 3 …
	At        time.Time
	Kind      TransferKind
	Amount    Credits // signed
	After     Credits
	Actor     string
	ByPerson  bool // Actor is a person, not a job
	Reason    string
	Reference string
	Note      string
	Session   *SessionID
	Campaign  *ID
	Name      string // of the session
	Test      bool   // the session went to own phones (D41)
	People    int
	Charged   Credits // of the session, so far
	Returned  Credits // of the session, so far
	Settled   bool    // of the session: every message is final and its account is zero
}

// ByStaff reports whether a transfer of this kind is made by hand, by us.
func (k TransferKind) ByStaff() bool {
	switch k {
	case TransferTopup, TransferGift, TransferCorrectUp, TransferCorrectDown, TransferExpire:
		return true
	}
	return false
}

// Takes reports whether a transfer by hand takes credits away.
func (k TransferKind) Takes() bool { return k == TransferCorrectDown || k == TransferExpire }

// SetAside is what is kept for one session under way (D24).
type SetAside struct {
	Session  SessionID
	Campaign *ID // nil for a code sent to verify a number
	Name     string
	Test     bool
	State    SessionState
	People   int
	Price    Credits // was set aside at its start
	Left     Credits // still is
	Charged  Credits
}
