package sms

import (
	"strconv"
	"strings"
	"time"
)

// Credits is an amount in thousandths of a credit. Never a float (D25).
type Credits int64

// Credit is one whole credit.
const Credit Credits = 1000

// String shows the amount as people read it: "22,219" or "1,074.5".
func (c Credits) String() string {
	neg := c < 0
	if neg {
		c = -c
	}
	whole := strconv.FormatInt(int64(c/Credit), 10)
	var b strings.Builder
	if neg {
		b.WriteString("−")
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if rest := int64(c % Credit); rest != 0 {
		frac := strconv.FormatInt(1000+rest, 10)[1:]
		b.WriteByte('.')
		b.WriteString(strings.TrimRight(frac, "0"))
	}
	return b.String()
}

// TransferKind says what a movement of credits is for.
type TransferKind string

// The kinds of transfers. Each goes from one account to another, always the same two.
const (
	TransferTopup       TransferKind = "topup"        // a paid order
	TransferGift        TransferKind = "gift"         // from us
	TransferReserve     TransferKind = "reserve"      // set aside at start (D24)
	TransferCapture     TransferKind = "capture"      // charged on acceptance (D26)
	TransferRelease     TransferKind = "release"      // returned
	TransferRefund      TransferKind = "refund"       // charged, then returned
	TransferCorrectUp   TransferKind = "correct_up"   // a correction that adds
	TransferCorrectDown TransferKind = "correct_down" // a correction that takes
	TransferExpire      TransferKind = "expire"       // credits that ran out
)

// Words is what customers read for the kind.
func (k TransferKind) Words() string {
	switch k {
	case TransferTopup:
		return "Reload"
	case TransferGift:
		return "Gift"
	case TransferReserve:
		return "Set aside"
	case TransferCapture:
		return "Charged"
	case TransferRelease, TransferRefund:
		return "Returned"
	case TransferCorrectUp, TransferCorrectDown:
		return "Correction"
	case TransferExpire:
		return "Expired"
	}
	return string(k)
}

// Transfer is one movement of credits, written once and never changed (D27).
type Transfer struct {
	ID        int64
	Kind      TransferKind
	Session   *SessionID // of reserve, capture, release, refund
	Amount    Credits    // above zero
	Key       string     // idempotency: the same key is one transfer
	Actor     string
	ActorID   *ID
	Reason    string
	Reference string
	Note      string
	At        time.Time
}

// Balance is what a tenant has.
type Balance struct {
	Available Credits // can be used
	Reserved  Credits // set aside for sessions under way
}
