package smpp

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"time"
)

const (
	maxBatch  = 256      // PDUs in one write
	tlsRecord = 16 << 10 // the most that one TLS record carries
)

// tick is how often timers are looked at: often enough for the shortest of them.
func (s *session) tick() time.Duration {
	r := &s.c.route
	return min(time.Second, r.Enquire/4, r.EnquireTimeout/4, r.ResponseTimeout/4, r.BodyTimeout/4)
}

// write is the writer: it fills the window from the queue in as few writes as it can, and keeps
// the timers. It returns nil after a drain.
func (s *session) write(ctx context.Context) error {
	tick := s.tick()
	s.timer = time.NewTimer(tick)
	defer s.timer.Stop()
	next := s.clock() + tick
	stop := ctx.Done()
	for {
		select {
		case <-s.ended:
			return s.flushLast()
		default:
		}
		now := s.clock()
		if now >= next {
			next = now + tick
			s.expire(now)
			s.c.spedUp(time.Now())
		}
		finished, err := s.keep(now, ctx.Err() != nil)
		wait := s.fill(now)
		if len(s.buf) > 0 {
			if werr := s.flush(); werr != nil {
				return errors.Join(err, werr)
			}
		}
		if err != nil || finished {
			return err
		}
		if len(s.buf) > 0 {
			continue
		}
		if wait == 0 {
			wait = tick
		}
		s.timer.Reset(min(wait, tick))
		select {
		case <-s.wake:
		case <-s.timer.C:
		case <-s.ended:
		case <-stop:
			stop = nil
		}
	}
}

// flushLast sends what the reader still wanted to say to a peer that cannot be understood.
func (s *session) flushLast() error {
	s.mu.Lock()
	fault := s.fault
	s.buf, s.flight = append(s.buf[:0], s.control...), s.flight[:0]
	s.mu.Unlock()
	if fault != nil && len(s.buf) > 0 {
		if err := s.flush(); err != nil {
			return errors.Join(fault, err)
		}
		return fault
	}
	return s.err
}

// fill puts everything into the buffer that may be written now. wait, if not 0, is when the rate
// allows more.
func (s *session) fill(now time.Duration) (wait time.Duration) {
	s.flight = s.flight[:0]
	s.mu.Lock()
	s.buf = append(s.buf[:0], s.control...)
	s.control = s.control[:0]
	n := min(s.win.room(), maxBatch)
	begun := len(s.more)
	stop := !s.sends || s.fault != nil || n == 0
	s.mu.Unlock()
	if stop || s.left && begun == 0 {
		return 0
	}
	allowed, wait := s.c.rate.Take(n, time.Now())
	s.batch = s.batch[:0]
	if !s.left && allowed > begun {
		s.batch = s.c.take(allowed-begun, s.batch)
	}
	used := s.register(allowed, now)
	s.c.rate.Give(allowed - used)
	if used < allowed || used == 0 && begun == 0 && !s.c.pending() {
		return 0
	}
	return wait
}

// register puts begun messages, then the batch, into the window and the buffer: before they are
// written, so that no answer can come too early. It returns how many PDUs that made.
func (s *session) register(allowed int, now time.Duration) (used int) {
	wall := s.c.route.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.more) && used < allowed {
		it := s.more[n]
		n++
		if !it.inTime(wall) {
			it.settleUnwritten(wall, "not-after", "its hours ended between two parts", 0)
			continue
		}
		s.put(it, now, wall)
		used++
	}
	s.more = append(s.more[:0], s.more[n:]...)
	for _, it := range s.batch {
		s.put(it, now, wall)
		used++
	}
	return used
}

// put appends the next part of an item to the buffer. s.mu is held.
func (s *session) put(it *item, now time.Duration, wall time.Time) {
	seq := s.win.put(it, now)
	s.flight = append(s.flight, flying{seq: seq, start: len(s.buf)})
	s.buf = s.appendSubmit(s.buf, it, seq, wall)
}

// appendSubmit appends the submit_sm (§4.4.1) of the item's next part.
func (s *session) appendSubmit(b []byte, it *item, seq uint32, wall time.Time) []byte {
	r := &s.c.route
	start := len(b)
	esm := byte(0)
	if len(it.parts) > 1 {
		esm = esmUDHI
	}
	text := it.parts[it.next]
	b = begin(b, cmdSubmitSM, 0, seq)
	b = appendCString(b, r.ServiceType)
	b = appendAddress(b, it.source)
	b = append(b, tonInternational, npiISDN)
	b = appendCString(b, it.to)
	b = append(b, esm, 0, 0, 0) // protocol, priority, no schedule
	b = appendValidity(b, it.validity(r, wall))
	b = append(b, r.Receipts, 0, it.coding, 0, byte(len(text)))
	b = append(b, text...)
	if r.UserReference {
		b = appendTLV(b, TagUserReference, binary.BigEndian.AppendUint16(nil, it.msg.UserRef()))
	}
	for i := range r.TLVs {
		b = appendTLV(b, r.TLVs[i].Tag, r.TLVs[i].Value)
	}
	return end(b, start)
}

// validity is how long the carrier may try: to the end of the allowed hours, and not longer than
// the route allows.
func (it *item) validity(r *Route, wall time.Time) time.Duration {
	if it.msg.NotAfter.IsZero() {
		return r.Validity
	}
	return min(r.Validity, it.msg.NotAfter.Sub(wall))
}

// appendValidity appends a relative time, YYMMDDhhmmss000R (§7.1.1.2), rounded down: relative, so
// that the carrier's clock does not matter.
func appendValidity(b []byte, d time.Duration) []byte {
	sec := int(d / time.Second)
	days := sec / 86400
	for _, v := range [...]int{days / 360, days / 30 % 12, days % 30, sec / 3600 % 24, sec / 60 % 60, sec % 60} {
		b = append(b, byte('0'+v/10%10), byte('0'+v%10))
	}
	return append(b, "000R\x00"...)
}

// flush writes the buffer. If that fails, PDUs of which no octet left are certainly not sent; for
// the others the end of the session decides.
func (s *session) flush() error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.c.route.WriteTimeout))
	n, err := s.conn.Write(s.buf)
	s.c.counts.bytesOut.Add(int64(n))
	s.c.trace.put(time.Now(), true, s.buf[:n])
	if err == nil {
		s.c.counts.out.Add(int64(len(s.flight)))
		return nil
	}
	if s.secure {
		n += tlsRecord // a record that was begun is counted as sent
	}
	now := s.c.route.Now()
	s.mu.Lock()
	for _, f := range s.flight {
		if f.start < n {
			continue
		}
		if c, ok := s.win.take(f.seq); ok {
			c.item.settleUnwritten(now, "connection", "the connection ended before it left", time.Second)
		}
	}
	s.mu.Unlock()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errNotRead
	}
	return err
}
