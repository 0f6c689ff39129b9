package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// workerLock is the class of the advisory locks by which workers prove that
// they live: the lock dies with the process or with its connection.
const workerLock = 77

// Lease is a worker's proof of life: one connection that holds an advisory
// lock. No heartbeat, no clock.
type Lease struct {
	ID   int64
	conn *pgx.Conn
	lost chan struct{}
	stop context.CancelFunc
	once sync.Once
}

// Hold registers a worker and takes its lock on a connection of its own.
func (db *DB) Hold(ctx context.Context, name string) (*Lease, error) {
	conn, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return nil, fmt.Errorf("register a worker: %w", kind(err))
	}
	l := &Lease{conn: conn, lost: make(chan struct{})}
	err = conn.QueryRow(ctx, `insert into workers(name) values ($1) returning id`, name).Scan(&l.ID)
	if err == nil {
		var got bool
		err = conn.QueryRow(ctx, `select pg_try_advisory_lock($1, $2)`, workerLock, int32(l.ID)).Scan(&got)
		if err == nil && !got {
			err = errors.New("its lock is taken")
		}
	}
	if err != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("register a worker: %w", kind(err))
	}
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go func() {
		// Nobody notifies this connection: the wait ends when it breaks.
		_, _ = conn.WaitForNotification(watch)
		l.once.Do(func() { close(l.lost) })
		_ = conn.Close(context.WithoutCancel(ctx))
	}()
	return l, nil
}

// Lost is closed when the lock is gone: the worker must not mark any more.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Release gives the lock back; what the worker has in flight becomes unknown.
func (l *Lease) Release() { l.stop() }

// Grace is how long a worker is left alone after it or the database started.
const grace = 2 * time.Second

// BuryDead finds one worker whose lock is free, marks what it had in flight as
// unknown and buries it. It returns its id and how many messages became
// unknown, or 0 when every worker lives. (I7)
func (p *PlatformTx) BuryDead(ctx context.Context, flush string) (worker int64, unknown int, err error) {
	rows, err := p.tx.Query(ctx, `select id from workers where buried_at is null
		and started_at < clock_timestamp() - $1::interval and pg_postmaster_start_time() < clock_timestamp() - $1::interval
		order by id for update skip locked`, grace)
	if err != nil {
		return 0, 0, err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, 0, err
	}
	for _, id := range ids {
		var free bool
		if err := p.tx.QueryRow(ctx, `select pg_try_advisory_xact_lock($1, $2)`, workerLock, int32(id)).Scan(&free); err != nil {
			return 0, 0, err
		}
		if !free {
			continue
		}
		n, err := p.loseFlying(ctx, id, flush)
		if err != nil {
			return 0, 0, err
		}
		_, err = p.tx.Exec(ctx, `update workers set buried_at = clock_timestamp() where id = $1`, id)
		return id, n, err
	}
	return 0, 0, nil
}

func (p *PlatformTx) loseFlying(ctx context.Context, worker int64, flush string) (int, error) {
	rows, err := p.tx.Query(ctx, `select tenant_id, session_id, n, attempt from attempts
		where worker_id = $1 and outcome is null order by tenant_id, session_id, n`, worker)
	if err != nil {
		return 0, err
	}
	lost, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Answer, error) {
		a := Answer{Outcome: OutcomeUnknown, State: sms.MessageUnknown, Code: "worker-died"}
		return a, row.Scan(&a.Tenant, &a.Session, &a.N, &a.Attempt)
	})
	if err != nil {
		return 0, err
	}
	return len(lost), p.Record(ctx, flush, lost)
}
