package web

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// demoFile is the file of people that the first walk of the README imports.
func demoFile(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../docs/contacts.csv")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// newestImport is the import that was started last.
func (w *sendingSite) newestImport() sms.Import {
	w.t.Helper()
	all, err := w.App.Imports(w.t.Context(), w.Owner)
	if err != nil || len(all) == 0 {
		w.t.Fatal(all, err)
	}
	return all[0]
}

// work does what the workers would with the newest import.
func (w *sendingSite) work() {
	w.t.Helper()
	i := w.newestImport()
	if err := w.App.RunImport(w.t.Context(), app.ImportJob{Tenant: w.Tenant.ID, Import: i.ID, Attempt: i.Work.Attempt}); err != nil {
		w.t.Fatal(err)
	}
}

func TestImportInABrowser(t *testing.T) { // D36
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := newSendingSite(t)
	w.Clock.Set(time.Date(2026, 11, 24, 9, 31, 0, 0, time.UTC))
	w.known()
	tab := w.browse(b, w.Owner)
	base := w.server.URL + "/a/" + w.Tenant.Slug + "/contacts"

	tab.Go(base)
	tab.Click("main .acts .primary")
	tab.WaitText("main", "Nothing is saved to your contacts before the last step.")
	tab.Look("import-file")
	tab.Fill("#name", "Winter crossings")
	tab.Click("main form .primary")
	tab.WaitText("#errors", "Say how these people agreed to get your messages")
	tab.WaitText("#errors", "Choose the file with the people")
	tab.ForgetConsole() // Chrome notes the 422
	if v := tab.Value("#name"); v != "Winter crossings" {
		t.Errorf("the name that was typed is %q", v)
	}
	tab.Look("import-file-mistake")
	tab.Set("#consent", "web_form")
	tab.Fill("#note", "ticked at booking since May 2026")
	tab.Upload("#file", demoFile(t))
	tab.Click("main form .primary")
	tab.WaitText("main", "contacts.csv, 60 rows, read as UTF-8, separated by ;")
	tab.WaitText("#columns", "Phone numbers found in the column Téléphone")
	tab.Look("import-columns")
	tab.Set("#column-0", "")
	tab.Set("#column-2", "first_name")
	tab.Set("#column-3", "new")
	tab.Fill("#column-3-new", "The town")
	tab.Click("main form .primary")
	tab.WaitText("#errors", "Choose the column that holds the phone numbers")
	tab.ForgetConsole()
	if v := tab.Value("#column-3-new"); v != "The town" {
		t.Errorf("the new field that was typed is %q", v)
	}
	tab.Set("#column-0", "first_name")
	tab.Set("#column-2", "number")
	tab.Fill("#column-3-new", "city")
	tab.Click("main form .primary")
	tab.WaitText("main", "You can leave this page.")
	tab.Look("import-checking")
	w.work()
	tab.WaitText("main", "Check what will be written") // by itself
	tab.WaitText("#say", "Check what will be written")
	tab.WaitText("#slip", "Import 49 people")
	tab.NoConsole()
	tab.Reload()
	tab.Look("import-check")
	if sum := w.newestImport().Counts; sum.Sum() != 60 {
		t.Errorf("%+v add up to %d of 60", sum, sum.Sum())
	}
	tab.Click("main #last")
	tab.Click("main .part form .btn.line")
	tab.WaitText("main", "You can leave this page.")
	w.work()
	tab.WaitText("#slip", "Import 49 people")
	tab.WaitText("main", "The last row of each number counts")
	tab.Click("#slip .primary")
	tab.WaitText("main", "It cannot be cancelled any more")
	tab.Look("import-running")
	w.work()
	tab.WaitText("main", "49 people imported")
	tab.NoConsole()
	tab.Reload()
	tab.Look("import-done")
	tab.Click("main .margin .primary")
	tab.WaitText("main", "To Winter crossings, 49 people.")
	tab.Look("import-campaign")
	tab.Go(base)
	tab.WaitText("main", "49 people into Winter crossings")
	tab.Look("import-list")
	tab.NoConsole()
}

// known makes three people of the demo file known: one has another name, one is the same, one opted out.
func (w *sendingSite) known() {
	w.t.Helper()
	numbers := w.AddContacts(3)
	for i, x := range []struct {
		number      int64
		first, last string
	}{{33612000007, "Ingrid", "Solheim"}, {33612000107, "José", "Kowalski"}, {33612391270, "x", "x"}} {
		w.Exec(`update contacts set number = $3, number_hash = $4, first_name = $5, last_name = $6 where tenant_id = $1 and number = $2`,
			int64(w.Tenant.ID), numbers[i], x.number, w.App.NumberHash(w.Tenant.ID, x.number), x.first, x.last)
	}
	gone := int64(33612391248) // the second row of the file
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.AddSuppression(ctx, sms.Suppression{Hash: w.App.NumberHash(w.Tenant.ID, gone), Kind: sms.SuppressionOptedOut, Number: gone, Source: "STOP"})
		return err
	})
	b, err := os.ReadFile(demoFile(w.t))
	if err != nil || !strings.Contains(string(b), "06 12 39 12 48") {
		w.t.Fatal("the demo file has changed", err)
	}
}
