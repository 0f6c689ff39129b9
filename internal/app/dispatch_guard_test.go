package app_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// runAt is run with a clock that is so far from the real one.
func (e *engine) runAt(off *atomic.Int64) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o := app.DispatchOptions{Name: "test", Clock: func() time.Time { return time.Now().Add(time.Duration(off.Load())) }}
		if err := e.App.Dispatch(ctx, o); err != nil {
			e.t.Error(err)
		}
	}()
	e.t.Cleanup(func() { cancel(); <-done })
}

// guards waits until so many guards are closed, and gives the page of them.
func (e *engine) guards(n int) app.StopPage {
	e.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p, err := e.App.Stops(context.Background(), e.Admin, sms.StopForm{})
		if err != nil {
			e.t.Fatal(err)
		}
		if len(p.Guards) == n {
			return p
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("%d guards are closed, want %d", len(p.Guards), n)
		}
	}
}

// markAt asks the mark itself for five messages, whatever the list of work says.
func (e *engine) markAt(s sms.Session, clock time.Time) int {
	e.t.Helper()
	ctx := context.Background()
	lease, err := e.App.DB.Hold(ctx, "probe")
	if err != nil {
		e.t.Fatal(err)
	}
	defer lease.Release()
	worker, _ := lease.Worker()
	ref := postgres.BatchRef{Tenant: e.Tenant.ID, Session: s.ID, Batch: sms.BatchID(pgtest.Value[int64](e.t, e.DSN, `select id from batches`)), Gateway: 1}
	var got []postgres.Marked
	err = e.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		got, err = tx.Mark(ctx, worker, ref, 5, clock)
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return len(got)
}

// I26, F13: while the clock of a worker is more than two seconds from the
// database's nothing leaves; the guard says so, and opens by itself.
func TestClockGuard(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	s := e.send("Hello", numbers(20, 0)...)
	for _, off := range []time.Duration{-2500 * time.Millisecond, 2500 * time.Millisecond} {
		if n := e.markAt(s, time.Now().Add(off)); n != 0 {
			t.Errorf("marked %d with a clock %s off", n, off)
		}
	}
	var off atomic.Int64
	off.Store(int64(5 * time.Second))
	e.runAt(&off)
	p := e.guards(1)
	if g := p.Guards[0]; g.Kind != sms.GuardClock || g.Worker != "test" || g.Reason != "Its clock is 5.0 seconds ahead of the database’s. More than 2 are not allowed." {
		t.Errorf("%+v", g)
	}
	if n := e.marks(); n != 0 {
		t.Fatalf("%d were marked", n)
	}
	off.Store(0)
	e.until(s, "100 %", func(y sms.Tally) bool { return y.Percent() == 100 })
	e.guards(0)
}

// The mark asks for the state of its route, whatever the list of work says.
func TestMarkAsksForTheRoute(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(20, 0)...)
	for _, x := range []struct {
		state string
		want  int
	}{{"off", 0}, {"draining", 0}, {"on", 5}} {
		e.Exec(`update gateways set state = $1`, x.state)
		if n := e.markAt(s, time.Now()); n != x.want {
			t.Errorf("%d were marked for a route that is %s, want %d", n, x.state, x.want)
		}
	}
}

