package app_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

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

func TestBadFilesOfPeople(t *testing.T) { // D36, F19
	w := newImporting(t)
	for _, c := range []struct {
		file  io.Reader
		words string
	}{
		{strings.NewReader(""), "empty"},
		{strings.NewReader("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + strings.Repeat("\x00\x01\x02", 100)), "not a text file"},
		{strings.NewReader("PK\x03\x04\x14\x00[Content_Types].xml"), "Excel"},
		{strings.NewReader("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1EncryptedPackage"), "password"},
		{io.LimitReader(endlessLine{}, 1<<30), "never ends"},
		{io.MultiReader(strings.NewReader("name,phone\n"), io.LimitReader(endlessLine{}, 1<<30)), "Row 2 is longer"},
		{strings.NewReader("name,phone\n" + strings.Repeat("Ann,0612345678\n", 20_000) + "B\x00b,0612345678\n"), "Row 20002 holds a zero byte"},
		{strings.NewReader("name,phone\n\"Ann,0612345678\n"), "never closed"},
		{strings.NewReader("name,phone\n"), "no rows below"},
		{io.MultiReader(strings.NewReader("name,phone\n"), &rowsOf{row: "x,1\n", left: sms.MaxImportRows + 2}), "more than 1,000,000 rows"},
	} {
		_, err := w.App.StartImport(t.Context(), w.Author, w.form(), c.file)
		if got := formProblem(err, "file"); !strings.Contains(got, c.words) {
			t.Errorf("%s: %s", c.words, got)
		}
	}
	if err := app.ReadUpload(sms.MaxImportBytes-1, endlessLine{}); err != nil {
		t.Errorf("200 MB: %v", err)
	}
	if err := app.ReadUpload(sms.MaxImportBytes, endlessLine{}); err == nil || !strings.Contains(err.Error(), "larger than 200 MB") {
		t.Errorf("more than 200 MB: %v", err)
	}
	if n := w.count(`select count(*) from imports where tenant_id = $1`, int64(w.Tenant.ID)); n != 0 {
		t.Errorf("%d imports of files that cannot be read", n)
	}
	id := w.start("name,age\nAnn,33\nBob,34\n")
	err := w.App.SetImportColumns(t.Context(), w.Author, id, w.suggested(id))
	if got := formProblem(err, "columns"); !strings.Contains(got, "phone numbers") {
		t.Errorf("without numbers: %s", got)
	}
	id = w.start("name,phone\nAnn,4.47946E+11\nBob,4.47947E+11\n")
	p := w.check(id, nil)
	if p.Counts.Invalid != 2 || len(p.Rejects) != 1 || p.Rejects[0].Reason != "2 numbers shortened by a spreadsheet" || p.Rejects[0].Examples[1].Row != 3 {
		t.Errorf("scientific notation: %+v", p.Rejects)
	}
	if err := w.App.ConfirmImport(t.Context(), w.Author, id, w.get(id).Work.Attempt, w.token()); !errors.Is(err, sms.ErrConflict) || !strings.Contains(sms.Words(err), "No row") {
		t.Errorf("nothing to import: %v", err)
	}
}

type endlessLine struct{}

func (endlessLine) Read(p []byte) (int, error) {
	return copy(p, bytes.Repeat([]byte("x"), len(p))), nil
}

// rowsOf is a file of the same row again and again.
type rowsOf struct {
	row  string
	left int
	rest string
}

func (r *rowsOf) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left <= 0 {
			return 0, io.EOF
		}
		n := min(r.left, 1+32<<10/len(r.row))
		r.left -= n
		r.rest = strings.Repeat(r.row, n)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestProblemsOfAnImport(t *testing.T) { // D36: the source of consent is required
	w := newImporting(t)
	_, err := w.App.StartImport(t.Context(), w.Author, app.ImportForm{Token: w.token()}, strings.NewReader(""))
	for _, field := range []string{"name", "country", "consent", "file"} {
		if formProblem(err, field) == "" {
			t.Errorf("nothing is said about %s", field)
		}
	}
	f := w.form()
	f.ListName, f.Consent = "NEWSLETTER", sms.ConsentOther
	_, err = w.App.StartImport(t.Context(), w.Author, f, strings.NewReader(mixedFile))
	if formProblem(err, "name") == "" || formProblem(err, "note") == "" {
		t.Errorf("a name that is taken, and no note: %v", err)
	}
	if _, err := w.App.StartImport(t.Context(), w.Viewer, w.form(), strings.NewReader(mixedFile)); !errors.Is(err, sms.ErrForbidden) { // D42
		t.Errorf("a viewer imports: %v", err)
	}
	id := w.start(mixedFile)
	form := w.suggested(id)
	form.Fields = []string{"number", "number", "new", "nonsense!"}
	form.NewFields = []string{"", "", "First", ""}
	err = w.App.SetImportColumns(t.Context(), w.Author, id, form)
	for _, field := range []string{"column-1", "column-2", "column-3"} {
		if formProblem(err, field) == "" {
			t.Errorf("nothing is said about %s: %v", field, err)
		}
	}
	if p := w.get(id); p.State != sms.ImportColumns || p.Columns[2].Field != "number" {
		t.Error("a mistake changed the import")
	}
}

func TestEncodingsOfAnImport(t *testing.T) { // D36
	w := newImporting(t)
	text := "Name\tHandy\nJürgen\t0151 1200 0007\n\"Zoë\nMarie\"\t0151 1200 0008\n"
	for encoding, file := range map[string]string{
		"UTF-8":        "\xef\xbb\xbf" + text,
		"UTF-16 LE":    "\xff\xfe" + utf16LE(text),
		"Windows-1252": strings.NewReplacer("ü", "\xfc", "ë", "\xeb").Replace(text),
	} {
		f := w.form()
		f.Country = "DE"
		id, err := w.App.StartImport(t.Context(), w.Author, f, strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if p := w.get(id); p.ReadAs() != encoding+", separated by tabs" || p.Columns[0].Samples[0] != "Jürgen" || !p.Columns[1].Sure {
			t.Errorf("read as %q: %+v", p.ReadAs(), p.Columns)
		}
		w.check(id, nil)
		w.confirm(id)
		if got := w.person(4915112000008); got != "Zoë Marie||{}|zoe marie|zoe marie" {
			t.Errorf("%s: %s", encoding, got)
		}
	}
}

func utf16LE(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
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

// A file is kept until its import ends: an account cannot fill the disk with them.
func TestAnAccountHasFewImportsAtOnce(t *testing.T) { // D36
	w := newImporting(t)
	var ids []sms.ID
	for range 4 {
		ids = append(ids, w.start(mixedFile))
	}
	f := w.form()
	for range 2 { // the form of the fifth is sent twice
		id, err := w.App.StartImport(t.Context(), w.Author, f, strings.NewReader(mixedFile))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if ids[4] != ids[5] {
		t.Error("a form sent twice made two imports")
	}
	_, err := w.App.StartImport(t.Context(), w.Author, w.form(), strings.NewReader(mixedFile))
	if got := formProblem(err, "file"); !strings.Contains(got, "Finish or cancel an import first") {
		t.Errorf("a sixth: %s", got)
	}
	if n := w.count(`select count(*) from imports where tenant_id = $1`, int64(w.Tenant.ID)); n != 5 {
		t.Errorf("%d imports", n)
	}
	w.cancel(ids[2])
	w.start(mixedFile)
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
