package sms

import (
	"errors"
	"strings"
	"unicode/utf8"

	"tidings/internal/sms/phone"
	"tidings/internal/sms/table"
)

// ImportRow is a row of the file that holds a person.
type ImportRow struct {
	Row        int64 // as a spreadsheet counts them
	Contact          // without ID
	NameKey    string
	LastKey    string
	Unverified bool // the number is in no range known to be in use (D37)
}

// importCell is what a cell of a file says: a spreadsheet's apostrophe before a formula, which our
// own downloads have, is no part of it.
func importCell(cell string) string { return table.Plain(cell) }

// ReadRow makes a person of a row, or says why it cannot be imported.
func (i Import) ReadRow(row int64, cells []string) (ImportRow, *ImportReject) {
	r := ImportRow{Row: row}
	kind, reason := i.readCells(&r, cells)
	if kind == "" {
		r.NameKey, r.LastKey = NameKeys(r.FirstName, r.LastName)
		return r, nil
	}
	kept := make([]string, len(cells))
	for n, c := range cells {
		kept[n] = cut(c, mostKept)
	}
	return r, &ImportReject{Row: row, Kind: kind, Reason: reason, Cells: kept}
}

// mostKept is how many characters are kept of a cell of a rejected row: five times what any field may have.
const mostKept = 1000

// The kinds of rejected rows that no phone.Reason names.
const (
	rejectWide = "wide"
	rejectLong = "long"
)

func (i Import) readCells(r *ImportRow, cells []string) (kind, reason string) {
	for _, c := range cells[min(len(i.Columns), len(cells)):] {
		if strings.TrimSpace(c) != "" {
			return rejectWide, "This row has " + counted(len(cells), "cell", "cells") + " and the file " + counted(len(i.Columns), "column", "columns") +
				". Put text that holds the separator in quotation marks"
		}
	}
	number := ""
	for n, c := range i.Columns {
		if c.Field == "" || n >= len(cells) {
			continue
		}
		if c.Field == FieldNumber {
			number = importCell(cells[n])
			continue
		}
		most := MaxField
		if c.Field == FieldFirstName || c.Field == FieldLastName {
			most = MaxName
		}
		value := CleanLine(importCell(cells[n]))
		if len(value) > most && utf8.RuneCountInString(value) > most {
			return rejectLong, "Use " + figure(most) + " characters or fewer in " + c.Heading
		}
		r.set(c.Field, value)
	}
	return r.readNumber(number, i.Country)
}

func (r *ImportRow) set(field, value string) {
	switch {
	case value == "":
	case field == FieldFirstName:
		r.FirstName = value
	case field == FieldLastName:
		r.LastName = value
	default:
		if r.Fields == nil {
			r.Fields = map[string]string{}
		}
		r.Fields[field] = value
	}
}

func (r *ImportRow) readNumber(cell, country string) (kind, reason string) {
	p, err := phone.Parse(cell, country)
	var refused phone.Refusal
	if errors.As(err, &refused) {
		return rejectKind(refused.Reason), refused.Error()
	}
	r.Number, r.Country, r.Unverified = int64(p.Number), p.Country, p.Warning == phone.Unverified
	return "", ""
}

func rejectKind(r phone.Reason) string { return "number " + string(rune('a'+r)) }

// RejectTally says how many rows were rejected for a kind of reason: "9 numbers are too short".
func RejectTally(kind string, n int64) string {
	switch kind {
	case rejectWide:
		return counted(int(n), "row with more cells than columns", "rows with more cells than columns")
	case rejectLong:
		return counted(int(n), "row with a text that is too long", "rows with a text that is too long")
	case rejectKind(phone.Empty):
		return counted(int(n), "row without a number", "rows without a number")
	}
	if s, ok := strings.CutPrefix(kind, "number "); ok && len(s) == 1 {
		return phone.Reason(s[0] - 'a').Tally(int(n))
	}
	return counted(int(n), "row", "rows")
}
