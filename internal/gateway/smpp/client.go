package smpp

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tidings/internal/gateway"
)

// Client is a gateway that speaks SMPP to one carrier account: some binds that share one queue.
// It is safe for concurrent use.
type Client struct {
	route  Route
	rate   *gateway.Rate
	inbox  *inbox
	counts counters
	health healthBox
	took   latency // from writing a message to its answer
	trace  trace
	again  chan struct{} // RetryNow
	turn   chan struct{} // one bind is attempted at a time

	mu       sync.Mutex
	queue    []*item // from head on; those gone are skipped
	head     int
	sessions []*session // that take messages
	open     bool       // Run is running and not draining
	refused  int        // binds refused in a row for credentials
	barred   time.Time  // no bind before this, after such a refusal
}

// counters count what has no other place to be seen.
type counters struct {
	in, out, bytesIn, bytesOut, late, strayResponses, strayNacks, cutTLVs, malformed atomic.Int64
}

// Counters are totals since the client was made.
type Counters struct {
	In, Out        int64 // PDUs
	Late           int64 // answers after their message was Unknown
	StrayResponses int64 // answers to nothing that was asked
	StrayNacks     int64 // generic_nack without our number
	CutTLVs        int64 // PDUs whose optional fields ended too early
	Malformed      int64 // PDUs whose mandatory fields did
}

// New makes the client of a route; nothing happens before Run.
func New(r Route) *Client {
	r = r.withDefaults()
	c := &Client{
		route: r,
		rate:  gateway.NewRate(r.PartsPerSecond),
		again: make(chan struct{}),
		turn:  make(chan struct{}, 1),
	}
	c.inbox = newInbox(c)
	c.health.now = gateway.Health{State: gateway.Down, Since: r.Now()}
	return c
}

// ID is the route's name.
func (c *Client) ID() string { return c.route.Name }

// Limits is what the route may take at once.
func (c *Client) Limits() gateway.Limits { return c.route.limits() }

// Health is how the route is now.
func (c *Client) Health() gateway.Health { return c.health.get() }

// Counters reads the totals.
func (c *Client) Counters() Counters {
	n := &c.counts
	return Counters{
		In: n.in.Load(), Out: n.out.Load(), Late: n.late.Load(), StrayResponses: n.strayResponses.Load(),
		StrayNacks: n.strayNacks.Load(), CutTLVs: n.cutTLVs.Load(), Malformed: n.malformed.Load(),
	}
}

// RetryNow makes waiting connections try at once: for a person who mended the settings.
func (c *Client) RetryNow() {
	c.mu.Lock()
	c.barred = time.Time{}
	close(c.again)
	c.again = make(chan struct{})
	c.mu.Unlock()
}

// Submit hands a batch over; see gateway.Gateway. It may be called concurrently.
func (c *Client) Submit(ctx context.Context, batch []gateway.Outbound, done func(gateway.Result)) error {
	call := &call{wake: make(chan struct{}, 1), done: make([]gateway.Result, 0, len(batch))}
	items := make([]item, len(batch))
	now := c.route.Now()
	for i := range batch {
		it := &items[i]
		it.call, it.msg = call, &batch[i]
		if rule, ok := it.encode(&c.route); !ok {
			it.state = gone
			r := it.result(now)
			r.Outcome, r.Class, r.Code, r.Detail = rule.Outcome, rule.Class, "encoding", rule.Detail
			call.add(r)
		}
	}
	c.enqueue(items)
	spare := make([]gateway.Result, 0, len(batch))
	stop := ctx.Done()
	for left := len(batch); left > 0; {
		select {
		case <-call.wake:
		case <-stop:
			stop = nil
			c.withdraw(items)
		}
		got := call.take(spare)
		for i := range got {
			done(got[i])
		}
		left -= len(got)
		clear(got)
		spare = got
	}
	return nil
}

// enqueue puts items in the queue, or settles them where nothing can leave.
func (c *Client) enqueue(items []item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	up := len(c.sessions) > 0 && c.open
	for i := range items {
		switch it := &items[i]; {
		case it.state == gone:
		case up:
			c.queue = append(c.queue, it)
		default:
			c.settleUnsent(it)
		}
	}
	for _, s := range c.sessions {
		s.nudge()
	}
}

// settleUnsent gives back a message that waited while nothing is connected. c.mu is held.
func (c *Client) settleUnsent(it *item) {
	it.state = gone
	h := c.health.get()
	now := c.route.Now()
	after := time.Second
	if d := h.NextTry.Sub(now); d > after {
		after = d
	}
	it.settleUnwritten(now, "not-bound", "no connection to the carrier", after)
}

