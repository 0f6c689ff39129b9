// Command withpg runs a command with a test server: all test binaries of one
// run share it, and it ends with the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"tidings/internal/devpg"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(code)
}

func run(args []string) (int, error) {
	if len(args) == 0 {
		return 2, errors.New("say what to run")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := os.Environ()
	if os.Getenv("DATABASE_URL") == "" && os.Getenv("TEST_DATABASE_URL") == "" {
		here, err := os.Getwd()
		if err != nil {
			return 1, err
		}
		dir := devpg.TestDir(here)
		s, err := devpg.Start(ctx, devpg.Options{Dir: dir, Test: true})
		if err != nil {
			return 1, err
		}
		defer func() {
			s.Stop()
			if !s.Adopted {
				_ = os.RemoveAll(dir) // it may be memory
			}
		}()
		env = append(env, "TEST_DATABASE_URL="+s.DSN("postgres"))
	}
	//nolint:gosec // running what it is told to is its purpose
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
