// Command tidings is the product: pages, workers, and everything an operator
// does with them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"tidings/internal/app"
	"tidings/internal/config"
	"tidings/internal/postgres"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	switch {
	case errors.Is(err, config.ErrHelp), err == nil:
	default:
		fmt.Fprintln(os.Stderr, "tidings:", err)
		os.Exit(1)
	}
}

// run does one command until it is done or ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	c, err := config.Parse(args, getenv, out)
	if err != nil {
		return err
	}
	log := logger(c, out)
	switch c.Command {
	case config.Dev:
		return dev(ctx, c, out)
	case config.Serve, config.Work:
		return serve(ctx, c, log, out)
	case config.Migrate:
		return postgres.Migrate(ctx, c.DatabaseURL)
	case config.Seed:
		return withDatabase(ctx, c, log, func(a *app.App) error { return seed(ctx, a, out) })
	case config.Check:
		return withDatabase(ctx, c, log, func(a *app.App) error { return check(ctx, a, out) })
	case config.Gateway:
		return withDatabase(ctx, c, log, func(a *app.App) error { return gatewayCommand(ctx, a, c.Route, os.Stdin, out) })
	case config.Health:
		return health(ctx, c)
	}
	return fmt.Errorf("there is no command %q", c.Command)
}

func logger(c *config.Config, out io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(out, o))
	}
	return slog.New(slog.NewTextHandler(out, o))
}

// check asks the database whether every invariant holds.
func check(ctx context.Context, a *app.App, out io.Writer) error {
	broken, err := a.Check(ctx)
	if err != nil {
		return err
	}
	for _, b := range broken {
		fmt.Fprintln(out, "broken", b)
	}
	if len(broken) > 0 {
		return fmt.Errorf("%d of %d invariants do not hold", len(broken), len(postgres.Invariants()))
	}
	fmt.Fprintf(out, "%d invariants hold.\n", len(postgres.Invariants()))
	return nil
}
