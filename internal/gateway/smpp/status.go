package smpp

import (
	"fmt"
	"strconv"
	"time"

	"tidings/internal/gateway"
)

// Statuses (§5.1.3) that are named in code.
const (
	StatusOK           uint32 = 0x00
	statusInvMsgLen    uint32 = 0x01
	statusInvCmdLen    uint32 = 0x02
	statusInvCmdID     uint32 = 0x03
	statusInvBind      uint32 = 0x04
	statusAlreadyBound uint32 = 0x05
	StatusSysErr       uint32 = 0x08
	StatusInvSource    uint32 = 0x0A
	StatusInvDest      uint32 = 0x0B
	statusBindFail     uint32 = 0x0D
	statusInvPassword  uint32 = 0x0E
	statusInvSystemID  uint32 = 0x0F
	StatusQueueFull    uint32 = 0x14
	statusInvSystemTyp uint32 = 0x15
	StatusSubmitFail   uint32 = 0x45
	statusInvSysType   uint32 = 0x53
	StatusThrottled    uint32 = 0x58
	StatusTryAgain     uint32 = 0x64
	StatusRejected     uint32 = 0x65
	StatusUnknown      uint32 = 0xFF
)

// Rule says what one command_status in a submit_sm_resp means for the message.
type Rule struct {
	Outcome gateway.Outcome // Refused; NotSent where the session is at fault and not the message; Unknown where the carrier does not know
	Class   gateway.Class
	After   time.Duration // not before, for what may be tried again
	Tries   int           // after so many the message is not accepted; 0: as long as the route tries
	Fixed   bool          // After is the wait itself, not the least
	Odd     bool          // nobody knows this code
	Rebind  bool          // the session is of no more use
	Detail  string        // in words
}

func refuse(c gateway.Class, detail string) Rule {
	return Rule{Outcome: gateway.Refused, Class: c, Detail: detail}
}

func later(c gateway.Class, after time.Duration, detail string) Rule {
	return Rule{Outcome: gateway.Refused, Class: c, After: after, Detail: detail}
}

