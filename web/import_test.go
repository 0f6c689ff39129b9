package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// upload sends the form of an import, its file last, as a browser does.
func (w *sendingSite) upload(who sms.Actor, fields url.Values, name string, file io.Reader) answer {
	w.t.Helper()
	read, write := io.Pipe()
	form := multipart.NewWriter(write)
	go func() {
		write.CloseWithError(func() error {
			for k := range fields {
				if err := form.WriteField(k, fields.Get(k)); err != nil {
					return err
				}
			}
			part, err := form.CreateFormFile("file", name)
			if err != nil {
				return err
			}
			if _, err := io.Copy(part, file); err != nil {
				return err
			}
			return form.Close()
		}())
	}()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.server.URL+"/a/"+w.Tenant.Slug+"/contacts/import", read)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(&http.Cookie{Name: "sid", Value: w.login(who)})
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), string(b)}
}

// importForm is a filled form of an import.
func (w *sendingSite) importForm(who sms.Actor) url.Values {
	f := w.do(who, "GET", "/a/"+w.Tenant.Slug+"/contacts/import", nil).fields()
	f.Del("file")
	f.Set("name", "Winter")
	f.Set("consent", "event")
	return f
}

const winter = "Mobile;First name;Town\n06 12 34 56 78;Zoë;Brest\n0612345678;Zoe;\n06 12;Émile;\n01 42 68 53 00;Paul;\n06 12 34 56 79;Marie;Roscoff\n06 12 34 56 7O;Ida;\n"

func TestImportWithoutScript(t *testing.T) { // D36
	w := newSendingSite(t)
	f := w.importForm(w.Author)
	a := w.upload(w.Author, f, "winter.csv", strings.NewReader(winter))
	if a.status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.status, a.text())
	}
	if again := w.upload(w.Author, f, "winter.csv", strings.NewReader(winter)); again.to != a.to { // D2: a double click
		t.Errorf("the second press made %s, the first %s", again.to, a.to)
	}
	page := strings.TrimSuffix(a.to, "/columns")
	as := func(method, path string, f url.Values) answer { return w.do(w.Author, method, path, f) }
	if a = as("GET", page, nil); a.status != http.StatusSeeOther || a.to != page+"/columns" {
		t.Fatalf("%d %s", a.status, a.to)
	}
	a = as("GET", a.to, nil)
	if !a.says("winter.csv, 6 rows, read as UTF-8, separated by ;") || !a.says("06 12 34 56 78") { // D42: her own file
		t.Errorf("%s", a.text())
	}
	columns := url.Values{"header": {"on"}, "field": {"number", "first_name", "new"}, "new": {"", "", "Town!"}}
	if a = as("POST", page+"/columns", columns); a.status != http.StatusUnprocessableEntity || !a.says("Use a to z, digits and _") || !strings.Contains(a.body, `value="Town!"`) {
		t.Errorf("%d %s", a.status, a.text())
	}
	columns["new"] = []string{"", "", "town"}
	if a = as("POST", page+"/columns", columns); a.status != http.StatusSeeOther || a.to != page {
		t.Fatalf("%d %s", a.status, a.text())
	}
	if a = as("GET", page, nil); !a.says("You can leave this page.") {
		t.Errorf("%s", a.text())
	}
	w.work()
	a = as("GET", page, nil)
	for _, words := range []string{"Into Winter 2", "Again in the file The first row of each number counts 1", "Not valid Cannot be imported 3", "Rows of the file 6", "Import 2 people", "Row 4", "1 landline"} {
		if !a.says(words) {
			t.Errorf("the check does not say %q: %s", words, a.text())
		}
	}
	if !a.says("01 42 68 53 00") || !a.says("06 12 34 56 7O") { // D42: as in the download, below
		t.Errorf("an author does not see her own file: %s", a.text())
	}
	if n := pgtest.Value[int64](t, w.DSN, `select count(*) from contacts where tenant_id = $1`, int64(w.Tenant.ID)); n != 3 {
		t.Errorf("%d contacts before the import was confirmed, want the 3 of before", n)
	}
	token := url.Values{}
	for _, name := range []string{"token", "seen"} {
		token.Set(name, regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(a.body)[1])
	}
	old := url.Values{"token": token["token"], "seen": {"0"}}
	if a = as("POST", page+"/confirm", old); a.status != http.StatusSeeOther || a.to != page || !as("GET", page, nil).says("Import 2 people") { // D3
		t.Errorf("an older check is confirmed: %d %s", a.status, a.text())
	}
	for range 2 {
		if a = as("POST", page+"/confirm", token); a.status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.status, a.text())
		}
	}
	w.work()
	if a = as("GET", page, nil); !a.says("2 people imported") || !a.says("Write a campaign to this list") {
		t.Errorf("%s", a.text())
	}
	list := regexp.MustCompile(`/contacts/lists/[0-9a-f-]{36}`).FindString(a.body)
	if a = w.get("/a/" + w.Tenant.Slug + list + "?q=" + url.QueryEscape("06 12 34 56 78")); !a.says("Zoë") {
		t.Errorf("the list: %s", a.text())
	}
	if a = as("GET", page+"/rejects", nil); a.status != 200 || !strings.HasPrefix(a.body, "\ufeffMobile;First name;Town;reason\r\n06 12;Émile;;") {
		t.Errorf("the rejected rows: %d %q", a.status, a.body)
	}
	if a = as("POST", page+"/cancel", nil); a.status != http.StatusSeeOther || w.newestImport().State != sms.ImportDone {
		t.Errorf("a cancellation after the end: %d", a.status)
	}
}

