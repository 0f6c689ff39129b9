package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/app"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// sending is one session under way, with the dispatcher and its carrier.
type sending struct {
	tenant  sms.TenantID
	session sms.SessionID
	who     sms.Actor
	carrier *smsc.Server
	began   time.Time     // the launch
	launch  time.Duration // audience to rows, and credits set aside
	stop    func()

	first   atomic.Int64  // from began to the first message at the carrier, in nanoseconds
	samples []sample      // how far it was
	sent    time.Duration // from the end of the launch until everything had left
}

// sample is how many had left, and how many were final, at a time after the launch.
type sample struct {
	at          time.Duration
	left, final int
}

// The binds of the bench to its carrier.
const benchBinds = 4

// measureDispatch sends sessions to everybody, receipts on, from the launch to
// 100 %, each with another window; beside them the same transitions in bare
// tables, and the same messages over SMPP without a database.
func measureDispatch(ctx context.Context, b *bench) error {
	if err := b.configuration(ctx); err != nil {
		return err
	}
	b.note("messages", float64(b.people), "")
	floor, err := b.databaseFloor(ctx, min(b.people, 200_000))
	if err != nil {
		return err
	}
	b.note("database floor: the same transitions, bare tables", floor, "messages/s")
	for _, window := range b.windows {
		if err := b.dispatchWindow(ctx, window, floor); err != nil {
			return err
		}
	}
	b.note("memory of this process, carrier included", peakMB(), "MB")
	broken, err := b.app.Check(ctx)
	if err != nil {
		return err
	}
	for _, x := range broken {
		return fmt.Errorf("broken %s", x)
	}
	return nil
}

// dispatchWindow measures one session, and the pipe beside it.
func (b *bench) dispatchWindow(ctx context.Context, window int, floor float64) error {
	at := fmt.Sprintf(", window %d × %d", window, benchBinds)
	start, err := b.app.DB.WALPosition(ctx)
	if err != nil {
		return err
	}
	s, err := b.send(ctx, window)
	if err != nil {
		return err
	}
	defer s.stop()
	launched, err := b.app.DB.WALPosition(ctx)
	if err != nil {
		return err
	}
	if err := b.wait(ctx, s); err != nil {
		return err
	}
	end, err := b.app.DB.WALPosition(ctx)
	if err != nil {
		return err
	}
	all := s.samples[len(s.samples)-1].at
	speed := float64(b.people) / all.Seconds()
	b.note("launch: audience to rows, credits set aside"+at, s.launch.Seconds(), "s")
	b.note("first message out, after the launch began"+at, time.Duration(s.first.Load()).Seconds(), "s")
	b.note("end to end, receipts on, durable"+at, speed, "messages/s")
	b.note("receipts while sending"+at, s.receipts(), "receipts/s")
	b.note("WAL of sending"+at, float64(end-launched)/float64(b.people), "bytes/message")
	b.note("WAL with the launch"+at, float64(end-start)/float64(b.people), "bytes/message")
	b.ratio("the last fifth, of the speed of the second"+at, s.steady(b.people), "")
	b.ratio("of the database floor"+at, speed/floor, "")
	pipe, err := pipeSpeed(ctx, window)
	if err != nil {
		return err
	}
	b.note("raw SMPP pipe, one bind"+at, pipe, "messages/s")
	b.ratio("of the pipe"+at, speed/pipe, "")
	return nil
}

// receipts is how many came a second until everything had left.
func (s *sending) receipts() float64 {
	for _, x := range s.samples {
		if x.at >= s.sent {
			return float64(x.final) / x.at.Seconds()
		}
	}
	return 0
}

// steady compares the speed of the last fifth with that of the second, when
// everything is warm: 1 is as fast.
func (s *sending) steady(people int) float64 {
	reach := func(share float64) time.Duration {
		for _, x := range s.samples {
			if float64(x.final) >= share*float64(people) {
				return x.at
			}
		}
		return s.samples[len(s.samples)-1].at
	}
	return (reach(0.4) - reach(0.2)).Seconds() / (reach(1) - reach(0.8)).Seconds()
}

// configuration says how Postgres is set up as far as it matters for WAL.
func (b *bench) configuration(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var all string
	err = conn.QueryRow(ctx, `select string_agg(name || ' ' || current_setting(name), ', ' order by name) from pg_settings
		where name in ('checkpoint_timeout', 'max_wal_size', 'wal_compression', 'shared_buffers', 'fsync', 'synchronous_commit', 'full_page_writes')`).Scan(&all)
	fmt.Println("  " + all)
	return err
}

