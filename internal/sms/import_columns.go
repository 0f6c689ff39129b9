package sms

import (
	"errors"
	"slices"
	"strings"

	"tidings/internal/sms/phone"
)

// importSample is how many rows of a file a suggestion looks at.
const importSample = 200

// SuggestColumns says what the columns of a file may be, from its first rows: by their headings, and
// by what stands in them. known are the custom fields that people of the tenant have. header reports
// whether the first row is one of headings.
func SuggestColumns(rows [][]string, country string, known []string) (columns []ImportColumn, header bool) {
	if len(rows) == 0 {
		return nil, false
	}
	header = looksLikeHeader(rows, country)
	body := rows
	if header {
		body = rows[1:]
	}
	body = body[:min(len(body), importSample)]
	columns = make([]ImportColumn, importWidth(rows))
	likely := make([]int, len(columns)) // cells that were meant to be numbers
	for n := range columns {
		columns[n], likely[n] = describeColumn(n, rows[0], header, body, country)
	}
	suggestNumber(columns, likely)
	suggestNames(columns)
	suggestKnown(columns, known)
	return columns, header
}

// importWidth is the number of columns: of the first row, or of most rows where the first is shorter.
func importWidth(rows [][]string) int {
	counts, most := map[int]int{}, len(rows[0])
	for _, r := range rows[:min(len(rows), importSample)] {
		if counts[len(r)]++; counts[len(r)]*2 > min(len(rows), importSample) && len(r) > most {
			most = len(r)
		}
	}
	return most
}

// looksLikeHeader reports whether the first row has headings: a word that is one, or no number where
// the rows below have numbers.
func looksLikeHeader(rows [][]string, country string) bool {
	for _, cell := range rows[0] {
		if likelyNumber(cell, country) {
			return false
		}
	}
	for _, cell := range rows[0] {
		if headingOf(cell).field != "" {
			return true
		}
	}
	if len(rows) < 2 {
		return false
	}
	return slices.ContainsFunc(rows[1], func(cell string) bool { return likelyNumber(cell, country) })
}

func describeColumn(n int, first []string, header bool, body [][]string, country string) (c ImportColumn, likely int) {
	if header && n < len(first) {
		c.Heading = cut(CleanLine(first[n]), 60)
	}
	if c.Heading == "" {
		c.Heading = "Column " + columnLetters(n)
	}
	for _, row := range body {
		if n >= len(row) || strings.TrimSpace(row[n]) == "" {
			continue
		}
		c.Filled++
		if len(c.Samples) < 3 {
			c.Samples = append(c.Samples, cut(row[n], 60))
		}
		if _, err := phone.Parse(importCell(row[n]), country); err == nil {
			c.Phones++
			likely++
		} else if likelyNumber(row[n], country) {
			likely++
		}
	}
	return c, likely
}

// likelyNumber reports whether a cell is a number, or was one before somebody or a spreadsheet
// damaged it.
func likelyNumber(cell, country string) bool {
	_, err := phone.Parse(importCell(cell), country)
	var refused phone.Refusal
	if errors.As(err, &refused) {
		switch refused.Reason {
		case phone.Scientific, phone.Landline, phone.Premium, phone.Several:
			return true
		}
	}
	return err == nil
}

// columnLetters are how a spreadsheet calls a column: A, B … Z, AA.
func columnLetters(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return columnLetters(n/26-1) + string(rune('A'+n%26))
}

// cut is the beginning of a text, at most so many characters. It holds on to nothing else.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return strings.Clone(s)
}

// suggestNumber finds the column of numbers: the one most likely by heading and content together.
func suggestNumber(columns []ImportColumn, likely []int) {
	best, bestScore := -1, 0
	for n, c := range columns {
		h := headingOf(c.Heading)
		score := 0
		if c.Filled > 0 {
			score = 100 * likely[n] / c.Filled
		}
		if h.field != FieldNumber && (score < 50 || h.field != "") {
			continue
		}
		if h.field == FieldNumber {
			score = score*2 + h.weight
		}
		if score > bestScore {
			best, bestScore = n, score
		}
	}
	if best < 0 {
		return
	}
	c := &columns[best]
	c.Field = FieldNumber
	c.Sure = headingOf(c.Heading).field == FieldNumber && c.Phones*10 >= c.Filled*8
	c.Guess = !c.Sure
}

// suggestNames finds the columns of names by their headings. A heading like "Name" is the last name
// where another column has the first.
func suggestNames(columns []ImportColumn) {
	for _, field := range []string{FieldFirstName, FieldLastName} {
		best, weight := -1, 0
		for n, c := range columns {
			if h := headingOf(c.Heading); c.Field == "" && h.field == field && h.weight > weight {
				best, weight = n, h.weight
			}
		}
		if best >= 0 {
			columns[best].Field = field
			columns[best].Sure, columns[best].Guess = weight >= sureHeading, weight < sureHeading
		}
	}
	taken := func(f string) bool {
		return slices.ContainsFunc(columns, func(c ImportColumn) bool { return c.Field == f })
	}
	for n, c := range columns {
		if c.Field != "" || headingOf(c.Heading).field != anyName {
			continue
		}
		switch {
		case !taken(FieldFirstName):
			columns[n].Field, columns[n].Guess = FieldFirstName, true
		case !taken(FieldLastName):
			columns[n].Field, columns[n].Guess = FieldLastName, true
		}
	}
}

// suggestKnown takes columns that are called like a custom field that people have.
func suggestKnown(columns []ImportColumn, known []string) {
	used := map[string]bool{}
	for n, c := range columns {
		key := FieldKey(c.Heading)
		if c.Field == "" && key != "" && slices.Contains(known, key) && !used[key] {
			columns[n].Field, columns[n].Sure, used[key] = key, true, true
		}
	}
}
