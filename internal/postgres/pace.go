package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const paceColumns = `key, tokens, counted_at, slow, borne, asked_at, paused_until, raised_at`

func scanPace(row pgx.CollectableRow) (sms.Pace, error) {
	var p sms.Pace
	return p, row.Scan(&p.Key, &p.Tokens, &p.CountedAt, &p.Slow, &p.Borne, &p.AskedAt, &p.PausedUntil, &p.RaisedAt)
}

// AddPaces makes sure that the paces of keys are there to be locked.
func (p *PlatformTx) AddPaces(ctx context.Context, keys []string) error {
	_, err := p.tx.Exec(ctx, `insert into paces(key) select k from unnest($1::text[]) k order by k on conflict do nothing`, keys)
	return err
}

// LockPaces locks those of keys that are there, always in the same order, and
// tells the time by the clock that all workers share. The commit waits for no
// disk: what a crash forgets is a tenth of a second.
func (p *PlatformTx) LockPaces(ctx context.Context, keys []string) (all []sms.Pace, now time.Time, err error) {
	rows, err := p.tx.Query(ctx, `select `+paceColumns+` from paces where key = any($1) order by key for update`, keys)
	if err != nil {
		return nil, now, err
	}
	if all, err = pgx.CollectRows(rows, scanPace); err != nil || len(all) == 0 {
		return nil, now, err
	}
	err = p.tx.QueryRow(ctx, `select clock_timestamp() from (select set_config('synchronous_commit', 'off', true)) x`).Scan(&now)
	return all, now, err
}

// SavePaces writes paces that are locked.
func (p *PlatformTx) SavePaces(ctx context.Context, all []sms.Pace) error {
	var b pgx.Batch
	for _, x := range all {
		b.Queue(`update paces set tokens = $2, counted_at = $3, slow = $4, borne = $5, asked_at = $6, paused_until = $7, raised_at = $8 where key = $1`,
			x.Key, x.Tokens, x.CountedAt, x.Slow, x.Borne, x.AskedAt, x.PausedUntil, x.RaisedAt)
	}
	return p.tx.SendBatch(ctx, &b).Close()
}

// Paces reads paces, by key.
func (p *PlatformTx) Paces(ctx context.Context, keys []string) (map[string]sms.Pace, error) {
	rows, err := p.tx.Query(ctx, `select `+paceColumns+` from paces where key = any($1)`, keys)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, scanPace)
	out := make(map[string]sms.Pace, len(all))
	for _, x := range all {
		out[x.Key] = x
	}
	return out, err
}

// SpeedLimits are the limits of a tenant, in parts a second: of everything it
// sends under "", and of senders by their names.
func (t *Tx) SpeedLimits(ctx context.Context) (map[string]int, error) {
	rows, err := t.tx.Query(ctx, `select sender, parts_per_second from limits where tenant_id = $1`, t.tenant)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var sender string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&sender, &n}, func() error { out[sender] = n; return nil })
	return out, err
}

// SetSpeedLimit sets one limit of a tenant; 0 takes it away.
func (p *PlatformTx) SetSpeedLimit(ctx context.Context, tenant sms.TenantID, sender string, limit int) error {
	if limit == 0 {
		_, err := p.tx.Exec(ctx, `delete from limits where tenant_id = $1 and sender = $2`, tenant, sender)
		return err
	}
	_, err := p.tx.Exec(ctx, `insert into limits(tenant_id, sender, parts_per_second) values ($1, $2, $3)
		on conflict (tenant_id, sender) do update set parts_per_second = excluded.parts_per_second`, tenant, sender, limit)
	return err
}
