package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
	"tidings/internal/sms/table"
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
	w.Clock.Add(3 * time.Minute)
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

// What nobody goes on with is removed: uploads that broke off, imports that nobody confirms, rejected rows.
func TestSweepOfImports(t *testing.T) { // D36
	w := newImporting(t)
	sweep := func(after time.Duration) {
		t.Helper()
		w.Clock.Add(after)
		if err := w.App.RunSweepImports(t.Context(), app.SweepImportsJob{}); err != nil {
			t.Fatal(err)
		}
	}
	uploads := func() int64 {
		return w.count(`select count(*) from imports where tenant_id = $1 and state = 'uploading'`, int64(w.Tenant.ID))
	}
	broken := &brokenUpload{begin: mixedFile}
	into := w.form()
	into.List = w.List.String()
	broken.during = func() {
		if uploads() != 1 {
			t.Error("no upload is under way")
		}
		if _, err := w.App.DeleteList(t.Context(), w.Author, w.List); !errors.Is(err, sms.ErrConflict) {
			t.Errorf("a list that people are uploaded into is deleted: %v", err)
		}
	}
	if _, err := w.App.StartImport(t.Context(), w.Author, into, broken); !errors.Is(err, io.ErrUnexpectedEOF) || uploads() != 0 {
		t.Errorf("an upload that broke off: %v, %d are left", err, uploads())
	}
	w.Exec(`insert into imports(tenant_id, id, state, file_name, worked_at) values ($1, gen_random_uuid(), 'uploading', 'x', $2)`, int64(w.Tenant.ID), w.Clock.Now())
	sweep(14 * time.Minute)
	if uploads() != 1 {
		t.Error("an upload was removed that may go on")
	}
	sweep(2 * time.Minute)
	if uploads() != 0 {
		t.Error("an upload whose process died is kept")
	}
	waiting, done := w.start(mixedFile), w.start(mixedFile)
	w.check(done, nil)
	w.confirm(done)
	sweep(sms.ImportWaits - time.Hour)
	if p := w.get(waiting); p.State != sms.ImportColumns {
		t.Errorf("before seven days it is %q", p.State)
	}
	sweep(2 * time.Hour)
	if p := w.get(waiting); p.State != sms.ImportCancelled || p.Columns[0].Samples != nil {
		t.Errorf("after seven days it is %q", p.State)
	}
	rejects := func() int64 {
		return w.count(`select count(*) from import_rejects where tenant_id = $1`, int64(w.Tenant.ID))
	}
	if rejects() != 3 {
		t.Errorf("%d rejected rows are kept", rejects())
	}
	if sweep(sms.ImportRejectsKept); rejects() != 0 {
		t.Error("rejected rows are kept for more than thirty days")
	}
}

// An import that only waits for its turn goes on waiting. One whose every job dies is given up in the end, and says so.
func TestHopelessImportFails(t *testing.T) { // D36
	w := newImporting(t)
	id := w.start(mixedFile)
	if err := w.App.SetImportColumns(t.Context(), w.Author, id, w.suggested(id)); err != nil {
		t.Fatal(err)
	}
	sweep := func() {
		t.Helper()
		w.Clock.Add(3 * time.Minute)
		if err := w.App.RunSweepImports(t.Context(), app.SweepImportsJob{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		sweep()
	}
	if p := w.get(id); p.State != sms.ImportChecking || p.Work.Attempt != 1 || w.jobs(id) != 1 {
		t.Fatalf("while it waits it is %q, at attempt %d, with %d jobs", p.State, p.Work.Attempt, w.jobs(id))
	}
	for deaths := 0; w.get(id).State == sms.ImportChecking; deaths++ {
		if deaths > 20 {
			t.Fatal("it is never given up")
		}
		w.dies(id, 2)
		sweep()
	}
	if p := w.get(id); p.State != sms.ImportFailed || !strings.Contains(p.Failure, "nothing was written") {
		t.Errorf("it is %q: %s", p.State, p.Failure)
	}
	id = w.start(mixedFile)
	w.check(id, nil)
	if err := w.App.ConfirmImport(t.Context(), w.Author, id, w.get(id).Work.Attempt, w.token()); err != nil {
		t.Fatal(err)
	}
	w.Exec(`delete from lists where tenant_id = $1 and id = $2::uuid`, int64(w.Tenant.ID), w.get(id).List.String())
	w.run(id)
	if p := w.get(id); p.State != sms.ImportFailed || !strings.Contains(p.Failure, "list was deleted") {
		t.Errorf("without its list it is %q: %s", p.State, p.Failure)
	}
}

// brokenUpload is a connection that breaks after more than the head of a file has come.
type brokenUpload struct {
	begin  string
	given  int
	during func()
}

func (b *brokenUpload) Read(p []byte) (int, error) {
	if b.given < 2*table.HeadSize {
		n := copy(p, b.begin)
		b.given += n
		return n, nil
	}
	b.during()
	return 0, io.ErrUnexpectedEOF
}