// send starts the dispatcher and an approved session of the first list.
func (b *bench) send(ctx context.Context, window int) (*sending, error) {
	s := &sending{}
	carrierCtx, stopCarrier := context.WithCancel(context.WithoutCancel(ctx))
	var err error
	s.carrier, err = smsc.Start(carrierCtx, smsc.Config{ReceiptDelay: 50 * time.Millisecond, Plain: true, Window: 1000})
	if err != nil {
		stopCarrier()
		return nil, err
	}
	b.app.Routes = map[string]gateway.Gateway{"smpp": smpp.New(smpp.Route{
		Name: "smpp", Addrs: []string{s.carrier.Addr()}, SystemID: "bench", Password: "bench", Window: window, Binds: benchBinds,
	})}
	dispatchCtx, stopDispatch := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- b.app.Dispatch(dispatchCtx, app.DispatchOptions{Name: "bench"}) }()
	s.stop = func() {
		stopDispatch()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			b.app.Log.Warn("the dispatcher stopped", "error", err)
		}
		stopCarrier()
		_ = s.carrier.Wait()
	}
	if err := b.register(ctx, s); err != nil {
		s.stop()
		return nil, err
	}
	s.began = time.Now()
	go s.watchFirst(dispatchCtx)
	if err := b.app.RunStartSession(ctx, app.StartSessionJob{Tenant: s.tenant, Session: s.session}); err != nil {
		s.stop()
		return nil, err
	}
	s.launch = time.Since(s.began)
	return s, nil
}

// watchFirst notes when the carrier has the first message.
func (s *sending) watchFirst(ctx context.Context) {
	for ctx.Err() == nil && s.carrier.Stats().Messages == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	s.first.Store(int64(time.Since(s.began)))
}

// register writes an approved session: the engine's share is measured, not the
// people who decide.
func (b *bench) register(ctx context.Context, s *sending) error {
	return b.app.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		if _, err := p.RegisterGateway(ctx, "smpp", "smpp"); err != nil {
			return err
		}
		t, err := p.TenantBySlug(ctx, "nordfare")
		if err != nil {
			return err
		}
		tx := p.In(t.ID)
		people, err := tx.MembersWith(ctx, []sms.Role{sms.RoleOwner})
		if err != nil {
			return err
		}
		s.tenant, s.who = t.ID, sms.Actor{User: people[0].User, Name: people[0].Name, Tenant: t.ID, Slug: t.Slug, Role: sms.RoleOwner}
		lists, err := tx.FirstList(ctx)
		if err != nil {
			return err
		}
		now := time.Now()
		c := sms.Campaign{ID: sms.NewID(now), Name: "Bench", Kind: sms.Service, Sender: "NORDFARE", Text: "Hi {first_name|there}, the boat leaves at ten.", UpdatedBy: s.who.User, CreatedAt: now, UpdatedAt: now}
		if err := tx.AddCampaign(ctx, c); err != nil {
			return err
		}
		if err := tx.AddTransfer(ctx, &sms.Transfer{Kind: sms.TransferTopup, Amount: sms.Credits(b.people) * 10 * sms.Credit, Key: "bench:" + c.ID.String(), Actor: "bench", Reason: "Reload"}); err != nil {
			return err
		}
		prices, err := tx.Prices(ctx)
		if err != nil {
			return err
		}
		x := sms.Session{
			Campaign: c.ID, Kind: sms.KindCampaign, State: sms.SessionApproved, Name: c.Name, MessageKind: c.Kind, Sender: c.Sender, Text: c.Text,
			Lists: []sms.ID{lists}, Follow: true, Mode: sms.ModeNow, StartsAt: now, People: b.people, Parts: int64(b.people) * 2,
			Price: sms.Credits(b.people) * 10 * sms.Credit, Prices: prices, SubmittedBy: &s.who.User, SubmittedAt: now, Token: c.ID.String(), ApprovedAt: &now,
		}
		x.ContentHash = x.Hash()
		x.ApprovedHash = x.ContentHash
		if err := tx.AddSession(ctx, &x); err != nil {
			return err
		}
		s.session = x.ID
		return nil
	})
}

// wait returns when every message is final.
func (b *bench) wait(ctx context.Context, s *sending) error {
	launched := s.began.Add(s.launch)
	for {
		var y sms.Tally
		err := b.app.DB.InTenant(ctx, s.tenant, func(tx *postgres.Tx) (err error) { y, err = tx.Tally(ctx, s.session); return err })
		if err != nil {
			return err
		}
		x := sample{time.Since(launched), y.Handed(), y.Final()}
		if s.samples = append(s.samples, x); s.sent == 0 && y.Pending == 0 {
			s.sent = x.at
		}
		if y.People() > 0 && y.Final() == y.People() {
			return nil
		}
		if x.at > 20*time.Minute {
			return fmt.Errorf("not done in twenty minutes: %+v", y)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// peakMB is the most memory this process has used (Linux), or 0.
func peakMB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(status), "\n") {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kb); err == nil {
			return kb / 1024
		}
	}
	return 0
}
