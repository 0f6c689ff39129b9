package app_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/table"
)

// An import that the sweep cannot read is told, and keeps it neither from the others nor from what is kept too long.
func TestSweepGoesOnAfterAFailure(t *testing.T) { // D36
	w := newImporting(t)
	broken := w.start(mixedFile)
	w.Exec(`update imports set columns = '5' where tenant_id = $1`, int64(w.Tenant.ID))
	w.Clock.Add(time.Minute)
	waiting := w.start(mixedFile)
	w.Exec(`insert into imports(tenant_id, id, state, file_name, worked_at) values ($1, gen_random_uuid(), 'uploading', 'x', $2)`, int64(w.Tenant.ID), w.Clock.Now())
	w.Clock.Add(sms.ImportWaits + time.Hour)
	if err := w.App.RunSweepImports(t.Context(), app.SweepImportsJob{}); err == nil {
		t.Error("nothing is told")
	}
	if p := w.get(waiting); p.State != sms.ImportCancelled {
		t.Errorf("the other is %q", p.State)
	}
	if n := w.count(`select count(*) from imports where tenant_id = $1 and state <> 'cancelled'`, int64(w.Tenant.ID)); n != 1 {
		t.Errorf("%d are kept beside %s", n-1, broken)
	}
	w.Exec(`update imports set columns = '[]' where tenant_id = $1`, int64(w.Tenant.ID)) // tests share the sweep
}

// A job that has worked long enough hands the import to one other, however often it runs.
func TestTurnsOfAnImport(t *testing.T) { // D36
	w := newImporting(t)
	id := w.start(mixedFile)
	if err := w.App.SetImportColumns(t.Context(), w.Author, id, w.suggested(id)); err != nil {
		t.Fatal(err)
	}
	w.taken(id)
	job, looks := w.job(id), 0
	w.App.Now = func() time.Time {
		if looks++; looks == 4 {
			w.Clock.Add(6 * time.Minute)
		}
		return w.Clock.Now()
	}
	for range 2 {
		if err := w.App.RunImport(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	w.App.Now = w.Clock.Now
	if p := w.get(id); p.State != sms.ImportChecking || p.Work.Attempt != job.Attempt+1 || w.jobs(id) != 1 {
		t.Fatalf("it is %q at attempt %d, and %d jobs wait", p.State, p.Work.Attempt, w.jobs(id))
	}
	if w.run(id); w.get(id).State != sms.ImportChecked {
		t.Error("the other does not end it")
	}
}

// A database that is away comes back; a statement that takes too long does so each time.
func TestPatienceOfAnImport(t *testing.T) { // F19
	w := newImporting(t)
	for code, want := range map[string]int{"57P01": 2, "57014": 1} {
		tries := 0
		err := w.App.Patiently(t.Context(), func() error {
			if tries++; tries == 2 {
				return nil
			}
			return fmt.Errorf("%w: %w", &pgconn.PgError{Code: code}, sms.ErrUnavailable)
		})
		if tries != want || (err == nil) != (want == 2) {
			t.Errorf("%s: tried %d times, %v", code, tries, err)
		}
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