// A sentence for each file that cannot be read; what was typed stays.
func TestRefusedFilesKeepTheForm(t *testing.T) {
	w := newSendingSite(t)
	for _, x := range []struct{ name, file, says string }{
		{"", "", "Choose the file with the people"},
		{"empty.csv", "", "This file is empty. Choose a file with at least one row."},
		{"people.xlsx", "PK\x03\x04 [Content_Types].xml", "This is an Excel file. Open it, save it as CSV, and upload that file."},
		{"heads.csv", "Mobile;Name\n", "This file has headings and no rows below them."},
	} {
		f := w.importForm(w.Owner)
		f.Set("name", "Kept as typed")
		a := w.upload(w.Owner, f, x.name, strings.NewReader(x.file))
		if a.status != http.StatusUnprocessableEntity || !a.says(x.says) || a.fields().Get("name") != "Kept as typed" || a.fields().Get("consent") != "event" {
			t.Errorf("%q: %d %s", x.name, a.status, a.text())
		}
	}
	f := w.importForm(w.Owner)
	f.Set("consent", "")
	f.Set("country", "XX")
	a := w.upload(w.Owner, f, "winter.csv", strings.NewReader(winter+strings.Repeat("06 12 34 56 78;x;\n", 90_000))) // read to its end all the same
	for _, words := range []string{"Choose a country", "Say how these people agreed to get your messages", "Choose the file once more. Browsers forget it"} {
		if a.status != http.StatusUnprocessableEntity || !a.says(words) {
			t.Errorf("%d does not say %q", a.status, words)
		}
	}
	if n := pgtest.Value[int64](t, w.DSN, `select count(*) from imports where tenant_id = $1`, int64(w.Tenant.ID)); n != 0 {
		t.Errorf("%d imports were begun", n)
	}
}

