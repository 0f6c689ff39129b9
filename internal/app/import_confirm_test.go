package app_test

import (
	"errors"
	"strings"
	"testing"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// What is confirmed is what was shown, also when somebody else has the file checked with other options.
func TestConfirmWhatWasSeen(t *testing.T) { // D36, D3
	w := newImporting(t)
	id := w.start(mixedFile)
	seen := w.check(id, nil).Work.Attempt
	w.check(id, func(f *app.ImportColumnsForm) { f.Options.EmptyErases = true })
	token := w.token()
	if err := w.App.ConfirmImport(t.Context(), w.Author, id, seen, token); !errors.Is(err, sms.ErrConflict) || w.get(id).State != sms.ImportChecked {
		t.Errorf("a check that nobody saw is confirmed: %v", err)
	}
	if err := w.App.ConfirmImport(t.Context(), w.Author, id, w.get(id).Work.Attempt, token); err != nil {
		t.Errorf("the new check: %v", err)
	}
}

func TestCancelAnImport(t *testing.T) { // D36
	w := newImporting(t)
	id := w.start(mixedFile)
	if err := w.App.SetImportColumns(t.Context(), w.Author, id, w.suggested(id)); err != nil {
		t.Fatal(err)
	}
	job := w.job(id)
	for range 2 {
		if err := w.App.CancelImport(t.Context(), w.Author, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.App.RunImport(t.Context(), job); err != nil || w.get(id).State != sms.ImportCancelled {
		t.Errorf("the check of a cancelled import: %v", err)
	}
	if n := w.count(`select count(*) from import_chunks where tenant_id = $1`, int64(w.Tenant.ID)); n != 0 {
		t.Error("the file is kept")
	}
	id = w.start(mixedFile)
	w.check(id, nil)
	w.confirm(id)
	if err := w.App.CancelImport(t.Context(), w.Author, id); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("a cancel after the end: %v", err)
	}
}

func TestFormsOfAnImportSentTwice(t *testing.T) { // D2
	w := newImporting(t)
	f := w.form()
	var ids []sms.ID
	for range 2 {
		id, err := w.App.StartImport(t.Context(), w.Author, f, strings.NewReader(mixedFile))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if n := w.count(`select count(*) from imports where tenant_id = $1`, int64(w.Tenant.ID)); ids[0] != ids[1] || n != 1 {
		t.Errorf("%v, %d imports", ids, n)
	}
	w.check(ids[0], nil)
	token := w.token()
	for range 2 {
		if err := w.App.ConfirmImport(t.Context(), w.Author, ids[0], w.get(ids[0]).Work.Attempt, token); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.App.ConfirmImport(t.Context(), w.Author, ids[0], w.get(ids[0]).Work.Attempt, w.token()); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("confirmed again: %v", err)
	}
	w.run(ids[0])
	if err := w.App.ConfirmImport(t.Context(), w.Author, ids[0], w.get(ids[0]).Work.Attempt, w.token()); !errors.Is(err, sms.ErrConflict) || w.get(ids[0]).State != sms.ImportDone {
		t.Errorf("confirmed after its end: %v", err)
	}
	w.people(w.get(ids[0]).List)
}
