package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// CheckIn asks the invariants inside a transaction of the test, which breaks one
// and rolls back.
func CheckIn(ctx context.Context, tx pgx.Tx) ([]Broken, error) {
	return (&PlatformTx{tx: tx}).Check(ctx)
}
