// Package apptest is a small world to test deeds in: a tenant with one person
// of every role, staff, a price list, a list of contacts and an App on a real
// database.
package apptest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// Prices are what one part costs in a World.
var Prices = map[string]sms.Credits{
	"FR": 1000, "DE": 2000, "GB": 1000, "NO": 2000, "US": 1000, "SE": 2000, "DK": 1500, "ES": 1000, "PL": 1250,
}

// Sender is the approved sender of a World's tenant.
const Sender = "NORDFARE"

// TheWorld is what one test needs. Every test has its own tenant, so tests of a
// package share a database.
type TheWorld struct {
	App    *app.App
	DSN    string
	Tenant sms.Tenant
	List   sms.ID // "Newsletter", FR, with three people
	Clock  *Clock
	Log    *bytes.Buffer // what App logged; read it when nothing runs any more

	Owner, Sender, Author, Viewer sms.Actor
	Moderator, Admin              sms.Actor

	t     testing.TB
	next  int64 // the last contact's number
	topup int
}

// Clock is a clock that stands until it is set.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// Now is the time it shows, to the microsecond as the database keeps it.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Set makes it show at.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at.UTC().Truncate(time.Microsecond)
}

// Add moves it on by d.
func (c *Clock) Add(d time.Duration) { c.Set(c.Now().Add(d)) }

// World makes a world that starts at the present time. At the end of the test
// the invariants are asked.
func World(t testing.TB) *TheWorld {
	t.Helper()
	return world(t, pgtest.DSN(t))
}

// WorldAt is a World in a database that was migrated before.
func WorldAt(t testing.TB, dsn string) *TheWorld {
	t.Helper()
	return world(t, dsn)
}

