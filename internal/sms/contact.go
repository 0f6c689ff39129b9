package sms

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tidings/internal/sms/phone"
)

// The limits of what is kept about a person.
const (
	MaxName     = 100 // characters of a first or last name
	MaxField    = 200 // characters of a custom field's value
	MaxFieldKey = 32  // characters of a custom field's key
)

// Contact is a person whom a tenant may write to.
type Contact struct {
	ID        ID
	Number    int64  // E.164 digits
	Hash      []byte // of the number, keyed, as in suppressions
	Country   string // ISO 3166-1 alpha-2, of the number
	FirstName string
	LastName  string
	Fields    map[string]string // custom fields by key; none is empty
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Name is what the person is called, or "".
func (c Contact) Name() string { return strings.TrimSpace(c.FirstName + " " + c.LastName) }

// Shown is the number as a page shows it: in full, or masked for who has no right to see it.
func (c Contact) Shown(full bool) string { return ShownNumber(c.Number, full) }

// ShownNumber is a number (E.164 digits) as a page shows it, in full or masked; "" for 0.
func ShownNumber(number int64, full bool) string {
	switch {
	case number <= 0:
		return ""
	case full:
		return phone.Number(number).Format()
	}
	return phone.Number(number).Masked()
}

// NameKeys are the two forms in which a person's name is looked for: first name first and last
// name first, in small letters without accents.
func NameKeys(first, last string) (name, reversed string) {
	first, last = FoldName(first), FoldName(last)
	return strings.TrimSpace(first + " " + last), strings.TrimSpace(last + " " + first)
}

// FoldName makes names alike that people do not tell apart when they look for them: small letters,
// no accents, single spaces.
func FoldName(s string) string {
	s = strings.ToLower(CleanLine(s))
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return unaccented.Replace(s)
		}
	}
	return s
}

// unaccented has the letters of Latin-1 and Latin Extended-A without their accents.
var unaccented = func() *strings.Replacer {
	var pairs []string
	for plain, letters := range map[string]string{
		"a": "àáâãäåāăąǎ", "ae": "æ", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ",
		"i": "ìíîïĩīĭįı", "j": "ĵ", "k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŉ", "o": "òóôõöøōŏőơ", "oe": "œ",
		"r": "ŕŗř", "s": "śŝşšș", "ss": "ß", "t": "ţťŧț", "th": "þ", "u": "ùúûüũūŭůűųư", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
	} {
		for _, r := range letters {
			pairs = append(pairs, string(r), plain)
		}
	}
	return strings.NewReplacer(pairs...)
}()

// CleanLine makes one line of a cell: no control characters, no space around it, one space inside.
func CleanLine(s string) string {
	if plainLine(s) {
		return s
	}
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), blank), " ")
}

// blank is what separates words, and what nobody sees.
func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufeff' || r == '\u200b'
}

// plainLine reports whether CleanLine would change nothing, for the lines that need no second look.
func plainLine(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c >= 0x7f:
			return false
		case c == ' ' && (i == 0 || i == len(s)-1 || s[i+1] == ' '):
			return false
		}
	}
	return true
}

// reservedKeys are what a custom field cannot be called: every person has them.
var reservedKeys = map[string]bool{
	FieldFirstName: true, FieldLastName: true, "number": true, "phone": true, "country": true, "id": true, "zone": true, "list": true,
}

// FieldKeyProblem says what is wrong with the key of a custom field, or "".
func FieldKeyProblem(key string) string {
	switch {
	case key == "":
		return "Enter a name for the field"
	case len(key) > MaxFieldKey:
		return "Use 32 characters or fewer"
	case strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || key[0] >= '0' && key[0] <= '9':
		return "Use a to z, digits and _, and begin with a letter"
	case reservedKeys[key]:
		return "Every person has " + key + " already. Choose another name"
	}
	return ""
}

// FieldKey makes the key of a custom field of a column's heading, like first_visit of "First visit";
// "" where nothing is left of it.
func FieldKey(heading string) string {
	var b strings.Builder
	for _, r := range FoldName(heading) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	key := strings.Trim(b.String(), "_")
	if key != "" && key[0] >= '0' && key[0] <= '9' {
		key = "field_" + key
	}
	key = strings.TrimRight(key[:min(len(key), MaxFieldKey)], "_")
	if reservedKeys[key] {
		key += "_2"
	}
	return key
}
