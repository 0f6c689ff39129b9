package view

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
)

// ImportFormProps is the form that takes a file in, as typed.
type ImportFormProps struct {
	Base     string
	Lists    []sms.ListName
	Form     app.ImportForm
	Mistakes sms.Problems
	Problems []Problem
	Most     int64 // bytes of a file
}

func (p ImportFormProps) consent() sms.ListForm {
	return sms.ListForm{Consent: p.Form.Consent, Note: p.Form.Note}
}

func (p ImportFormProps) lists() []Option {
	out := []Option{{Label: "A new list"}}
	for _, l := range p.Lists {
		out = append(out, Option{Value: l.ID.String(), Label: l.Name + ", " + People(l.People), Group: "Your lists"})
	}
	return out
}

// ImportProps is the page of an import, wherever it is.
type ImportProps struct {
	app.ImportPage
	Base, Here string // of the contacts, of the import
	Campaigns  string
	Zone       string
	Token      string
	MayCompose bool
	Typed      *app.ImportColumnsForm // the columns as typed, when they come back
	Mistakes   sms.Problems
	Problems   []Problem
}

// importSteps are the screens of an import; now is the one that is shown, from 1.
func importSteps(now int, columns string) []Step {
	steps := []Step{{Label: "File"}, {Label: "Columns"}, {Label: "Check"}, {Label: "Import"}}
	for i := range steps {
		steps[i].Done, steps[i].Now = i+1 < now, i+1 == now
	}
	if now > 2 {
		steps[1].Href = columns
	}
	return steps
}

// Title is what the page is called.
func (p ImportProps) Title() string {
	switch p.State {
	case sms.ImportChecking:
		return "Checking " + p.FileName
	case sms.ImportChecked:
		return "Check what will be written"
	case sms.ImportRunning:
		return "Importing " + p.FileName
	case sms.ImportDone:
		return p.peopleNow() + " imported"
	case sms.ImportFailed:
		return "The import failed"
	case sms.ImportCancelled:
		return "The import was cancelled"
	}
	return "Import " + p.FileName
}

func (p ImportProps) peopleNow() string { return People(p.Counts.Written()) }

func (p ImportProps) steps() []Step {
	switch p.State {
	case sms.ImportUploading:
		return importSteps(1, "")
	case sms.ImportColumns:
		return importSteps(2, "")
	case sms.ImportChecking:
		return importSteps(3, "")
	case sms.ImportChecked:
		return importSteps(3, p.Here+"/columns")
	case sms.ImportDone:
		return importSteps(5, "")
	}
	return importSteps(4, "")
}

// readAs says what the file is.
func (p ImportProps) readAs() string {
	if p.State == sms.ImportUploading {
		return p.FileName
	}
	return p.FileName + ", " + Count(p.Rows, "row", "rows") + ", read as " + p.ReadAs()
}

func (p ImportProps) percent() int {
	if p.Rows <= 0 {
		return 0
	}
	return int(min(100*p.ReadRows/p.Rows, 100))
}

// say is spoken at each quarter and at each change of state.
func (p ImportProps) say() string {
	switch p.State {
	case sms.ImportChecking:
		return "Checking, " + strconv.Itoa(p.percent()/25*25) + " percent"
	case sms.ImportRunning:
		return "Importing, " + strconv.Itoa(p.percent()/25*25) + " percent"
	}
	return p.Title()
}

// tab is what the browser's tab shows.
func (p ImportProps) tab() string {
	if p.State.Working() {
		return strconv.Itoa(p.percent()) + "% · " + p.Title()
	}
	return p.Title()
}

// Consequence is one line of what becomes of the rows of a file.
type Consequence struct {
	Label, Sub string
	N          int64
	Sum        bool
}

// consequences add up: those who end in the list, then the rest, then all rows of the file.
func (p ImportProps) consequences() []Consequence {
	c := p.Counts
	changed, again := "Their names and fields become those of the file", "The first row of each number counts"
	if p.Options.KeepExisting {
		changed = "What is empty is filled in; what is known stays"
	}
	if p.Options.LastWins {
		again = "The last row of each number counts"
	}
	return []Consequence{
		{Label: "New", Sub: "People you did not have", N: c.Fresh},
		{Label: "Changed", Sub: changed, N: c.Changed},
		{Label: "The same", Sub: "Nothing about them changes", N: c.Same},
		{Label: "Opted out before", Sub: "Imported, and never written to", N: c.OptedOut},
		{Label: "Into " + p.ListName, N: c.Written(), Sum: true},
		{Label: "Again in the file", Sub: again, N: c.Duplicate},
		{Label: "Not valid", Sub: "Cannot be imported", N: c.Invalid},
		{Label: "Rows of the file", N: c.Sum(), Sum: true},
	}
}

// slip is the sentence of what the button does.
func (p ImportProps) slip() []Phrase {
	s := []Phrase{T("Write "), B(p.peopleNow()), T(" of "), B(p.FileName), T(" into ")}
	if p.List.IsZero() {
		s = append(s, T("the new list "))
	}
	s = append(s, B(p.ListName), T("."))
	switch n := p.Counts.OptedOut; {
	case n == 1:
		s = append(s, T(" One of them opted out before and is never written to."))
	case n > 1:
		s = append(s, T(" "), B(Num(n)), T(" of them opted out before and are never written to."))
	}
	return s
}

