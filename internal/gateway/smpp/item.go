package smpp

import (
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/sms/gsm"
)

// call is one Submit under way: it gathers the results of its messages.
type call struct {
	mu   sync.Mutex
	done []gateway.Result
	wake chan struct{} // capacity 1
}

func (c *call) add(r gateway.Result) {
	c.mu.Lock()
	c.done = append(c.done, r)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take swaps the gathered results for an empty slice to gather in.
func (c *call) take(empty []gateway.Result) []gateway.Result {
	c.mu.Lock()
	out := c.done
	c.done = empty[:0]
	c.mu.Unlock()
	return out
}

// queued says where an item is; it is guarded by Client.mu. Only the session that took an item
// touches the rest of it.
type queued uint8

const (
	waiting queued = iota // in the queue
	taken                 // by a session, to be written at once
	gone                  // settled without being written
)

// item is one message on its way: its parts are written one after the other, each only when the
// one before was accepted. So a refusal never leaves half a message behind unless an earlier
// part was taken, and the parts reach the carrier in order over one bind.
type item struct {
	call   *call
	msg    *gateway.Outbound
	source Address
	to     string
	coding byte
	parts  [][]byte
	next   uint8 // the part to write next, from 0
	tries  uint8 // of that part, after refusals that allow it
	state  queued
	due    time.Duration  // when that part may be tried again, on the session's clock
	begun  []gateway.Part // what became of the parts that were written
}

// maxPartTries bounds how often one later part is written again after a definite refusal that
// allows it: 1, 2, 4, 8 and 16 s apart. Nothing that was not refused is ever written again.
const maxPartTries = 5

// encode prepares a message for the wire; a refusal comes back in words.
func (it *item) encode(r *Route) (refusal Rule, ok bool) {
	m := it.msg
	it.to = digits(m.To)
	if it.to == "" || len(it.to) > 20 {
		return refuse(gateway.Recipient, "this is not a telephone number"), false
	}
	if it.source, ok = r.source(m.From); !ok {
		return refuse(gateway.Route, "this sender cannot be shown on a telephone"), false
	}
	parts, encoding, err := gsm.Split(m.Text, m.Ref)
	if err != nil || len(parts) > r.MaxParts {
		return refuse(gateway.Content, "the text is longer than this route allows"), false
	}
	if m.Parts > 0 && m.Parts != len(parts) {
		return refuse(gateway.Content, "the text has not as many parts as were counted and paid"), false
	}
	if encoding == gsm.UCS2 {
		it.coding = codingUCS2
	}
	it.parts = parts
	return Rule{}, true
}

// result begins the result of an item.
func (it *item) result(now time.Time) gateway.Result {
	m := it.msg
	return gateway.Result{Tenant: m.Tenant, Session: m.Session, N: m.N, Attempt: m.Attempt, At: now, Parts: it.begun}
}

// acceptedParts is how many parts the carrier surely has.
func (it *item) acceptedParts() int {
	n := 0
	for i := range it.begun {
		if it.begun[i].Outcome == gateway.Accepted {
			n++
		}
	}
	return n
}

// settleUnwritten is for a message of which no further part can be written. Nothing of it left:
// NotSent. Some of it did: nobody may write it again, so it is Unknown, and receipts will tell.
func (it *item) settleUnwritten(now time.Time, word, detail string, after time.Duration) {
	r := it.result(now)
	r.Outcome, r.Code, r.Detail = gateway.NotSent, word, detail
	if len(it.begun) > 0 {
		r.Outcome = gateway.Unknown
	} else {
		r.RetryAfter = after
	}
	it.call.add(r)
}

// settleUnknown is for a message whose last written part has no answer.
func (it *item) settleUnknown(now time.Time, word, detail string) {
	it.begun = append(it.begun, gateway.Part{N: it.next + 1, Outcome: gateway.Unknown, Code: word})
	r := it.result(now)
	r.Outcome, r.Code, r.Detail = gateway.Unknown, word, detail
	it.call.add(r)
}

// accepted records the answer to the part written last, and reports whether it was the last part.
func (it *item) accepted(p gateway.Part) (whole bool) {
	if it.begun == nil {
		it.begun = make([]gateway.Part, 0, len(it.parts))
	}
	it.begun = append(it.begun, p)
	it.next++
	it.tries = 0
	return int(it.next) == len(it.parts)
}

// refused makes the result of a message whose last written part was refused. With an earlier
// part accepted the message can no longer be tried again: its class becomes a permanent one.
func (it *item) refused(now time.Time, rule Rule, word string) gateway.Result {
	part := gateway.Part{N: it.next + 1, Outcome: rule.Outcome, Class: rule.Class, Code: word}
	taken := it.acceptedParts() > 0
	if rule.Outcome == gateway.NotSent && !taken {
		r := it.result(now)
		r.Outcome, r.Code, r.Detail, r.RetryAfter = gateway.NotSent, word, rule.Detail, rule.After
		return r
	}
	it.begun = append(it.begun, part)
	r := it.result(now)
	r.Outcome, r.Class, r.Code, r.Detail, r.RetryAfter = rule.Outcome, rule.Class, word, rule.Detail, rule.After
	if rule.Outcome == gateway.NotSent {
		r.Outcome = gateway.Refused // with a part that was taken
	}
	r.Tries, r.Fixed, r.Unlisted = rule.Tries, rule.Fixed, rule.Odd
	if taken && r.Outcome == gateway.Refused {
		r.Detail = "a part was refused after an earlier one was taken: " + rule.Detail
		r.RetryAfter = 0
		if r.Class != gateway.Recipient && r.Class != gateway.OptedOut {
			r.Class = gateway.Content
		}
	}
	return r
}
