package main

import (
	"context"
	"log/slog"

	"tidings/internal/app"
	"tidings/internal/config"
	"tidings/internal/devpg"
	"tidings/internal/postgres"
)

// withDatabase opens the database that the command is about: the one given, or
// the one that dev keeps in its folder.
func withDatabase(ctx context.Context, c *config.Config, log *slog.Logger, fn func(*app.App) error) error {
	if c.DatabaseURL == "" {
		pg, err := devpg.Start(ctx, devpg.Options{Dir: c.DataDir, Log: log})
		if err != nil {
			return err
		}
		defer pg.Stop()
		c.DatabaseURL = pg.DSN(devpg.Database)
	}
	if c.Secret == nil && c.DataDir != "" {
		var err error
		if c.Secret, err = config.DevSecret(c.DataDir); err != nil {
			return err
		}
	}
	db, err := postgres.Open(ctx, c.DatabaseURL, 8)
	if err != nil {
		return err
	}
	defer db.Close()
	return fn(newApp(c, db, log))
}
