package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Listen calls heard for every notification of the channels, and once with an
// empty channel after each (re)connection, since something may have been
// missed. It ends with ctx.
func (db *DB) Listen(ctx context.Context, channels []string, heard func(channel, payload string)) {
	for ctx.Err() == nil {
		db.listenOnce(ctx, channels, heard)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (db *DB) listenOnce(ctx context.Context, channels []string, heard func(channel, payload string)) {
	conn, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, c := range channels {
		if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{c}.Sanitize()); err != nil {
			return
		}
	}
	heard("", "")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		heard(n.Channel, n.Payload)
	}
}
