// Command bench measures Tidings on this computer: Postgres with durable
// commits, the program and the simulated carrier together. It prints figures
// and writes them to bench.json. Figures of one machine compare with figures of
// the same run only.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/devpg"
	"tidings/internal/postgres"
)

// bench is one run.
type bench struct {
	app     *app.App
	dsn     string
	people  int
	figures []figure
}

// figure is one measured thing.
type figure struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

func (b *bench) note(what string, value float64, unit string) {
	b.figures = append(b.figures, figure{what, value, unit})
	fmt.Printf("  %-46s %12.1f %s\n", what, value, unit)
}

// measures are what can be measured, by the word that asks for it.
var measures = []struct {
	word string
	does func(context.Context, *bench) error
}{
	{"import", measureImport},
	{"dispatch", measureDispatch},
	{"pages", measurePages},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, words []string) error {
	for _, w := range words {
		if !slices.ContainsFunc(measures[:], func(m struct {
			word string
			does func(context.Context, *bench) error
		},
		) bool {
			return m.word == w
		}) {
			return fmt.Errorf("nothing is called %q: say import, dispatch or pages", w)
		}
	}
	dir, err := os.MkdirTemp("", "tidings-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{people: 100_000, dsn: os.Getenv("DATABASE_URL")}
	if b.dsn == "" {
		pg, err := devpg.Start(ctx, devpg.Options{Dir: dir, Settings: map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB"}})
		if err != nil {
			return err
		}
		defer pg.Stop()
		b.dsn = pg.DSN(devpg.Database)
	}
	if err := postgres.Migrate(ctx, b.dsn); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, b.dsn, 24)
	if err != nil {
		return err
	}
	defer db.Close()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	b.app = &app.App{DB: db, Now: time.Now, Secret: []byte(strings.Repeat("key!", 8)), Log: slog.New(slog.NewTextHandler(log, nil)), MinLead: time.Minute}
	if err := b.app.Seed(ctx, app.SeedOptions{People: b.people}); err != nil {
		return err
	}
	fmt.Printf("%d cores, %s\n", runtime.NumCPU(), runtime.Version())
	for _, m := range measures {
		if len(words) > 0 && !slices.Contains(words, m.word) {
			continue
		}
		fmt.Println(m.word)
		if err := m.does(ctx, b); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", m.word, err), b.write())
		}
	}
	return b.write()
}

func (b *bench) write() error {
	out, err := json.MarshalIndent(b.figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile("bench.json", append(out, '\n'), 0o644)
}
