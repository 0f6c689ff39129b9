// Command withpg runs a command with a Postgres of tests, which it starts before
// and stops after: TEST_DATABASE_URL is its address. Where TEST_DATABASE_URL or
// DATABASE_URL is set already it starts nothing.
//
//	go run ./internal/devpg/withpg -- go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"tidings/internal/devpg"
)

func main() {
	code, err := run(context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("say what to run, such as: withpg -- go test")
	}
	// The terminal sends ^C to the command as well; what ends here is decided by
	// how that ends. A request to this process alone is passed on.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if os.Getenv("TEST_DATABASE_URL") == "" && os.Getenv("DATABASE_URL") == "" {
		log := slog.New(slog.NewTextHandler(os.Stderr, nil))
		s, err := devpg.StartTest(ctx, devpg.ModuleRoot(), log)
		if err != nil {
			return 1, err
		}
		defer s.Stop()
		if err := os.Setenv("TEST_DATABASE_URL", s.DSN(devpg.Database)); err != nil {
			return 1, err
		}
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s)
			}
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return max(exit.ExitCode(), 1), nil // the command has said why
			}
			if err != nil {
				return 1, err
			}
			return 0, nil
		}
	}
}
