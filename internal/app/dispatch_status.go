package app

import (
	"context"
	"errors"
	"reflect"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// tell writes how every gateway of this process is, once a second while
// something changes.
func (d *Dispatcher) tell(ctx context.Context) {
	told := map[int16]sms.GatewayStatus{}
	d.every(ctx, time.Second, "status of gateways", func(ctx context.Context) error {
		worker, held := d.self.Worker()
		if !held {
			return nil
		}
		for _, c := range d.fleet.list() {
			s := c.status(time.Now())
			s.Worker = worker
			if was, ok := told[s.Gateway]; ok && same(was, s) {
				continue
			}
			err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error { return tx.SaveGatewayStatus(ctx, s) })
			if err != nil {
				return err
			}
			told[s.Gateway] = s
		}
		return nil
	})
}

// same reports whether two statuses say the same: minutes go by for the reader too.
func same(a, b sms.GatewayStatus) bool {
	a.At, a.Minutes = b.At, b.Minutes
	return reflect.DeepEqual(a, b)
}

// status is how a gateway is now.
func (c *crew) status(now time.Time) sms.GatewayStatus {
	h, l := c.gw.Health(), c.gw.Limits()
	s := sms.GatewayStatus{
		Gateway: c.id, At: now, State: h.State, Since: h.Since.UTC().Truncate(time.Second), Trouble: h.Detail,
		Binds: h.Binds, Window: l.InFlight, Rate: l.PartsPerSecond,
	}
	if !h.NextTry.IsZero() {
		next := h.NextTry.UTC().Truncate(time.Second)
		s.NextTry = &next
	}
	s.Held = c.brake.words(now)
	if c.fault != "" {
		s.Trouble = c.fault
	}
	var f *gateway.Figures
	if m, ok := c.gw.(gateway.Measured); ok {
		x := m.Figures()
		f = &x
	}
	c.meter.read(&s, f, now)
	return s
}

// forgetStatus takes back what was said of a gateway that this process no longer runs.
func (d *Dispatcher) forgetStatus(c *crew) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	worker, _ := d.self.Worker()
	err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error { return tx.DropGatewayStatus(ctx, c.id, worker) })
	if err != nil {
		d.app.Log.Warn("status of a gateway that is off", "gateway", c.name, "error", err)
	}
}

// mostTraced is how many protocol units are shown: the newest.
const mostTraced = 1000

// showTrace writes down the last protocol units of a gateway, because somebody
// asked to see them.
func (d *Dispatcher) showTrace(ctx context.Context, name string) {
	worker, held := d.self.Worker()
	for _, c := range d.fleet.list() {
		t, ok := c.gw.(gateway.Traced)
		if c.name != name || !ok || !held {
			continue
		}
		lines := t.Trace()
		lines = lines[max(0, len(lines)-mostTraced):]
		err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
			return tx.SaveGatewayTrace(ctx, c.id, worker, time.Now(), lines)
		})
		if err != nil {
			d.app.Log.Warn("trace of a gateway", "gateway", name, "error", err)
		}
	}
}

// problemsOf are the mistakes in a form inside err.
func problemsOf(err error) sms.Problems {
	var p sms.Problems
	errors.As(err, &p)
	return p
}
