package app

import (
	"context"
	"math"
	mrand "math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// purses hold the parts that this process may send now, of what all workers share
// of a speed (sms.Pace). A lane takes them before it marks, so that a key without
// parts keeps no lane from the others.
type purses struct {
	mu    sync.Mutex
	of    map[string]*purse
	short chan struct{} // somebody waits for what only the database can say
}

// purse is what there is of one key.
type purse struct {
	limit  float64       // parts a second; 0: none
	route  int16         // whose speed it is; 0: no route's
	parts  float64       // leased; below 0: more have left
	known  bool          // the database has been asked
	free   bool          // no limit holds
	kept   bool          // it is in the database
	wanted bool          // since the last lease
	took   bool          // the carrier has taken parts since
	wish   time.Duration // the carrier asked for less: rest so long
	rests  time.Time     // more answers of that kind are the same wish until then
	meter  ring          // of a route: parts the carrier took, by second
	since  int64
}

func newPurses() *purses {
	return &purses{of: map[string]*purse{}, short: make(chan struct{}, 1)}
}

// routeKey, tenantKey and senderKey name what has a speed.
func routeKey(gateway int16) string { return "route/" + digits(int64(gateway)) }

func tenantKey(t sms.TenantID) string { return "tenant/" + digits(int64(t)) }

func senderKey(t sms.TenantID, sender string) string {
	return "sender/" + digits(int64(t)) + "/" + sender
}

// addRoute begins with a route, or with a new limit of it.
func (p *purses) addRoute(id int16, limit float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.of[routeKey(id)]
	if x == nil {
		x = &purse{route: id, since: time.Now().Unix()}
		p.of[routeKey(id)] = x
	}
	x.limit, x.known, x.free = limit, false, false
	p.hurry()
}

// keys are the purses that a batch is paid from.
func (p *purses) keys(r postgres.BatchRef) []string {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := []string{routeKey(r.Gateway)}
	for key, limit := range map[string]float64{tenantKey(r.Tenant): r.TenantLimit, senderKey(r.Tenant, r.Sender): r.SenderLimit} {
		x := p.of[key]
		if limit == 0 {
			delete(p.of, key)
			continue
		}
		if x == nil {
			x = &purse{}
			p.of[key] = x
		}
		x.limit = limit
		keys = append(keys, key)
	}
	return keys
}

// left is how many parts may leave that all of keys pay for.
func (p *purses) left(keys []string) float64 {
	if p == nil {
		return math.Inf(1)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	least := math.Inf(1)
	for _, key := range keys {
		x := p.of[key]
		if x == nil {
			continue
		}
		x.wanted = true
		if !x.known {
			p.hurry()
		}
		if !x.free {
			least = min(least, x.parts)
		}
	}
	return least
}

// take pays for parts, or gives them back when they are below 0.
func (p *purses) take(keys []string, parts float64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		if x := p.of[key]; x != nil && !x.free {
			x.parts -= parts
		}
	}
}

// answer takes note of what a carrier says about its speed.
func (p *purses) answer(route int16, r gateway.Result, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.of[routeKey(route)]
	switch {
	case x == nil:
	case r.Outcome == gateway.Accepted:
		x.took = true
		x.meter.add(now.Unix(), max(len(r.Parts), 1))
	case r.Class == gateway.Throttled && !now.Before(x.rests):
		x.wish = min(max(r.RetryAfter, time.Second), time.Minute)
		x.rests = now.Add(x.wish)
		x.parts, x.free, x.known = min(x.parts, 0), false, false
		p.hurry()
	}
}

// hurry has the database asked now. p.mu is held.
func (p *purses) hurry() {
	select {
	case p.short <- struct{}{}:
	default:
	}
}

// The spans between two leases: while limits hold, while none does, and while
// nothing is sent.
const (
	leaseEvery = 100 * time.Millisecond
	lookEvery  = 250 * time.Millisecond
	idleEvery  = time.Second
)

// wait is how long until the next lease. Chance keeps two processes from always
// coming one right after the other.
func (p *purses) wait() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := idleEvery
	for _, x := range p.of {
		switch {
		case x.wanted && !x.free || x.parts != 0 && !x.free:
			d = min(d, leaseEvery)
		case x.wanted:
			d = min(d, lookEvery)
		}
	}
	return d*3/4 + mrand.N(d/2)
}

// ask is what a process asks for one key, and gives back.
type ask struct {
	key    string
	purse  *purse
	limit  float64
	back   float64
	wanted bool
	took   bool
	wish   time.Duration
	second int  // parts that the carrier took in the last second, here
	known  bool // that is counted
}

