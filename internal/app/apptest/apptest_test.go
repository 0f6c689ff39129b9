package apptest

import (
	"context"
	"testing"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

func TestWorld(t *testing.T) {
	w := World(t)
	o := w.Other()
	w.Credits(5 * sms.Credit)
	w.AddContacts(10)
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		b, err := tx.Balance(ctx)
		if err != nil {
			return err
		}
		if b.Available != 5*sms.Credit {
			t.Errorf("balance %s, want 5", b.Available)
		}
		prices, err := tx.Prices(ctx)
		if err != nil {
			return err
		}
		if prices["DE"] != 2*sms.Credit {
			t.Errorf("Germany costs %s, want 2", prices["DE"])
		}
		owners, err := tx.MembersWith(ctx, []sms.Role{sms.RoleOwner})
		if err != nil {
			return err
		}
		if len(owners) != 1 || owners[0].User != w.Owner.User || owners[0].Slug == o.Tenant.Slug {
			t.Errorf("owners %v, want only %v", owners, w.Owner)
		}
		return nil
	})
}
