package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"tidings/internal/app"
	"tidings/internal/config"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/jobs"
	"tidings/internal/postgres"
	"tidings/web"
)

// serve runs the pages, the workers, or both, on a database that is there.
func serve(ctx context.Context, c *config.Config, log *slog.Logger, out io.Writer) error {
	l, err := listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, c.DatabaseURL, 24)
	if err != nil {
		_ = l.Close()
		return err
	}
	defer db.Close()
	a := newApp(c, db, log)
	log.Info("serving", "address", l.Addr().String(), "role", c.Role, "carrier", c.SMPP)
	return work(ctx, c, a, l, log)
}

func newApp(c *config.Config, db *postgres.DB, log *slog.Logger) *app.App {
	a := &app.App{DB: db, Now: time.Now, Log: log, Secret: c.Secret, MinLead: c.MinLead, Networks: c.Networks}
	if c.BaseURL != nil {
		a.Base = c.BaseURL.String()
	}
	if c.SMPP != nil && c.Works() {
		a.Routes = map[string]gateway.Gateway{"smpp": smpp.New(route(c.SMPP))}
	}
	return a
}

func route(c *config.SMPP) smpp.Route {
	r := smpp.Route{
		Name: "smpp", Addrs: []string{c.Addr()}, SystemID: c.SystemID, Password: c.Password,
		Window: c.Window, Binds: c.Binds, PartsPerSecond: float64(c.Rate),
	}
	if c.TLS {
		r.TLS = &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	}
	return r
}

// work runs what the role asks for until ctx ends, and stops it in order:
// pages first, then jobs, then the dispatcher, which waits for its answers.
func work(ctx context.Context, c *config.Config, a *app.App, l net.Listener, log *slog.Logger) error {
	g, ctx := errgroup.WithContext(ctx)
	if c.Works() {
		q, err := jobs.Start(context.WithoutCancel(ctx), a, a.DB.DSN(), 8)
		if err != nil {
			return errors.Join(err, l.Close())
		}
		g.Go(func() error {
			<-ctx.Done()
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
			defer cancel()
			return q.Stop(late)
		})
		g.Go(func() error { return a.Dispatch(ctx, app.DispatchOptions{Name: name()}) })
	}
	if c.ServesPages() {
		g.Go(func() error { a.Follow(ctx); return nil })
		g.Go(func() error { return web.Serve(ctx, l, web.New(a, c.BaseURL, log).Handler(), log) })
	} else {
		g.Go(func() error { return web.Serve(ctx, l, probes(a, log), log) })
	}
	return g.Wait()
}

// probes answers whether a process without pages lives and can work.
func probes(a *app.App, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", web.Health)
	mux.HandleFunc("GET /readyz", web.Ready(log, a.Ready))
	return mux
}

func name() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s %d", host, os.Getpid())
}

// listen takes the address, or says in plain words that it is taken.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("something else uses %s. Stop it, or choose another address: --listen 127.0.0.1:8081", address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}

// health asks a running server whether it is ready: for containers.
func health(ctx context.Context, c *config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return err
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	return nil
}