func TestUploadsHaveALimit(t *testing.T) {
	w := newSendingSite(t)
	f := w.importForm(w.Owner)
	large := winter + strings.Repeat("06 12 34 56 78;x;\n", 90_000) // 1.7 MB, above the limit of other forms
	if a := w.upload(w.Owner, f, "large.csv", strings.NewReader(large)); a.status != http.StatusSeeOther || w.newestImport().Bytes != int64(len(large)) {
		t.Errorf("a large file: %d %s", a.status, a.text())
	}
	f = w.importForm(w.Owner)
	for i := range mostUploadParts + 1 {
		f.Set(fmt.Sprint("more", i), "x")
	}
	if a := w.upload(w.Owner, f, "winter.csv", strings.NewReader(winter)); a.status != http.StatusBadRequest {
		t.Errorf("too many fields: %d", a.status)
	}
	f = w.importForm(w.Owner)
	f.Set("note", strings.Repeat("x", mostUploadField+1))
	if a := w.upload(w.Owner, f, "winter.csv", strings.NewReader(winter)); a.status != http.StatusBadRequest {
		t.Errorf("a field that is too long: %d", a.status)
	}
	if a := w.do(w.Owner, "POST", "/a/"+w.Tenant.Slug+"/contacts/import", url.Values{"name": {"x"}}); a.status != http.StatusBadRequest {
		t.Errorf("no upload at all: %d", a.status)
	}
}

func TestImportsOfOthers(t *testing.T) { // D42
	w := newSendingSite(t)
	a := w.upload(w.Owner, w.importForm(w.Owner), "winter.csv", strings.NewReader(winter))
	page := strings.TrimSuffix(a.to, "/columns")
	other := w.Other()
	theirs := strings.Replace(page, w.Tenant.Slug, other.Tenant.Slug, 1)
	form := url.Values{"token": {strings.Repeat("t", 32)}, "seen": {"1"}, "header": {"on"}, "field": {"number", "", ""}}
	for _, x := range []struct{ method, path string }{{"GET", ""}, {"GET", "/columns"}, {"GET", "/events"}, {"GET", "/rejects"}, {"POST", "/columns"}, {"POST", "/confirm"}, {"POST", "/cancel"}} {
		for _, path := range []string{theirs + x.path, page + x.path} {
			if a := w.do(other.Owner, x.method, path, form); a.status != http.StatusNotFound {
				t.Errorf("somebody else: %s %s: %d", x.method, path, a.status)
			}
		}
		if a := w.do(w.Viewer, x.method, page+x.path, form); a.status != http.StatusForbidden {
			t.Errorf("a viewer: %s %s: %d", x.method, x.path, a.status)
		}
	}
	if a := w.upload(w.Viewer, url.Values{}, "winter.csv", strings.NewReader(winter)); a.status != http.StatusForbidden {
		t.Errorf("a viewer uploads: %d", a.status)
	}
	// What an owner uploaded has numbers that an author may not see.
	if a := w.do(w.Author, "GET", page+"/columns", nil); a.status != 200 || strings.Contains(a.body, "56 78") {
		t.Errorf("an author: %d %s", a.status, a.text())
	}
	if a := w.do(w.Author, "GET", page+"/rejects", nil); a.status != http.StatusForbidden {
		t.Errorf("an author downloads it: %d", a.status)
	}
	if i := w.newestImport(); i.State != sms.ImportColumns {
		t.Errorf("it is %s", i.State)
	}
}

func TestAnOldImportPageIsToldAndHarmless(t *testing.T) {
	w := newSendingSite(t)
	a := w.upload(w.Owner, w.importForm(w.Owner), "winter.csv", bytes.NewReader([]byte(winter)))
	page := strings.TrimSuffix(a.to, "/columns")
	if a = w.post(page+"/confirm", url.Values{"token": {strings.Repeat("t", 32)}, "seen": {"1"}}); a.status != http.StatusSeeOther {
		t.Errorf("%d", a.status)
	}
	if a = w.post(page+"/cancel", nil); a.status != http.StatusSeeOther || !w.get(page).says("The import was cancelled") {
		t.Errorf("%d", a.status)
	}
	if a = w.post(page+"/columns", url.Values{"header": {"on"}, "field": {"number", "", ""}}); a.status != http.StatusSeeOther || w.newestImport().State != sms.ImportCancelled {
		t.Errorf("%d %s", a.status, w.newestImport().State)
	}
}
