package app_test

import (
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tidings/internal/app"
	"tidings/internal/sms"
)

const mixedFile = "Prénom;Nom;Mobil;Ville\n" +
	"Zoë;O’Connor;06 12 00 00 10;Brest\n" + // Person1 of the world: changed
	"Person2;Test;+33612000020;\n" + // known and the same
	"Anna;Kowalska;+48 601 234 567;Gdańsk\n" + // new
	"Anna;Kowalska;0048601234567;Gdańsk\n" + // again
	"Louis;Petit;06 98 76 54 32;Nantes\n" + // opted out
	"Max;Mustermann;4.47946E+11;Kiel\n" +
	"Emma;;01 44 55 66 77;Paris\n" + // a landline
	";;;Nowhere\n" // no number

func TestCountsAddUpAndNothingIsWrittenBefore(t *testing.T) { // D36, D38
	w := newImporting(t)
	w.suppress(33698765432)
	before := w.contacts()
	id := w.start(mixedFile)
	p := w.get(id)
	if p.State != sms.ImportColumns || p.ReadAs() != "UTF-8, separated by ;" || p.Rows != 8 || !p.HasHeader {
		t.Fatalf("it is %q, read as %q, %d rows, header %v", p.State, p.ReadAs(), p.Rows, p.HasHeader)
	}
	p = w.check(id, func(f *app.ImportColumnsForm) {
		f.Fields[3], f.NewFields = app.NewField, []string{"", "", "", "city"}
	})
	want := sms.ImportCounts{Fresh: 1, Changed: 1, Same: 1, Duplicate: 1, OptedOut: 1, Invalid: 3}
	if p.Counts != want || p.Counts.Sum() != p.Rows || p.ReadRows != p.Rows {
		t.Errorf("the check counts %+v of %d rows, read %d", p.Counts, p.Rows, p.ReadRows)
	}
	if w.contacts() != before || !p.List.IsZero() {
		t.Error("something was written before anybody confirmed")
	}
	p = w.confirm(id)
	if p.Counts != want || p.ReadRows != 8 || p.Moved() || p.FinishedAt == nil {
		t.Errorf("the import counts %+v", p.Counts)
	}
	if n := w.people(p.List); n != 4 || n != p.Counts.Written() {
		t.Errorf("%d people in the list", n)
	}
	for number, says := range map[int64]string{
		33612000010: `Zoë|O’Connor|{"city": "Brest"}|zoe o’connor|o’connor zoe`,
		33612000020: `Person2|Test|{}|person2 test|test person2`,
		48601234567: `Anna|Kowalska|{"city": "Gdańsk"}|anna kowalska|kowalska anna`,
		33698765432: `Louis|Petit|{"city": "Nantes"}|louis petit|petit louis`, // imported, and still
	} {
		if got := w.person(number); got != says {
			t.Errorf("%d is %s", number, got)
		}
	}
	if n := w.count(`select count(*) from suppressions where tenant_id = $1`, int64(w.Tenant.ID)); n != 1 { // D38
		t.Errorf("%d suppressions after the import", n)
	}
	for _, table := range []string{"import_chunks", "import_rows"} {
		if n := w.count(`select count(*) from `+table+` where tenant_id = $1`, int64(w.Tenant.ID)); n != 0 {
			t.Errorf("%d %s are left", n, table)
		}
	}
	read := `{"headings": true, "keep_what_is_known": false, "empty_erases": false, "last_row_counts": false,
		"column 1, Prénom": "first_name", "column 2, Nom": "last_name", "column 3, Mobil": "number", "column 4, Ville": "city"}`
	if n := w.count(`select count(*) from audit where tenant_id = $1 and deed in ('set_import_columns', 'confirm_import') and after::jsonb @> $2::jsonb`, int64(w.Tenant.ID), read); n != 2 { // D44
		t.Errorf("%d entries say how the file was read", n)
	}
	for _, deed := range []string{"start_import", "set_import_columns", "confirm_import", "finish_import"} { // D44
		if n := w.count(`select count(*) from audit where tenant_id = $1 and deed = $2`, int64(w.Tenant.ID), deed); n != 1 {
			t.Errorf("%d entries of %s", n, deed)
		}
	}
}

// suppress opts a number out.
func (w *importing) suppress(number int64) {
	w.Exec(`insert into suppressions(tenant_id, number_hash, kind, number, source) values ($1, $2, 'opted_out', $3, 'STOP')`,
		int64(w.Tenant.ID), w.App.NumberHash(w.Tenant.ID, number), number)
}

