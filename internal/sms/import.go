package sms

import (
	"time"
)

// The limits of a file of people (D36).
const (
	MaxImportBytes = 200 << 20
	MaxImportRows  = 1_000_000
)

// How long what came with an import is kept.
const (
	ImportWaits       = 7 * 24 * time.Hour  // for its columns or its confirmation; then it is cancelled
	ImportRejectsKept = 30 * 24 * time.Hour // after its end
)

// FieldNumber is the column with the phone numbers.
const FieldNumber = "number"

// ImportState says how far an import is.
type ImportState string

// The states of an import, in order. Nothing is written to contacts before ImportRunning.
const (
	ImportUploading ImportState = "uploading"
	ImportColumns   ImportState = "columns" // waits to be told what each column is
	ImportChecking  ImportState = "checking"
	ImportChecked   ImportState = "checked" // waits to be confirmed
	ImportRunning   ImportState = "running"
	ImportDone      ImportState = "done"
	ImportFailed    ImportState = "failed"
	ImportCancelled ImportState = "cancelled"
)

// Ended reports whether nothing will happen to the import any more.
func (s ImportState) Ended() bool {
	return s == ImportDone || s == ImportFailed || s == ImportCancelled
}

// Working reports whether a worker is busy with the import, or should be.
func (s ImportState) Working() bool { return s == ImportChecking || s == ImportRunning }

// Cancellable reports whether the import can still be cancelled without a trace in contacts.
func (s ImportState) Cancellable() bool { return !s.Ended() && s != ImportRunning }

// Import is a file of people on its way into a list.
type Import struct {
	ID            ID
	List          ID // zero until the import is confirmed, where the list is a new one
	ListName      string
	State         ImportState
	FileName      string
	Bytes         int64
	Encoding      string // "UTF-8"
	Separator     string // the character itself
	HasHeader     bool
	Country       string // of numbers without a country code (D37)
	ConsentSource string
	ConsentNote   string
	Columns       []ImportColumn
	Options       ImportOptions
	Rows          int64        // of people in the file: without its header and rows without any text
	ReadRows      int64        // how many of them the present step has passed
	Counts        ImportCounts // while it runs and after it: what was really written
	Checked       ImportCounts // what the check said
	Unverified    int64        // rows that are taken though their number is in no range known to be in use (D37)
	Failure       string       // a sentence
	CreatedBy     ID
	CreatedAt     time.Time
	FinishedAt    *time.Time
	Work          ImportWork
}

// ImportWork is where the work on an import stands, so that another worker can go on with it.
type ImportWork struct {
	Attempt int       // the job that may write; an older one stops
	Tries   int       // how often a job began on it since it last got on
	At      time.Time // when it last got on
	Row     int64     // the last row of the file that was read
	Passed  int64     // how many rows that were
	Staged  int64     // those of them that hold a number
	Number  int64     // the last number that the present step has passed
}

// ImportColumn is a column of the file and what it becomes.
type ImportColumn struct {
	Heading string   // "Column A" where the file has no header
	Samples []string // at most three, as they stand in the file
	Field   string   // FieldNumber, FieldFirstName, FieldLastName, a custom key; "" leaves it out
	Sure    bool     // the suggestion is as good as certain
	Guess   bool     // it is a guess
	Phones  int      // of the sample: cells with a number that an SMS can reach
	Filled  int      // of the sample: cells with anything
}

// ImportOptions are what to do where the file and the memory differ.
type ImportOptions struct {
	KeepExisting bool // of people who are known only what is empty is filled in
	EmptyErases  bool // an empty cell erases what is known
	LastWins     bool // of several rows with one number the last counts, not the first
}

// ImportCounts are what becomes of the rows; every row is in exactly one of them (D36).
type ImportCounts struct {
	Fresh     int64 // people who were not known
	Changed   int64
	Same      int64
	Duplicate int64 // the number stands in another row of the file, which counts
	OptedOut  int64 // suppressed: imported and never written to (D38)
	Invalid   int64
}

// Sum is the number of rows.
func (c ImportCounts) Sum() int64 { return c.Written() + c.Duplicate + c.Invalid }

// Written is how many people end in the list.
func (c ImportCounts) Written() int64 { return c.Fresh + c.Changed + c.Same + c.OptedOut }

// Plus adds counts.
func (c ImportCounts) Plus(d ImportCounts) ImportCounts {
	return ImportCounts{
		c.Fresh + d.Fresh, c.Changed + d.Changed, c.Same + d.Same,
		c.Duplicate + d.Duplicate, c.OptedOut + d.OptedOut, c.Invalid + d.Invalid,
	}
}

// Moved reports whether an import wrote something else than its check said, because contacts or
// opt-outs changed in between.
func (i Import) Moved() bool { return i.State == ImportDone && i.Counts != i.Checked }

// ReadAs says how the file was read: "UTF-8, separated by ;".
func (i Import) ReadAs() string {
	switch i.Separator {
	case "":
		return i.Encoding
	case "\t":
		return i.Encoding + ", separated by tabs"
	}
	return i.Encoding + ", separated by " + i.Separator
}

// Column is the column that becomes the field, or -1.
func (i Import) Column(field string) int {
	for n, c := range i.Columns {
		if c.Field == field {
			return n
		}
	}
	return -1
}

// ImportReject is a row that cannot be imported.
type ImportReject struct {
	Row    int64  // as a spreadsheet counts them
	Kind   string // what RejectGroups brings together
	Reason string // a sentence
	Cells  []string
}

// RejectGroup are rejected rows that need the same repair.
type RejectGroup struct {
	Reason   string // with its count: "9 numbers are too short"
	Count    int64
	Examples []ImportReject // at most three
}