// I25, F6: in a database that was restored or promoted nothing leaves until an
// administrator has confirmed it; the page says since when its data is.
func TestRestoreGuard(t *testing.T) {
	for what, sql := range map[string]string{
		"promoted": `update incarnations set timeline_id = timeline_id - 1`,
		"restored": `update incarnations set system_identifier = system_identifier - 1`,
	} {
		t.Run(what, func(t *testing.T) {
			e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
			s := e.campaign(numbers(20, 0)...)
			e.Exec(sql + `, alive_at = '2026-11-24 10:00:00Z'`)
			if n := e.markAt(s, time.Now()); n != 0 {
				t.Fatalf("the mark permitted %d", n)
			}
			e.run()
			page := func() app.StopPage {
				p, err := e.App.Stops(t.Context(), e.Admin, sms.StopForm{})
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			e.until(s, "the guard", func(sms.Tally) bool { return page().Restore.FoundAt != nil })
			p := page()
			if !p.Restore.Closed() || !p.Restore.AliveAt.Equal(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)) || p.Restore.Promoted() != (what == "promoted") {
				t.Errorf("%+v", p.Restore)
			}
			if len(p.Sending.Lines) != 1 || p.Sending.Lines[0].Session != s.ID || p.Sending.Lines[0].Waiting != 20 {
				t.Errorf("%+v", p.Sending)
			}
			if n := e.marks(); n != 0 {
				t.Fatalf("%d were marked", n)
			}
			e.confirm(p)
			e.until(s, "100 %", func(y sms.Tally) bool { return y.Percent() == 100 })
		})
	}
}

func (e *engine) confirm(p app.StopPage) {
	e.t.Helper()
	f := app.ConfirmForm{System: fmt.Sprint(p.Restore.Now.System), Timeline: fmt.Sprint(p.Restore.Now.Timeline)}
	var problems sms.Problems
	if err := e.App.ConfirmDatabase(context.Background(), e.Admin, f); !errors.As(err, &problems) || problems.For("reason") == "" || problems.For("tick") == "" {
		e.t.Errorf("%v", err)
	}
	f.Reason, f.Tick = "Restored from the backup of ten o’clock", true
	wrong := f
	wrong.Timeline = "0"
	if err := e.App.ConfirmDatabase(context.Background(), e.Admin, wrong); !errors.Is(err, sms.ErrConflict) {
		e.t.Errorf("confirmed another database than was shown: %v", err)
	}
	if err := e.App.ConfirmDatabase(context.Background(), e.Moderator, f); !errors.Is(err, sms.ErrForbidden) {
		e.t.Errorf("a moderator confirms: %v", err)
	}
	if err := e.App.ConfirmDatabase(context.Background(), e.Admin, f); err != nil {
		e.t.Fatal(err)
	}
	if n := pgtest.Value[int64](e.t, e.DSN, `select count(*) from audit where tenant_id = 0 and deed = 'confirm_database' and reason <> ''`); n != 1 {
		e.t.Errorf("%d entries in the audit", n)
	}
}

// F20, F24: when the disk is full nothing is marked, receipts are not
// acknowledged, and what was answered is not lost; it opens by itself.
func TestDiskGuard(t *testing.T) {
	for _, table := range []string{"windows", "receipts", "ledger_transfers"} { // mark, receipt, record
		t.Run(table, func(t *testing.T) {
			t.Parallel() // it waits, most of the time
			e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
			s := e.send("Hello", numbers(200, 0)...)
			e.Exec(`create function full_disk() returns trigger language plpgsql as $$ begin
				raise exception 'could not extend file' using errcode = 'disk_full'; end $$`)
			e.Exec(`create trigger full_disk before insert on ` + table + ` for each row execute function full_disk()`)
			e.run()
			if g := e.guards(1).Guards[0]; g.Kind != sms.GuardDisk || g.Reason == "" {
				t.Errorf("%+v", g)
			}
			marks, y := e.marks(), e.tally(s)
			if table == "windows" && marks != 0 || table == "receipts" && e.carrier.Stats().Receipts != 0 || y.Delivered != 0 {
				t.Errorf("%d marks, %d receipts acknowledged, %+v", marks, e.carrier.Stats().Receipts, y)
			}
			e.Exec(`drop trigger full_disk on ` + table)
			e.until(s, "100 %", func(y sms.Tally) bool { return y.Delivered == 200 })
			e.guards(0)
			if n := e.carrier.Stats().Messages; n != 200 {
				t.Errorf("the carrier took %d messages of 200", n)
			}
		})
	}
}
