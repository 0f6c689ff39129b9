package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"tidings/internal/app"
	"tidings/internal/config"
	"tidings/internal/devpg"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
)

// dev runs everything on this computer: its own Postgres unless another is
// given, demo data, pages, workers, and a simulated carrier over SMPP.
func dev(ctx context.Context, c *config.Config, out io.Writer) error {
	l, err := listen(ctx, c.Listen) // before anything else: the commonest trouble
	if err != nil {
		return err
	}
	handed := false
	defer func() {
		if !handed {
			_ = l.Close()
		}
	}()
	if err := os.MkdirAll(c.DataDir, 0o755); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	logFile, err := os.OpenFile(filepath.Join(c.DataDir, "tidings.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer func() { _ = logFile.Close() }()
	log := logger(c, logFile)
	if c.DatabaseURL == "" {
		pg, err := devpg.Start(ctx, devpg.Options{Dir: c.DataDir, Log: log})
		if err != nil {
			return err
		}
		defer pg.Stop()
		if pg.Adopted {
			return fmt.Errorf("another Tidings runs in this folder already. Stop it first, or give this one its own: --data-dir .data2 --listen 127.0.0.1:8081")
		}
		c.DatabaseURL = pg.DSN(devpg.Database)
	}
	if c.Secret == nil {
		if c.Secret, err = config.DevSecret(c.DataDir); err != nil {
			return err
		}
	}
	if err := postgres.Migrate(ctx, c.DatabaseURL); err != nil {
		return err
	}
	if c.SMPP == nil && c.Works() {
		stop, err := carrier(ctx, c, log)
		if err != nil {
			return err
		}
		defer stop() // last: the dispatcher waits for the carrier's answers
	}
	db, err := postgres.Open(ctx, c.DatabaseURL, 24)
	if err != nil {
		return err
	}
	defer db.Close()
	a := newApp(c, db, log)
	if err := a.Seed(ctx, app.SeedOptions{}); err != nil {
		return fmt.Errorf("write the demo data: %w", err)
	}
	welcome(out, l.Addr(), c)
	handed = true
	err = work(ctx, c, a, l, log)
	fmt.Fprintln(out, "\nStopped.")
	return err
}

// carrier starts the simulated carrier and notes how to reach it. What it saw
// is written below the data folder. stop ends it.
func carrier(ctx context.Context, c *config.Config, log *slog.Logger) (stop func(), err error) {
	witness, err := os.OpenFile(filepath.Join(c.DataDir, "carrier.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start the simulated carrier: %w", err)
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s, err := smsc.Start(life, smsc.Config{Listen: c.CarrierListen, Witness: witness})
	if err != nil {
		end()
		return nil, fmt.Errorf("start the simulated carrier: %w", err)
	}
	stop = func() {
		end()
		_ = s.Wait()
		_ = witness.Close()
	}
	host, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		stop()
		return nil, err
	}
	c.SMPP = &config.SMPP{Host: host, SystemID: "tidings", Password: "tidings", Window: 100, Binds: 2}
	if c.SMPP.Port, err = strconv.Atoi(port); err != nil {
		stop()
		return nil, err
	}
	log.Info("simulated carrier", "address", s.Addr())
	return stop, nil
}

// seed writes the demo data.
func seed(ctx context.Context, a *app.App, out io.Writer) error {
	if err := a.Seed(ctx, app.SeedOptions{}); err != nil {
		return err
	}
	logins(out)
	return nil
}

func welcome(out io.Writer, addr net.Addr, c *config.Config) {
	fmt.Fprintf(out, "\n  Tidings runs at http://%s\n\n", addr)
	if c.ServesPages() {
		logins(out)
	}
	fmt.Fprintf(out, "  Messages go to a simulated carrier over SMPP; what it saw is in %s.\n", filepath.Join(c.DataDir, "carrier.jsonl"))
	fmt.Fprintf(out, "  The log is in %s. Ctrl-C stops everything.\n\n", filepath.Join(c.DataDir, "tidings.log"))
}

func logins(out io.Writer) {
	for _, l := range app.DemoLogins {
		fmt.Fprintf(out, "  %-10s %-28s %s\n", l.Who, l.Email, app.DemoPassword)
	}
	fmt.Fprintln(out)
}
