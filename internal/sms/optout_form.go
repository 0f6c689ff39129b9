package sms

import (
	"strings"
	"unicode/utf8"
)

// LeftOutForm is numbers to be left out from now on, as typed or read from a file.
type LeftOutForm struct {
	Kind  string // SuppressionExcluded, SuppressionOptedOut or SuppressionComplaint
	How   string // where it comes from, in words
	Text  string // one number a line, or separated by commas, semicolons or tabs
	File  []byte // a table with a column of numbers; nil: none
	Token string
}

// LeftOutAtOnce is the most numbers one form takes.
const LeftOutAtOnce = 100_000

// Check says what is wrong with the form, but for the numbers.
func (f LeftOutForm) Check() error {
	var p Problems
	switch SuppressionKind(f.Kind) {
	case SuppressionExcluded, SuppressionOptedOut, SuppressionComplaint:
	default:
		p.Add("kind", "Choose why they are left out")
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(f.How)); n < 3 || n > 200 {
		p.Add("how", "Say in 3 to 200 characters how you know, like “by mail to our office”")
	}
	if len(f.Cells()) == 0 && len(f.File) == 0 {
		p.Add("text", "Enter at least one number, or choose a file with them")
	}
	return p.Err()
}

// Cells are the typed numbers, as they were typed.
func (f LeftOutForm) Cells() []string {
	var out []string
	for _, c := range strings.FieldsFunc(f.Text, func(r rune) bool { return strings.ContainsRune("\n\r,;\t", r) }) {
		if c = CleanLine(c); c != "" {
			out = append(out, c)
		}
	}
	return out
}

// CheckProof says what is wrong with the proof that somebody wants messages again:
// what they said, who and when, in words.
func CheckProof(proof string) error {
	var p Problems
	if n := utf8.RuneCountInString(strings.TrimSpace(proof)); n < 10 || n > 300 {
		p.Add("proof", "Say in 10 to 300 characters how and when they agreed again")
	}
	return p.Err()
}

// BadCell is something typed that is no number, and why.
type BadCell struct{ Cell, Why string }
