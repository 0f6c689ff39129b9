package app

import (
	"flag"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// TestSimulatedDispatch: D31, D33, D34, I2, I8, I9, I13. What the dispatcher decides by itself
// (what an answer means, what is tried again and when, what is in the air, which batch is next) is
// let loose on a gateway that answers anything, with workers that die, commits whose answer is
// lost, flushes that come twice and clocks that run on for days.
//
// The database is modelled by the contract of Mark, Record, BuryDead, Expire and ApplyReceipts,
// not by their SQL: what the SQL does is asked of a real Postgres by TestSimulatedDatabase. Nothing
// here runs at the same time as anything else, so a case is its draws and nothing but: rapid
// prints the seed of one that fails, and -rapid.seed plays it again.
func TestSimulatedDispatch(t *testing.T) {
	was := flag.Lookup("rapid.checks").Value.String()
	if was == "100" { // nobody asked for another number
		_ = flag.Set("rapid.checks", "10000")
		defer func() { _ = flag.Set("rapid.checks", was) }()
	}
	rapid.Check(t, func(r *rapid.T) {
		s := newSim(r)
		r.Repeat(map[string]func(*rapid.T){
			"": s.check, "mark": s.mark, "answer": s.answer, "flush": s.flush, "kill": s.kill,
			"bury": s.bury, "receipt": s.receipt, "wait": s.wait, "expire": s.expire,
		})
		s.finish(r)
	})
}

// sim is a session, a process that sends it, and a carrier.
type sim struct {
	now    time.Time
	people []simPerson
	counts map[sms.MessageState]int // as the batches keep them: by what changed

	work    worklist
	flying  flying
	lanes   []*simLane
	dead    map[*postgres.Lease]bool // lost their proof of life, not buried yet
	wire    []simSubmit              // handed over, not answered
	pending []answered               // answered, not recorded
}

// simPerson is one message and its attempts.
type simPerson struct {
	batch    int
	state    sms.MessageState
	attempts []simAttempt
	tries    int16
	first    time.Time
	next     time.Time
	final    time.Time
	taken    int // what the carrier really has
}

// simAttempt is one hand-over; outcome 0 is in flight.
type simAttempt struct {
	worker  *postgres.Lease
	outcome int16
	at      time.Time
}

// simLane marks for one gateway.
type simLane struct {
	lease   *postgres.Lease
	gateway int16
}

// simSubmit is a message that a carrier has been handed.
type simSubmit struct {
	n, attempt int
	lane       *simLane
}

const (
	simBatches = 3
	simWindow  = 3
)

func newSim(r *rapid.T) *sim {
	s := &sim{now: time.Unix(1_700_000_000, 0), counts: map[sms.MessageState]int{}, dead: map[*postgres.Lease]bool{}}
	s.people = make([]simPerson, rapid.IntRange(1, 8).Draw(r, "people"))
	for i := range s.people {
		s.people[i].batch = i % simBatches
	}
	s.counts[sms.MessagePending] = len(s.people)
	s.start()
	return s
}

// start is a new process: nothing is in its memory.
func (s *sim) start() {
	s.work, s.flying, s.wire, s.pending = worklist{now: func() time.Time { return s.now }}, flying{}, nil, nil
	s.lanes = []*simLane{{&postgres.Lease{}, 0}, {&postgres.Lease{}, 1}, {&postgres.Lease{}, 1}}
}

// ref names a batch; batch 0 goes by gateway 0, the others by gateway 1.
func (s *sim) ref(batch int) postgres.BatchRef {
	return postgres.BatchRef{Tenant: 1, Session: 1, Batch: sms.BatchID(batch + 1), Gateway: int16(min(batch, 1))}
}

func (s *sim) move(n int, to sms.MessageState) {
	p := &s.people[n]
	s.counts[p.state]--
	s.counts[to]++
	p.state = to
	if to.Final() {
		p.final = s.now
	}
}

// due says whether a message may be marked now.
func (p *simPerson) due(now time.Time) bool {
	return p.state == sms.MessagePending || p.state == sms.MessageRetrying && !p.next.After(now)
}

// mark is one turn of a lane: a batch of the worklist, a window of it, the wire. Now and then the
// answer of the commit is lost: then nothing was written, and the lane takes it back.
func (s *sim) mark(r *rapid.T) {
	lane := rapid.SampledFrom(s.lanes).Draw(r, "lane")
	if len(s.flying.m[lane.lease]) >= 2*simWindow {
		return // room waits
	}
	if s.work.stale() {
		var refs []postgres.BatchRef
		for b := range simBatches {
			for i := range s.people {
				if s.people[i].batch == b && s.people[i].due(s.now) {
					refs = append(refs, s.ref(b))
					break
				}
			}
		}
		s.work.fill(refs)
	}
	t, ok := s.work.next(lane.gateway, simWindow)
	if !ok {
		return
	}
	ref := t.BatchRef
	if ref.Gateway != lane.gateway {
		r.Fatalf("a lane of gateway %d was given a batch of gateway %d", lane.gateway, ref.Gateway)
	}
	lost := rapid.IntRange(0, 9).Draw(r, "commit") == 0
	var marked []postgres.Marked
	for n := range s.people {
		p := &s.people[n]
		if s.ref(p.batch) != ref || !p.due(s.now) || len(marked) == simWindow {
			continue
		}
		for _, a := range p.attempts {
			if a.outcome != postgres.OutcomeNotAccepted { // the database refuses it: I2
				r.Fatalf("message %d is marked with an attempt that is alive: %+v", n, *p)
			}
		}
		p.attempts = append(p.attempts, simAttempt{worker: lane.lease, at: s.now})
		if p.first.IsZero() {
			p.first = s.now
		}
		s.move(n, sms.MessageSubmitting)
		marked = append(marked, postgres.Marked{N: int32(n), Attempt: int16(len(p.attempts)), Tries: p.tries})
	}
	s.work.done(t, len(marked))
	switch {
	case lost:
		s.unmark(lane)
		return
	case len(marked) == 0:
		s.work.drop(t)
		return
	}
	s.flying.add(lane.lease, ref, marked)
	for _, m := range marked {
		s.wire = append(s.wire, simSubmit{int(m.N), int(m.Attempt), lane})
	}
}

// has reports whether an attempt is marked and not recorded.
func (f *flying) has(lane *postgres.Lease, a postgres.Answer) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.m[lane][flight{int64(a.Tenant), int64(a.Session), a.N, a.Attempt}]
	return ok
}

