package app_test

import (
	"context"
	"testing"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms/phone"
)

// D28: the demo data is there once, with ten credits to test with; every
// number is one that the phone rules take.
func TestSeed(t *testing.T) {
	w := apptest.OwnWorld(t)
	ctx := context.Background()
	for range 2 {
		if err := w.App.Seed(ctx, app.SeedOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if n := pgtest.Value[int64](t, w.DSN, `select count(*) from tenants where slug in ('nordfare', 'kystbuss')`); n != 2 {
		t.Fatalf("%d demo accounts", n)
	}
	numbers := pgtest.Value[[]int64](t, w.DSN, `select array_agg(number) from contacts c join tenants t on t.id = c.tenant_id where t.slug = 'nordfare'`)
	if len(numbers) != 640 {
		t.Fatalf("%d people", len(numbers))
	}
	for _, n := range numbers {
		if _, err := phone.Parse(phone.Number(n).String(), "FR"); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	if n := pgtest.Value[int64](t, w.DSN, `select sum(amount) from ledger_transfers x join tenants t on t.id = x.tenant_id where t.slug = 'kystbuss' and kind = 'gift'`); n != 10_000 {
		t.Fatalf("a gift of %d thousandths", n)
	}
	if _, _, err := w.App.SignIn(ctx, app.DemoLogins[0].Email, app.DemoPassword, "192.0.2.1", "test"); err != nil {
		t.Fatal(err)
	}
}
