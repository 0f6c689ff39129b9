package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Job is what will be done later: a plain struct with a name. Every job may run
// twice: it finds its work by the state of rows.
type Job interface{ Kind() string }

// queued is a job with a queue of its own: many long ones must not keep the short ones waiting.
type queued interface{ Queue() string }

func insertClient() (*river.Client[pgx.Tx], error) {
	c, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: riverSchema})
	if err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	return c, nil
}

// Later enqueues job in this transaction: it runs after the commit, or never.
func (t *Tx) Later(ctx context.Context, job Job) error {
	return enqueue(ctx, t.db, t.tx, job, time.Time{})
}

// After enqueues job to run once d has passed. It is a span and not an instant
// because the queue goes by a clock of its own. It may start up to 5 s late.
func (t *Tx) After(ctx context.Context, d time.Duration, job Job) error {
	return enqueue(ctx, t.db, t.tx, job, time.Now().Add(d))
}

// Later enqueues job in this transaction.
func (p *PlatformTx) Later(ctx context.Context, job Job) error {
	return enqueue(ctx, p.db, p.tx, job, time.Time{})
}

func enqueue(ctx context.Context, db *DB, tx pgx.Tx, job Job, when time.Time) error {
	opts := &river.InsertOpts{ScheduledAt: when}
	if q, ok := job.(queued); ok {
		opts.Queue = q.Queue()
	}
	if _, err := db.insert.InsertTx(ctx, tx, job, opts); err != nil {
		return fmt.Errorf("enqueue %s: %w", job.Kind(), err)
	}
	return nil
}
