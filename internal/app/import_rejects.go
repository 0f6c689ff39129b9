package app

import (
	"encoding/csv"
	"io"

	"tidings/internal/sms"
	"tidings/internal/sms/table"
)

// rejectFile is a download of rejected rows. It is written as the file they come from, so that it
// opens in the same program.
type rejectFile struct {
	csv     *csv.Writer
	columns int
}

func newRejectFile(w io.Writer, i sms.Import) (*rejectFile, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	f := &rejectFile{csv: csv.NewWriter(w), columns: len(i.Columns)}
	if i.Separator != "" {
		f.csv.Comma = rune(i.Separator[0])
	}
	f.csv.UseCRLF = true
	head := make([]string, 0, f.columns)
	for _, c := range i.Columns {
		head = append(head, c.Heading)
	}
	return f, f.row(head, "reason")
}

func (f *rejectFile) write(rejects []sms.ImportReject) error {
	for _, r := range rejects {
		if err := f.row(r.Cells, r.Reason); err != nil {
			return err
		}
	}
	f.csv.Flush()
	return f.csv.Error()
}

// row writes cells and, after as many columns as the file has, the last one. A row that has more cells
// than the file has columns keeps them.
func (f *rejectFile) row(cells []string, last string) error {
	out := make([]string, 0, f.columns+1)
	for _, c := range cells {
		out = append(out, table.Safe(table.Plain(c)))
	}
	for len(out) < f.columns {
		out = append(out, "")
	}
	return f.csv.Write(append(out, table.Safe(last)))
}
