package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// importRows is how many rows are imported, unless ROWS says otherwise.
const importRows = 200_000

// measureImport imports a generated file with the deeds that the pages and the queue ask for, and copies
// the same people into a bare table with the same keys.
func measureImport(ctx context.Context, b *bench) error {
	rows := importRows
	if s := os.Getenv("ROWS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1000 {
			return fmt.Errorf("ROWS=%s is no number of rows from 1000 on", s)
		}
		rows = n
	}
	who, err := b.owner(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := b.importPeople(ctx, who, rows)
	if err != nil {
		return err
	}
	took := time.Since(began)
	bare, err := b.copyPeople(ctx, rows)
	if err != nil {
		return err
	}
	b.note("rows", float64(p.Rows), "")
	b.note("upload, check and import, durable", took.Seconds(), "s")
	b.note("upload, check and import, durable", float64(rows)/took.Seconds(), "rows/s")
	b.note("bare COPY of the same people, with two keys", float64(rows)/bare.Seconds(), "rows/s")
	b.note("of the bare COPY", bare.Seconds()/took.Seconds(), "")
	if p.Counts.Sum() != int64(rows) || p.Counts != p.Checked || p.Counts.Written() < int64(rows)*9/10 {
		return fmt.Errorf("counts are %+v of %d rows", p.Counts, rows)
	}
	return nil
}

// owner is the first person of the demo data, in her account.
func (b *bench) owner(ctx context.Context) (sms.Actor, error) {
	who := sms.Actor{Name: "bench", Role: sms.RoleOwner}
	err := b.app.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		t, err := p.TenantBySlug(ctx, "nordfare")
		if err != nil {
			return err
		}
		u, err := p.UserByEmail(ctx, app.DemoLogins[0].Email)
		who.Tenant, who.User = t.ID, u.ID
		return err
	})
	return who, err
}

func (b *bench) importPeople(ctx context.Context, who sms.Actor, rows int) (app.ImportPage, error) {
	var p app.ImportPage
	at := time.Now()
	lap := func(what string) {
		b.note(what, time.Since(at).Seconds(), "s")
		at = time.Now()
	}
	token := "bench-import-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	f := app.ImportForm{FileName: "people.csv", ListName: token, Country: "FR", Consent: "shop", Token: token + "-start"}
	id, err := b.app.StartImport(ctx, who, f, &peopleFile{rows: rows})
	if err != nil {
		return p, err
	}
	lap("upload")
	if p, err = b.app.Import(ctx, who, id); err != nil {
		return p, err
	}
	columns := app.ImportColumnsForm{HasHeader: p.HasHeader, NewFields: make([]string, len(p.Columns))}
	for n, c := range p.Columns {
		columns.Fields = append(columns.Fields, c.Field)
		if c.Heading == "Ville" {
			columns.Fields[n], columns.NewFields[n] = app.NewField, "city"
		}
	}
	run := func() error {
		if p, err = b.app.Import(ctx, who, id); err != nil {
			return err
		}
		if err := b.app.RunImport(ctx, app.ImportJob{Tenant: who.Tenant, Import: id, Attempt: p.Work.Attempt}); err != nil {
			return err
		}
		p, err = b.app.Import(ctx, who, id)
		return err
	}
	if err := errors.Join(b.app.SetImportColumns(ctx, who, id, columns), run()); err != nil {
		return p, err
	}
	lap("check")
	if err := errors.Join(b.app.ConfirmImport(ctx, who, id, p.Work.Attempt, token+"-confirm"), run()); err != nil {
		return p, err
	}
	lap("import")
	b.note("memory of this process", peakMB(), "MB")
	if p.State != sms.ImportDone {
		return p, fmt.Errorf("the import is %s: %s", p.State, p.Failure)
	}
	return p, nil
}