func TestOptionsOfAnImport(t *testing.T) { // D36
	w := newImporting(t)
	file := "first name,phone,city\nZoë,0612000010,Brest\n,0612000010,\n"
	city := func(o sms.ImportOptions) func(*app.ImportColumnsForm) {
		return func(f *app.ImportColumnsForm) {
			f.Fields[2], f.NewFields, f.Options = app.NewField, []string{"", "", "city"}, o
		}
	}
	id := w.startInto(w.List, file)
	keep := sms.ImportOptions{KeepExisting: true, EmptyErases: true}
	if p := w.check(id, city(keep)); p.Counts != (sms.ImportCounts{Changed: 1, Duplicate: 1}) {
		t.Errorf("what was empty is filled in: %+v", p.Counts)
	}
	if p := w.confirm(id); p.Moved() {
		t.Errorf("written: %+v", p.Counts)
	}
	if got := w.person(33612000010); got != `Person1|Test|{"city": "Brest"}|person1 test|test person1` { // what was known stays
		t.Errorf("kept as %s", got)
	}
	w.Exec(`update contacts set first_name = '', name_key = 'test', last_key = 'test' where tenant_id = $1 and number = 33612000010`, int64(w.Tenant.ID))
	id = w.startInto(w.List, strings.ReplaceAll(file, "Brest", "Paris"))
	w.check(id, city(keep))
	w.confirm(id)
	if got := w.person(33612000010); got != `Zoë|Test|{"city": "Brest"}|zoe test|test zoe` {
		t.Errorf("filled in as %s", got)
	}
	id = w.startInto(w.List, file)
	if p := w.check(id, city(keep)); p.Counts.Same != 1 {
		t.Errorf("nothing is empty: %+v", p.Counts)
	}
	w.confirm(id)
	w.Exec(`update contacts set first_name = 'Person1', fields = '{}' where tenant_id = $1 and number = 33612000010`, int64(w.Tenant.ID))
	id = w.startInto(w.List, file)
	w.check(id, city(sms.ImportOptions{LastWins: true})) // all cells of the last are empty
	if p := w.confirm(id); p.Counts.Same != 1 {
		t.Errorf("empty cells change nothing: %+v", p.Counts)
	}
	id = w.startInto(w.List, file)
	w.check(id, city(sms.ImportOptions{}))
	if p := w.confirm(id); p.Counts.Changed != 1 || w.people(w.List) != 3 {
		t.Errorf("changed: %+v, %d people", p.Counts, w.people(w.List))
	}
	if got := w.person(33612000010); got != `Zoë|Test|{"city": "Brest"}|zoe test|test zoe` { // half known, half new
		t.Errorf("merged to %s", got)
	}
	id = w.startInto(w.List, file)
	w.check(id, city(sms.ImportOptions{}))
	// The same rows with other options are not read again.
	if p := w.check(id, city(sms.ImportOptions{LastWins: true, EmptyErases: true})); p.Counts.Changed != 1 {
		t.Errorf("erased: %+v", p.Counts)
	}
	w.confirm(id)
	if got := w.person(33612000010); got != "|Test|{}|test|test" {
		t.Errorf("erased to %s", got)
	}
}

func TestAnImportOfAnotherAccountIsNotThere(t *testing.T) { // D42
	w := newImporting(t)
	id := w.start(mixedFile)
	w.check(id, nil)
	other, ctx := w.Other(), t.Context()
	_, err := w.App.Import(ctx, other.Author, id)
	for what, err := range map[string]error{
		"Import": err, "SetImportColumns": w.App.SetImportColumns(ctx, other.Author, id, app.ImportColumnsForm{}),
		"ConfirmImport": w.App.ConfirmImport(ctx, other.Author, id, 1, w.token()), "CancelImport": w.App.CancelImport(ctx, other.Author, id),
		"ImportRejects": w.App.ImportRejects(ctx, other.Author, id, io.Discard),
	} {
		if !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if list, err := w.App.Imports(ctx, other.Author); err != nil || len(list) != 0 {
		t.Errorf("it sees %d imports, %v", len(list), err)
	}
	f := w.form()
	f.List = other.List.String()
	if _, err := w.App.StartImport(ctx, w.Author, f, strings.NewReader(mixedFile)); formProblem(err, "list") == "" {
		t.Errorf("into the list of another account: %v", err)
	}
}

func TestCountsAddUpForAnyFile(t *testing.T) { // D36
	w := newImporting(t)
	cells := rapid.SampledFrom([]string{"0612345678", "+33 6 12 34 56 79", "'+4791234567", "0612000010", "12", "", "x", "01 44 55 66 77", "4.4E+11", "Ann", "a;b\n\"c"})
	checks := flag.Lookup("rapid.checks").Value // each is an import: thirty of them
	usual := checks.String()
	t.Cleanup(func() { _ = checks.Set(usual) })
	_ = checks.Set("30")
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(cells, 1, 4), 1, 30).Draw(t, "rows")
		var b strings.Builder
		b.WriteString("name,phone,note\n")
		for _, r := range rows {
			b.WriteString(strings.Join(quoted(r), ",") + "\n")
		}
		options := sms.ImportOptions{KeepExisting: rapid.Bool().Draw(t, "keep"), LastWins: rapid.Bool().Draw(t, "last"), EmptyErases: rapid.Bool().Draw(t, "erase")}
		filled := int64(0)
		for _, r := range rows {
			if strings.TrimSpace(strings.Join(r, "")) != "" {
				filled++
			}
		}
		if filled == 0 {
			return
		}
		before := w.contacts()
		id := w.start(b.String())
		p := w.check(id, func(f *app.ImportColumnsForm) {
			f.Fields = []string{"first_name", "number", "new"}
			f.NewFields, f.Options, f.HasHeader = []string{"", "", "note"}, options, true
		})
		if p.Rows != filled || p.Counts.Sum() != p.Rows {
			t.Fatalf("%+v are not %d of %d rows", p.Counts, filled, p.Rows)
		}
		if p.Counts.Written() == 0 {
			w.cancel(id)
			return
		}
		checked := p.Counts
		p = w.confirm(id)
		if p.Counts != checked || w.people(p.List) != checked.Written() || w.contacts()-before != checked.Fresh {
			t.Fatalf("checked %+v, written %+v", checked, p.Counts)
		}
	})
}

func quoted(row []string) []string {
	out := slices.Clone(row)
	for i, c := range out {
		out[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
	}
	return out
}
