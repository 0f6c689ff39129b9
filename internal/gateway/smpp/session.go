package smpp

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tidings/internal/gateway"
)

// Reasons for the end of a session, in words for Health.Detail.
var (
	errSilent    = errors.New("the carrier stopped answering")
	errNoAnswers = errors.New("the carrier answered nothing three times in a row")
	errBody      = errors.New("the carrier stopped in the middle of a PDU")
	errUnbound   = errors.New("the carrier closed the session")
	errNotBound  = errors.New("the carrier says the session is not signed in")
	errNotRead   = errors.New("the carrier does not read what is sent")
)

// expiriesToRebind is how many response timers in a row may run out before the session is given up.
const expiriesToRebind = 3

// session is one connection that has bound. Two goroutines serve it: the writer (run), which
// also keeps the timers, and the reader. What both touch is guarded by mu.
type session struct {
	c        *Client
	conn     net.Conn
	in       *framer
	secure   bool // TLS: what a failed write sent is known only to the record
	sends    bool
	receives bool
	start    time.Time

	wake   chan struct{} // capacity 1: there is something to write
	ended  chan struct{} // closed by the reader at its end, after err is set
	err    error
	lastIn atomic.Int64 // session clock of the last octets read
	half   atomic.Int64 // session clock of the begin of a PDU not yet whole, 0 if none
	owed   atomic.Int64 // deliver_sm that the sink holds and that await our answer

	mu       sync.Mutex
	win      window
	control  []byte        // answers and questions, ahead of all messages
	more     []*item       // begun messages whose next part may go now
	held     []*item       // begun messages whose next part waits for its time
	delayed  []delayedNack // receipts that found the inbox full
	expiries int           // response timers run out since the last answer
	bad      int           // PDUs in a row the carrier could not read
	theirs   bool          // the carrier said unbind
	ours     uint32        // sequence of our unbind, 0 before
	bye      bool          // our unbind was answered
	asked    time.Duration // when enquire_link was sent, 0 if none is open
	fault    error         // the session is to be given up

	// Of the writer alone.
	buf     []byte
	flight  []flying
	batch   []*item
	left    bool // leave was called
	stopped time.Duration
	timer   *time.Timer
}

// flying is a PDU in the buffer that is being written.
type flying struct {
	seq   uint32
	start int
}

func (s *session) clock() time.Duration { return time.Since(s.start) }

// nudge wakes the writer.
func (s *session) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run writes until the session ends, and settles what is left. It returns why it ended.
func (s *session) run(ctx context.Context) error {
	go s.read()
	err := s.write(ctx)
	s.leave(err)
	s.conn.Close()
	<-s.ended
	if err == nil {
		err = s.err
	}
	s.settleAll(err)
	return err
}

// leave takes the session out of those that take messages, once.
func (s *session) leave(err error) {
	if s.left {
		return
	}
	s.left = true
	why := ""
	if err != nil {
		why = err.Error()
	}
	s.c.leave(s, why)
}

// settleAll gives every message that this session still holds its outcome: written without an
// answer is Unknown, and so is a message with parts that can no longer follow.
func (s *session) settleAll(err error) {
	now := s.c.route.Now()
	why := "the connection ended before the carrier answered"
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.win.cells {
		c := &s.win.cells[i]
		if c.item != nil && !c.expired {
			c.item.settleUnknown(now, "connection", why)
		}
		*c = cell{}
	}
	s.win.used = 0
	s.settleBegun(now)
}

// settleBegun settles the messages whose next part will not go here. s.mu is held.
func (s *session) settleBegun(now time.Time) {
	for _, it := range append(s.more, s.held...) {
		it.settleUnwritten(now, "connection", "the connection ended between two parts", 0)
	}
	s.more, s.held = nil, nil
}

// read is the reader: it takes PDUs off the wire until the connection ends.
func (s *session) read() {
	defer close(s.ended)
	for {
		now := time.Now()
		for {
			pdu, err := s.in.next()
			if err != nil {
				s.refuseStream(err)
				return
			}
			if pdu == nil {
				break
			}
			s.c.counts.in.Add(1)
			s.c.counts.bytesIn.Add(int64(len(pdu)))
			s.c.trace.put(now, false, pdu)
			s.handle(parseHeader(pdu), pdu[headerLen:])
		}
		s.nudge()
		if s.in.partial() {
			if s.half.Load() == 0 {
				s.half.Store(int64(s.clock()) + 1)
			}
		} else {
			s.half.Store(0)
		}
		if err := s.in.fill(); err != nil {
			s.err = errUnbound
			if !s.saidBye() {
				s.err = errors.Join(errors.New("the connection broke"), err)
			}
			return
		}
		s.lastIn.Store(int64(s.clock()))
	}
}

func (s *session) saidBye() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.theirs || s.bye
}