// unmark takes back what the lane has marked and not written.
func (s *sim) unmark(lane *simLane) {
	for n := range s.people {
		for i, a := range s.people[n].attempts {
			x := postgres.Answer{Tenant: 1, Session: 1, N: int32(n), Attempt: int16(i + 1)}
			if a.worker != lane.lease || a.outcome != 0 || s.flying.has(lane.lease, x) {
				continue
			}
			at := s.now
			x.Outcome, x.State, x.NextAt = postgres.OutcomeNotAccepted, sms.MessageRetrying, &at
			s.record(x)
		}
	}
}

// record is the contract of Record: an outcome is written where there is none, or over unknown
// where it knows better; the message follows, and replaying changes nothing.
func (s *sim) record(a postgres.Answer) {
	p := &s.people[a.N]
	x := &p.attempts[a.Attempt-1]
	if x.outcome != 0 && (x.outcome != postgres.OutcomeUnknown || a.Outcome == postgres.OutcomeUnknown) {
		return
	}
	x.outcome = a.Outcome
	if p.state != sms.MessageSubmitting && p.state != sms.MessageUnknown {
		return
	}
	s.move(int(a.N), a.State)
	if a.Counts {
		p.tries++
	}
	if a.NextAt != nil {
		p.next = *a.NextAt
	}
}

// answers is what a carrier may say.
var simAnswers = []gateway.Result{
	{Outcome: gateway.Accepted},
	{Outcome: gateway.Unknown, Code: "lost"},
	{Outcome: gateway.Unknown, Code: "taken"},
	{Outcome: gateway.NotSent},
	{Outcome: gateway.NotSent, RetryAfter: time.Minute},
	{Outcome: gateway.Refused, Class: gateway.Temporary},
	{Outcome: gateway.Refused, Class: gateway.Temporary, RetryAfter: 30 * time.Second},
	{Outcome: gateway.Refused, Class: gateway.Throttled, RetryAfter: time.Second},
	{Outcome: gateway.Refused, Class: gateway.Route},
	{Outcome: gateway.Refused, Class: gateway.Recipient},
	{Outcome: gateway.Refused, Class: gateway.Content},
	{Outcome: gateway.Refused, Class: gateway.OptedOut},
}

