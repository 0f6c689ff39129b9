package app

import (
	"context"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// crew runs one gateway in this process: its connections, and the lanes that
// feed it while its route is on.
type crew struct {
	id       int16
	name     string
	revision int // of the settings it has
	gw       gateway.Gateway
	meter    meter
	brake    brake
	stop     context.CancelFunc // of the connections
	ended    chan struct{}      // the connections are closed
	fault    string             // why it does not run, in words
	ids      learning
	keyLife  time.Duration // of idempotency keys; 0: its carrier knows none

	// Guarded by fleet.mu.
	leaving bool   // dismissed: another crew may come when it has ended
	lanes   *shift // nil: none works
}

// shift is the lanes of a crew from their start to their stop.
type shift struct {
	stop    context.CancelFunc
	stopped bool
	done    chan struct{} // every lane has ended, and all it marked is recorded
}

// fleet is the crews of a process, by gateway.
type fleet struct {
	mu    sync.Mutex
	crews map[int16]*crew
	going sync.WaitGroup // crews that are leaving
}

// sending lists the gateways that can take messages now.
func (f *fleet) sending() []int16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []int16
	for id, c := range f.crews {
		if c.lanes != nil && !c.lanes.stopped && c.gw.Health().CanSend() {
			out = append(out, id)
		}
	}
	return out
}

// list is every crew that has not been dismissed.
func (f *fleet) list() []*crew {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]*crew, 0, len(f.crews))
	for _, c := range f.crews {
		if !c.leaving {
			out = append(out, c)
		}
	}
	return out
}

// musterEvery is how often the routes are looked at when nobody tells of a change.
const musterEvery = 2 * time.Second

// lead has the gateways of this process follow the routes until ctx ends.
func (d *Dispatcher) lead(ctx, serve context.Context) {
	for {
		if err := d.muster(ctx, serve); err != nil && ctx.Err() == nil {
			d.app.Log.Warn("follow the routes", "error", err)
		}
		t := time.NewTimer(musterEvery)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-d.changed:
			t.Stop()
		case <-t.C:
		}
	}
}

// look has lead look at the routes now.
func (d *Dispatcher) look() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// muster compares the routes with the crews and makes them agree: one that is
// off, or has other settings, is dismissed; one that is missing is started.
func (d *Dispatcher) muster(ctx, serve context.Context) error {
	routes, sealed, err := d.routes(ctx)
	if err != nil {
		return err
	}
	for _, r := range routes {
		if !r.Environment || d.app.Routes[r.Name] != nil {
			d.follow1(ctx, serve, r, sealed[r.ID])
		}
	}
	return nil
}

