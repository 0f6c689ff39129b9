package app

import (
	"context"
	"fmt"
	"io"
	"slices"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// ImportColumnsForm says what each column of a file is, and what to do with it.
type ImportColumnsForm struct {
	HasHeader bool
	Fields    []string // per column: sms.FieldNumber, a name, a custom key, NewField, or "" to leave it out
	NewFields []string // per column: the key where Fields has NewField
	Options   sms.ImportOptions
}

// NewField in ImportColumnsForm.Fields makes a custom field.
const NewField = "new"

// SetImportColumns says what the columns are and has the file checked; also again, after a check.
// Problems: "columns" for all of them, "column-0" and so on for one.
func (a *App) SetImportColumns(ctx context.Context, who sms.Actor, id sms.ID, f ImportColumnsForm) error {
	return a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		i, err := tx.LockImport(ctx, id)
		if err != nil {
			return err
		}
		if i.State != sms.ImportColumns && i.State != sms.ImportChecked {
			return sms.Conflict("This import " + importIs(i.State) + ". Its columns cannot be changed any more.")
		}
		fields, err := columnFields(i, f)
		if err != nil {
			return err
		}
		var before any
		if i.State == sms.ImportChecked { // otherwise nobody has said anything yet
			before = auditReading(i)
		}
		same := i.State == sms.ImportChecked && f.HasHeader == i.HasHeader
		for n := range i.Columns {
			c := &i.Columns[n]
			same = same && c.Field == fields[n]
			c.Field = fields[n]
		}
		setHeader(&i, f.HasHeader)
		i.Options = f.Options
		if !same { // otherwise the rows are read already
			i.Work.Row, i.Work.Passed, i.Work.Staged = 0, 0, 0
			i.ReadRows, i.Counts, i.Unverified = 0, sms.ImportCounts{}, 0
		}
		i.Counts = sms.ImportCounts{Invalid: i.Counts.Invalid}
		i.State = sms.ImportChecking
		if err := a.work(ctx, tx, i); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "set_import_columns", importObject(i), before, auditReading(i), "")
	})
}

// work hands a locked import to the workers, from its first number on.
func (a *App) work(ctx context.Context, tx *postgres.Tx, i sms.Import) error {
	i.Work.Tries, i.Work.Number, i.Work.At = 0, 0, a.Now()
	return a.handOn(ctx, tx, &i)
}

// setHeader says whether the first row is one of headings.
func setHeader(i *sms.Import, header bool) {
	switch {
	case header && !i.HasHeader:
		i.Rows--
	case !header && i.HasHeader:
		i.Rows++
	}
	i.HasHeader = header
}

func columnFields(i sms.Import, f ImportColumnsForm) ([]string, error) {
	var p sms.Problems
	out := make([]string, len(i.Columns))
	taken := map[string]int{}
	for n := range i.Columns {
		at := fmt.Sprintf("column-%d", n)
		key := ""
		if n < len(f.Fields) {
			key = f.Fields[n]
		}
		if key == NewField {
			key = ""
			if n < len(f.NewFields) {
				key = f.NewFields[n]
			}
			if text := sms.FieldKeyProblem(key); text != "" {
				p.Add(at, text)
				continue
			}
		} else if !everyonesField(key) && sms.FieldKeyProblem(key) != "" {
			p.Add(at, "Choose what this column is")
			continue
		}
		if before, ok := taken[key]; ok && key != "" {
			p.Add(at, "Choose another field. "+i.Columns[before].Heading+" is this one already")
			continue
		}
		taken[key], out[n] = n, key
	}
	if _, ok := taken[sms.FieldNumber]; !ok {
		p = slices.Insert(p, 0, sms.Problem{Field: "columns", Text: "Choose the column that holds the phone numbers"})
	}
	if i.Rows == 1 && f.HasHeader && !i.HasHeader {
		p.Add("columns", "The file has one row. If it is one of headings, there are no people in it")
	}
	return out, p.Err()
}

func everyonesField(key string) bool {
	return key == "" || key == sms.FieldNumber || key == sms.FieldFirstName || key == sms.FieldLastName
}

// importIs is a state as the end of a sentence.
func importIs(s sms.ImportState) string {
	switch s {
	case sms.ImportUploading:
		return "is still being uploaded"
	case sms.ImportColumns:
		return "waits to be told what its columns are"
	case sms.ImportChecking:
		return "is being checked"
	case sms.ImportChecked:
		return "waits to be confirmed"
	case sms.ImportRunning:
		return "was confirmed and is running"
	case sms.ImportCancelled:
		return "was cancelled"
	case sms.ImportFailed:
		return "could not be done"
	}
	return "is done"
}