// exampleCell is a rejected row as the page shows it: the cell of the number, and something of the others.
type exampleCell struct{ number, rest, reason string }

func (p ImportProps) example(r sms.ImportReject) exampleCell {
	var number string
	at := p.Column(sms.FieldNumber)
	var others []string
	for i, c := range r.Cells {
		c = sms.CleanLine(c)
		switch {
		case i == at:
			number = c
		case c != "" && len(others) < 3:
			others = append(others, c)
		}
	}
	return exampleCell{number, strings.Join(others, " · "), r.Reason}
}

func (p ImportProps) rejectsNote() string {
	return Count(p.Counts.Invalid, "row", "rows") + " cannot be imported. Download " + Plural(p.Counts.Invalid, "it", "them") +
		" with the reason in an extra column, repair, and import only " + Plural(p.Counts.Invalid, "that one", "those") + "."
}

// mine reports whether the file's cells may be shown and downloaded: the app leaves them out for others.
func (p ImportProps) mine() bool {
	return len(p.Rejects) > 0 && len(p.Rejects[0].Examples) > 0
}

// columnRow is a column of the file and the question what it is.
type columnRow struct {
	sms.ImportColumn
	ID, Error     string
	Chosen, NewAs string
}

func (p ImportProps) columnRows() []columnRow {
	fields := slices.Clone(p.Fields)
	var out []columnRow
	for n, c := range p.Columns {
		row := columnRow{ImportColumn: c, ID: "column-" + strconv.Itoa(n), Chosen: c.Field, NewAs: sms.FieldKey(c.Heading)}
		row.Error = p.Mistakes.For(row.ID)
		if slices.Contains(fields, row.NewAs) {
			row.NewAs = ""
		}
		if p.Typed != nil && n < len(p.Typed.Fields) {
			row.Chosen = p.Typed.Fields[n]
			if n < len(p.Typed.NewFields) {
				row.NewAs = p.Typed.NewFields[n]
			}
		} else if c.Field != "" && !slices.Contains([]string{sms.FieldNumber, sms.FieldFirstName, sms.FieldLastName}, c.Field) && !slices.Contains(fields, c.Field) {
			row.Chosen, row.NewAs = app.NewField, c.Field // chosen before, and not there yet
		}
		out = append(out, row)
	}
	return out
}

// columnChoices are what a column can be.
func (p ImportProps) columnChoices() []Option {
	out := []Option{
		{Value: "", Label: "Leave it out"},
		{Value: sms.FieldNumber, Label: "Phone number", Group: "Everybody has"},
		{Value: sms.FieldFirstName, Label: "First name", Group: "Everybody has"},
		{Value: sms.FieldLastName, Label: "Last name", Group: "Everybody has"},
	}
	for _, k := range p.Fields {
		out = append(out, Option{Value: k, Label: k, Group: "Your fields"})
	}
	return append(out, Option{Value: app.NewField, Label: "A new field", Group: "Your fields"})
}

// found says how many numbers the chosen column holds, of the rows that were looked at.
func (p ImportProps) found() []Phrase {
	at := p.Column(sms.FieldNumber)
	if at < 0 {
		return []Phrase{T("No column looks like phone numbers. Choose the one that holds them.")}
	}
	c := p.Columns[at]
	of := " of " + Num(c.Filled) + "."
	if p.Rows > int64(c.Filled) && c.Filled >= 100 { // a sample
		of = " of the first " + Num(c.Filled) + "."
	}
	return []Phrase{T("Phone numbers found in the column "), B(c.Heading), T(": "), B(Num(c.Phones)), T(of)}
}

func (p ImportProps) header() bool {
	if p.Typed != nil {
		return p.Typed.HasHeader
	}
	return p.HasHeader
}

func (p ImportProps) options() sms.ImportOptions {
	if p.Typed != nil {
		return p.Typed.Options
	}
	return p.Options
}

// importNote is what an import brought, or will.
func (p ContactsProps) importNote(i sms.Import) string {
	switch i.State {
	case sms.ImportDone:
		return People(i.Counts.Written()) + " into " + i.ListName
	case sms.ImportCancelled, sms.ImportFailed:
		return "For " + i.ListName
	}
	return Count(i.Rows, "row", "rows") + " for " + i.ListName
}

func (p ContactsProps) importAt(i sms.Import) string { return When(sms.In(i.CreatedAt, p.Tenant.Zone)) }

// importState is the state in words, with how far it is.
func importState(i sms.Import) string {
	if i.State.Working() && i.Rows > 0 {
		return StateLabel("import_"+string(i.State)) + ", " + strconv.FormatInt(min(100*i.ReadRows/i.Rows, 100), 10) + "%"
	}
	return StateLabel("import_" + string(i.State))
}

func (p ImportProps) at(t time.Time) string { return LongWhen(sms.In(t, p.Zone)) }

// lastMoved is when it last got on.
func (p ImportProps) lastMoved() string { return sms.In(p.Work.At, p.Zone).Format("15:04:05") }

// finished says when it ended.
func (p ImportProps) finished() string {
	if p.FinishedAt == nil {
		return ""
	}
	return p.at(*p.FinishedAt)
}
