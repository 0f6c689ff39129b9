// Package torture kills workers and the database again and again while
// messages go out, and asks an outside witness who got what.
package torture

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
)

// envWorker is the environment by which this test binary becomes a worker, to be
// killed: built with a tag, it has a fault. It holds the address of the database.
const envWorker = "TORTURE_WORKER"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(envWorker); dsn != "" {
		if err := work(dsn); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work sends what is due until it is told to stop, or killed.
func work(dsn string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	db, err := postgres.Open(ctx, dsn, 16)
	if err != nil {
		return err
	}
	defer db.Close()
	a := &app.App{DB: db, Now: time.Now, Secret: secret, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	return a.Dispatch(ctx, app.DispatchOptions{Name: "torture"})
}