// asks takes everything out of the purses. p.mu is not held while the database is
// asked: lanes that come meanwhile find nothing.
func (p *purses) asks(now time.Time) (out []ask) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, x := range p.of {
		a := ask{key: key, purse: x, limit: x.limit, back: x.parts, wanted: x.wanted, took: x.took, wish: x.wish}
		second := now.Unix()
		x.meter.to(second)
		a.second, a.known = max(x.meter.n[second%60], x.meter.n[(second+59)%60]), second-x.since > 1 && x.meter.n[(second+59)%60] > 0
		x.parts, x.wanted, x.took, x.wish = 0, false, false, 0
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b ask) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	return out
}

// lease is what the database answered to an ask.
type lease struct {
	parts float64
	free  bool
	slow  float64
}

// put fills the purses; leases is nil when the database did not answer.
func (p *purses) put(asked []ask, leases map[string]lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range asked {
		x := a.purse
		if leases == nil {
			x.parts += a.back
			x.wanted, x.took, x.wish = x.wanted || a.wanted, x.took || a.took, max(x.wish, a.wish)
			continue
		}
		if x.wish > 0 {
			continue // the carrier has asked for less since: what was leased is not for now
		}
		l, kept := leases[a.key]
		x.kept = kept
		x.parts += l.parts
		x.free = l.free || !kept && a.limit == 0
		x.known = kept || x.free
	}
}

// ration leases parts for this process until ctx ends.
func (d *Dispatcher) ration(ctx context.Context) {
	for {
		t := time.NewTimer(d.purses.wait())
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-d.purses.short:
			t.Stop()
		case <-t.C:
		}
		if err := d.leaseParts(ctx); err != nil {
			d.app.Log.Warn("share the speed", "error", err)
			pause(ctx, 500*time.Millisecond)
		}
	}
}

// leaseParts gives back what this process has left of every key and takes anew,
// in one transaction, and tells the gateways how fast their carriers want it.
func (d *Dispatcher) leaseParts(ctx context.Context) error {
	asked := d.purses.asks(time.Now())
	if len(asked) == 0 {
		return nil
	}
	worker, _ := d.self.Worker()
	var leases map[string]lease
	err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		leases, err = sharePaces(ctx, tx, asked, worker)
		return err
	})
	if err != nil {
		d.purses.put(asked, nil)
		return err
	}
	d.purses.put(asked, leases)
	for _, c := range d.fleet.list() {
		if l, ok := c.gw.(gateway.Led); ok {
			l.Lead(leases[routeKey(c.id)].slow)
		}
	}
	return nil
}

// sharePaces answers what a process asks. A key without a limit that no carrier has
// ever wished slower is not in the database.
func sharePaces(ctx context.Context, tx *postgres.PlatformTx, asked []ask, worker int64) (map[string]lease, error) {
	var keys, missing []string
	for _, a := range asked {
		keys = append(keys, a.key)
		if !a.purse.kept && (a.limit > 0 || a.wish > 0) {
			missing = append(missing, a.key)
		}
	}
	if len(missing) > 0 {
		if err := tx.AddPaces(ctx, missing); err != nil {
			return nil, err
		}
	}
	paces, now, err := tx.LockPaces(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]lease, len(paces))
	var changed []sms.Pace
	for _, p := range paces {
		i := slices.IndexFunc(asked, func(a ask) bool { return a.key == p.Key })
		was := p
		l, err := leaseOf(ctx, tx, &p, asked[i], worker, now)
		if err != nil {
			return nil, err
		}
		if out[p.Key] = l; !reflect.DeepEqual(was, p) {
			changed = append(changed, p)
		}
	}
	return out, tx.SavePaces(ctx, changed)
}

func leaseOf(ctx context.Context, tx *postgres.PlatformTx, p *sms.Pace, a ask, worker int64, now time.Time) (l lease, err error) {
	if a.wish > 0 {
		measured := a.second
		if p.Speed(a.limit) == 0 {
			others, err := othersTook(ctx, tx, a.purse.route, worker)
			if err != nil {
				return l, err
			}
			measured += others
		}
		p.Ask(a.limit, float64(measured), a.known, a.wish, now)
	}
	if a.took {
		p.Raise(a.limit, now)
	}
	l.parts, l.free = p.Lease(a.limit, a.back, a.wanted, now)
	l.slow = p.Slow
	return l, nil
}

// othersTook is how many parts of a route its carrier took in a second from the
// other workers.
func othersTook(ctx context.Context, tx *postgres.PlatformTx, route int16, worker int64) (n int, err error) {
	all, err := tx.GatewayStatuses(ctx)
	for _, s := range all {
		if s.Gateway == route && s.Worker != worker {
			n += s.Second
		}
	}
	return n, err
}
