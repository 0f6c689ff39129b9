package app_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// I6, I7, F4: a mark whose client gave up may be committed afterwards. Taking it
// back waits for it, and nothing can be marked under that worker later: whatever
// happens, no message stays marked that nobody will hand over.
func TestTakeBackWaitsForTheMark(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(30, 0)...)
	ctx := t.Context()
	worker := pgtest.Value[int64](t, e.DSN, `insert into workers(name) values ('test') returning id`)
	var ref postgres.BatchRef
	mark := func(tx *postgres.PlatformTx) (n int, err error) {
		refs, err := tx.Work(ctx, e.Gateways(), 10)
		if err != nil || len(refs) == 0 {
			return 0, err
		}
		ref = refs[0]
		got, err := tx.Mark(ctx, worker, ref, 10, time.Now())
		return len(got), err
	}
	now := time.Now()
	back := postgres.Answer{Outcome: postgres.OutcomeNotAccepted, State: sms.MessageRetrying, NextAt: &now, Code: "not-marked"}
	taken := make(chan int, 1)
	err := e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		if n, err := mark(tx); err != nil || n != 10 {
			t.Errorf("%d were marked: %v", n, err)
		}
		go func() {
			var n int
			err := e.App.DB.InPlatform(context.WithoutCancel(ctx), func(tx *postgres.PlatformTx) (err error) {
				n, err = tx.TakeBack(ctx, worker, "flush-of-the-test-000001", back)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			taken <- n
		}()
		for pgtest.Value[int](t, e.DSN, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) == 0 {
			select {
			case n := <-taken:
				return errors.New("it did not wait for the mark, and took back " + strconv.Itoa(n))
			case <-time.After(5 * time.Millisecond):
			}
		}
		return nil // committed now
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := <-taken; n != 10 {
		t.Errorf("%d were taken back", n)
	}
	if y := e.tally(s); y.Retrying != 10 || y.Submitting != 0 || y.Unknown != 0 {
		t.Errorf("%+v", y)
	}
	err = e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		n, err := mark(tx)
		if n != 0 {
			t.Errorf("%d were marked under a worker that had been given up", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
