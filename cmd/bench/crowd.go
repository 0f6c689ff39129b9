package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// crowd is a tenant of a measurement: its sessions are under way as soon as they
// are written. The engine's share is measured, not the people who decide.
type crowd struct {
	b      *bench
	tenant sms.TenantID
	next   int64 // number of a person
}

// newCrowd adds a tenant with credits.
func (b *bench) newCrowd(ctx context.Context, slug string) (*crowd, error) {
	c := &crowd{b: b}
	slug += fmt.Sprintf("-%d", time.Now().Unix()) // a database may be measured again
	err := b.app.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		if _, err := p.RegisterGateway(ctx, "smpp", "smpp"); err != nil {
			return err
		}
		list, err := p.AddPriceList(ctx, "bench "+slug, map[string]sms.Credits{"FR": sms.Credit})
		if err != nil {
			return err
		}
		t := sms.Tenant{Slug: slug, Name: "Bench " + slug, Country: "FR", Zone: "Europe/Paris", CreatedAt: time.Now()}
		if err := p.AddTenant(ctx, &t, list); err != nil {
			return err
		}
		c.tenant, c.next = t.ID, 33600000000+int64(t.ID)*10_000_000
		return p.In(t.ID).AddTransfer(ctx, &sms.Transfer{Kind: sms.TransferTopup, Amount: 10_000_000 * sms.Credit, Key: "bench:" + slug, Actor: "bench", Reason: "Reload"})
	})
	return c, err
}

// send puts a session under way: a text to so many people, in batches of so many.
func (c *crowd) send(ctx context.Context, text string, people, batch int) (sms.SessionID, error) {
	now := time.Now()
	t, err := sms.ParseText(text)
	if err != nil {
		return 0, err
	}
	prices := map[string]sms.Credits{"FR": sms.Credit}
	rows := make([]sms.Outgoing, people)
	var total sms.Credits
	for i := range rows {
		c.next++
		m := sms.Price(t, sms.Person{Number: c.next, Country: "FR"}, sms.Service, prices)
		rows[i] = sms.Outgoing{Number: c.next, Hash: c.b.app.NumberHash(c.tenant, c.next), Text: m.Text, Parts: m.Size.Parts, Price: m.Price}
		total += m.Price
	}
	s := sms.Session{
		Kind: sms.KindTest, State: sms.SessionSending, Name: "Bench", MessageKind: sms.Service, Sender: "BENCH", Text: text, Mode: sms.ModeNow, StartsAt: now,
		StartedAt: &now, SubmittedAt: now, Token: fmt.Sprintf("bench-%d-%d", c.tenant, c.next), Prices: prices, Follow: true,
		People: people, Parts: int64(people * rows[0].Parts), Price: total,
	}
	s.ContentHash = s.Hash()
	err = c.b.app.DB.InTenant(ctx, c.tenant, func(tx *postgres.Tx) error {
		if err := tx.AddSession(ctx, &s); err != nil {
			return err
		}
		routes, err := tx.Routes(ctx)
		if err != nil {
			return err
		}
		for i := 0; i < people; i += batch {
			of := postgres.Batch{Session: s.ID, Country: "FR", Gateway: routes[0].ID, DueAt: now.Add(-time.Second), First: i + 1}
			if _, err := tx.AddMessages(ctx, of, rows[i:min(i+batch, people)]); err != nil {
				return err
			}
		}
		err = tx.AddTransfer(ctx, &sms.Transfer{Kind: sms.TransferReserve, Session: &s.ID, Amount: total, Key: fmt.Sprintf("reserve:%d", s.ID), Actor: "bench", Reason: "bench"})
		if err != nil {
			return err
		}
		return tx.Notify(ctx, "dispatch", "bench")
	})
	return s.ID, err
}

// tally adds up sessions of the tenant.
func (c *crowd) tally(ctx context.Context, sessions ...sms.SessionID) (handed, final int, err error) {
	err = c.b.app.DB.InTenant(ctx, c.tenant, func(tx *postgres.Tx) error {
		handed, final = 0, 0
		for _, s := range sessions {
			y, err := tx.Tally(ctx, s)
			if err != nil {
				return err
			}
			handed += y.Handed()
			final += y.Final()
		}
		return nil
	})
	return handed, final, err
}

// until waits for something of the database.
func until(ctx context.Context, what string, ok func() (bool, error)) error {
	deadline := time.Now().Add(10 * time.Minute)
	for {
		switch is, err := ok(); {
		case err != nil:
			return err
		case is:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("no %s in ten minutes", what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

const shortText = "The boat leaves at ten."

var longText = strings.Repeat("The boat leaves at ten. ", 12) // two parts
