package app

import (
	"context"
	"errors"
	"fmt"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// DemoLogin is one person of the demo data.
type DemoLogin struct{ Who, Email, Name string }

// DemoPassword opens every login of the demo data. There is none outside it.
const DemoPassword = "salt and fair tides"

// DemoLogins are the people of the demo data, as `make run` prints them.
var DemoLogins = []DemoLogin{
	{"marketer", "maren@nordfare.example", "Maren Lund"},
	{"sender", "jonas@nordfare.example", "Jonas Eide"},
	{"author", "ida@nordfare.example", "Ida Vik"},
	{"viewer", "olav@nordfare.example", "Olav Moe"},
	{"moderator", "priya@tidings.example", "Priya Okafor"},
	{"admin", "astrid@tidings.example", "Astrid Sand"},
	{"admin", "leif@tidings.example", "Leif Berg"},
	{"marketer", "solveig@kystbuss.example", "Solveig Nes"},
}

// demoPrices are what a part costs in the demo data, in thousandths of a credit.
var demoPrices = map[string]sms.Credits{
	"FR": 1000, "DE": 2000, "GB": 1000, "NO": 2000, "SE": 1500, "DK": 1500, "ES": 1000, "IT": 1500, "BE": 2000, "NL": 2000,
	"CH": 1500, "AT": 2000, "PL": 1000, "PT": 1000, "IE": 1500, "FI": 1500,
}

// SeedOptions is how much demo data to make. Zero is the usual.
type SeedOptions struct {
	People int // in the first list; 640
}

// Seed writes the demo data: two accounts, their people, staff, prices,
// senders, credits and a list. It does nothing if they are there already.
func (a *App) Seed(ctx context.Context, o SeedOptions) error {
	err := a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		_, err := p.TenantBySlug(ctx, "nordfare")
		return err
	})
	if err == nil || !errors.Is(err, sms.ErrNotFound) {
		return err
	}
	hash, err := HashPassword(ctx, DemoPassword)
	if err != nil {
		return err
	}
	if o.People == 0 {
		o.People = 640
	}
	err = a.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error { return a.seed(ctx, p, hash, o) })
	if errors.Is(err, sms.ErrConflict) {
		return nil // another process was faster
	}
	return err
}

func (a *App) seed(ctx context.Context, p *postgres.PlatformTx, hash string, o SeedOptions) error {
	users := map[string]sms.ID{}
	for _, d := range DemoLogins {
		u := sms.User{ID: sms.NewID(a.Now()), Email: d.Email, Name: d.Name, PasswordHash: hash, CreatedAt: a.Now()}
		switch d.Who {
		case "moderator":
			u.Staff = sms.StaffModerator
		case "admin":
			u.Staff = sms.StaffAdmin
		}
		if err := p.AddUser(ctx, u); err != nil {
			return err
		}
		users[d.Email] = u.ID
	}
	prices, err := p.AddPriceList(ctx, "Standard", demoPrices)
	if err != nil {
		return err
	}
	nordfare := demoAccount{
		tenant: sms.Tenant{Slug: "nordfare", Name: "Nordfare Ferries", Country: "FR", Zone: "Europe/Paris", CreatedAt: a.Now().AddDate(0, -8, 0)},
		sender: "NORDFARE", list: "Newsletter, opted in", people: o.People, credits: 31_490 * sms.Credit, prices: prices,
		members: map[sms.ID]sms.Role{
			users["maren@nordfare.example"]: sms.RoleOwner, users["jonas@nordfare.example"]: sms.RoleSender,
			users["ida@nordfare.example"]: sms.RoleAuthor, users["olav@nordfare.example"]: sms.RoleViewer,
		},
		phones: map[int64]string{33612345601: "Maren", 33612345602: "Jonas"}, owner: users["maren@nordfare.example"],
	}
	kystbuss := demoAccount{
		tenant: sms.Tenant{Slug: "kystbuss", Name: "Kystbuss", Country: "NO", Zone: "Europe/Oslo", CreatedAt: a.Now().AddDate(0, -2, 0)},
		sender: "KYSTBUSS", list: "Timetable news", people: 120, credits: 50 * sms.Credit, prices: prices,
		members: map[sms.ID]sms.Role{users["solveig@kystbuss.example"]: sms.RoleOwner},
		phones:  map[int64]string{4791234501: "Solveig"}, owner: users["solveig@kystbuss.example"],
	}
	for _, d := range []demoAccount{nordfare, kystbuss} {
		if err := a.seedAccount(ctx, p, d); err != nil {
			return fmt.Errorf("%s: %w", d.tenant.Slug, err)
		}
	}
	return nil
}

