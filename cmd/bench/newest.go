package main

import (
	"context"

	"tidings/internal/postgres"
)

// newestCampaign is the address of the campaign that is under way.
func (b *bench) newestCampaign(ctx context.Context, s *sending) (string, error) {
	var id string
	err := b.app.DB.InTenant(ctx, s.tenant, func(tx *postgres.Tx) error {
		x, err := tx.Session(ctx, s.session)
		id = x.Campaign.String()
		return err
	})
	return id, err
}
