package app

import (
	"context"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// Approve lets tests decide as a review does.
func (a *App) Approve(ctx context.Context, tx *postgres.Tx, who sms.Actor, s *sms.Session, by *sms.ID) error {
	return a.approve(ctx, tx, who, s, by)
}
