package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
	"tidings/internal/sms/table"
)

// importList is how many imports are shown at once.
const importList = 50

// mostOpenImports is how many imports of an account may be under way, those that wait for somebody and uploads
// included: a gigabyte of files at most.
const mostOpenImports = 5

// ImportForm is what is said about a file of people.
type ImportForm struct {
	FileName string
	List     string // ID of a list, or "" for a new one
	ListName string // of a new one
	Country  string // of numbers without a country code
	Consent  string // a source of consent
	Note     string
	Token    string
}

// StartImport takes a file of people in, as it comes, at most 200 MB: it is read once to see that it
// can be read, and kept in pieces until the import has ended. Nothing is written to contacts.
// Problems name the fields file, list, name, country, consent and note.
func (a *App) StartImport(ctx context.Context, who sms.Actor, f ImportForm, file io.Reader) (sms.ID, error) {
	if err := a.Require(ctx, who, sms.RightContacts); err != nil {
		return sms.ID{}, err
	}
	i, known, err := a.describeImport(ctx, who, f)
	var problems sms.Problems
	if err != nil && !errors.As(err, &problems) {
		return sms.ID{}, err
	}
	up := &upload{app: a, tenant: who.Tenant, id: i.ID, file: file}
	if f.FileName == "" {
		problems.Add("file", "Choose the file with the people")
	} else if err := up.begin(); err != nil {
		if err := addRefusal(&problems, err); err != nil {
			return sms.ID{}, err
		}
	}
	if err := problems.Err(); err != nil {
		return sms.ID{}, err
	}
	id, err := a.takeIn(ctx, who, i, up, known, f.Token)
	if err == nil && id == i.ID {
		return id, nil
	}
	// What was kept of the file is of no use; if it cannot be removed now, the sweep does it.
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if gone := a.DB.InTenant(clean, who.Tenant, func(tx *postgres.Tx) error { return tx.RemoveImport(clean, i.ID) }); gone != nil {
		a.Log.WarnContext(ctx, "an upload was given up and is still there", "import", i.ID.String(), "error", gone)
	}
	if err != nil {
		if err := addRefusal(&problems, err); err != nil {
			return sms.ID{}, fmt.Errorf("take in a file of people: %w", err)
		}
		return sms.ID{}, problems
	}
	return id, nil
}

// addRefusal makes a problem of a file that cannot be read. Another error is given back.
func addRefusal(p *sms.Problems, err error) error {
	var refused table.Refusal
	if !errors.As(err, &refused) {
		return err
	}
	p.Add("file", refused.Error())
	return nil
}

// describeImport checks what is said about a file.
func (a *App) describeImport(ctx context.Context, who sms.Actor, f ImportForm) (i sms.Import, known []string, err error) {
	i = sms.Import{
		ID: sms.NewID(a.Now()), State: sms.ImportUploading, Country: f.Country, ConsentSource: f.Consent, ConsentNote: strings.TrimSpace(f.Note),
		FileName: cut(sms.CleanLine(f.FileName), 200), CreatedBy: who.User, CreatedAt: a.Now(),
	}
	var p sms.Problems
	var lists []sms.ListName
	err = a.DB.InTenant(ctx, who.Tenant, func(tx *postgres.Tx) (err error) {
		if lists, err = tx.ListNames(ctx); err != nil {
			return err
		}
		known, err = tx.ImportFields(ctx)
		return err
	})
	if err != nil {
		return i, nil, err
	}
	if f.List != "" {
		n := slices.IndexFunc(lists, func(l sms.ListName) bool { return l.ID.String() == f.List })
		if n < 0 {
			p.Add("list", "Choose a list")
		} else {
			i.List, i.ListName = lists[n].ID, lists[n].Name
		}
	} else {
		name, err := sms.CleanListName(f.ListName)
		_ = errors.As(err, &p)
		if slices.ContainsFunc(lists, func(l sms.ListName) bool { return strings.EqualFold(l.Name, name) }) {
			p.Add("name", "You already have a list with this name. Choose it, or use another name")
		}
		i.ListName = name
	}
	if text := sms.CountryProblem(f.Country); text != "" {
		p.Add("country", text)
	}
	if field, text := sms.ConsentProblem(f.Consent, f.Note); field != "" {
		p.Add(field, text)
	}
	return i, known, p.Err()
}