// answer lets the carrier answer one submit, whichever.
func (s *sim) answer(r *rapid.T) {
	if len(s.wire) == 0 {
		return
	}
	s.settle(r, rapid.IntRange(0, len(s.wire)-1).Draw(r, "submit"), rapid.SampledFrom(simAnswers).Draw(r, "answer"))
}

// settle takes a submit off the wire.
func (s *sim) settle(r *rapid.T, i int, x gateway.Result) {
	w := s.wire[i]
	s.wire = append(s.wire[:i:i], s.wire[i+1:]...)
	if x.Outcome == gateway.Accepted || x.Code == "taken" {
		s.take(r, w)
	}
	x.Tenant, x.Session, x.N, x.Attempt = 1, 1, int32(w.n), int16(w.attempt)
	s.pending = append(s.pending, answered{result: x, lease: w.lane.lease, at: s.now})
}

// take is the carrier's: it has the message, and may never have it twice (D33).
func (s *sim) take(r *rapid.T, w simSubmit) {
	if s.people[w.n].taken++; s.people[w.n].taken > 1 {
		r.Fatalf("the carrier has message %d twice: %+v", w.n, s.people[w.n])
	}
}

// flush records what was answered, sometimes twice.
func (s *sim) flush(r *rapid.T) {
	spread := rapid.Float64Range(0, 1).Draw(r, "spread")
	for range rapid.IntRange(1, 2).Draw(r, "times") {
		for _, a := range s.pending {
			tries := int(s.flying.tries(a.lease, a.flight()))
			x := decide(a.result, tries, s.now, spread)
			if x.State == sms.MessageRetrying {
				if a.result.Outcome == gateway.Unknown {
					r.Fatalf("unknown is tried again: %+v", x) // D34
				}
				if x.NextAt == nil || x.NextAt.Before(s.now.Add(a.result.RetryAfter)) {
					r.Fatalf("%+v is tried again before the carrier wants it: %v", a.result, x.NextAt)
				}
				if x.NextAt.Sub(s.now) > 5*time.Hour {
					r.Fatalf("after %d tries the next is in %v", tries, x.NextAt.Sub(s.now))
				}
			}
			s.record(x)
		}
	}
	s.flying.done(s.pending)
	s.pending = nil
}

// kill is SIGKILL: answers that were not recorded are lost, and of what was on the wire the
// carrier may have any.
func (s *sim) kill(r *rapid.T) {
	if rapid.IntRange(0, 2).Draw(r, "spared") > 0 {
		return
	}
	for _, w := range s.wire {
		if rapid.Bool().Draw(r, "taken") {
			s.take(r, w)
		}
	}
	for _, l := range s.lanes {
		s.dead[l.lease] = true
	}
	s.start()
}

// bury is the contract of BuryDead.
func (s *sim) bury(*rapid.T) {
	for n := range s.people {
		for i, a := range s.people[n].attempts {
			if a.outcome == 0 && s.dead[a.worker] {
				x := lostAnswer()
				x.N, x.Attempt = int32(n), int16(i+1)
				s.record(x)
			}
		}
	}
	clear(s.dead)
}

// receipt is the contract of ApplyReceipts and Adopt: it proves that an unknown message was taken,
// and ends one that was.
func (s *sim) receipt(r *rapid.T) {
	n := rapid.IntRange(0, len(s.people)-1).Draw(r, "person")
	p := &s.people[n]
	if p.taken == 0 || len(p.attempts) == 0 {
		return
	}
	if p.state == sms.MessageUnknown {
		s.record(postgres.Answer{N: int32(n), Attempt: int16(len(p.attempts)), Outcome: postgres.OutcomeAccepted, State: sms.MessageAccepted, Counts: true})
	}
	if p.state == sms.MessageAccepted {
		s.move(n, rapid.SampledFrom([]sms.MessageState{sms.MessageDelivered, sms.MessageUndelivered}).Draw(r, "receipt"))
	}
}