// refuseStream answers a length that cannot be; the writer sends the answer and gives up.
func (s *session) refuseStream(err error) {
	s.mu.Lock()
	s.control = appendEmpty(s.control, cmdGenericNack, statusInvCmdLen, 0)
	s.fault = err
	s.mu.Unlock()
	s.err = err
	s.nudge()
}

// handle deals with one PDU. It never blocks.
func (s *session) handle(h header, body []byte) {
	switch h.command {
	case cmdSubmitSM | response:
		s.answered(h, body)
	case cmdDeliverSM, cmdDataSM:
		s.deliver(h, body)
	case cmdEnquireLink:
		s.reply(cmdEnquireLink|response, StatusOK, h.seq)
	case cmdEnquireLink | response:
		// Any octet is a sign of life; lastIn has it.
	case cmdUnbind:
		s.mu.Lock()
		s.theirs = true
		s.control = appendEmpty(s.control, cmdUnbind|response, StatusOK, h.seq)
		s.mu.Unlock()
	case cmdUnbind | response:
		s.mu.Lock()
		s.bye = s.ours != 0
		s.mu.Unlock()
	case cmdGenericNack:
		s.nacked(h)
	case cmdAlertNotify, cmdOutbind:
	default:
		if h.command&response != 0 {
			s.c.counts.strayResponses.Add(1)
			return
		}
		s.reply(cmdGenericNack, statusInvCmdID, h.seq)
	}
}

// reply queues a PDU that is only a header.
func (s *session) reply(command, status, seq uint32) {
	s.mu.Lock()
	s.control = appendEmpty(s.control, command, status, seq)
	s.mu.Unlock()
}

// nacked takes a generic_nack: it answers the request whose number it carries.
func (s *session) nacked(h header) {
	s.mu.Lock()
	_, ours := s.win.find(h.seq)
	s.mu.Unlock()
	if !ours {
		s.c.counts.strayNacks.Add(1)
		return
	}
	s.answered(h, nil)
}

// answered settles the message that a response belongs to, or lets its next part go.
func (s *session) answered(h header, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.win.take(h.seq)
	if !ok {
		s.c.counts.strayResponses.Add(1)
		return
	}
	s.expiries = 0
	now := s.c.route.Now()
	if c.expired {
		s.late(c.item, h, body, now)
		return
	}
	s.c.took.add(s.clock() - c.at)
	it := c.item
	if h.status == StatusOK {
		s.bad = 0
		if it.accepted(s.part(it, body)) {
			r := it.result(now)
			r.Outcome = gateway.Accepted
			it.call.add(r)
		} else {
			s.more = append(s.more, it)
		}
		return
	}
	rule := s.c.route.rule(h.status)
	s.learn(h.status, rule)
	if s.holdPart(it, rule) {
		return
	}
	it.call.add(it.refused(now, rule, code(h.status)))
}

// part makes the account of an accepted part.
func (s *session) part(it *item, body []byte) gateway.Part {
	id := string(parseID(body))
	return gateway.Part{
		N: it.next + 1, Outcome: gateway.Accepted,
		ProviderID: id, MatchID: normal(id),
	}
}

// learn draws the conclusions of a refusal that reach beyond its message. s.mu is held.
func (s *session) learn(status uint32, rule Rule) {
	switch {
	case rule.Class == gateway.Throttled:
		s.c.slow(rule.After)
	case rule.Rebind:
		s.fault = errNotBound
	case status == statusInvCmdLen || status == statusInvCmdID:
		if s.bad++; s.bad >= expiriesToRebind {
			s.fault = errors.New("the carrier could not read three messages in a row")
		}
	}
}

// holdPart keeps a later part whose refusal allows another try. Its message cannot go back to
// the caller as unsent, and nothing is ambiguous: the carrier said no. s.mu is held.
func (s *session) holdPart(it *item, rule Rule) bool {
	again := rule.Class == gateway.Throttled || rule.Class == gateway.Temporary
	if !again || it.next == 0 || it.tries >= maxPartTries || s.fault != nil {
		return false
	}
	it.due = s.clock() + time.Second<<it.tries
	it.tries++
	s.held = append(s.held, it)
	return true
}

// late reports an answer that came after its message was given up as Unknown. s.mu is held.
func (s *session) late(it *item, h header, body []byte, now time.Time) {
	s.c.counts.late.Add(1)
	last := len(it.begun) - 1 // the part that was settled as unknown
	was := it.begun
	it.begun = append(make([]gateway.Part, 0, len(it.parts)), was[:last]...)
	var r gateway.Result
	if h.status == StatusOK {
		if !it.accepted(s.part(it, body)) {
			return // the parts after it were never written: what the person has is still unknown
		}
		r = it.result(now)
		r.Outcome = gateway.Accepted
	} else {
		r = it.refused(now, s.c.route.rule(h.status), code(h.status))
	}
	s.c.inbox.late(r)
}
