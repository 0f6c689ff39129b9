package gsm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean makes a typed or imported text fit to be sent: composed characters (NFC, so that an e
// with a combining accent is the é of the GSM alphabet), one line feed per line break, a space
// for a tab, and no other control characters, valid UTF-8.
func Clean(text string) string {
	if isClean(text) {
		return text
	}
	text = strings.ToValidUTF8(text, string(unknown))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\u0085':
			return '\n'
		case r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, text)
	return norm.NFC.String(text)
}

// isClean is the quick answer for the common text: printable ASCII and line feeds.
func isClean(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= 0x7F || c < ' ' && c != '\n' {
			return false
		}
	}
	return true
}

// Char is a character of a text: where it first stands (byte offset) and how often it occurs.
type Char struct {
	Rune   rune
	Offset int
	Count  int
}

// OddRune is a character that forces the whole text into Unicode, and what to write instead.
// Known is false where nothing says the same; a Replacement that is Known and empty means that
// the character is invisible and can go.
type OddRune struct {
	Char
	Replacement string
	Known       bool
}

// Odd lists the characters outside the GSM alphabet, each once, in order of appearance. It is
// empty for a text that travels as GSM7.
func Odd(text string) []OddRune {
	chars := collect(text, func(r rune) bool { return !Has(r) })
	if len(chars) == 0 {
		return nil
	}
	odd := make([]OddRune, len(chars))
	for i, c := range chars {
		odd[i].Char = c
		odd[i].Replacement, odd[i].Known = Replacement(c.Rune)
	}
	return odd
}

// Double lists the characters that cost two units in the encoding the text travels in: those of
// the extension table, or those beyond sixteen bits (most emoji).
func Double(text string) []Char {
	if Measure(text).Encoding == UCS2 {
		return collect(text, func(r rune) bool { return r > 0xFFFF })
	}
	return collect(text, func(r rune) bool { return width(r) == 2 })
}

// collect gives the characters that want asks for, each once. Texts are short and few of their
// characters are wanted, so a linear search beats a map.
func collect(text string, want func(rune) bool) []Char {
	var found []Char
next:
	for i, r := range text {
		if !want(r) {
			continue
		}
		for j := range found {
			if found[j].Rune == r {
				found[j].Count++
				continue next
			}
		}
		found = append(found, Char{r, i, 1})
	}
	return found
}

// Repair rewrites a text so that it travels as GSM7, and lists each change. It is all or
// nothing: where one character has no replacement the text would stay Unicode and cost the
// same, so it comes back untouched with ok false.
func Repair(text string) (repaired string, changes []OddRune, ok bool) {
	odd := Odd(text)
	if odd == nil {
		return text, nil, true
	}
	for _, o := range odd {
		if !o.Known {
			return text, nil, false
		}
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if Has(r) {
			b.WriteString(text[i : i+n])
		} else {
			for _, o := range odd {
				if o.Rune == r {
					b.WriteString(o.Replacement)
					break
				}
			}
		}
		i += n
	}
	return b.String(), odd, true
}