// demoAccount is one account of the demo data.
type demoAccount struct {
	tenant  sms.Tenant
	sender  string
	list    string
	people  int
	credits sms.Credits // paid for, above the ten that everybody gets (D28)
	prices  int64
	members map[sms.ID]sms.Role
	phones  map[int64]string // verified, for tests
	owner   sms.ID
}

func (a *App) seedAccount(ctx context.Context, p *postgres.PlatformTx, d demoAccount) error {
	if err := p.AddTenant(ctx, &d.tenant, d.prices); err != nil {
		return err
	}
	tx := p.In(d.tenant.ID)
	for user, role := range d.members {
		if err := tx.AddMember(ctx, user, role); err != nil {
			return err
		}
	}
	if err := tx.AddSender(ctx, sms.Sender{Name: d.sender}, a.Now()); err != nil {
		return err
	}
	for number, name := range d.phones {
		if err := tx.AddVerifiedNumber(ctx, number, name, d.owner, a.Now()); err != nil {
			return err
		}
	}
	for _, x := range []sms.Transfer{
		{Kind: sms.TransferGift, Amount: 10 * sms.Credit, Key: "welcome", Actor: "Tidings", Reason: "Gift", Note: "Ten credits to test with"},
		{Kind: sms.TransferTopup, Amount: d.credits, Key: "demo", Actor: "Tidings", Reason: "Reload", Reference: "DEMO-1", Note: "Demo data"},
	} {
		if err := tx.AddTransfer(ctx, &x); err != nil {
			return err
		}
	}
	list := sms.NewID(a.Now())
	if err := tx.AddFirstList(ctx, list, d.list, d.tenant.Country, a.Now().AddDate(0, -1, 0)); err != nil {
		return err
	}
	const many = 10_000
	for from := 0; from < d.people; from += many {
		if err := tx.AddPeople(ctx, list, a.demoPeople(d.tenant, from, min(from+many, d.people))); err != nil {
			return err
		}
	}
	return a.audit(ctx, tx, sms.SystemActor(d.tenant.ID), "seed", "account "+d.tenant.Slug, nil, nil, "demo data")
}

var (
	demoFirst = []string{"Ingrid", "Zoë", "Łukasz", "Marie", "Oliver", "Chloé", "Anna", "José", "Émile", "Hannah", "Lars", "Noah", "Camille", "Jürgen", "Amélie", "Siobhán", "Théo", "Greta", "Louis", "Emma", "Björn", "Inès", "Max", "Sofia", ""}
	demoLast  = []string{"Solheim", "O’Connor", "Dupont", "Müller", "Smith", "Kowalski", "Bernard", "Hansen", "Schmidt", "Moreau", "Taylor", "Nilsen", "Lefèvre", "Weber", "Jones", "Petit", "Wagner", "Haugen"}
	// demoPlans are number ranges in which every number is a valid mobile one,
	// weighted as a ferry line's customers are.
	demoPlans = []struct {
		country string
		base    int64
		weight  int
	}{{"FR", 33_612_000_000, 14}, {"DE", 491_511_200_0000, 3}, {"GB", 447_400_000_000, 2}, {"NO", 4_791_000_000, 1}}
)

// demoPeople makes people from..to. Every fiftieth number has one of the simulated
// carrier's special endings, so that a first campaign shows every outcome.
func (a *App) demoPeople(t sms.Tenant, from, to int) []sms.Person {
	special := []int64{9901, 9902, 9907, 9909, 9911, 9914}
	out := make([]sms.Person, 0, to-from)
	for i := from; i < to; i++ {
		k, w := 0, i%20 // the weights add up to 20
		for ; w >= demoPlans[k].weight; k++ {
			w -= demoPlans[k].weight
		}
		plan := demoPlans[k]
		number := plan.base + int64(i)*100 + 7
		if i%50 == 17 {
			number = number/10_000*10_000 + special[i/50%len(special)]
		}
		out = append(out, sms.Person{
			Contact: sms.NewID(a.Now()), Number: number, Hash: a.NumberHash(t.ID, number), Country: plan.country,
			FirstName: demoFirst[i*7%len(demoFirst)], LastName: demoLast[i*5%len(demoLast)],
		})
	}
	return out
}
