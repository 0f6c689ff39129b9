package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// CheckIn asks the invariants inside a transaction of the test, which breaks one
// and rolls back.
func CheckIn(ctx context.Context, tx pgx.Tx) ([]Broken, error) {
	return (&PlatformTx{tx: tx}).Check(ctx)
}

// CancelBatch is the statement that keeps a batch back.
const CancelBatch = cancelBatch

// ExpireBatch is the statement that ends what nobody will answer any more.
const ExpireBatch = expireBatch

// Questions are the queries of the invariants, by their rules.
func Questions() map[string]string {
	out := map[string]string{}
	for i, c := range invariants {
		out[c.rule+" "+strconv.Itoa(i)] = c.query
	}
	return out
}
