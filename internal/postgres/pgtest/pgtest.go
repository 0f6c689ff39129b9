// Package pgtest gives tests a real Postgres with the newest schema.
package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

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
	return dsn
}

// clone copies the template into a database of this process.
func clone(name string) (string, error) {
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
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(77000002)"); err != nil { // one maker of the template at a time
		return "", err
	}
	template := "tidings_" + schemaHash()
	var there bool
	if err := conn.QueryRow(ctx, "select exists (select 1 from pg_database where datname = $1)", template).Scan(&there); err != nil {
		return "", err
	}
	if !there {
		if _, err := conn.Exec(ctx, "drop database if exists "+template+"_new with (force)"); err != nil { // of one who was killed
			return "", err
		}
		if _, err := conn.Exec(ctx, "create database "+template+"_new"); err != nil {
			return "", err
		}
		if err := postgres.Migrate(ctx, in(admin, template+"_new")); err != nil {
			return "", err
		}
		if _, err := conn.Exec(ctx, "alter database "+template+"_new rename to "+template); err != nil {
			return "", err
		}
	}
	db := fmt.Sprintf("t%d_%s", os.Getpid(), name)
	if _, err := conn.Exec(ctx, "drop database if exists "+db+" with (force)"); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "create database "+db+" template "+template)
	return in(admin, db), err
}

func in(dsn, db string) string { return dsn + " dbname=" + db }

func schemaHash() string {
	h := sha256.New()
	names, _ := fs.Glob(migrations.FS, "*.sql")
	for _, n := range names {
		b, _ := migrations.FS.ReadFile(n)
		fmt.Fprintf(h, "%s %d\n", n, len(b))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// server finds or starts the test server, which outlives the tests.
func server() (string, error) {
	dir := filepath.Join(os.TempDir(), "tidings-pgtest")
	if st, err := os.Stat("/dev/shm"); err == nil && st.IsDir() {
		dir = "/dev/shm/tidings-pgtest"
	}
	dsn := "host=" + dir + " port=5432 user=postgres sslmode=disable"
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	_ = os.Chmod(dir, 0o777)
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.Close() }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if c, err := pgx.Connect(context.Background(), in(dsn, "postgres")); err == nil {
		return dsn, c.Close(context.Background())
	}
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		return "", fmt.Errorf("no PostgreSQL server on this machine")
	}
	bin, data := bins[len(bins)-1], filepath.Join(dir, "data")
	script := fmt.Sprintf(`set -e; cd /; [ -f %[2]s/PG_VERSION ] || %[1]s/initdb -D %[2]s -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
%[1]s/pg_ctl -D %[2]s -w -l %[3]s/log -o "-c listen_addresses= -k %[3]s -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300" start >/dev/null`, bin, data, dir)
	cmd := exec.Command("sh", "-c", script)
	if os.Geteuid() == 0 {
		cmd = exec.Command("runuser", "-u", "postgres", "--", "sh", "-c", script)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("start a test server: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return dsn, nil
}

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
