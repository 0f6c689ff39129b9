package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// workerLock is the class of the advisory locks by which workers prove that
// they live: the lock dies with the process or with its connection.
const workerLock = 77

// Lease is a worker's proof of life: one connection that holds an advisory
// lock. No heartbeat, no clock. When the connection breaks the worker takes its
// lock again on a new one, or is born anew if it was buried meanwhile.
type Lease struct {
	id   atomic.Int64
	held atomic.Bool
	stop context.CancelFunc
	done chan struct{}
}

// Hold registers a worker, takes its lock on a connection of its own and keeps
// it until Release.
func (db *DB) Hold(ctx context.Context, name string) (*Lease, error) {
	l := &Lease{done: make(chan struct{})}
	conn, err := l.take(ctx, db.dsn, name)
	if err != nil {
		return nil, fmt.Errorf("register a worker: %w", kind(err))
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.keep(ctx, conn, db.dsn, name)
	return l, nil
}

// Worker is the id under which it may mark, and whether it may now.
func (l *Lease) Worker() (id int64, held bool) { return l.id.Load(), l.held.Load() }

// Release gives the lock back; what the worker has in flight becomes unknown.
func (l *Lease) Release() {
	l.stop()
	<-l.done
}

func (l *Lease) keep(ctx context.Context, conn *pgx.Conn, dsn, name string) {
	defer close(l.done)
	for {
		// Nobody notifies this connection: the wait ends when it breaks.
		_, _ = conn.WaitForNotification(ctx)
		l.held.Store(false)
		_ = conn.Close(context.WithoutCancel(ctx))
		for {
			if ctx.Err() != nil {
				return
			}
			var err error
			if conn, err = l.take(ctx, dsn, name); err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
}

// take locks the worker's id again, or a new one if it has none or was buried.
func (l *Lease) take(ctx context.Context, dsn, name string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*pgx.Conn, error) {
		_ = conn.Close(context.WithoutCancel(ctx))
		return nil, err
	}
	id := l.id.Load()
	var alive bool
	if id != 0 {
		var got bool
		if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1, $2)`, workerLock, int32(id)).Scan(&got); err != nil {
			return fail(err)
		}
		if !got {
			return fail(errors.New("the old connection still holds the lock"))
		}
		if err := conn.QueryRow(ctx, `select buried_at is null from workers where id = $1`, id).Scan(&alive); err != nil {
			return fail(err)
		}
	}
	if !alive {
		if err := conn.QueryRow(ctx, `insert into workers(name) values ($1) returning id`, name).Scan(&id); err != nil {
			return fail(err)
		}
		if _, err := conn.Exec(ctx, `select pg_advisory_lock($1, $2)`, workerLock, int32(id)); err != nil {
			return fail(err)
		}
	}
	l.id.Store(id)
	l.held.Store(true)
	return conn, nil
}

// grace is how long a worker is left alone after it or the database started.
const grace = 2 * time.Second

// BuryDead finds one worker whose lock is free, marks what it had in flight as
// unknown and buries it. It returns its id and how many messages became
// unknown, or 0 when every worker lives (I7). lost is what becomes of an
// attempt in flight.
func (p *PlatformTx) BuryDead(ctx context.Context, flush string, lost Answer) (worker int64, unknown int, err error) {
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
		n, err := p.settleFlying(ctx, id, flush, lost, "")
		if err != nil {
			return 0, 0, err
		}
		_, err = p.tx.Exec(ctx, `update workers set buried_at = clock_timestamp() where id = $1`, id)
		return id, n, err
	}
	return 0, 0, nil
}

// buried are the attempts of worker $1 that its burial has made unknown.
const buried = ` union all select u.tenant_id, u.session_id, u.n, u.attempt from unknowns u cross join lateral (select from attempts a
	where a.tenant_id = u.tenant_id and a.session_id = u.session_id and a.n = u.n and a.attempt = u.attempt and a.worker_id = $1
	  and a.outcome = 4 and a.code = 'worker-died' limit 1) a`

// settleFlying gives what the worker has in flight the same answer, and so what
// and adds.
func (p *PlatformTx) settleFlying(ctx context.Context, worker int64, flush string, a Answer, and string) (int, error) {
	rows, err := p.tx.Query(ctx, `select tenant_id, session_id, n, attempt from flights where worker_id = $1`+and, worker)
	if err != nil {
		return 0, err
	}
	lost, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Answer, error) {
		return a, row.Scan(&a.Tenant, &a.Session, &a.N, &a.Attempt)
	})
	if err != nil {
		return 0, err
	}
	return len(lost), p.Record(ctx, flush, lost)
}

// TakeBack makes what worker has marked and not recorded into back, and buries
// the worker, so that nothing is marked under its id afterwards. It waits for a
// mark whose client gave up while the database was still committing it: the mark
// holds the worker's row. What a burial has made unknown meanwhile is taken back
// too. Only for a process that knows that none of it was written to a carrier.
func (p *PlatformTx) TakeBack(ctx context.Context, worker int64, flush string, back Answer) (int, error) {
	if _, err := p.tx.Exec(ctx, `select from workers where id = $1 for update`, worker); err != nil {
		return 0, err
	}
	n, err := p.settleFlying(ctx, worker, flush, back, buried)
	if err != nil {
		return 0, err
	}
	_, err = p.tx.Exec(ctx, `update workers set buried_at = coalesce(buried_at, clock_timestamp()) where id = $1`, worker)
	return n, err
}
