package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// importing is a world in which a test imports files.
type importing struct {
	*apptest.TheWorld
	t      *testing.T
	tokens int
}

func newImporting(t *testing.T) *importing {
	t.Helper()
	return &importing{TheWorld: apptest.World(t), t: t}
}

func (w *importing) token() string {
	w.tokens++
	return fmt.Sprintf("import-token-%08d", w.tokens)
}

func (w *importing) form() app.ImportForm {
	return app.ImportForm{FileName: "people.csv", ListName: fmt.Sprint("Imported ", w.tokens), Country: "FR", Consent: "web_form", Token: w.token()}
}

// start uploads a file into a new list.
func (w *importing) start(file string) sms.ID {
	w.t.Helper()
	id, err := w.App.StartImport(w.t.Context(), w.Author, w.form(), strings.NewReader(file))
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// startInto uploads a file into a list.
func (w *importing) startInto(list sms.ID, file string) sms.ID {
	w.t.Helper()
	f := w.form()
	f.List = list.String()
	id, err := w.App.StartImport(w.t.Context(), w.Author, f, strings.NewReader(file))
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *importing) get(id sms.ID) app.ImportPage {
	w.t.Helper()
	p, err := w.App.Import(w.t.Context(), w.Author, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// suggested is the form as the page has it at first.
func (w *importing) suggested(id sms.ID) app.ImportColumnsForm {
	p := w.get(id)
	f := app.ImportColumnsForm{HasHeader: p.HasHeader, Options: p.Options}
	for _, c := range p.Columns {
		f.Fields = append(f.Fields, c.Field)
	}
	return f
}

// check takes what is suggested, changed by change, and runs the check.
func (w *importing) check(id sms.ID, change func(*app.ImportColumnsForm)) app.ImportPage {
	w.t.Helper()
	f := w.suggested(id)
	if change != nil {
		change(&f)
	}
	if err := w.App.SetImportColumns(w.t.Context(), w.Author, id, f); err != nil {
		w.t.Fatal(err)
	}
	w.run(id)
	p := w.get(id)
	if p.State != sms.ImportChecked {
		w.t.Fatalf("after the check it is %q: %s", p.State, p.Failure)
	}
	return p
}

// confirm confirms and imports.
func (w *importing) confirm(id sms.ID) app.ImportPage {
	w.t.Helper()
	if err := w.App.ConfirmImport(w.t.Context(), w.Author, id, w.get(id).Work.Attempt, w.token()); err != nil {
		w.t.Fatal(err)
	}
	w.run(id)
	p := w.get(id)
	if p.State != sms.ImportDone {
		w.t.Fatalf("after the import it is %q: %s", p.State, p.Failure)
	}
	return p
}

func (w *importing) cancel(id sms.ID) {
	w.t.Helper()
	if err := w.App.CancelImport(w.t.Context(), w.Author, id); err != nil {
		w.t.Fatal(err)
	}
}

// job is what the queue has for the import.
func (w *importing) job(id sms.ID) app.ImportJob {
	return app.ImportJob{Tenant: w.Tenant.ID, Import: id, Attempt: w.get(id).Work.Attempt}
}

func (w *importing) run(id sms.ID) {
	w.t.Helper()
	if err := w.App.RunImport(w.t.Context(), w.job(id)); err != nil {
		w.t.Fatal(err)
	}
}

// jobs is how many jobs of the import stand in the queue.
func (w *importing) jobs(id sms.ID) int64 {
	w.t.Helper()
	return w.count(`select count(*) from river.river_job where kind = 'import' and state = 'available' and args->>'Import' = $1`, id.String())
}

// taken takes the import's jobs out of the queue, as a worker does that begins them.
func (w *importing) taken(id sms.ID) {
	w.t.Helper()
	w.Exec(`update river.river_job set state = 'running' where kind = 'import' and state = 'available' and args->>'Import' = $1`, id.String())
}

// count asks for a number, past both walls.
func (w *importing) count(sql string, args ...any) int64 {
	w.t.Helper()
	return pgtest.Value[int64](w.t, w.DSN, sql, args...)
}

func (w *importing) contacts() int64 {
	return w.count(`select count(*) from contacts where tenant_id = $1`, int64(w.Tenant.ID))
}

// people is how many are in a list; what the list says of itself must be the same.
func (w *importing) people(list sms.ID) int64 {
	w.t.Helper()
	n := w.count(`select count(*) from list_members where tenant_id = $1 and list_id = $2::uuid`, int64(w.Tenant.ID), list.String())
	if says := w.count(`select people from lists where tenant_id = $1 and id = $2::uuid`, int64(w.Tenant.ID), list.String()); says != n {
		w.t.Errorf("the list says that it has %d people, and has %d", says, n)
	}
	return n
}

// person is first name, last name, fields and the key of a person by number.
func (w *importing) person(number int64) string {
	w.t.Helper()
	return pgtest.Value[string](w.t, w.DSN, `select concat_ws('|', first_name, last_name, fields::text, name_key, last_key)
		from contacts where tenant_id = $1 and number = $2`, int64(w.Tenant.ID), number)
}

func (w *importing) rejects(id sms.ID) string {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.App.ImportRejects(w.t.Context(), w.Author, id, &b); err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

// formProblem is what a form says about a field.
func formProblem(err error, field string) string {
	var p sms.Problems
	if errors.As(err, &p) {
		return p.For(field)
	}
	return fmt.Sprint("no problem of a form: ", err)
}
