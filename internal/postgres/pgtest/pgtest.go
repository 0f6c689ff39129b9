// Package pgtest gives tests a real Postgres with the newest schema.
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"tidings/internal/devpg"
	"tidings/internal/postgres"
	"tidings/migrations"
)

var shared = sync.OnceValues(func() (string, error) { return clone("shared") })

var clones atomic.Int64

// DSN is the address of a migrated database that all tests of this binary
// share: take a tenant of your own in it.
func DSN(t testing.TB) string {
	t.Helper()
	dsn, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return dsn
}

// Fresh is the address of a migrated database of this test's own.
func Fresh(t testing.TB) string {
	t.Helper()
	dsn, err := clone(fmt.Sprint("own", clones.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(dsn) })
	return dsn
}

// Empty is the address of a database of this test's own in which nothing is.
func Empty(t testing.TB) string {
	t.Helper()
	dsn, err := create(fmt.Sprint("bare", clones.Add(1)), func(context.Context, *pgx.Conn, string) (string, error) { return "template0", nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(dsn) })
	return dsn
}

// drop removes a clone; the server's memory is small.
func drop(dsn string) {
	ctx := context.Background()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return
	}
	name := cfg.Database
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	_, _ = conn.Exec(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)")
}

// clone copies the template into a database of this process.
func clone(name string) (string, error) {
	return create(name, func(ctx context.Context, conn *pgx.Conn, admin string) (string, error) {
		if _, err := conn.Exec(ctx, "select pg_advisory_lock(77000002)"); err != nil { // one maker of the template at a time
			return "", err
		}
		template, err := template(ctx, conn, admin)
		if err != nil {
			return "", fmt.Errorf("template of the test databases: %w", err)
		}
		_, err = conn.Exec(ctx, "select pg_advisory_unlock(77000002)")
		return template, err
	})
}

// create makes a database of this process from what of returns.
func create(name string, of func(ctx context.Context, conn *pgx.Conn, admin string) (string, error)) (string, error) {
	ctx := context.Background()
	admin, err := server()
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, in(admin, "postgres"))
	if err != nil {
		return "", fmt.Errorf("test database: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	template, err := of(ctx, conn, admin)
	if err != nil {
		return "", err
	}
	db := fmt.Sprintf("t%d_%s", os.Getpid(), name)
	if _, err := conn.Exec(ctx, "drop database if exists "+db+" with (force)"); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "create database "+db+" template "+template+strategy(ctx, conn))
	return in(admin, db), err
}

// strategy copies the files of the template where they lie in memory: there it
// is the quickest.
func strategy(ctx context.Context, conn *pgx.Conn) string {
	var inMemory bool
	err := conn.QueryRow(ctx, "select current_setting('data_directory') like '/dev/shm/%'").Scan(&inMemory)
	if err != nil || !inMemory {
		return ""
	}
	return " strategy file_copy"
}

// template is the name of the database with the newest schema, made if it is
// not there. The caller holds the lock.
func template(ctx context.Context, conn *pgx.Conn, admin string) (string, error) {
	name := "tidings_" + schemaHash()
	var there bool
	if err := conn.QueryRow(ctx, "select exists (select 1 from pg_database where datname = $1)", name).Scan(&there); err != nil || there {
		return name, err
	}
	if _, err := conn.Exec(ctx, "drop database if exists "+name+"_new with (force)"); err != nil { // of one who was killed
		return "", err
	}
	if _, err := conn.Exec(ctx, "create database "+name+"_new"); err != nil {
		return "", err
	}
	if err := postgres.Migrate(ctx, in(admin, name+"_new")); err != nil {
		return "", err
	}
	if err := fault(ctx, in(admin, name+"_new")); err != nil {
		return "", err
	}
	_, err := conn.Exec(ctx, "alter database "+name+"_new rename to "+name)
	return name, err
}

// sweep drops what earlier runs left on a server of ours: databases of
// processes that have ended, and templates of other schemas.
func sweep(admin string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, in(admin, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `select datname from pg_database where datname ~ '^(t[0-9]+_|tidings_[0-9a-f]{16})'`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		var pid int
		ofProcess, _ := fmt.Sscanf(name, "t%d_", &pid)
		if ofProcess == 1 && syscall.Kill(pid, 0) == nil || strings.HasPrefix(name, "tidings_"+schemaHash()) {
			continue
		}
		// Whoever still works in it keeps it: without force that is an error.
		_, _ = conn.Exec(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize())
	}
	return nil
}

// in is the address dsn with another database.
func in(dsn, db string) string {
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return dsn + " dbname=" + db // later settings win
	}
	u.Path = "/" + db
	return u.String()
}

// Fault is the environment with statements that break the schema on purpose, so
// that `make mutants` sees which test notices.
const Fault = "TIDINGS_TEST_FAULT"

func fault(ctx context.Context, dsn string) error {
	sql := os.Getenv(Fault)
	if sql == "" {
		return nil
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// schemaHash names what the schema is made of: our steps, and how and with which
// version of the queue they are run.
func schemaHash() string {
	h := sha256.New()
	names, _ := fs.Glob(migrations.FS, "*.sql")
	for _, n := range names {
		b, _ := migrations.FS.ReadFile(n)
		fmt.Fprintf(h, "%s %d\n", n, len(b))
		h.Write(b)
	}
	for _, n := range []string{"go.mod", "internal/postgres/migrate.go"} {
		b, _ := os.ReadFile(filepath.Join(devpg.ModuleRoot(), n)) // absent outside a checkout
		h.Write(b)
	}
	h.Write([]byte(os.Getenv(Fault)))
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// server is the address of the test server: the one that `make test` started,
// the one given, or one of this test binary's own, which ends with it.
var server = sync.OnceValues(func() (string, error) {
	for _, name := range []string{"TEST_DATABASE_URL", "DATABASE_URL"} {
		if dsn := os.Getenv(name); dsn != "" {
			if devpg.IsOurs(dsn) {
				return dsn, sweep(dsn)
			}
			return dsn, nil
		}
	}
	s, err := devpg.StartTest(context.Background(), devpg.ModuleRoot(), nil)
	if err != nil {
		return "", err
	}
	dsn := s.DSN(devpg.Database)
	return dsn, sweep(dsn)
})

// Exec runs one statement as the owner of the database: to put a row where a
// test needs it, or to break what must not break.
func Exec(t testing.TB, dsn, sql string, args ...any) error {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, sql, args...)
	return err
}

// Value reads one value as the owner of the database.
func Value[T any](t testing.TB, dsn, sql string, args ...any) T {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var out T
	if err := conn.QueryRow(ctx, sql, args...).Scan(&out); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}
