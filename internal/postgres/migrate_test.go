package postgres_test

import (
	"io/fs"
	"regexp"
	"testing"

	"github.com/golang-migrate/migrate/v4"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/sync/errgroup"

	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/migrations"
)

func TestMigrationsComeInPairs(t *testing.T) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^(\d{6}_[a-z_]+)\.(up|down)\.sql$`)
	ways := map[string]int{}
	for _, name := range names {
		m := form.FindStringSubmatch(name)
		if m == nil {
			t.Errorf("%s is not named NNNNNN_word.up.sql or .down.sql", name)
			continue
		}
		ways[m[1]]++
	}
	for name, n := range ways {
		if n != 2 {
			t.Errorf("%s goes one way only", name)
		}
	}
}

// What goes up comes down to nothing, and goes up again to the same.
func TestMigrationsGoDownAndUp(t *testing.T) {
	dsn := pgtest.Fresh(t)
	const shape = `select md5(string_agg(x, e'\n' order by x)) from (
		select table_name || '.' || column_name || ' ' || data_type || coalesce(column_default, '') from information_schema.columns where table_schema = 'public'
		union all select indexdef from pg_indexes where schemaname = 'public'
		union all select conrelid::regclass || conname || pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace
		union all select oid::regprocedure::text || prosrc from pg_proc where pronamespace = 'public'::regnamespace) as s(x)`
	before := pgtest.Value[string](t, dsn, shape)
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	driver, err := migratepgx.WithInstance(db, &migratepgx.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	source, err := iofs.New(migrations.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	m, err := migrate.NewWithInstance("iofs", source, "pgx5", driver)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Down(); err != nil {
		t.Fatal(err)
	}
	if left := pgtest.Value[int64](t, dsn, `select count(*) from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S') and relname <> 'schema_migrations'`); left != 0 {
		t.Errorf("%d tables, views or sequences are left", left)
	}
	if err := m.Up(); err != nil {
		t.Fatal(err)
	}
	if after := pgtest.Value[string](t, dsn, shape); after != before {
		t.Error("the schema is another after down and up")
	}
}

// Four that start at once take turns, and all find the newest schema.
func TestStartersTakeTurns(t *testing.T) {
	dsn := pgtest.Empty(t)
	var g errgroup.Group
	for range 4 {
		g.Go(func() error { return postgres.Migrate(t.Context(), dsn) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), dsn, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Current(t.Context()); err != nil {
		t.Error(err)
	}
}
