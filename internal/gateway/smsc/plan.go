package smsc

import (
	"time"

	"tidings/internal/gateway/smpp"
)

// plan is what happens to one submit.
type plan struct {
	status  uint32        // refused with this
	times   int           // so often for this number, then taken; 0 with a status: always
	part    uint8         // only this part of a long message is refused; 0: the first
	wait    time.Duration // before the response, on top of the usual
	mute    bool          // no response
	dropped bool          // and nothing else either: the message is lost
	cut     bool          // the connection is cut off instead of a response
	early   bool          // the receipt comes before the response
	receipt []notice
	reply   string // the person answers with this text
}

// notice is one receipt.
type notice struct {
	after time.Duration // after the usual delay
	stat  string        // as in the text of a receipt (SMPP 3.4 Appendix B)
	err   string
	data  bool // as data_sm, without a text
}

var delivered = []notice{{stat: "DELIVRD", err: "000"}}

// plans is what numbers do that end in 99 and two more digits; docs/simulator.md is its account
// for people, and a test keeps the two together.
var plans = map[string]plan{
	"9900": {receipt: delivered},
	"9901": {status: smpp.StatusInvDest},
	"9902": {status: smpp.StatusSysErr, times: 2, receipt: delivered},
	"9903": {status: smpp.StatusThrottled, times: 1, receipt: delivered},
	"9904": {},
	"9905": {receipt: []notice{delivered[0], {after: 300 * time.Millisecond, stat: "DELIVRD", err: "000"}}},
	"9906": {early: true, wait: 300 * time.Millisecond, receipt: delivered},
	"9907": {receipt: []notice{{stat: "UNDELIV", err: "001"}}},
	"9908": {receipt: []notice{{stat: "EXPIRED", err: "027"}}},
	"9909": {mute: true, receipt: delivered},
	"9910": {mute: true, dropped: true},
	"9911": {receipt: delivered, reply: "STOP"},
	"9912": {receipt: delivered, reply: "Thank you, that suits me well!"},
	"9913": {receipt: []notice{{stat: "REJECTD", err: "021"}}},
	"9914": {receipt: []notice{{stat: "ENROUTE", err: "000"}, {after: 3 * time.Second, stat: "DELIVRD", err: "000"}}},
	"9915": {receipt: []notice{{after: time.Minute, stat: "DELIVRD", err: "000"}}},
	"9916": {status: smpp.StatusQueueFull, times: 1, receipt: delivered},
	"9917": {status: smpp.StatusSysErr},
	"9918": {wait: 5 * time.Second, receipt: delivered},
	"9919": {cut: true, dropped: true},
	"9920": {receipt: []notice{{stat: "DELIVRD", err: "000", data: true}}},
	"9921": {receipt: []notice{{stat: "DELETED", err: "000"}}},
	"9922": {receipt: []notice{{stat: "UNKNOWN", err: "000"}}},
	"9923": {status: smpp.StatusThrottled, times: 1, part: 2, receipt: delivered},
	"9924": {status: smpp.StatusInvDest, part: 2, receipt: delivered},
	"9925": {receipt: []notice{{stat: "UNDELIV", err: "001"}, {after: 300 * time.Millisecond, stat: "DELIVRD", err: "000"}}},
	"9926": {receipt: delivered, reply: "stop. thank you"},
	"9927": {receipt: delivered, reply: "HELP"},
	"9928": {receipt: delivered, reply: "START"},
	"9929": {receipt: delivered, reply: "please don't text me again"},
	"9930": {status: smpp.StatusInvSource},
	"9931": {status: smpp.StatusRejected},
	"9932": {status: 0x450, times: 1, receipt: delivered},
	"9933": {cut: true, receipt: delivered},
}

// Shares are how much of the ordinary numbers' messages meet each fate, from 0 to 1. Which ones
// depends on the seed and the order of arrival.
type Shares struct {
	Refused   float64 // 0x0B, for good
	Temporary float64 // 0x08, this time
	Throttled float64 // 0x58, this time
	Mute      float64 // taken and delivered, but never answered
	Cut       float64 // taken and delivered, but the connection is cut off before the answer

	NoReceipt   float64
	Undelivered float64
	Expired     float64
	Twice       float64 // two receipts
	Early       float64 // the receipt before the response
	Stop        float64 // the person answers STOP
}

// choose says what happens to a message: by its number, else by the shares.
func (s *Server) choose(to string, n uint64) plan {
	if !s.cfg.Plain && len(to) >= 4 {
		if p, ok := plans[to[len(to)-4:]]; ok {
			return p
		}
	}
	if s.cfg.Shares == (Shares{}) {
		return plan{receipt: delivered}
	}
	return s.cfg.Shares.roll(s.cfg.Seed, n)
}

// roll draws the fate of the n-th message.
func (f *Shares) roll(seed, n uint64) plan {
	p := plan{receipt: delivered}
	u := draw(seed, n, 1)
	switch {
	case below(&u, f.Refused):
		return plan{status: smpp.StatusInvDest}
	case below(&u, f.Temporary):
		return plan{status: smpp.StatusSysErr}
	case below(&u, f.Throttled):
		return plan{status: smpp.StatusThrottled}
	case below(&u, f.Mute):
		p.mute = true
	case below(&u, f.Cut):
		p.cut = true
	}
	u = draw(seed, n, 2)
	switch {
	case below(&u, f.NoReceipt):
		p.receipt = nil
	case below(&u, f.Undelivered):
		p.receipt = plans["9907"].receipt
	case below(&u, f.Expired):
		p.receipt = plans["9908"].receipt
	case below(&u, f.Twice):
		p.receipt = plans["9905"].receipt
	case below(&u, f.Early):
		p.early = true
	}
	u = draw(seed, n, 3)
	if below(&u, f.Stop) {
		p.reply = "STOP"
	}
	return p
}

// below reports whether u falls into the next share, and otherwise moves on past it.
func below(u *float64, share float64) bool {
	*u -= share
	return *u < 0
}

// draw is a number from 0 to 1 that only seed, n and k decide (splitmix64).
func draw(seed, n, k uint64) float64 {
	z := seed + (n*8+k)*0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return float64((z^z>>31)>>11) / (1 << 53)
}