// defaultRules is the table of what carriers mean by a status; a route may override any line.
// It follows SMPP 3.4 §5.1.3 where that says enough, and what carriers do where it does not.
var defaultRules = map[uint32]Rule{
	StatusThrottled: later(gateway.Throttled, time.Second, "the carrier asks to send more slowly"),
	StatusQueueFull: later(gateway.Throttled, 5*time.Second, "the carrier's queue is full"),

	StatusSysErr:     later(gateway.Temporary, 30*time.Second, "a system error at the carrier"),
	StatusTryAgain:   later(gateway.Temporary, 30*time.Second, "the carrier cannot take it now"),
	StatusUnknown:    later(gateway.Temporary, 30*time.Second, "an unknown error at the carrier"),
	StatusSubmitFail: {Outcome: gateway.Refused, Class: gateway.Temporary, After: 30 * time.Second, Tries: 2, Detail: "the carrier could not take it"},

	statusInvBind: {Outcome: gateway.NotSent, Rebind: true, Detail: "the carrier says the connection is not signed in"},

	StatusInvDest: refuse(gateway.Recipient, "the carrier says the number is not valid"),
	0x50:          refuse(gateway.Recipient, "the carrier does not take this type of number"),
	0x51:          refuse(gateway.Recipient, "the carrier does not take this numbering plan"),
	0xFE:          refuse(gateway.Recipient, "the carrier could not deliver it"),

	StatusInvSource:    refuse(gateway.Route, "the carrier does not allow this sender"),
	0x48:               refuse(gateway.Route, "the carrier does not allow this type of sender"),
	0x49:               refuse(gateway.Route, "the carrier does not allow this numbering plan of the sender"),
	statusInvSystemTyp: refuse(gateway.Route, "the carrier does not know this service type"),
	statusInvSysType:   refuse(gateway.Route, "the carrier does not know this system type"),
	0x100:              refuse(gateway.Route, "the carrier refuses this sender or account"),
	0x101:              refuse(gateway.Route, "the carrier refuses this sender or account"),
	0x102:              refuse(gateway.Route, "the carrier refuses this sender or account"),
	0x103:              refuse(gateway.Route, "the carrier refuses this sender or account"),

	statusInvMsgLen: refuse(gateway.Route, "the carrier says the length is wrong: the encoding does not suit this route"),
	0x43:            refuse(gateway.Route, "the carrier refuses the message mode: the encoding does not suit this route"),
	0x104:           refuse(gateway.Route, "the carrier refuses the alphabet: the encoding does not suit this route"),
	0xC0:            refuse(gateway.Route, "the carrier refuses the optional fields of this route"),
	0xC1:            refuse(gateway.Route, "the carrier refuses the optional fields of this route"),
	0xC2:            refuse(gateway.Route, "the carrier refuses the optional fields of this route"),
	0xC3:            refuse(gateway.Route, "the carrier misses an optional field on this route"),
	0xC4:            refuse(gateway.Route, "the carrier refuses the optional fields of this route"),

	0x06: refuse(gateway.Content, "the carrier refuses the priority"),
	0x07: refuse(gateway.Content, "the carrier refuses the receipt request"),
	0x33: refuse(gateway.Content, "the carrier refuses the number of destinations"),
	0x34: refuse(gateway.Content, "the carrier refuses the distribution list"),
	0x40: refuse(gateway.Content, "the carrier refuses the destination flag"),
	0x42: refuse(gateway.Content, "the carrier refuses the replace flag"),
	0x44: refuse(gateway.Content, "the carrier refuses the distribution list"),
	0x54: refuse(gateway.Content, "the carrier refuses the replace flag"),
	0x55: refuse(gateway.Content, "the carrier refuses the number of messages"),
	0x61: refuse(gateway.Content, "the carrier refuses the delivery time"),
	0x62: refuse(gateway.Content, "the carrier refuses the validity period"),
	0x63: refuse(gateway.Content, "the carrier refuses the predefined message"),

	StatusRejected: refuse(gateway.Content, "the carrier refuses this message for good"),
	0x66:           refuse(gateway.Content, "the receiving side refuses this message"),
	0x0C:           refuse(gateway.Content, "the carrier says the message id is not valid"),

	statusInvCmdLen: refuse(gateway.Content, "the carrier could not read the message"),
	statusInvCmdID:  refuse(gateway.Content, "the carrier does not know the command"),
}

// rule looks a status up: the route's own line, else the table, else an unknown code, which is
// worth one more try after a minute.
func (r *Route) rule(status uint32) Rule {
	if v, ok := r.Statuses[status]; ok {
		return v
	}
	if v, ok := defaultRules[status]; ok {
		return v
	}
	return Rule{Outcome: gateway.Refused, Class: gateway.Temporary, After: time.Minute, Tries: 2, Odd: true, Detail: "the carrier answered with a code of its own"}
}

// code names a status as Result.Code and Part.Code do.
func code(status uint32) string {
	if status == StatusThrottled {
		return "smpp:0x58" // by far the commonest: no allocation
	}
	const hex = "0123456789ABCDEF"
	if status <= 0xFF {
		return string([]byte{'s', 'm', 'p', 'p', ':', '0', 'x', hex[status>>4], hex[status&15]})
	}
	return "smpp:0x" + strconv.FormatUint(uint64(status), 16)
}

// bindKind says how to go on after a bind that failed.
type bindKind uint8

const (
	bindTemporary bindKind = iota + 1
	bindCredentials
	bindTooMany
)

// bindError is a bind_resp with a status.
type bindError struct{ status uint32 }

func (e bindError) Error() string {
	switch e.status {
	case statusInvPassword:
		return "the carrier says the password is wrong (0x0E)"
	case statusInvSystemID:
		return "the carrier does not know this system id (0x0F)"
	case statusAlreadyBound:
		return "the carrier says too many connections are open (0x05)"
	case statusInvSysType, statusInvSystemTyp:
		return fmt.Sprintf("the carrier does not know this system type (0x%02X)", e.status)
	}
	return fmt.Sprintf("the carrier refused the connection (0x%02X)", e.status)
}

func (e bindError) kind() bindKind {
	switch e.status {
	case statusInvPassword, statusInvSystemID, statusInvSysType, statusInvSystemTyp:
		return bindCredentials
	case statusAlreadyBound:
		return bindTooMany
	}
	return bindTemporary
}
