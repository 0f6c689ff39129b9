package app_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"tidings/internal/app"
	"tidings/internal/sms"
)

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
