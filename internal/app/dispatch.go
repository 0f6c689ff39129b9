package app

import (
	"context"
	mrand "math/rand/v2"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Dispatcher sends what is due. Its lanes mark a window of messages in one
// durable commit, hand it to a gateway, and pass the answers to the recorder;
// receipts come back through the inbox. See "Never twice, never lost" in the
// README: the mark is the only thing that permits a write to a carrier.
type Dispatcher struct {
	app     *App
	name    string
	self    *postgres.Lease // of the process: under it the status of gateways is told
	fleet   fleet
	lanes   int           // per gateway
	window  int           // messages per mark
	answers chan answered // lanes to recorder
	flying  flying        // marked, not yet recorded
	behind  behind        // answered, not yet recorded
	poke    chan struct{} // something may be due
	changed chan struct{} // a route may have changed
	applied chan struct{} // receipts came in
	work    worklist
	purses  *purses // what may leave now, under limits
	guard   guard
}

// DispatchOptions are the sizes of a Dispatcher. Zero values are sensible.
type DispatchOptions struct {
	Name   string           // of this process, for people
	Lanes  int              // windows under way at once per gateway; 4
	Window int              // messages per mark; the gateway's window shared by the lanes
	Clock  func() time.Time // of this machine, compared with the database's (I26); time.Now
}

// Dispatch sends and takes receipts until ctx ends, by the routes that are on.
// Then it stops marking, waits for the answers that are owed, records them and
// unbinds.
func (a *App) Dispatch(ctx context.Context, o DispatchOptions) error {
	d := &Dispatcher{
		app: a, name: o.Name, lanes: max(o.Lanes, 1), window: o.Window, fleet: fleet{crews: map[int16]*crew{}}, purses: newPurses(),
		answers: make(chan answered, 8192), poke: make(chan struct{}, 1), changed: make(chan struct{}, 1), applied: make(chan struct{}, 1),
	}
	d.work = worklist{own: mrand.Uint64(), purses: d.purses}
	if o.Lanes == 0 {
		d.lanes = 4
	}
	if d.guard.clock = o.Clock; o.Clock == nil {
		d.guard.clock = time.Now
	}
	if d.self = d.hold(ctx); d.self == nil {
		return nil // told to stop before it began
	}
	defer d.self.Release()
	// In the order of stopping: lanes, recorder, gateways and what serves them.
	serve, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	var back sync.WaitGroup
	for _, fn := range []func(context.Context){d.apply, d.inbound, d.bury, d.follow, d.listen, d.tell, d.claim, d.ask, d.mind, d.ration, d.learn} {
		back.Go(func() { fn(serve) })
	}
	recorded := make(chan struct{})
	go func() { defer close(recorded); d.record(serve) }()
	d.lead(ctx, serve)
	d.fleet.rest()
	close(d.answers)
	<-recorded
	d.fleet.close()
	stopServing()
	back.Wait()
	for _, c := range d.fleet.list() {
		d.forgetStatus(c)
	}
	return nil
}

// hold takes a proof of life; nil if ctx ended first.
func (d *Dispatcher) hold(ctx context.Context) *postgres.Lease {
	for {
		lease, err := d.app.DB.Hold(ctx, d.name)
		if err == nil {
			return lease
		}
		if !pause(ctx, 500*time.Millisecond) {
			return nil
		}
	}
}

// lane marks and submits one window after the other. It has a proof of life of
// its own, so that a mark whose commit was ambiguous can be told from those of
// other lanes.
func (d *Dispatcher) lane(ctx context.Context, c *crew) {
	lease := d.hold(ctx)
	if lease == nil {
		return
	}
	defer func() {
		if lease != nil {
			d.flying.wait(lease)
			lease.Release()
		}
	}()
	for lease != nil && ctx.Err() == nil {
		worker, held := lease.Worker()
		if !held || !c.gw.Health().CanSend() || d.guard.closed() {
			pause(ctx, 100*time.Millisecond)
			continue
		}
		d.refill(ctx)
		limit := d.windowOf(c)
		d.flying.room(lease, 2*limit)
		t, ok := d.work.next(c.id, limit)
		if !ok {
			d.idle(ctx, c)
			continue
		}
		if c.brake.holds(int64(t.Session), time.Now()) {
			d.work.done(t, 0)
			d.work.drop(t)
			continue
		}
		if err := d.window1(ctx, lease, worker, c, t); err != nil {
			d.app.Log.Warn("mark", "error", err)
			d.guard.failed(err)
			lease = d.renew(ctx, lease, worker)
		}
	}
}

// windowOf is how many messages a lane marks at once. All lanes together mark no
// more than the gateway can have unanswered: so much, at most, is unknown after a
// crash (I11).
func (d *Dispatcher) windowOf(c *crew) int {
	if d.window > 0 {
		return d.window
	}
	return max((c.gw.Limits().InFlight+d.lanes-1)/d.lanes, 1)
}

func partsOf(marked []postgres.Marked) (n int) {
	for _, m := range marked {
		n += int(m.Parts)
	}
	return n
}

// markWithin is the longest a mark may take. It is not ended with the lane: a
// mark that is broken off may have been committed.
const markWithin = 10 * time.Second

// window1 marks one window of a batch and hands it over. It fails when it is not
// known whether the mark was committed; then nothing was written to the wire, and
// nothing of it may be: the lane takes it back.
func (d *Dispatcher) window1(ctx context.Context, lease *postgres.Lease, worker int64, c *crew, t turn) error {
	marking, stop := context.WithTimeout(context.WithoutCancel(ctx), markWithin)
	defer stop()
	var marked []postgres.Marked
	var keys map[int32]postgres.Key
	err := d.app.DB.InPlatform(marking, func(tx *postgres.PlatformTx) (err error) {
		if marked, err = tx.Mark(marking, worker, t.BatchRef, t.limit, d.guard.clock()); err != nil {
			return err
		}
		keys, err = keysOf(marking, tx, t.BatchRef, marked)
		return err
	})
	if err != nil {
		d.work.done(t, int(t.parts))
		return err
	}
	d.work.done(t, partsOf(marked))
	if len(marked) == 0 {
		d.work.drop(t)
		return nil
	}
	batch := outbound(t.BatchRef, marked)
	d.flying.add(lease, t.BatchRef, marked)
	batch = d.underTheirKeys(lease, c, batch, keys)
	// A marked message that is not on the wire within 2 s is unmarked: that bounds
	// how late a message can leave after a STOP or a pause.
	wire, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err = c.gw.Submit(wire, batch, func(r gateway.Result) {
		now := time.Now()
		c.meter.answer(r, now)
		c.brake.feel(r, now)
		d.purses.answer(c.id, r, now)
		d.answers <- answered{result: r, lease: lease, at: now}
	})
	if err != nil {
		d.app.Log.Warn("submit", "gateway", c.gw.ID(), "error", err)
	}
	return nil
}

// outbound is what was marked, as it is handed over.
func outbound(ref postgres.BatchRef, marked []postgres.Marked) []gateway.Outbound {
	batch := make([]gateway.Outbound, len(marked))
	for i, m := range marked {
		batch[i] = gateway.Outbound{
			Tenant: int64(ref.Tenant), Session: int64(ref.Session), N: m.N, Attempt: m.Attempt,
			From: m.Sender, To: digits(m.Number), Text: m.Text, Parts: int(m.Parts), Ref: byte(m.N),
		}
		if m.NotAfter != nil {
			batch[i].NotAfter = *m.NotAfter
		}
	}
	return batch
}

// renew follows an ambiguous mark: what was marked is taken back, since this
// process knows that it never wrote it, and the lane goes on under a new proof of
// life. nil if ctx ended.
func (d *Dispatcher) renew(ctx context.Context, lease *postgres.Lease, worker int64) *postgres.Lease {
	d.flying.wait(lease) // what is not flying any more was not written
	flush := newFlush()
	for ; ; pause(ctx, 200*time.Millisecond) {
		err := d.takeBack(context.WithoutCancel(ctx), worker, flush)
		if err == nil || ctx.Err() != nil {
			break
		}
		d.app.Log.Warn("take a mark back", "worker", worker, "error", err)
	}
	lease.Release()
	return d.hold(ctx)
}

func (d *Dispatcher) takeBack(ctx context.Context, worker int64, flush string) error {
	ctx, stop := context.WithTimeout(ctx, markWithin)
	defer stop()
	return d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		now := time.Now()
		_, err := tx.TakeBack(ctx, worker, flush, postgres.Answer{
			Outcome: postgres.OutcomeNotAccepted, State: sms.MessageRetrying, NextAt: &now, Code: "not-marked",
		})
		return err
	})
}