// wait lets time pass, and what goes on by itself: response timers run out, answers are recorded,
// the dead are buried, and once an hour at least what is over ends.
func (s *sim) wait(r *rapid.T) {
	left := rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, time.Minute, 10 * time.Minute, time.Hour, 7 * time.Hour, 20 * time.Hour}).Draw(r, "wait")
	for left > 0 {
		step := min(left, time.Hour)
		left -= step
		s.now = s.now.Add(step)
		if step < time.Minute {
			continue
		}
		for len(s.wire) > 0 {
			s.settle(r, 0, rapid.SampledFrom(simAnswers[1:3]).Draw(r, "timer"))
		}
		s.flush(r)
		s.bury(r)
		s.expire(r)
	}
}

// expire is the contract of Expire.
func (s *sim) expire(*rapid.T) {
	cutoff := s.now.Add(-sms.RetryFor)
	for n := range s.people {
		p := &s.people[n]
		old := len(p.attempts) > 0 && !p.attempts[len(p.attempts)-1].at.After(cutoff)
		switch {
		case p.state == sms.MessageRetrying && !p.first.After(cutoff):
			s.move(n, sms.MessageUndelivered)
		case p.state == sms.MessageAccepted && old:
			s.move(n, sms.MessageExpired)
		case p.state == sms.MessageUnknown && old:
			s.move(n, sms.MessagePresumedUnsent)
		}
	}
}

// check looks at everything that must always hold.
func (s *sim) check(r *rapid.T) {
	counted := map[sms.MessageState]int{}
	for n := range s.people {
		p := &s.people[n]
		counted[p.state]++
		live, accepted := 0, 0
		for _, a := range p.attempts {
			if a.outcome != postgres.OutcomeNotAccepted {
				live++
			}
			if a.outcome == postgres.OutcomeAccepted {
				accepted++
			}
			if a.outcome == 0 && !s.dead[a.worker] && !s.flying.has(a.worker, postgres.Answer{Tenant: 1, Session: 1, N: int32(n), Attempt: int16(len(p.attempts))}) {
				r.Fatalf("message %d is in flight and nobody knows of it: %+v", n, *p)
			}
		}
		if live > 1 {
			r.Fatalf("message %d has %d live attempts: %+v", n, live, *p)
		}
		if last := len(p.attempts) - 1; p.state == sms.MessageUnknown && p.attempts[last].outcome != postgres.OutcomeUnknown {
			r.Fatalf("message %d is unknown and its attempt is not: a receipt could not settle it (D34): %+v", n, *p)
		}
		if was := p.state == sms.MessageAccepted || p.state == sms.MessageDelivered || p.state == sms.MessageExpired; was && accepted != 1 {
			r.Fatalf("message %d is %s by %d accepted attempts (I9)", n, p.state.Words(), accepted)
		}
	}
	for state := range sms.MessageMissed + 1 {
		if s.counts[state] != counted[state] {
			r.Fatalf("%d messages are %q, counted are %d (I13)", counted[state], state.Words(), s.counts[state])
		}
	}
}

// finish lets the rest come to its end with a carrier that never says yes again: retries stop
// after 48 hours, and everybody has one final state within 49 hours of the last attempt.
func (s *sim) finish(r *rapid.T) {
	const step = 30 * time.Minute
	for range 100 * 2 {
		s.bury(r)
		for range 2 * simBatches {
			s.mark(r)
		}
		for len(s.wire) > 0 {
			s.settle(r, 0, gateway.Result{Outcome: gateway.Refused, Class: gateway.Temporary})
		}
		s.flush(r)
		s.expire(r)
		if s.over() {
			break
		}
		s.now = s.now.Add(step)
	}
	s.check(r)
	for n, p := range s.people {
		if !p.state.Final() {
			r.Fatalf("message %d never ends: %+v", n, p)
		}
		last := p.attempts[len(p.attempts)-1].at
		if last.Sub(p.first) > sms.RetryFor+time.Hour || p.final.Sub(last) > sms.RetryFor+time.Hour {
			r.Fatalf("message %d: first tried %v, last %v, over %v", n, p.first, last, p.final)
		}
	}
}

func (s *sim) over() bool {
	for _, p := range s.people {
		if !p.state.Final() {
			return false
		}
	}
	return true
}
