package app_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidings/internal/app"
	"tidings/internal/sms"
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
