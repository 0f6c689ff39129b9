package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// manyRows makes a file of n people, every third of them twice.
func manyRows(n int) string {
	var b strings.Builder
	b.WriteString("name,phone\n")
	for i := range n {
		fmt.Fprintf(&b, "P%d,+336%08d\n", i, 10_000_000+i*13)
		if i%3 == 0 {
			fmt.Fprintf(&b, "Again,+336%08d\n", 10_000_000+i*13)
		}
	}
	b.WriteString("Nobody,12\n")
	return b.String()
}

// D36: it resumes after a crash, at every transaction of it, and what runs twice changes nothing.
func TestImportResumes(t *testing.T) {
	w := newImporting(t)
	const n = 12_000
	want := sms.ImportCounts{Fresh: n, Duplicate: n / 3, Invalid: 1}
	id := w.start(manyRows(n))
	if err := w.App.SetImportColumns(t.Context(), w.Author, id, w.suggested(id)); err != nil {
		t.Fatal(err)
	}
	w.dies(id, 6)
	if p := w.get(id); p.State != sms.ImportChecking || p.ReadRows == 0 || p.ReadRows == p.Rows {
		t.Fatalf("killed in the middle it is %q at %d of %d", p.State, p.ReadRows, p.Rows)
	}
	job := w.job(id)
	w.run(id)
	if p := w.get(id); p.State != sms.ImportChecked || p.Counts != want {
		t.Fatalf("it is %q and counts %+v", p.State, p.Counts)
	}
	if err := w.App.RunImport(t.Context(), job); err != nil || w.get(id).Counts != want {
		t.Errorf("the check twice: %v", err)
	}
	if err := w.App.ConfirmImport(t.Context(), w.Author, id, w.get(id).Work.Attempt, w.token()); err != nil {
		t.Fatal(err)
	}
	w.dies(id, 5)
	p := w.get(id)
	if p.State != sms.ImportRunning || p.ReadRows < 2 || p.ReadRows == p.Rows || p.Counts.Sum() != p.ReadRows {
		t.Fatalf("killed in the middle it is %q at %d of %d, %+v", p.State, p.ReadRows, p.Rows, p.Counts)
	}
	// Postgres crashed: unlogged tables are empty then, and a dead worker's job is in nobody's hands.
	w.Exec(`truncate import_rows`)
	old := w.job(id)
	if w.get(id).Still {
		t.Error("it is said to stand still at once")
	}
	w.Clock.Add(30 * time.Second)
	if !w.get(id).Still {
		t.Error("nobody is told that it stands still")
	}
	if err := w.App.RunSweepImports(t.Context(), app.SweepImportsJob{}); err != nil {
		t.Fatal(err)
	}
	if err := w.App.RunImport(t.Context(), old); err != nil || w.get(id).State != sms.ImportRunning { // overtaken
		t.Fatalf("the old job works: %v", err)
	}
	job = w.job(id)
	w.crashes(id, 8)
	if err := w.App.RunImport(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if p := w.get(id); p.State != sms.ImportDone || p.Counts != want || w.people(p.List) != n {
		t.Errorf("it is %q and counts %+v, %d people", p.State, p.Counts, w.people(p.List))
	}
	if w.contacts() != n+3 {
		t.Errorf("%d contacts", w.contacts())
	}
}

// What is lost while it is read again comes before what was not: nobody of either is passed over.
func TestRowsLostWhileReadAgain(t *testing.T) { // D36
	w := newImporting(t)
	const n = 12_000
	id := w.start(manyRows(n))
	w.check(id, nil)
	if err := w.App.ConfirmImport(t.Context(), w.Author, id, w.get(id).Work.Attempt, w.token()); err != nil {
		t.Fatal(err)
	}
	w.Exec(`delete from import_rows where tenant_id = $1`, int64(w.Tenant.ID))
	w.crashes(id, 4)
	if p := w.get(id); p.State != sms.ImportDone || p.Counts != p.Checked || w.people(p.List) != n {
		t.Errorf("it is %q and counts %+v, %d people: %s", p.State, p.Counts, w.people(p.List), p.Failure)
	}
}

// crashes runs the import's job to its end; Postgres crashes when it has looked at the clock so many times, and loses
// what was read from the file since the crash before.
func (w *importing) crashes(id sms.ID, looks int) {
	w.t.Helper()
	job := w.job(id)
	w.App.Now = func() time.Time {
		if looks--; looks == 0 {
			w.Exec(`delete from import_rows where tenant_id = $1`, int64(w.Tenant.ID))
		}
		return w.Clock.Now()
	}
	err := w.App.RunImport(w.t.Context(), job)
	w.App.Now = w.Clock.Now
	if err != nil {
		w.t.Fatal(err)
	}
}

// dies runs the import's job, which dies when it has looked at the clock so many times.
func (w *importing) dies(id sms.ID, looks int) {
	w.t.Helper()
	job := w.job(id)
	ctx, kill := context.WithCancel(w.t.Context())
	defer kill()
	w.App.Now = func() time.Time {
		if looks--; looks < 0 {
			kill()
		}
		return w.Clock.Now()
	}
	w.taken(id)
	err := w.App.RunImport(ctx, job)
	w.App.Now = w.Clock.Now
	if err == nil {
		w.t.Fatal("it did not die")
	}
}

// F19: connections that break in the middle of every step lose nothing and double nothing.
func TestImportOutlivesItsConnections(t *testing.T) {
	w := &importing{TheWorld: apptest.OwnWorld(t), t: t}
	const n = 9_000
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 5 {
			if time.Sleep(150 * time.Millisecond); ctx.Err() != nil {
				return
			}
			_ = pgtest.Exec(t, w.DSN, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
		}
	})
	f := w.form()
	id, err := w.App.StartImport(t.Context(), w.Author, f, strings.NewReader(manyRows(n)))
	if err != nil {
		t.Fatal(err)
	}
	patient := func(do func() error) {
		t.Helper()
		for try := 0; ; try++ {
			err := do()
			if err == nil {
				return
			}
			if !errors.Is(err, sms.ErrUnavailable) || try > 200 {
				t.Fatal(err)
			}
		}
	}
	var form app.ImportColumnsForm
	var attempt int
	look := func() error {
		p, err := w.App.Import(t.Context(), w.Author, id)
		form.HasHeader, form.Fields, attempt = p.HasHeader, nil, p.Work.Attempt
		for _, c := range p.Columns {
			form.Fields = append(form.Fields, c.Field)
		}
		return err
	}
	run := func() error {
		return w.App.RunImport(t.Context(), app.ImportJob{Tenant: w.Tenant.ID, Import: id, Attempt: attempt})
	}
	patient(look)
	patient(func() error { return w.App.SetImportColumns(t.Context(), w.Author, id, form) })
	patient(look)
	patient(run)
	token := w.token()
	patient(func() error { return w.App.ConfirmImport(t.Context(), w.Author, id, attempt, token) })
	patient(look)
	patient(run)
	stop()
	wg.Wait()
	patient(look) // the pool may hold a dead connection
	if p := w.get(id); p.State != sms.ImportDone || p.Counts != (sms.ImportCounts{Fresh: n, Duplicate: n / 3, Invalid: 1}) || w.people(p.List) != n {
		t.Errorf("it is %q and counts %+v", p.State, p.Counts)
	}
}