// withdraw settles those items that still wait in the queue.
func (c *Client) withdraw(items []item) {
	now := c.route.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range items {
		if it := &items[i]; it.state == waiting {
			it.state = gone
			it.settleUnwritten(now, "stopped", "stopped before it left", 0)
		}
	}
}

// take moves up to n items from the queue to into, for a session that will write them at once.
// Those whose time is over are settled on the way.
func (c *Client) take(n int, into []*item) []*item {
	now := c.route.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for n > 0 && c.head < len(c.queue) {
		it := c.queue[c.head]
		c.queue[c.head] = nil
		c.head++
		if it.state != waiting {
			continue
		}
		if !it.inTime(now) {
			it.state = gone
			it.settleUnwritten(now, "not-after", "its hours ended before it could leave", 0)
			continue
		}
		it.state = taken
		into = append(into, it)
		n--
	}
	if c.head == len(c.queue) {
		c.queue, c.head = c.queue[:0], 0
	} else if c.head > 1024 && c.head > len(c.queue)/2 {
		c.queue = c.queue[:copy(c.queue, c.queue[c.head:])]
		c.head = 0
	}
	return into
}

// inTime reports whether there is still a second left to ask the carrier for.
func (it *item) inTime(now time.Time) bool {
	return it.msg.NotAfter.IsZero() || it.msg.NotAfter.Sub(now) >= time.Second
}

// join lets a session take messages.
func (c *Client) join(s *session) {
	c.mu.Lock()
	if s.sends {
		c.sessions = append(c.sessions, s)
	}
	c.refused = 0
	c.mu.Unlock()
	c.health.joined(c)
}

// bound is how many sessions take messages.
func (c *Client) bound() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.sessions)
}

// leave is called when a session can take no more. With the last one the queue is given back.
func (c *Client) leave(s *session, why string) {
	c.mu.Lock()
	for i, o := range c.sessions {
		if o == s {
			c.sessions = append(c.sessions[:i], c.sessions[i+1:]...)
			break
		}
	}
	if len(c.sessions) == 0 {
		c.flush()
	}
	c.mu.Unlock()
	c.health.left(c, why)
}

// flush settles everything in the queue. c.mu is held.
func (c *Client) flush() {
	for _, it := range c.queue[c.head:] {
		if it.state == waiting {
			c.settleUnsent(it)
		}
	}
	clear(c.queue)
	c.queue, c.head = c.queue[:0], 0
}

// errRunning is returned by a second Run at the same time.
var errRunning = errors.New("this gateway is already running")

// Run binds and keeps bound until ctx ends, then drains: nothing new leaves, answers are awaited
// up to the response timer, receipts are still taken, and the carrier is told goodbye.
func (c *Client) Run(ctx context.Context, sink gateway.Sink) error {
	if err := c.route.Check(); err != nil {
		return err
	}
	c.mu.Lock()
	if c.open {
		c.mu.Unlock()
		return errRunning
	}
	c.open = true
	c.mu.Unlock()
	c.health.start(c, sink)

	stop := make(chan struct{})
	var inbox, binds sync.WaitGroup
	inbox.Go(func() { c.inbox.run(context.WithoutCancel(ctx), sink, stop) })
	for n := range c.route.Binds {
		b := &bind{c: c, n: n, addr: n, rnd: rand.New(rand.NewPCG(rand.Uint64(), uint64(n)))}
		if c.route.Mode == Pair {
			rx := *b
			b.command, rx.command = cmdBindTX, cmdBindRX
			binds.Go(func() { rx.run(ctx) })
		} else {
			b.command = cmdBindTRX
		}
		binds.Go(func() { b.run(ctx) })
	}
	<-ctx.Done()
	c.mu.Lock()
	c.open = false
	c.flush()
	c.mu.Unlock()
	c.health.draining(c)
	binds.Wait()
	close(stop)
	inbox.Wait()
	c.health.stopped(c)
	return nil
}

// Lead sets the speed of all connections together (gateway.Led).
func (c *Client) Lead(speed float64) { c.rate.Lead(speed) }

// slow passes the carrier's wish to send more slowly on to all binds.
func (c *Client) slow(pause time.Duration) {
	if c.rate.Slow(time.Now(), pause) {
		go c.health.throttled(c, true)
	}
}

// spedUp ends the state "throttled" once the pause is over.
func (c *Client) spedUp(now time.Time) {
	if c.health.get().State == gateway.Slowed && !c.rate.Slowed(now) {
		c.health.throttled(c, false)
	}
}

// pending reports whether messages wait in the queue.
func (c *Client) pending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head < len(c.queue)
}
