package app_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"tidings/internal/sms"
)

// A file may be long rows only, none of which can be imported: what is in hand at once stays small.
func TestLongRowsAreReadInSmallPages(t *testing.T) { // D36
	w := newImporting(t)
	const rows = 300
	id := w.start("phone,a,b,c\n" + strings.Repeat("12,"+strings.Repeat("<é", 10_000)+",\"\"\"{x,\\,}\"\",NULL\",\n", rows))
	sizes, err := w.App.ImportPages(t.Context(), w.Tenant.ID, w.get(id).Import)
	if err != nil || len(sizes) < 8 {
		t.Errorf("9 MB are read in %d pages, %v", len(sizes), err)
	}
	p := w.check(id, nil)
	if p.Counts.Invalid != rows {
		t.Errorf("%+v", p.Counts)
	}
	cells := p.Rejects[0].Examples[0].Cells // a cell is kept as it is, the beginning of one that is too long
	if len(cells) != 4 || cells[0] != "12" || len([]rune(cells[1])) != 1000 || cells[2] != `"{x,\,}",NULL` || cells[3] != "" {
		t.Errorf("kept as %.40q", cells)
	}
}

// Who watches an import looks each second: that reads neither the rejected rows nor the other imports.
func TestWatchingAnImportIsCheap(t *testing.T) { // D36
	w := newImporting(t)
	id := w.startInto(w.List, mixedFile)
	if p := w.check(id, nil); len(p.Rejects) != 3 {
		t.Errorf("checked: %+v", p)
	}
	if err := w.App.RenameList(t.Context(), w.Author, w.List, "Passengers"); err != nil {
		t.Fatal(err)
	}
	if err := w.App.ConfirmImport(t.Context(), w.Author, id, w.get(id).Work.Attempt, w.token()); err != nil {
		t.Fatal(err)
	}
	if p := w.get(id); p.State != sms.ImportRunning || p.Rejects != nil || p.Fields != nil || p.ListName != "Passengers" {
		t.Errorf("running: %+v", p)
	}
	w.run(id)
	if p := w.get(id); p.State != sms.ImportDone || len(p.Rejects) != 3 {
		t.Errorf("done: %+v", p)
	}
}

func TestRejectedRowsComeBack(t *testing.T) { // D36
	w := newImporting(t)
	id := w.start(mixedFile + "\"=SUM(A1)\nx\";Test;+33 612;x\nWide;Wide;0612345678;x;y\n")
	p := w.check(id, nil)
	file := w.rejects(id)
	if !strings.HasPrefix(file, "\ufeffPrénom;Nom;Mobil;Ville;reason\r\n") || !strings.Contains(file, "'=SUM(A1)") || !strings.Contains(file, "is a landline") {
		t.Errorf("the file is %q", file)
	}
	if strings.Contains(file, ";+") || strings.Contains(file, ";=") { // a spreadsheet would calculate it, also a reason
		t.Errorf("a cell is a formula: %q", file)
	}
	w.confirm(id)
	if w.rejects(id) != file {
		t.Error("after the import the rejected rows are others")
	}
	id = w.start(strings.NewReplacer("01 44 55 66 77", "'+33 6 44 55 66 77").Replace(file))
	again := w.check(id, nil)
	if again.Rows != p.Counts.Invalid || again.Counts.Fresh != 1 || again.Columns[4].Field != "" {
		t.Errorf("repaired and imported again: %+v of %d rows", again.Counts, again.Rows)
	}
	if err := w.App.ImportRejects(t.Context(), w.Viewer, id, io.Discard); !errors.Is(err, sms.ErrForbidden) {
		t.Errorf("a viewer downloads: %v", err)
	}
	// An author sees numbers in full only where they come from herself.
	w.Exec(`update imports set created_by = $2::uuid where tenant_id = $1`, int64(w.Tenant.ID), w.Owner.User.String())
	if err := w.App.ImportRejects(t.Context(), w.Author, id, io.Discard); !errors.Is(err, sms.ErrForbidden) || w.get(id).Columns[0].Samples != nil {
		t.Errorf("an author downloads a file of somebody else: %v", err)
	}
}
