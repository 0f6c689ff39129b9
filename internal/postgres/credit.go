package postgres

import (
	"context"

	"tidings/internal/sms"
)

// AddTransfer inserts one movement of credits; the ledger's trigger moves the
// balances. ErrNotEnoughCredits: an account would go below zero. ErrConflict:
// the key was used before.
func (t *Tx) AddTransfer(ctx context.Context, x *sms.Transfer) error {
	return t.tx.QueryRow(ctx, `insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, actor_id, reason, reference, note)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id, created_at`,
		t.tenant, x.Kind, x.Session, x.Amount, x.Key, x.Actor, x.ActorID, x.Reason, x.Reference, x.Note).Scan(&x.ID, &x.At)
}

// Balance reads what the tenant has: to use, and set aside.
func (t *Tx) Balance(ctx context.Context) (sms.Balance, error) {
	var b sms.Balance
	err := t.tx.QueryRow(ctx, `select coalesce(sum(balance) filter (where kind = 'available'), 0),
		coalesce(sum(balance) filter (where kind = 'reserved'), 0) from ledger_accounts where tenant_id = $1`, t.tenant).
		Scan(&b.Available, &b.Reserved)
	return b, err
}

// Reserved reads what is still set aside for a session.
func (t *Tx) Reserved(ctx context.Context, id sms.SessionID) (sms.Credits, error) {
	var c sms.Credits
	err := t.tx.QueryRow(ctx, `select coalesce(sum(balance), 0) from ledger_accounts
		where tenant_id = $1 and kind = 'reserved' and session_id = $2`, t.tenant, id).Scan(&c)
	return c, err
}

// ReservedSessions counts the sendings for which something is set aside.
func (t *Tx) ReservedSessions(ctx context.Context) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `select count(*) from ledger_accounts where tenant_id = $1 and kind = 'reserved' and balance > 0`, t.tenant).Scan(&n)
	return n, err
}