// beginImport writes an import whose file is on its way. The ID is that of an earlier import if the form was
// sent before and there is no room for another.
func (a *App) beginImport(ctx context.Context, who sms.Actor, i sms.Import, token string) (out sms.ID, err error) {
	err = a.patiently(ctx, func() error {
		return a.DB.InTenant(ctx, who.Tenant, func(tx *postgres.Tx) error {
			out = i.ID
			open, err := tx.OpenImports(ctx, i.ID)
			if err != nil {
				return err
			}
			if open >= mostOpenImports {
				return a.once(ctx, tx, token, "start_import", &out, func() error { return refuseManyOpen })
			}
			if !i.List.IsZero() {
				if there, err := tx.HoldList(ctx, i.List); err != nil {
					return err
				} else if !there {
					return sms.Problems{{Field: "list", Text: "Choose a list"}} // it was deleted just now
				}
			}
			return tx.AddImport(ctx, i)
		})
	})
	return out, err
}

// takeIn keeps the file and looks at every row of it. The ID is that of an earlier import if the form
// was sent before.
func (a *App) takeIn(ctx context.Context, who sms.Actor, i sms.Import, up *upload, known []string, token string) (sms.ID, error) {
	out, err := a.beginImport(ctx, who, i, token)
	if err != nil || out != i.ID {
		return out, err
	}
	rows, err := up.readAll(ctx)
	if err != nil {
		return sms.ID{}, err
	}
	format := up.settled
	i.State, i.Bytes, i.Encoding, i.Separator = sms.ImportColumns, up.bytes, string(format.Encoding), string(format.Separator)
	i.Columns, i.HasHeader = sms.SuggestColumns(up.sample(), i.Country, known)
	i.Rows = rows
	if i.HasHeader {
		i.Rows--
	}
	if i.Rows == 0 {
		return sms.ID{}, table.Refusal("This file has headings and no rows below them. Choose a file with at least one person.")
	}
	err = a.patiently(ctx, func() error {
		return a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
			out = i.ID
			return a.once(ctx, tx, token, "start_import", &out, func() error {
				i.Work.At = a.Now()
				if err := tx.SaveImport(ctx, i); err != nil {
					return err
				}
				return a.audit(ctx, tx, who, "start_import", importObject(i), nil, map[string]any{
					"file": i.FileName, "bytes": i.Bytes, "rows": i.Rows, "list": i.ListName, "country": i.Country, "consent": i.ConsentSource,
				}, i.ConsentNote)
			})
		})
	})
	return out, err
}

// Imports lists the newest imports of the account.
func (a *App) Imports(ctx context.Context, who sms.Actor) ([]sms.Import, error) {
	var out []sms.Import
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) (err error) {
		out, err = tx.Imports(ctx, importList)
		return err
	})
	return out, err
}

// ImportPage is an import with what its pages need to know.
type ImportPage struct {
	sms.Import
	Fields  []string // keys of custom fields that people have, where columns may be chosen
	Rejects []sms.RejectGroup
	Still   bool // it should be worked on, and does not get on
}

// Import shows an import. While it is worked on that is one row: somebody looks each second.
func (a *App) Import(ctx context.Context, who sms.Actor, id sms.ID) (ImportPage, error) {
	var p ImportPage
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) (err error) {
		if p.Import, err = tx.Import(ctx, id); err != nil {
			return err
		}
		p.Still = (p.State == sms.ImportChecking || p.State == sms.ImportRunning) && a.Now().Sub(p.Work.At) > importStill
		if p.State == sms.ImportColumns || p.State == sms.ImportChecked {
			if p.Fields, err = tx.ImportFields(ctx); err != nil {
				return err
			}
		}
		if (p.State == sms.ImportChecked || p.State.Ended()) && p.Counts.Invalid > 0 {
			p.Rejects, err = tx.RejectGroups(ctx, id)
		}
		return err
	})
	if !seesImport(who, p.Import) {
		for n := range p.Columns {
			p.Columns[n].Samples = nil
		}
		for n := range p.Rejects {
			p.Rejects[n].Examples = nil
		}
	}
	return p, err
}

// seesImport reports whether the actor may see what stands in the file, in pages and in downloads: who uploaded it
// has it anyway, others must be allowed to see numbers in full.
func seesImport(who sms.Actor, i sms.Import) bool {
	return who.Can(sms.RightNumbers) || i.CreatedBy == who.User
}

// patiently tries again for half a minute while the database is away. fn must be one transaction that
// may run twice. A statement that takes too long would only do so again.
func (a *App) patiently(ctx context.Context, fn func() error) error {
	patience, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	for {
		err := fn()
		if err == nil || !errors.Is(err, sms.ErrUnavailable) || postgres.TookTooLong(err) || !pause(patience, 500*time.Millisecond) {
			return err
		}
	}
}