// ConfirmImport writes the people of a checked file into the list, in the background. seen is the
// Work.Attempt of the check that was shown: another check must be looked at first (D3). A second
// confirmation changes nothing: with the same token it succeeds, with another it is a conflict.
func (a *App) ConfirmImport(ctx context.Context, who sms.Actor, id sms.ID, seen int, token string) error {
	return a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		i, err := tx.LockImport(ctx, id)
		if err != nil {
			return err
		}
		var done bool
		return a.once(ctx, tx, token, "confirm_import", &done, func() error {
			if i.State != sms.ImportChecked {
				return sms.Conflict("This import " + importIs(i.State) + ".")
			}
			if i.Work.Attempt != seen {
				return sms.Conflict("The file was checked again since you looked. Look at the new check, and import then.")
			}
			if i.Counts.Written() == 0 {
				return sms.Conflict("No row of this file can be imported. Repair the file, and upload it again.")
			}
			if err := a.importList(ctx, tx, &i); err != nil {
				return err
			}
			done = true
			i.State, i.Checked, i.Counts = sms.ImportRunning, i.Counts, sms.ImportCounts{Invalid: i.Counts.Invalid}
			i.ReadRows = i.Counts.Invalid
			if err := a.work(ctx, tx, i); err != nil {
				return err
			}
			return a.audit(ctx, tx, who, "confirm_import", importObject(i), nil, auditConfirmed(i), "")
		})
	})
}

// importList finds the list of an import, or makes the new one.
func (a *App) importList(ctx context.Context, tx *postgres.Tx, i *sms.Import) error {
	if !i.List.IsZero() {
		there, err := tx.HoldList(ctx, i.List)
		if err == nil && !there {
			err = sms.Conflict("The list " + i.ListName + " was deleted meanwhile. Import the file into another list.")
		}
		return err
	}
	l := sms.List{
		ID: sms.NewID(a.Now()), Name: i.ListName, Country: i.Country,
		ConsentSource: i.ConsentSource, ConsentNote: i.ConsentNote, CreatedAt: a.Now(),
	}
	added, err := tx.AddImportList(ctx, l)
	if err == nil && !added {
		err = sms.Conflict("Somebody made a list called " + i.ListName + " meanwhile. Rename that list, and confirm again.")
	}
	i.List = l.ID
	return err
}

// CancelImport gives an import up that has not been confirmed. Its file is removed.
func (a *App) CancelImport(ctx context.Context, who sms.Actor, id sms.ID) error {
	return a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		i, err := tx.LockImport(ctx, id)
		if err != nil || i.State == sms.ImportCancelled {
			return err
		}
		if !i.State.Cancellable() {
			return sms.Conflict("This import " + importIs(i.State) + ". It cannot be cancelled any more.")
		}
		return a.cancelImport(ctx, tx, who, i, "")
	})
}

func (a *App) cancelImport(ctx context.Context, tx *postgres.Tx, who sms.Actor, i sms.Import, why string) error {
	if err := a.endImport(ctx, tx, &i, sms.ImportCancelled); err != nil {
		return err
	}
	return a.audit(ctx, tx, who, "cancel_import", importObject(i), nil, nil, why)
}

// endImport ends a locked import and removes its file, and what was shown of it.
func (a *App) endImport(ctx context.Context, tx *postgres.Tx, i *sms.Import, state sms.ImportState) error {
	now := a.Now()
	i.State, i.FinishedAt, i.Work.At = state, &now, now
	for n := range i.Columns {
		i.Columns[n].Samples = nil
	}
	if err := tx.SaveImport(ctx, *i); err != nil {
		return err
	}
	return tx.ClearImport(ctx, i.ID)
}

// ImportRejects writes the rejected rows as a file, with the reason in a last column. Repaired, it can
// be imported as it is.
func (a *App) ImportRejects(ctx context.Context, who sms.Actor, id sms.ID, w io.Writer) error {
	var i sms.Import
	var page []sms.ImportReject
	after := int64(0)
	read := func(tx *postgres.Tx) (err error) {
		if i, err = tx.Import(ctx, id); err != nil {
			return err
		}
		page, err = tx.ImportRejects(ctx, id, after, 2000)
		return err
	}
	if err := a.as(ctx, who, sms.RightContacts, read); err != nil {
		return err
	}
	if !seesImport(who, i) {
		return a.denied(ctx, who, sms.RightNumbers)
	}
	out, err := newRejectFile(w, i)
	for err == nil && len(page) > 0 {
		if err = out.write(page); err != nil {
			break
		}
		after = page[len(page)-1].Row
		err = a.as(ctx, who, sms.RightContacts, read)
	}
	if err != nil {
		return fmt.Errorf("write the rejected rows of import %s: %w", id, err)
	}
	return nil
}
