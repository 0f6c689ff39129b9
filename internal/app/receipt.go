package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// sink takes what comes back from one gateway. It returns nil only after the
// commit: then the carrier is told that we have it.
type sink struct {
	d    *Dispatcher
	crew *crew
}

// Receipts writes receipts to the inbox.
func (s *sink) Receipts(ctx context.Context, rs []gateway.Receipt) error {
	s.d.behind.wait(ctx, time.Now())
	if err := s.d.app.keepReceipts(ctx, s.crew.id, rs); err != nil {
		s.d.guard.failed(err)
		return err
	}
	s.crew.meter.arrived(len(rs), 0, time.Now())
	s.crew.ids.came(rs)
	select {
	case s.d.applied <- struct{}{}:
	default:
	}
	return nil
}

// Inbound writes what people sent.
func (s *sink) Inbound(ctx context.Context, ms []gateway.Inbound) error {
	if err := s.d.app.keepInbound(ctx, s.crew.id, ms); err != nil {
		return err
	}
	s.crew.meter.arrived(0, len(ms), time.Now())
	return nil
}

// keepReceipts writes receipts to the inbox; they are durable when it returns nil.
func (a *App) keepReceipts(ctx context.Context, of int16, rs []gateway.Receipt) error {
	rows := make([]postgres.Receipt, len(rs))
	for i, r := range rs {
		rows[i] = postgres.Receipt{
			Gateway: of, Provider: storable(r.MatchID), Number: number(r.To), State: receiptState(r.State), Code: storable(r.Code), Raw: r.Raw,
		}
		if !r.DoneAt.IsZero() {
			rows[i].DoneAt = &r.DoneAt
		}
	}
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		rest, err := tx.TrialReceipts(ctx, of, rows, a.Now())
		if err != nil {
			return err
		}
		return tx.TakeReceipts(ctx, rest, a.Now())
	})
	if err != nil && !errors.Is(err, sms.ErrUnavailable) {
		// Whatever is wrong with a message, its receipt is kept.
		a.Log.Error("take receipts", "receipts", len(rows), "error", err)
		err = a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error { return tx.AddReceipts(ctx, rows, a.Now()) })
	}
	if err != nil {
		return fmt.Errorf("keep %d receipts: %w", len(rs), err)
	}
	return nil
}

// storable is what a carrier said without what no text of the database can hold:
// zero bytes, and bytes that are no letters. What it posted is kept as it came.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// keepInbound writes what people sent; it is durable when it returns nil.
func (a *App) keepInbound(ctx context.Context, of int16, ms []gateway.Inbound) error {
	return a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		for _, m := range ms {
			err := tx.AddInbound(ctx, postgres.Inbound{Gateway: of, Provider: storable(m.ProviderID), Number: number(m.From), Recipient: storable(m.To), Text: storable(m.Text)})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Late settles unknowns by answers that came after all.
func (s *sink) Late(ctx context.Context, rs []gateway.Result) error {
	as := make([]postgres.Answer, 0, len(rs))
	now := time.Now()
	for _, r := range rs {
		if r.Outcome != gateway.Unknown {
			as = append(as, decide(r, 0, now, 0))
		}
	}
	return s.d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error { return tx.Record(ctx, newFlush(), as) })
}

// Changed wakes the lanes: the gateway may be able to send again.
func (s *sink) Changed(h gateway.Health) {
	s.d.app.Log.Info("gateway", "name", s.crew.name, "state", h.State, "binds", h.Binds, "detail", h.Detail)
	s.d.wake()
}

func receiptState(s gateway.State) int16 {
	switch s {
	case gateway.Enroute:
		return postgres.ReceiptEnroute
	case gateway.Delivered:
		return postgres.ReceiptDelivered
	case gateway.Expired, gateway.Unknowable:
		return postgres.ReceiptGivenUp
	default:
		return postgres.ReceiptUndelivered
	}
}

// number reads the digits of an address; 0 for a short code with letters.
func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// applyMany is how many receipts one transaction applies at most.
const applyMany = 1000

// apply moves messages by the receipts of the inbox, as they come.
func (d *Dispatcher) apply(ctx context.Context) {
	for ctx.Err() == nil {
		took, err := d.applyOnce(ctx)
		if err != nil && ctx.Err() == nil {
			d.app.Log.Warn("apply receipts", "error", err)
			pause(ctx, 500*time.Millisecond)
			continue
		}
		if took == applyMany {
			continue
		}
		t := time.NewTimer(200 * time.Millisecond)
		select {
		case <-ctx.Done():
		case <-d.applied:
			pause(ctx, 20*time.Millisecond) // more are on their way: one commit for them together
		case <-t.C:
		}
		t.Stop()
	}
}

// applyOnce applies what is there, and lets orphans find their message: each in
// a transaction of its own, since it locks in another order.
func (d *Dispatcher) applyOnce(ctx context.Context) (took int, err error) {
	var orphans []postgres.Orphan
	err = d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		took, orphans, err = tx.ApplyReceipts(ctx, d.behind.age(), applyMany)
		return err
	})
	for _, o := range orphans {
		if err != nil {
			break
		}
		err = d.app.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
			_, err := tx.Adopt(ctx, o)
			return err
		})
	}
	return took, err
}
