package sms

import (
	"strings"
	"unicode"
)

// ShownCell is a cell of a file as a page shows it: as it is, or, to who may not see numbers, with all but the
// last three digits of what may be a number hidden (D42).
func ShownCell(cell string, full bool) string {
	digits := 0
	for _, r := range cell {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if full || digits < 6 {
		return cell
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsDigit(r) {
			return r
		}
		if digits--; digits < 3 {
			return r
		}
		return '·'
	}, cell)
}
