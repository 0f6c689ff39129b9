package app

import (
	"context"
	"errors"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// inbound deals with what people sent: STOP and its kin opt them out at the
// tenant that wrote to them last.
func (d *Dispatcher) inbound(ctx context.Context) {
	d.every(ctx, 500*time.Millisecond, "inbound texts", d.app.HandleInbound)
}

// HandleInbound deals with the texts that nobody has handled.
func (a *App) HandleInbound(ctx context.Context) error {
	return a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		texts, err := tx.TakeInbound(ctx, 100)
		if err != nil {
			return err
		}
		for _, x := range texts {
			if err := a.handleText(ctx, tx, x); err != nil {
				return err
			}
			if err := tx.InboundHandled(ctx, x.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

func (a *App) handleText(ctx context.Context, tx *postgres.PlatformTx, x postgres.Inbound) error {
	if sms.ReadReply(x.Text) != sms.ReadingStop {
		return nil
	}
	tenant, err := tx.LastWriter(ctx, x.Number)
	if errors.Is(err, sms.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.In(tenant).AddSuppression(ctx, a.NumberHash(tenant, x.Number), sms.SuppressionOptedOut, x.Number, "Answered STOP", nil)
}
