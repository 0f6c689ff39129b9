package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidings/internal/sms"
)

// IsDiskFull reports whether err is the database's word that its disk is full (F20).
func IsDiskFull(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "53100"
}

// SeeIncarnation notes that a worker lives in this database: how old its data is
// after a restore is known by it. It reports whether the database is the one
// that was confirmed (I25).
func (p *PlatformTx) SeeIncarnation(ctx context.Context) (same bool, err error) {
	err = p.tx.QueryRow(ctx, `with x as (select same_incarnation() as same)
		update incarnations set alive_at = case when x.same then clock_timestamp() else alive_at end,
			found_at = case when x.same then null else coalesce(found_at, clock_timestamp()) end
		from x returning x.same`).Scan(&same)
	return same, err
}

// Restore reads which database this is, and which one was confirmed.
func (p *PlatformTx) Restore(ctx context.Context) (r sms.Restore, err error) {
	err = p.tx.QueryRow(ctx, `select i.system_identifier, i.timeline_id, s.system_identifier, wal_timeline(), i.alive_at, i.found_at
		from incarnations i cross join pg_control_system() s`).
		Scan(&r.Confirmed.System, &r.Confirmed.Timeline, &r.Now.System, &r.Now.Timeline, &r.AliveAt, &r.FoundAt)
	return r, err
}

// ConfirmIncarnation makes now the database that messages leave from. It reports
// false when the database is another one by now.
func (p *PlatformTx) ConfirmIncarnation(ctx context.Context, now sms.Incarnation) (bool, error) {
	tag, err := p.tx.Exec(ctx, `update incarnations set system_identifier = $1, timeline_id = $2, alive_at = clock_timestamp(), found_at = null
		where not same_incarnation() and $2::int = wal_timeline() and $1::bigint = (select system_identifier from pg_control_system())`, now.System, now.Timeline)
	return tag.RowsAffected() == 1, err
}

// Clock is the time of the database, by which everything is due.
func (p *PlatformTx) Clock(ctx context.Context) (at time.Time, err error) {
	err = p.tx.QueryRow(ctx, `select clock_timestamp()`).Scan(&at)
	return at, err
}

// CloseGuard notes that a worker hands nothing over, and why.
func (p *PlatformTx) CloseGuard(ctx context.Context, worker string, k sms.GuardKind, reason string) error {
	_, err := p.tx.Exec(ctx, `insert into guards(worker, kind, reason) values ($1, $2, $3)
		on conflict (worker, kind) do update set reason = excluded.reason, seen_at = clock_timestamp()`, worker, k, reason)
	return err
}

// OpenGuards forgets the guards of a worker that are open again, and those of
// workers that went away.
func (p *PlatformTx) OpenGuards(ctx context.Context, worker string, closed []sms.GuardKind, gone time.Duration) error {
	_, err := p.tx.Exec(ctx, `delete from guards where worker = $1 and kind <> all($2) or seen_at < clock_timestamp() - $3::interval`, worker, closed, gone)
	return err
}

// Guards lists the workers that hand nothing over at present.
func (p *PlatformTx) Guards(ctx context.Context, gone time.Duration) ([]sms.Guard, error) {
	rows, err := p.tx.Query(ctx, `select worker, kind, reason, closed_at from guards where seen_at >= clock_timestamp() - $1::interval order by closed_at`, gone)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Guard])
}
