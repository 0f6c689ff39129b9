package sms

import "time"

// MessageState is where one text to one person is.
type MessageState int16

// The states of a message. From 10 on they are final and never change.
const (
	MessagePending        MessageState = 0
	MessageRetrying       MessageState = 1 // a temporary failure: trying again
	MessageSubmitting     MessageState = 2 // marked, on its way to the carrier
	MessageAccepted       MessageState = 3 // the carrier has it
	MessageUnknown        MessageState = 4 // written and not answered (D34)
	MessageDelivered      MessageState = 10
	MessageUndelivered    MessageState = 11 // NPAI
	MessageRejected       MessageState = 12 // not accepted by the carrier
	MessageSuppressed     MessageState = 13 // opted out before it left
	MessageCancelled      MessageState = 14
	MessageExpired        MessageState = 15 // accepted, no receipt in time: NPAI
	MessagePresumedUnsent MessageState = 16 // unknown, no receipt in time: not charged
	MessageMissed         MessageState = 17 // its window ended
)

// Final reports whether the state is for ever.
func (s MessageState) Final() bool { return s >= 10 }

// Words is what people read for the state.
func (s MessageState) Words() string {
	switch s {
	case MessagePending:
		return "Not sent yet"
	case MessageRetrying:
		return "Trying again"
	case MessageSubmitting, MessageAccepted, MessageUnknown:
		return "On the network"
	case MessageDelivered:
		return "Delivered"
	case MessageUndelivered, MessageExpired:
		return "Unreachable (NPAI)"
	case MessageRejected:
		return "Not accepted"
	case MessageSuppressed:
		return "Opted out"
	case MessageCancelled:
		return "Cancelled"
	case MessagePresumedUnsent:
		return "Presumed unsent"
	case MessageMissed:
		return "Hours missed"
	}
	return ""
}

// Tally counts the messages of a session by state. Its sum is People.
type Tally struct {
	Pending, Retrying, Submitting, Accepted, Unknown                                         int
	Delivered, Undelivered, Rejected, Suppressed, Cancelled, Expired, PresumedUnsent, Missed int
}

// People is the number of messages.
func (t Tally) People() int {
	return t.Pending + t.Retrying + t.Submitting + t.Accepted + t.Unknown + t.Final()
}

// Final is the number of people with a final answer.
func (t Tally) Final() int {
	return t.Delivered + t.Undelivered + t.Rejected + t.Suppressed + t.Cancelled + t.Expired + t.PresumedUnsent + t.Missed
}

// Unreachable is NPAI: refused by the phone's network, or no receipt in time.
func (t Tally) Unreachable() int { return t.Undelivered + t.Expired }

// OnNetwork is what the carrier has, or may have.
func (t Tally) OnNetwork() int { return t.Submitting + t.Accepted + t.Unknown }

// NotSent can still be cancelled: waiting, or waiting to be tried again.
func (t Tally) NotSent() int { return t.Pending }

// Handed is what left us at least once.
func (t Tally) Handed() int {
	return t.Submitting + t.Accepted + t.Unknown + t.Delivered + t.Undelivered + t.Expired + t.PresumedUnsent + t.Rejected + t.Retrying
}

// Percent is floor(100 × final / people): 100 only when all are final (D29).
// Nobody at all is 100.
func (t Tally) Percent() int {
	people := t.People()
	if people == 0 {
		return 100
	}
	return int(100 * int64(t.Final()) / int64(people))
}

// RetryFor is how long temporary failures are tried again, from the first
// hand-over; then the number is NPAI (D31). Also how long an accepted message
// waits for its receipt, and an unknown one for any sign.
const RetryFor = 48 * time.Hour
