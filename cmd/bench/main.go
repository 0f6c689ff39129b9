// Command bench measures Tidings on this computer: Postgres with durable
// commits, the program and the simulated carrier together. It prints figures
// and writes them to bench.json. Figures of one machine compare with figures of
// the same run only.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
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
	windows []int
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

// ratio notes a small number, whose decimals matter.
func (b *bench) ratio(what string, value float64, unit string) {
	b.figures = append(b.figures, figure{what, value, unit})
	fmt.Printf("  %-46s %12.4f %s\n", what, value, unit)
}

// measure is one thing that can be measured.
type measure struct {
	word     string // that asks for it
	database bool   // it needs Postgres
	demo     bool   // and the demo data in it
	does     func(context.Context, *bench) error
}

var measures = []measure{
	{"import", true, true, measureImport},
	{"dispatch", true, true, measureDispatch},
	{"receipts", true, true, measureReceipts},
	{"workers", true, false, measureWorkers},
	{"fair", true, false, measureFair},
	{"pages", true, true, measurePages},
	{"smpp", false, false, measureSMPP},
}

// asked are the measures that words ask for; all of them if there are none.
func asked(words []string) ([]measure, error) {
	if len(words) == 0 {
		return measures, nil
	}
	var out []measure
	for _, w := range words {
		i := slices.IndexFunc(measures, func(m measure) bool { return m.word == w })
		if i < 0 {
			return nil, fmt.Errorf("nothing is called %q: say import, dispatch, receipts, workers, fair, pages or smpp", w)
		}
		out = append(out, measures[i])
	}
	return out, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == workerWord {
		return runWorker(ctx, args[1:])
	}
	b := &bench{windows: []int{20, 100, 1000}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&b.people, "messages", 100_000, "messages of a sending, and contacts: 1000000, 5000000")
	flags.Func("windows", "unanswered messages of a bind, one after the other (20,100,1000)", func(list string) (err error) {
		b.windows, err = numbers(list)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	what, err := asked(flags.Args())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(what, func(m measure) bool { return m.database }) {
		stop, err := b.open(ctx, slices.ContainsFunc(what, func(m measure) bool { return m.demo }))
		if err != nil {
			return err
		}
		defer stop()
	}
	fmt.Printf("%d cores, %s\n", runtime.NumCPU(), runtime.Version())
	for _, m := range what {
		fmt.Println(m.word)
		if err := m.does(ctx, b); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", m.word, err), b.write())
		}
	}
	return b.write()
}

// numbers reads "20,100".
func numbers(list string) ([]int, error) {
	var out []int
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no window", word)
		}
		out = append(out, n)
	}
	return out, nil
}

// open starts Postgres, unless DATABASE_URL names one, with the program and, if asked, the demo data on it.
func (b *bench) open(ctx context.Context, demo bool) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range slices.Backward(stops) {
			f()
		}
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	dir, err := os.MkdirTemp("", "tidings-bench-")
	if err != nil {
		return nil, err
	}
	stops = append(stops, func() { _ = os.RemoveAll(dir) })
	if b.dsn = os.Getenv("DATABASE_URL"); b.dsn == "" {
		pg, err := devpg.Start(ctx, devpg.Options{Dir: dir, Settings: map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB"}})
		if err != nil {
			return nil, err
		}
		stops = append(stops, pg.Stop)
		b.dsn = pg.DSN(devpg.Database)
	}
	if err := postgres.Migrate(ctx, b.dsn); err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, b.dsn, 24)
	if err != nil {
		return nil, err
	}
	stops = append(stops, db.Close)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	stops = append(stops, func() { _ = log.Close() })
	b.app = &app.App{DB: db, Now: time.Now, Secret: []byte(strings.Repeat("key!", 8)), Log: slog.New(slog.NewTextHandler(log, nil)), MinLead: time.Minute}
	if !demo {
		return stop, nil
	}
	return stop, b.app.Seed(ctx, app.SeedOptions{People: b.people})
}

func (b *bench) write() error {
	out, err := json.MarshalIndent(b.figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile("bench.json", append(out, '\n'), 0o644)
}
