package pgtest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestOneSharedManyFresh(t *testing.T) {
	if first := DSN(t); first != DSN(t) {
		t.Fatal("the shared database is another each time")
	}
	if err := Exec(t, DSN(t), "create table mark (x int)"); err != nil {
		t.Fatal(err)
	}
	var gone string
	t.Run("fresh", func(t *testing.T) {
		gone = Fresh(t)
		if gone == Fresh(t) || gone == DSN(t) {
			t.Fatal("two tests have one database")
		}
		if Value[bool](t, gone, "select to_regclass('mark') is not null") {
			t.Fatal("a fresh database holds what another test wrote")
		}
		if !Value[bool](t, gone, "select to_regclass('river.river_job') is not null and to_regclass('schema_migrations') is not null") {
			t.Fatal("a fresh database has not the newest schema")
		}
	})
	if conn, err := pgx.Connect(context.Background(), gone); err == nil {
		_ = conn.Close(context.Background())
		t.Fatal("a fresh database outlives its test")
	}
}

func TestSweep(t *testing.T) {
	dsn := DSN(t)
	const dead = 1 << 30 // above every system's largest process number
	old, living, other := fmt.Sprintf("t%d_shared", dead), fmt.Sprintf("t%d_kept", os.Getpid()), "tidings_00000000000000aa"
	for _, name := range []string{old, living, other} {
		if err := Exec(t, dsn, "create database "+name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { drop(in(dsn, name)) })
	}
	if err := sweep(dsn); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{old: false, other: false, living: true, "tidings_" + schemaHash(): true} {
		if got := Value[bool](t, dsn, "select exists (select from pg_database where datname = $1)", name); got != want {
			t.Errorf("%s is there: %v", name, got)
		}
	}
}