// refill asks the database what there is to send, when the copy is old.
func (d *Dispatcher) refill(ctx context.Context) {
	if !d.work.stale() {
		return
	}
	var refs []postgres.BatchRef
	err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		refs, err = tx.Work(ctx, d.fleet.sending(), mostRefs)
		return err
	})
	if err != nil {
		d.work.failed()
		return
	}
	d.work.fill(refs)
}

// mostRefs is how many batches are known at a time, of each gateway.
const mostRefs = 200

// idle waits until something may be due, or for parts where only they are missing.
func (d *Dispatcher) idle(ctx context.Context, c *crew) {
	wait := 250 * time.Millisecond
	if d.work.waits(c.id) {
		wait = 20 * time.Millisecond
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-d.poke:
		d.work.expire()
	case <-t.C:
	}
}

// listen pokes the lanes when a session starts, so that it leaves at once, and
// has the routes looked at when one changes.
func (d *Dispatcher) listen(ctx context.Context) {
	d.app.DB.Listen(ctx, []string{"dispatch", routesChanged, traceWanted, trialWanted}, func(channel, payload string) {
		switch channel {
		case "dispatch":
			d.wake()
		case trialWanted:
			go d.tryOut(ctx, payload)
		case traceWanted:
			d.showTrace(ctx, payload)
		case routesChanged:
			d.look()
		default: // something may have been missed
			d.wake()
			d.look()
		}
	})
}

func (d *Dispatcher) wake() {
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

// pause waits, or reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
