// Package torture kills workers and the database again and again while
// messages go out, and asks an outside witness who got what.
package torture

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/postgres"
)

// The environment by which this test binary becomes a worker, to be killed.
const (
	envWorker  = "TORTURE_WORKER"  // the database
	envCarrier = "TORTURE_CARRIER" // host:port
)

var secret = bytes.Repeat([]byte("key!"), 8)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(envWorker); dsn != "" {
		if err := work(dsn, os.Getenv(envCarrier)); err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work sends what is due until it is told to stop, or killed.
func work(dsn, carrier string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	db, err := postgres.Open(ctx, dsn, 16)
	if err != nil {
		return err
	}
	defer db.Close()
	a := &app.App{
		DB: db, Now: time.Now, Secret: secret, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Routes: map[string]gateway.Gateway{"smpp": smpp.New(smpp.Route{
			Name: "smpp", Addrs: []string{carrier}, SystemID: "torture", Password: "torture", Window: 20, Binds: 2, ResponseTimeout: 5 * time.Second,
		})},
	}
	for ctx.Err() == nil {
		if err := a.Dispatch(ctx, app.DispatchOptions{Name: "torture"}); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond) // the database is away: try again
	}
	return nil
}
