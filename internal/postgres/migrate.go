package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-migrate/migrate/v4"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"tidings/migrations"
)

// riverSchema is where the queue keeps its rows.
const riverSchema = "river"

// migrateLock is the advisory lock of the outer try-lock loop.
const migrateLock = 77_000_001

// Migrate brings the database to the newest schema: ours, then the queue's.
// Starters that come together take turns; the last ones find nothing to do.
// The lock is tried, never waited for: a waiting lock holds a snapshot, and
// CREATE INDEX CONCURRENTLY waits for snapshots.
func Migrate(ctx context.Context, dsn string) error {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return fmt.Errorf("migrate: %w", kind(err))
	}
	defer pool.Close()
	lock, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", kind(err))
	}
	defer lock.Release()
	for {
		var got bool
		if err := lock.QueryRow(ctx, "select pg_try_advisory_lock($1)", migrateLock).Scan(&got); err != nil {
			return fmt.Errorf("migrate: %w", kind(err))
		}
		if got {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	defer func() { _, _ = lock.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", migrateLock) }()
	if err := migrateOurs(pool); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := migrateRiver(ctx, pool, lock.Conn()); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}

func migrateOurs(pool *pgxpool.Pool) error {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	driver, err := migratepgx.WithInstance(db, &migratepgx.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = driver.Close() }() // it keeps a connection, and the pool waits for it
	source, err := iofs.New(migrations.FS, ".")
	if err != nil {
		return err
	}
	m, err := migrate.NewWithInstance("iofs", source, "pgx5", driver)
	if err != nil {
		return err
	}
	if err := m.Up(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return err
	}
	return nil
}

func migrateRiver(ctx context.Context, pool *pgxpool.Pool, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, "create schema if not exists "+riverSchema); err != nil {
		return err
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: riverSchema})
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `
		grant usage on schema river to tidings_app, tidings_platform;
		grant select, insert, update, delete on all tables in schema river to tidings_app, tidings_platform;
		grant usage on all sequences in schema river to tidings_app, tidings_platform`)
	return err
}

// Current reports whether the database has the schema of this program: not
// older, and not in the middle of a step.
func (db *DB) Current(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return kind(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var version int64
	var dirty bool
	if err := conn.QueryRow(ctx, `select version, dirty from schema_migrations`).Scan(&version, &dirty); err != nil {
		return kind(err)
	}
	source, err := iofs.New(migrations.FS, ".")
	if err != nil {
		return err
	}
	newest, err := source.First()
	for err == nil {
		var next uint
		if next, err = source.Next(newest); err == nil {
			newest = next
		}
	}
	if dirty || version < int64(newest) {
		return fmt.Errorf("the schema is at step %d of %d: run tidings migrate", version, newest)
	}
	return nil
}
