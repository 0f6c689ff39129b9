package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

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

// LedgerLines lists a tenant's ledger before version (0: from the newest),
// newest first: the account of what can be used, in plain words.
func (t *Tx) LedgerLines(ctx context.Context, before int64, limit int) ([]sms.LedgerLine, error) {
	rows, err := t.tx.Query(ctx, `select e.version, x.created_at, x.kind, e.amount, e.balance_after, x.actor, x.actor_id is not null, x.reason,
			x.reference, x.note, x.session_id, s.campaign_id, coalesce(s.name, ''), coalesce(s.kind = 'test', false), coalesce(s.people, 0),
			coalesce(c.charged, 0), coalesce(c.returned, 0), s.settled_at is not null
		from ledger_entries e join ledger_transfers x on x.tenant_id = e.tenant_id and x.id = e.transfer_id
		left join sessions s on s.tenant_id = x.tenant_id and s.id = x.session_id
		left join lateral (select sum(c.amount) filter (where c.kind = 'capture') as charged,
				sum(c.amount) filter (where c.kind in ('release', 'refund')) as returned
			from ledger_transfers c where x.kind = 'reserve' and c.tenant_id = x.tenant_id and c.session_id = x.session_id) c on true
		where e.tenant_id = $1 and e.kind = 'available' and e.session_id = 0 and ($2 = 0 or e.version < $2)
		order by e.version desc limit $3`, t.tenant, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.LedgerLine])
}

// SetAside lists what is kept for sessions under way, the newest first.
func (t *Tx) SetAside(ctx context.Context) ([]sms.SetAside, error) {
	rows, err := t.tx.Query(ctx, `select s.id, s.campaign_id, s.name, s.kind = 'test', s.state, s.people, s.price, a.balance,
			coalesce((select sum(x.amount) from ledger_transfers x where x.tenant_id = s.tenant_id and x.session_id = s.id and x.kind = 'capture'), 0)
		from ledger_accounts a join sessions s on s.tenant_id = a.tenant_id and s.id = a.session_id
		where a.tenant_id = $1 and a.kind = 'reserved' and a.balance > 0 order by s.id desc limit 100`, t.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.SetAside])
}

// UsedSince is what sendings took since at: set aside, less what came back.
func (t *Tx) UsedSince(ctx context.Context, at time.Time) (used sms.Credits, err error) {
	err = t.tx.QueryRow(ctx, `select coalesce(sum(case when kind = 'reserve' then amount else -amount end), 0) from ledger_transfers
		where tenant_id = $1 and created_at >= $2 and kind <> 'capture' and kind in ('reserve', 'release', 'refund')`, t.tenant, at).Scan(&used)
	return used, err
}
