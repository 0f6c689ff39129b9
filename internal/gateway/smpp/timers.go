package smpp

import "time"

// nackAfter is how long a receipt that found the inbox full waits for its "try again".
const nackAfter = 5 * time.Second

// keep looks at the state of the session: whether it is to end, how a drain goes on, whether the
// peer is alive. finished means that the writer can return once the buffer is written.
func (s *session) keep(now time.Duration, drain bool) (finished bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		return false, s.fault
	}
	if at := s.half.Load(); at != 0 && now-time.Duration(at) >= s.c.route.BodyTimeout {
		return false, errBody
	}
	if err := s.askLife(now); err != nil {
		return false, err
	}
	s.release(now)
	if !drain && !s.theirs {
		return false, nil
	}
	return s.drain(now)
}

// askLife sends enquire_link after a silence and gives up after a further one. s.mu is held.
func (s *session) askLife(now time.Duration) error {
	heard := time.Duration(s.lastIn.Load())
	if s.asked != 0 && heard >= s.asked {
		s.asked = 0
	}
	switch {
	case s.asked != 0 && now-s.asked >= s.c.route.EnquireTimeout:
		return errSilent
	case s.asked == 0 && now-heard >= s.c.route.Enquire:
		s.asked = now
		s.control = appendEmpty(s.control, cmdEnquireLink, 0, s.win.sequence())
	}
	return nil
}

// release lets parts and negative answers go whose time has come. s.mu is held.
func (s *session) release(now time.Duration) {
	kept := s.held[:0]
	for _, it := range s.held {
		if it.due <= now {
			s.more = append(s.more, it)
		} else {
			kept = append(kept, it)
		}
	}
	s.held = kept
	n := 0
	for n < len(s.delayed) && s.delayed[n].at+nackAfter <= now {
		s.control = appendResp(s.control, s.delayed[n].command, StatusTryAgain, s.delayed[n].seq, "")
		n++
	}
	if n > 0 {
		s.delayed = append(s.delayed[:0], s.delayed[n:]...)
	}
}

// drain takes nothing new, waits for what is on the wire, then says unbind (unless the peer did)
// and waits for the answer. s.mu is held.
func (s *session) drain(now time.Duration) (finished bool, err error) {
	if !s.left {
		s.stopped = now
		s.mu.Unlock()
		s.leave(nil)
		s.mu.Lock()
	}
	overdue := now-s.stopped >= s.c.route.ResponseTimeout
	if s.theirs || overdue {
		s.settleBegun(s.c.route.Now())
	}
	if s.ours != 0 {
		return s.bye || s.theirs || now-s.stopped >= s.c.route.UnbindTimeout, nil
	}
	if s.unanswered() > 0 || len(s.more)+len(s.held) > 0 || s.owed.Load() > 0 && !overdue {
		return false, nil
	}
	if s.theirs {
		return true, errUnbound
	}
	s.ours = s.win.sequence()
	s.stopped = now
	s.control = appendEmpty(s.control, cmdUnbind, 0, s.ours)
	return false, nil
}

// unanswered is how many requests on the wire still have a claim to an answer. s.mu is held.
func (s *session) unanswered() int {
	n := 0
	for i := range s.win.cells {
		if c := &s.win.cells[i]; c.item != nil && !c.expired {
			n++
		}
	}
	return n
}

// expire settles what waited longer than the response timer, and frees its place in the window
// only after as long again.
func (s *session) expire(now time.Duration) {
	timeout := s.c.route.ResponseTimeout
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.win.used == 0 {
		return
	}
	for i := range s.win.cells {
		c := &s.win.cells[i]
		switch {
		case c.item == nil || now-c.at < timeout:
		case !c.expired:
			c.expired = true
			c.item.settleUnknown(s.c.route.Now(), "timeout", "the carrier did not answer in time")
			if s.expiries++; s.expiries >= expiriesToRebind && s.fault == nil {
				s.fault = errNoAnswers
			}
		case now-c.at >= 2*timeout:
			s.win.take(c.seq)
		}
	}
}
