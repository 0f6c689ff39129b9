package main

import (
	"strings"
	"testing"

	"tidings/internal/postgres/pgtest"
)

// `tidings check` says that every rule holds, or which does not and where, and
// fails then: main ends with 1 for every error.
func TestCheck(t *testing.T) {
	dsn := pgtest.Fresh(t)
	check := func() (string, error) {
		var out strings.Builder
		err := run(t.Context(), []string{"check"}, func(name string) string { return map[string]string{"DATABASE_URL": dsn}[name] }, &out)
		return out.String(), err
	}
	if said, err := check(); err != nil || !strings.Contains(said, "invariants hold") {
		t.Fatalf("of a new database: %q, %v", said, err)
	}
	if err := pgtest.Exec(t, dsn, "create table loose(tenant_id bigint)"); err != nil {
		t.Fatal(err)
	}
	if said, err := check(); err == nil || !strings.Contains(said, "broken I22") || !strings.Contains(said, "loose") {
		t.Errorf("of a table without walls: %q, %v", said, err)
	}
}