// copyPeople writes the same people with COPY into a table that has the keys of contacts and nothing else.
func (b *bench) copyPeople(ctx context.Context, rows int) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, b.dsn)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, `create table bare(tenant_id bigint not null, id uuid not null, number bigint not null, number_hash bytea not null, country text not null,
		first_name text not null, last_name text not null, fields jsonb not null, name_key text collate "C" not null, last_key text collate "C" not null,
		created_at timestamptz not null, updated_at timestamptz not null, primary key (tenant_id, id), unique (tenant_id, number))`)
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = conn.Exec(ctx, `drop table bare`) }()
	began, i := time.Now(), 0
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"bare"}, []string{
		"tenant_id", "id", "number", "number_hash", "country", "first_name", "last_name", "fields", "name_key", "last_key", "created_at", "updated_at",
	}, pgx.CopyFromFunc(func() ([]any, error) {
		if i == rows {
			return nil, nil
		}
		p := benchPerson(i)
		i++
		id := sms.NewID(began)
		return []any{
			1, id[:], p.number, id[:], p.country, p.first, p.last, `{"city": "` + p.city + `"}`, strings.ToLower(p.first + " " + p.last),
			strings.ToLower(p.last + " " + p.first), began, began,
		}, nil
	}))
	return time.Since(began), err
}

type person struct {
	number                     int64
	country, first, last, city string
}

var (
	benchFirst = []string{"Ingrid", "Zoë", "Łukasz", "Marie", "Oliver", "Chloé", "Anna", "José", "Émile", "Hannah", "Lars", "Noah", "Camille", "Jürgen", "Amélie", "Siobhán", ""}
	benchLast  = []string{"Solheim", "O’Connor", "Dupont", "Müller", "Smith", "Kowalski", "Bernard", "Hansen", "Schmidt", "Moreau", "Taylor", "Lefèvre", "Weber"}
	benchCity  = []string{"Brest", "Nantes", "Köln", "Oslo", "Kraków", "Leeds", "Saint-Malo"}
	// benchPlans are ranges of mobile numbers: the country, the first digits, and how many follow.
	benchPlans = []struct {
		country string
		base    int64
		room    int64
	}{
		{"FR", 33_610_000_000, 50_000_000},
		{"FR", 33_660_000_000, 30_000_000},
		{"DE", 4_915_100_000_000, 100_000_000},
		{"GB", 447_400_000_000, 100_000_000},
		{"NO", 4_790_000_000, 10_000_000},
		{"ES", 34_600_000_000, 100_000_000},
		{"SE", 46_700_000_000, 10_000_000},
	}
)

// benchPerson makes person i of the file; no two have one number, and they stand in no order.
func benchPerson(i int) person {
	plan := benchPlans[i%len(benchPlans)]
	return person{
		number: plan.base + int64(i)*7_654_321%plan.room, country: plan.country,
		first: benchFirst[i*7%len(benchFirst)], last: benchLast[i*5%len(benchLast)], city: benchCity[i*3%len(benchCity)],
	}
}

// peopleFile is a file of people, made while it is read: one row in a hundred is bad.
type peopleFile struct {
	rows, made int
	buf        bytes.Buffer
}

// Read gives the next bytes.
func (f *peopleFile) Read(p []byte) (int, error) {
	if f.made == 0 {
		f.buf.WriteString("Prénom;Nom;Mobile;Ville;Remarque\r\n")
	}
	for f.buf.Len() < len(p) && f.made < f.rows {
		f.row(f.made)
		f.made++
	}
	if f.buf.Len() == 0 {
		return 0, io.EOF
	}
	return f.buf.Read(p)
}

func (f *peopleFile) row(i int) {
	who := benchPerson(i)
	number := strconv.FormatInt(who.number, 10)
	switch {
	case i%100 == 42:
		number = []string{"4.47946E+11", "01 44 55 66 77", "06 12", "", "n/a"}[i/100%5]
	case who.country == "FR" && i%2 == 0:
		number = "0" + number[2:]
	case i%3 == 0:
		number = phone.Number(who.number).Format()
	case i%3 == 1:
		number = "00" + number
	default:
		number = "+" + number
	}
	fmt.Fprintf(&f.buf, "%s;%s;%s;%s;\"client; depuis %d\"\r\n", who.first, who.last, number, who.city, 2000+i%25)
}
