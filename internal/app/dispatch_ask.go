package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
)

// Some carriers can be asked what became of a message: of one that was never
// answered, and of one whose receipt did not come (dispatch.md 2.5). What they
// say settles it as a late answer or a receipt does; what they do not, nothing.
const (
	askEvery = 10 * time.Second
	askFirst = 2 * time.Minute // after it was written
	askMany  = 50
)

// pollAfter is when a receipt is asked for that did not come.
var pollAfter = []time.Duration{time.Hour, 24 * time.Hour, 47 * time.Hour}

// ask asks the carriers that can be asked.
func (d *Dispatcher) ask(ctx context.Context) {
	d.every(ctx, askEvery, "ask carriers", func(ctx context.Context) error {
		var errs []error
		for _, c := range d.fleet.list() {
			if c.gw.Health().CanSend() {
				errs = append(errs, d.resolve(ctx, c), d.poll(ctx, c))
			}
		}
		return errors.Join(errs...)
	})
}

// resolve asks a carrier about messages that it never answered.
func (d *Dispatcher) resolve(ctx context.Context, c *crew) error {
	r, ok := c.gw.(gateway.Resolver)
	if !ok {
		return nil
	}
	var asked []postgres.Asked
	err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		asked, err = tx.AskUnknown(ctx, c.id, askFirst, askMany)
		return err
	})
	if err != nil || len(asked) == 0 {
		return err
	}
	unknown := make([]gateway.Outbound, len(asked))
	for i, m := range asked {
		unknown[i] = gateway.Outbound{
			Tenant: int64(m.Tenant), Session: int64(m.Session), N: m.N, Attempt: m.Attempt, To: digits(m.Number), Text: m.Text, At: m.MarkedAt,
		}
	}
	found, err := r.Resolve(ctx, unknown)
	return errors.Join(err, d.settle(ctx, c, found))
}

// settle keeps what was found, unless it is of another message of ours.
func (d *Dispatcher) settle(ctx context.Context, c *crew, found []gateway.Result) error {
	var ids []string
	for _, r := range found {
		for _, p := range r.Parts {
			ids = append(ids, p.MatchID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var taken []string
	err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		taken, err = tx.TakenProviders(ctx, c.id, ids)
		return err
	})
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(r gateway.Result) bool {
		return slices.ContainsFunc(r.Parts, func(p gateway.Part) bool { return slices.Contains(taken, p.MatchID) })
	})
	return (&sink{d: d, crew: c}).Late(ctx, found)
}

// poll asks a carrier for receipts that did not come.
func (d *Dispatcher) poll(ctx context.Context, c *crew) error {
	p, ok := c.gw.(gateway.Poller)
	if !ok {
		return nil
	}
	var ids []string
	err := d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		ids, err = tx.AskAccepted(ctx, c.id, pollAfter, askMany)
		return err
	})
	if err != nil || len(ids) == 0 {
		return err
	}
	receipts, err := p.Poll(ctx, ids)
	if len(receipts) == 0 {
		return err
	}
	return errors.Join(err, (&sink{d: d, crew: c}).Receipts(ctx, receipts))
}
