// Package postgres is the memory of Tidings: the only package that speaks SQL.
// It decides nothing. Queries are methods of Tx, which sees one tenant, and of
// PlatformTx, which sees what runs across tenants; neither can be had but from
// InTenant and InPlatform.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"tidings/internal/sms"
)

// DB is a database. It has no queries of its own.
type DB struct {
	pool   *pgxpool.Pool
	dsn    string
	insert *river.Client[pgx.Tx]
}

// Open connects to dsn with at most conns connections. Every connection signs
// in as the owner and works as tidings_app, which owns nothing.
func Open(ctx context.Context, dsn string, conns int) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read the database address: %w", err)
	}
	cfg.MaxConns = int32(conns)
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "tidings"
	}
	// A plan made when a table was small would be kept when it has grown a hundredfold.
	cfg.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	cfg.ConnConfig.RuntimeParams["jit"] = "off" // our statements are short: compiling one takes longer than running it
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "60000"
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "60000"
	cfg.ConnConfig.RuntimeParams["client_connection_check_interval"] = "1000"
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		registerID(c.TypeMap())
		_, err := c.Exec(ctx, "set role tidings_app")
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", kind(err))
	}
	insert, err := insertClient()
	if err != nil {
		pool.Close()
		return nil, err
	}
	return &DB{pool: pool, dsn: dsn, insert: insert}, nil
}

// Close waits for what is under way and closes all connections.
func (db *DB) Close() { db.pool.Close() }

// DSN is the address it was opened with, for the queue's own connections.
func (db *DB) DSN() string { return db.dsn }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return kind(db.pool.Ping(ctx)) }

// Tx is a transaction that sees one tenant's rows only: twice, by the tenant_id
// in every statement and by row-level security.
type Tx struct {
	tx     pgx.Tx
	db     *DB
	tenant sms.TenantID
}

// PlatformTx is a transaction for what runs across tenants: sign-in, the review
// queue, dispatch, receipts.
type PlatformTx struct {
	tx pgx.Tx
	db *DB
}

// Tenant is the tenant this transaction sees.
func (t *Tx) Tenant() sms.TenantID { return t.tenant }

// In gives the queries of one tenant inside a platform transaction, for staff
// and jobs that act on a tenant's rows.
func (p *PlatformTx) In(tenant sms.TenantID) *Tx { return &Tx{tx: p.tx, db: p.db, tenant: tenant} }

// InTenant runs fn in a transaction that sees tenant only. It commits when fn
// returns nil and rolls back otherwise. A database error gets its kind here.
func (db *DB) InTenant(ctx context.Context, tenant sms.TenantID, fn func(*Tx) error) error {
	return db.in(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select set_config('app.tenant', $1, true)", strconv.FormatInt(int64(tenant), 10)); err != nil {
			return err
		}
		return fn(&Tx{tx: tx, db: db, tenant: tenant})
	})
}

// InPlatform runs fn in a transaction that sees all tenants.
func (db *DB) InPlatform(ctx context.Context, fn func(*PlatformTx) error) error {
	return db.in(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local role tidings_platform"); err != nil {
			return err
		}
		return fn(&PlatformTx{tx: tx, db: db})
	})
}

// in retries a deadlock or a serialization failure a few times: the whole
// transaction was rolled back, so nothing of it happened.
func (db *DB) in(ctx context.Context, fn func(pgx.Tx) error) error {
	var err error
	for try := range 5 {
		err = pgx.BeginFunc(ctx, db.pool, fn)
		var pe *pgconn.PgError
		if err == nil || !errors.As(err, &pe) || (pe.Code != "40P01" && pe.Code != "40001") {
			break
		}
		select {
		case <-ctx.Done():
			return kind(err)
		case <-time.After(time.Duration(5+7*try*try) * time.Millisecond):
		}
	}
	return kind(err)
}

// Savepoint runs fn so that its failure undoes only what fn did.
func (t *Tx) Savepoint(ctx context.Context, fn func(*Tx) error) error {
	err := pgx.BeginFunc(ctx, t.tx, func(tx pgx.Tx) error {
		return fn(&Tx{tx: tx, db: t.db, tenant: t.tenant})
	})
	return kind(err)
}

// ErrNotEnoughCredits is the ledger's refusal: an account would go below zero.
var ErrNotEnoughCredits = &sms.Sentence{Kind: sms.ErrConflict, Text: "There are not enough credits."}

// byConstraint gives a violated constraint its words, in one place.
var byConstraint = map[string]*sms.Sentence{
	"enough_credits":                          {Kind: sms.ErrConflict, Text: ErrNotEnoughCredits.Text},
	"one_session_under_way":                   {Kind: sms.ErrConflict, Text: "A sending of this campaign is already under way. Cancel it to send another."},
	"approved_before_sending":                 {Kind: sms.ErrConflict, Text: "This content has not been approved."},
	"nobody_approves_his_own":                 {Kind: sms.ErrConflict, Text: "You submitted this. Somebody else must decide."},
	"another_lifts":                           {Kind: sms.ErrConflict, Text: "You pressed this stop. Another administrator must lift it."},
	"users_email_key":                         {Kind: sms.ErrConflict, Text: "Somebody already signs in with this address."},
	"tenants_slug_key":                        {Kind: sms.ErrConflict, Text: "Another account already has this address."},
	"gateways_name_key":                       {Kind: sms.ErrConflict, Text: "Another route already has this name."},
	"list_name":                               {Kind: sms.ErrConflict, Text: "You already have a list with this name."},
	"form_tokens_pkey":                        {Kind: sms.ErrConflict, Text: "This was already done."},
	"ledger_transfers_tenant_id_idem_key_key": {Kind: sms.ErrConflict, Text: "This was already written to the ledger."},
}

// kind gives a database error one of the kinds of package sms, once: at the end
// of a transaction, and already inside it where the absence of a row is an answer.
func kind(err error) error {
	if err == nil || errors.Is(err, sms.ErrNotFound) || errors.Is(err, sms.ErrConflict) ||
		errors.Is(err, sms.ErrForbidden) || errors.Is(err, sms.ErrUnavailable) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w", sms.ErrNotFound)
	}
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		if pe.ConstraintName == "enough_credits" {
			return ErrNotEnoughCredits
		}
		if s, ok := byConstraint[pe.ConstraintName]; ok {
			return s
		}
		switch pe.Code[:2] {
		case "57", "53", "08": // shutting down, out of resources, connection
			return fmt.Errorf("%w: %w", err, sms.ErrUnavailable)
		}
		return err
	}
	var ne net.Error
	var ce *pgconn.ConnectError
	if errors.As(err, &ce) || errors.As(err, &ne) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) {
		return fmt.Errorf("%w: %w", err, sms.ErrUnavailable)
	}
	return err
}

// IsConstraint reports whether err is the refusal of the named constraint.
func IsConstraint(err error, name string) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.ConstraintName == name
	}
	s, ok := byConstraint[name]
	return ok && errors.Is(err, s)
}

// TookTooLong reports whether err is a statement that was broken off after its time.
func TookTooLong(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "57014"
}

// WALPosition is how many bytes of write-ahead log the database has written in
// its life.
func (db *DB) WALPosition(ctx context.Context) (int64, error) {
	var n int64
	err := db.pool.QueryRow(ctx, `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint`).Scan(&n)
	return n, kind(err)
}
