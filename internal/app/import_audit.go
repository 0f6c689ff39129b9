package app

import (
	"fmt"
	"maps"

	"tidings/internal/sms"
)

func importObject(i sms.Import) string { return "import " + i.ID.String() }

// auditCounts is what the audit keeps of what became of the rows.
func auditCounts(i sms.Import, c sms.ImportCounts) map[string]any {
	return map[string]any{
		"list": i.ListName, "rows": i.Rows, "new": c.Fresh, "changed": c.Changed, "same": c.Same,
		"duplicate": c.Duplicate, "opted_out": c.OptedOut, "invalid": c.Invalid,
	}
}

// auditReading is what the audit keeps of how a file is read: what each column becomes, and the options.
func auditReading(i sms.Import) map[string]any {
	out := map[string]any{
		"headings": i.HasHeader, "keep_what_is_known": i.Options.KeepExisting, "empty_erases": i.Options.EmptyErases, "last_row_counts": i.Options.LastWins,
	}
	for n, c := range i.Columns {
		if c.Field != "" {
			out[fmt.Sprintf("column %d, %s", n+1, c.Heading)] = c.Field
		}
	}
	return out
}

// auditConfirmed is what the audit keeps of a confirmation: how the file is read, and what the check said.
func auditConfirmed(i sms.Import) map[string]any {
	out := auditReading(i)
	maps.Copy(out, auditCounts(i, i.Checked))
	return out
}
