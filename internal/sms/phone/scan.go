package phone

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// dialled is what a cell says once everything but the number is taken away.
type dialled struct {
	room [24]byte
	n    int
	plus bool // it begins with a country code
}

// digits is the number without plus, in ASCII.
func (d *dialled) digits() []byte { return d.room[:d.n] }

// add takes one more digit and says whether there was room.
func (d *dialled) add(digit byte) bool {
	if d.n == len(d.room) {
		return false
	}
	d.room[d.n] = digit
	d.n++
	return true
}

// wholeNumber is how few digits a number can have and still be taken for a complete one, when
// the question is whether another number or an extension follows.
const wholeNumber = 7

// scan finds the digits in a cell. The reason is 0 where there is a number to be read.
func (d *dialled) scan(raw string) Reason {
	for i := range len(raw) {
		switch c := raw[i]; {
		case c >= '0' && c <= '9':
			if !d.add(c) {
				return TooLong
			}
		case c == '+' && d.n == 0:
			d.plus = true
		case c == ' ' || c == '-' || c == '(' || c == ')':
		default: // anything unusual: read it again with care
			*d = dialled{}
			return d.scanText(raw)
		}
	}
	return d.finish()
}

// finish takes 00 for a plus, which is what it means in nearly every country.
func (d *dialled) finish() Reason {
	if d.n == 0 {
		return Empty
	}
	if d.n > 2 && d.room[0] == '0' && d.room[1] == '0' {
		copy(d.room[:], d.room[2:d.n])
		d.n, d.plus = d.n-2, true
	}
	return 0
}

var (
	scientific = regexp.MustCompile(`^[^\d]*\d([.,]\d+)?[eE]\+?\d{1,2}\D*$`)
	fraction   = regexp.MustCompile(`^(\D*\d{7,})[.,]0+\D*$`)
	extension  = regexp.MustCompile(`^[\s,;.:-]*(?i:ext|extension|extn|x|#|poste|int|durchwahl|dw|app)[\s.:=]*\d{1,7}\D*$`)
)

// scanText reads a cell with words, marks or foreign digits in it: "tel. +33 6 …", "06 … (Anna)",
// full-width digits, an extension, a number that a spreadsheet has spoilt.
func (d *dialled) scanText(raw string) Reason {
	raw = strings.Map(plainDigit, raw)
	if scientific.MatchString(raw) {
		return Scientific
	}
	if m := fraction.FindStringSubmatch(raw); m != nil {
		raw = m[1] // 33612345678.0
	}
	letter := false // the character before is one
	for i, r := range raw {
		switch {
		case r >= '0' && r <= '9':
			if letter {
				return Letters
			}
			if !d.add(byte(r)) {
				return TooLong
			}
		case r == '+' && d.n == 0:
			d.plus = true
		case separates(r) || d.n == 0: // what stands before the number may be anything
		default:
			if done, reason := d.rest(raw[i:], i > 0 && isDigit(raw[i-1])); done {
				if reason != 0 {
					return reason
				}
				return d.finish()
			}
		}
		letter = unicode.IsLetter(r)
	}
	if d.n == 0 && strings.ContainsFunc(raw, unicode.IsLetter) {
		return Letters
	}
	return d.finish()
}

// rest decides what to make of a cell from a character on that has no place in a number; touching
// says that it follows a digit directly.
func (d *dialled) rest(text string, touching bool) (done bool, reason Reason) {
	digits := 0
	for i := range len(text) {
		if isDigit(text[i]) {
			digits++
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case digits == 0:
		if unicode.IsLetter(first) && touching {
			return true, Letters
		}
		return true, 0
	case d.n >= wholeNumber && extension.MatchString(text):
		return true, 0
	case d.n >= wholeNumber && digits >= wholeNumber:
		return true, Several
	case first == '/' || first == ',':
		return false, 0
	}
	return true, Letters
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// separates tells what people put between the digits of a number.
func separates(r rune) bool {
	switch r {
	case '-', '.', '(', ')', '_', '\'', '"', '’', '·', '[', ']':
		return true
	}
	return unicode.IsSpace(r) && r != '\n' || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r)
}

// plainDigit turns digits of any script, and a full-width plus, into plain ones.
func plainDigit(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case r == '＋':
		return '+'
	case !unicode.Is(unicode.Nd, r):
		return r
	}
	// The digits of a script are ten in a row.
	zero := r
	for r-zero < 9 && unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return '0' + (r - zero)
}
