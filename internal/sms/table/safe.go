package table

import "strings"

// risky are the first characters by which a spreadsheet takes a cell for a formula, in both widths.
const risky = "=+-@\t\r\n＝＋－＠"

// Safe makes a cell for a download that a spreadsheet shows and never calculates: an apostrophe goes
// before what looks like a formula. Plain takes it away again.
func Safe(cell string) string {
	if looksLikeFormula(strings.TrimLeft(cell, "'")) {
		return "'" + cell
	}
	return cell
}

// Plain is the cell that Safe was given, and the text of a cell that a spreadsheet marked with an apostrophe.
func Plain(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && looksLikeFormula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return cell
}

func looksLikeFormula(s string) bool {
	s = strings.TrimLeft(s, " \u00a0\x00")
	return s != "" && strings.ContainsAny(firstRune(s), risky)
}

func firstRune(s string) string {
	for i := range s {
		if i > 0 {
			return s[:i]
		}
	}
	return s
}
