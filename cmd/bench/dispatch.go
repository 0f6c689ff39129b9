package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

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
	began   time.Time
	launch  time.Duration // audience to rows, and credits set aside
	stop    func()
}

// measureDispatch sends one session to everybody, receipts on, from approval
// to 100 %.
func measureDispatch(ctx context.Context, b *bench) error {
	walBefore, err := b.app.DB.WALPosition(ctx)
	if err != nil {
		return err
	}
	s, err := b.send(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	if err := b.wait(ctx, s); err != nil {
		return err
	}
	took := time.Since(s.began)
	walAfter, err := b.app.DB.WALPosition(ctx)
	if err != nil {
		return err
	}
	b.note("people", float64(b.people), "")
	b.note("launch: audience to rows, credits set aside", s.launch.Seconds(), "s")
	b.note("end to end, receipts on, durable", float64(b.people)/took.Seconds(), "messages/s")
	b.note("end to end, with the launch", float64(b.people)/(took+s.launch).Seconds(), "messages/s")
	b.note("WAL", float64(walAfter-walBefore)/float64(b.people), "bytes/message")
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

// send starts the dispatcher and an approved session of the first list.
func (b *bench) send(ctx context.Context) (*sending, error) {
	s := &sending{}
	carrierCtx, stopCarrier := context.WithCancel(context.WithoutCancel(ctx))
	carrier, err := smsc.Start(carrierCtx, smsc.Config{ReceiptDelay: 50 * time.Millisecond, Plain: true, Window: 1000})
	if err != nil {
		stopCarrier()
		return nil, err
	}
	b.app.Routes = map[string]gateway.Gateway{"smpp": smpp.New(smpp.Route{
		Name: "smpp", Addrs: []string{carrier.Addr()}, SystemID: "bench", Password: "bench", Window: 100, Binds: 4,
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
		_ = carrier.Wait()
	}
	if err := b.register(ctx, s); err != nil {
		s.stop()
		return nil, err
	}
	t := time.Now()
	if err := b.app.RunStartSession(ctx, app.StartSessionJob{Tenant: s.tenant, Session: s.session}); err != nil {
		s.stop()
		return nil, err
	}
	s.began = time.Now()
	s.launch = s.began.Sub(t)
	return s, nil
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
	for {
		var y sms.Tally
		err := b.app.DB.InTenant(ctx, s.tenant, func(tx *postgres.Tx) (err error) { y, err = tx.Tally(ctx, s.session); return err })
		if err != nil {
			return err
		}
		if y.People() > 0 && y.Final() == y.People() {
			return nil
		}
		if time.Since(s.began) > 10*time.Minute {
			return fmt.Errorf("not done in ten minutes: %+v", y)
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
