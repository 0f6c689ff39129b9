// Package jobs is what happens later: the table of every kind of job and the
// deed of app that does it. A job may run twice, so each looks at the state of
// rows, takes one step and commits.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"tidings/internal/app"
)

// Queue works jobs.
type Queue struct {
	client *river.Client[pgx.Tx]
	pool   *pgxpool.Pool
}

// Start works the jobs of the database at dsn until Stop, workers at a time.
func Start(ctx context.Context, a *app.App, dsn string, workers int) (*Queue, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("start the queue: %w", err)
	}
	cfg.MaxConns = 6
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("start the queue: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema:               "river",
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}, app.ImportQueue: {MaxWorkers: 2}},
		Workers:              table(a),
		PeriodicJobs:         periodic(),
		ErrorHandler:         failure{log: a.Log},
		Logger:               a.Log,
		JobTimeout:           10 * time.Minute,
		RescueStuckJobsAfter: 15 * time.Minute,
		SoftStopTimeout:      20 * time.Second,
		FetchCooldown:        50 * time.Millisecond,
		FetchPollInterval:    500 * time.Millisecond,
		FetchOnlyKnownKinds:  true,
	})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("start the queue: %w", err)
	}
	if err := client.Start(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("start the queue: %w", err)
	}
	return &Queue{client: client, pool: pool}, nil
}

// Stop lets the jobs under way end, within 20 s, and takes no new ones.
func (q *Queue) Stop(ctx context.Context) error {
	err := q.client.Stop(ctx)
	q.pool.Close()
	return err
}

// table is every kind of job, and the deed that does it.
func table(a *app.App) *river.Workers {
	w := river.NewWorkers()
	handle(w, a.RunValidateSession)
	handle(w, a.RunStartSession)
	handle(w, a.RunWakeWaiting)
	handle(w, a.RunSweepSessions)
	handle(w, a.RunExpireMessages)
	handle(w, a.RunResendUnknown)
	handle(w, a.RunSweepLogins)
	handle(w, a.RunImport)
	handle(w, a.RunSweepImports)
	return w
}

// periodic is what happens by the clock.
func periodic() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		every(time.Minute, app.SweepSessionsJob{}),
		every(time.Minute, app.ExpireMessagesJob{}),
		every(time.Minute, app.ResendUnknownJob{}),
		every(time.Hour, app.SweepLoginsJob{}),
		every(15*time.Second, app.SweepImportsJob{}),
	}
}

func every(d time.Duration, job river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) {
		return job, &river.InsertOpts{MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByPeriod: d}}
	}, nil)
}

func handle[T river.JobArgs](w *river.Workers, fn func(context.Context, T) error) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error { return putOff(fn(ctx, job.Args)) }))
}

// putOff has a job that came before its time come again, without keeping a worker
// or being counted as a failure.
func putOff(err error) error {
	var early app.NotYet
	if errors.As(err, &early) {
		return river.JobSnooze(early.In)
	}
	return err
}