// routes reads the routes, with the secrets of those that this process runs. What
// the environment gives is registered first.
func (d *Dispatcher) routes(ctx context.Context) (all []sms.Route, sealed map[int16][]byte, err error) {
	err = d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		sealed = map[int16][]byte{}
		mine := []int16{}
		if all, err = tx.Routes(ctx); err != nil {
			return err
		}
		for name := range d.app.Routes {
			i := indexRoute(all, name)
			if i >= 0 && all[i].Environment && all[i].State == sms.RouteOn {
				mine = append(mine, all[i].ID)
				continue
			}
			id, err := tx.RegisterGateway(ctx, name, "smpp")
			if err != nil {
				return err
			}
			mine = append(mine, id)
		}
		if err := tx.RetireGateways(ctx, mine); err != nil {
			return err
		}
		if all, err = tx.Routes(ctx); err != nil {
			return err
		}
		for _, r := range all {
			if r.Sealed && r.State != sms.RouteOff {
				if sealed[r.ID], err = tx.SealedSecrets(ctx, r.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return all, sealed, err
}

func indexRoute(all []sms.Route, name string) int {
	for i := range all {
		if all[i].Name == name {
			return i
		}
	}
	return -1
}

// follow1 makes one crew agree with its route.
func (d *Dispatcher) follow1(ctx, serve context.Context, r sms.Route, sealed []byte) {
	f := &d.fleet
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.crews[r.ID]
	switch {
	case c != nil && c.leaving:
		return
	case c != nil && (r.State == sms.RouteOff || c.revision != r.Revision):
		d.dismiss(c)
		return
	case c == nil && r.State == sms.RouteOff:
		return
	case c == nil:
		c = d.hire(serve, r, sealed)
		f.crews[r.ID] = c
	}
	if c.lanes != nil && c.lanes.stopped {
		select {
		case <-c.lanes.done:
			c.lanes = nil
		default:
			return // its last window is on its way: lanes start again when it is recorded
		}
	}
	switch {
	case r.State == sms.RouteOn && c.lanes == nil && c.fault == "":
		c.lanes = d.work1(ctx, c)
	case r.State != sms.RouteOn && c.lanes != nil:
		c.lanes.end()
	}
}

// hire makes the gateway of a route and starts its connections.
func (d *Dispatcher) hire(serve context.Context, r sms.Route, sealed []byte) *crew {
	c := &crew{id: r.ID, name: r.Name, revision: r.Revision, gw: d.app.Routes[r.Name], ended: make(chan struct{}), keyLife: r.KeyLife()}
	if !r.Environment {
		c.ids.set(smpp.IDsOf(r.Settings))
		secrets, err := d.app.unseal(r.ID, sealed)
		if err == nil {
			c.gw, err = d.app.newGateway(r, secrets)
		}
		if err != nil {
			d.app.Log.Error("gateway cannot start", "gateway", r.Name, "error", err)
			c.fault, c.gw = faultWords(err), idleGateway{name: r.Name}
		}
	}
	d.purses.addRoute(c.id, c.gw.Limits().PartsPerSecond)
	run, stop := context.WithCancel(serve)
	c.stop = stop
	go func() {
		defer close(c.ended)
		if err := c.gw.Run(run, &sink{d: d, crew: c}); err != nil && run.Err() == nil {
			d.app.Log.Error("gateway ended", "gateway", r.Name, "error", err)
		}
	}()
	return c
}

// work1 starts the lanes of a crew.
func (d *Dispatcher) work1(ctx context.Context, c *crew) *shift {
	ctx, stop := context.WithCancel(ctx)
	s := &shift{stop: stop, done: make(chan struct{})}
	var lanes sync.WaitGroup
	for range d.lanes {
		lanes.Go(func() { d.lane(ctx, c) })
	}
	go func() {
		lanes.Wait()
		stop()
		close(s.done)
		d.look()
	}()
	return s
}

// end has the lanes stop after the windows they are at.
func (s *shift) end() {
	s.stopped = true
	s.stop()
}

// dismiss takes a crew out of work without losing a window: its lanes stop
// marking and wait until every answer is recorded; then its connections drain
// and close. The next look at the routes may hire another. d.fleet.mu is held.
func (d *Dispatcher) dismiss(c *crew) {
	c.leaving = true
	lanes := c.lanes
	if lanes != nil {
		lanes.end()
	}
	d.fleet.going.Go(func() {
		if lanes != nil {
			<-lanes.done
		}
		c.stop()
		<-c.ended
		d.forgetStatus(c)
		d.fleet.mu.Lock()
		delete(d.fleet.crews, c.id)
		d.fleet.mu.Unlock()
		d.look()
	})
}

// rest waits until no lane of any crew works any more, and all is recorded or
// cannot be.
func (f *fleet) rest() {
	f.mu.Lock()
	var shifts []*shift
	for _, c := range f.crews {
		if c.lanes != nil {
			c.lanes.end()
			shifts = append(shifts, c.lanes)
		}
	}
	f.mu.Unlock()
	for _, s := range shifts {
		<-s.done
	}
	f.going.Wait()
}

// close closes every connection and waits for it.
func (f *fleet) close() {
	all := f.list()
	for _, c := range all {
		c.stop()
	}
	for _, c := range all {
		<-c.ended
	}
}

// faultWords are why a gateway cannot run, for people.
func faultWords(err error) string {
	if p := problemsOf(err); len(p) > 0 {
		return p[0].Text
	}
	return err.Error()
}

// idleGateway stands for one whose settings cannot be used: nothing leaves by it.
type idleGateway struct{ name string }

func (g idleGateway) ID() string           { return g.name }
func (idleGateway) Limits() gateway.Limits { return gateway.Limits{} }
func (idleGateway) Health() gateway.Health { return gateway.Health{State: gateway.Down} }

// Submit gives everything back.
func (idleGateway) Submit(_ context.Context, batch []gateway.Outbound, done func(gateway.Result)) error {
	for _, o := range batch {
		done(gateway.Result{Tenant: o.Tenant, Session: o.Session, N: o.N, Attempt: o.Attempt, Outcome: gateway.NotSent, Code: "not-configured"})
	}
	return nil
}

// Run waits.
func (idleGateway) Run(ctx context.Context, _ gateway.Sink) error {
	<-ctx.Done()
	return nil
}