func world(t testing.TB, dsn string) *TheWorld {
	t.Helper()
	ctx := t.Context()
	w := &TheWorld{t: t, DSN: dsn, Clock: &Clock{}, Log: &bytes.Buffer{}}
	w.Clock.Set(time.Now())
	db, err := postgres.Open(ctx, w.DSN, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w.App = &app.App{
		DB: db, Now: w.Clock.Now, MinLead: 5 * time.Minute, Secret: bytes.Repeat([]byte("key!"), 8),
		Log: slog.New(slog.NewTextHandler(&syncWriter{b: w.Log}, nil)),
	}
	w.people(ctx)
	w.List = w.AddList("Newsletter", "FR")
	w.AddContacts(3)
	w.Exec(`insert into senders(tenant_id, name, approved_at) values ($1, $2, now())`, int64(w.Tenant.ID), Sender)
	t.Cleanup(func() { w.Check(t) })
	return w
}

func (w *TheWorld) people(ctx context.Context) {
	w.t.Helper()
	now, mark := w.Clock.Now(), tag()
	w.Tenant = sms.Tenant{Slug: "nordfare-" + mark, Name: "Nordfare", Country: "FR", Zone: "Europe/Paris", CreatedAt: now}
	user := func(name string, staff sms.Staff) sms.User {
		return sms.User{ID: sms.NewID(now), Email: lowerFirstWord(name) + "." + mark + "@nordfare.example", Name: name, Staff: staff, PasswordHash: "none", CreatedAt: now}
	}
	staff := func(u sms.User) sms.Actor {
		return sms.Actor{User: u.ID, Name: u.Name, Email: u.Email, Staff: u.Staff, IP: "192.0.2.9"}
	}
	err := w.App.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		list, err := tx.AddPriceList(ctx, "test "+mark, Prices)
		if err != nil {
			return err
		}
		if err := tx.AddTenant(ctx, &w.Tenant, list); err != nil {
			return err
		}
		for _, m := range []struct {
			into *sms.Actor
			name string
			role sms.Role
		}{{&w.Owner, "Maren Lund", sms.RoleOwner}, {&w.Sender, "Jonas Eide", sms.RoleSender}, {&w.Author, "Ida Vik", sms.RoleAuthor}, {&w.Viewer, "Olav Moe", sms.RoleViewer}} {
			u := user(m.name, "")
			if err := tx.AddUser(ctx, u); err != nil {
				return err
			}
			if err := tx.In(w.Tenant.ID).AddMember(ctx, u.ID, m.role); err != nil {
				return err
			}
			*m.into = sms.Actor{User: u.ID, Name: u.Name, Email: u.Email, Tenant: w.Tenant.ID, Slug: w.Tenant.Slug, Role: m.role, IP: "192.0.2.1"}
		}
		moderator, admin := user("Priya Nair", sms.StaffModerator), user("Astrid Sand", sms.StaffAdmin)
		w.Moderator, w.Admin = staff(moderator), staff(admin)
		for _, u := range []sms.User{moderator, admin} {
			if err := tx.AddUser(ctx, u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Other is another tenant in the same database, with its own people: what w's
// must never see.
func (w *TheWorld) Other() *TheWorld {
	w.t.Helper()
	o := &TheWorld{App: w.App, DSN: w.DSN, Clock: w.Clock, Log: w.Log, t: w.t}
	o.people(w.t.Context())
	o.List = o.AddList("Newsletter", "FR")
	o.AddContacts(1)
	return o
}

// AddList makes an empty list.
func (w *TheWorld) AddList(name, country string) sms.ID {
	w.t.Helper()
	id := sms.NewID(w.Clock.Now())
	w.Exec(`insert into lists(tenant_id, id, name, country, consent_source) values ($1, $2, $3, $4, 'test')`,
		int64(w.Tenant.ID), id.String(), name, country)
	return id
}

// AddContacts adds n people with French mobile numbers to List and returns their
// numbers, E.164 digits. Names are Person1 Test, Person2 Test and so on.
func (w *TheWorld) AddContacts(n int) []int64 {
	w.t.Helper()
	numbers, hashes, ids, names := make([]int64, n), make([][]byte, n), make([]string, n), make([]string, n)
	for i := range n {
		w.next++
		numbers[i] = 33612000000 + w.next*10 // ends in 0: plain delivery in the simulator
		hashes[i] = w.App.NumberHash(w.Tenant.ID, numbers[i])
		ids[i] = sms.NewID(w.Clock.Now()).String()
		names[i] = fmt.Sprint("Person", w.next)
	}
	w.Exec(`with c as (insert into contacts(tenant_id, id, number, number_hash, country, first_name, last_name, name_key, last_key)
			select $1, id, number, hash, 'FR', name, 'Test', lower(name || ' test'), lower('test ' || name)
			from unnest($3::uuid[], $4::bigint[], $5::bytea[], $6::text[]) as c(id, number, hash, name) returning id),
		m as (insert into list_members(tenant_id, list_id, contact_id) select $1, $2, id from c)
		update lists set people = people + (select count(*) from c) where tenant_id = $1 and id = $2`,
		int64(w.Tenant.ID), w.List.String(), ids, numbers, hashes, names)
	return numbers
}

// Recount puts the counts of lists right, for a test that wrote their members itself.
func (w *TheWorld) Recount() {
	w.t.Helper()
	w.Exec(`update lists l set people = (select count(*) from list_members m where m.tenant_id = l.tenant_id and m.list_id = l.id) where tenant_id = $1`, int64(w.Tenant.ID))
}

// Credits puts an amount on the tenant's account.
func (w *TheWorld) Credits(amount sms.Credits) {
	w.t.Helper()
	w.topup++
	err := w.App.DB.InTenant(w.t.Context(), w.Tenant.ID, func(tx *postgres.Tx) error {
		return tx.AddTransfer(w.t.Context(), &sms.Transfer{
			Kind: sms.TransferTopup, Amount: amount, Key: fmt.Sprint("test ", w.topup),
			Actor: w.Admin.Name, Reason: "Paid order", Reference: fmt.Sprint("TEST-", w.topup),
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// Exec runs one statement as the owner of the database, past both walls.
func (w *TheWorld) Exec(sql string, args ...any) {
	w.t.Helper()
	if err := pgtest.Exec(w.t, w.DSN, sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// Gateways are the numbers of all gateways there are.
func (w *TheWorld) Gateways() []int16 {
	w.t.Helper()
	return pgtest.Value[[]int16](w.t, w.DSN, `select array_agg(id) from gateways`)
}

// InTenant runs fn in a transaction of the world's tenant.
func (w *TheWorld) InTenant(fn func(ctx context.Context, tx *postgres.Tx) error) {
	w.t.Helper()
	ctx := w.t.Context()
	if err := w.App.DB.InTenant(ctx, w.Tenant.ID, func(tx *postgres.Tx) error { return fn(ctx, tx) }); err != nil {
		w.t.Fatal(err)
	}
}

// Check asks the invariants of the whole database.
func (w *TheWorld) Check(t testing.TB) {
	t.Helper()
	broken, err := w.App.Check(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Errorf("check the invariants: %v", err)
	}
	for _, b := range broken {
		t.Errorf("broken %s", b)
	}
}

func tag() string {
	var b [5]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func lowerFirstWord(name string) string {
	var b []byte
	for i := 0; i < len(name) && name[i] != ' '; i++ {
		b = append(b, name[i]|0x20)
	}
	return string(b)
}

// syncWriter lets many goroutines log into one buffer.
type syncWriter struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// OwnWorld is a World in a database of its own: for tests in which workers run.
func OwnWorld(t testing.TB) *TheWorld {
	t.Helper()
	return world(t, pgtest.Fresh(t))
}
