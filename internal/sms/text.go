package sms

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"tidings/internal/sms/gsm"
)

// MaxParts is the most parts a message may have for anybody.
const MaxParts = 6

// The merge fields that everybody has. Others come from the columns of an import.
const (
	FieldFirstName = "first_name"
	FieldLastName  = "last_name"
)

// Person is somebody who may get a message, with all that decides what it says and costs.
type Person struct {
	Contact   ID
	Number    int64  // E.164 digits
	Hash      []byte // of the number, keyed
	Country   string // ISO 3166-1 alpha-2, of the number
	FirstName string
	LastName  string
	Fields    map[string]string // custom fields by key
}

// Field is the person's value for a merge field, without space around it; "" when there is none.
func (p Person) Field(key string) string {
	switch key {
	case FieldFirstName:
		return strings.TrimSpace(p.FirstName)
	case FieldLastName:
		return strings.TrimSpace(p.LastName)
	}
	return strings.TrimSpace(p.Fields[key])
}

// Name is what the person is called, or "".
func (p Person) Name() string {
	return strings.TrimSpace(strings.TrimSpace(p.FirstName) + " " + strings.TrimSpace(p.LastName))
}

// Piece is a run of a text: plain words, or a merge field with what to say where it is empty.
type Piece struct {
	Raw         string // as typed: "{first_name|there}"
	Field       string // key of a merge field; "" for plain words
	Fallback    string
	HasFallback bool // "{first_name|}" has an empty one
}

// Text is a message as it is written, with merge fields like {first_name} or {first_name|there}.
type Text struct {
	pieces []Piece
}

// ParseText reads what was typed, cleaned as gsm.Clean does. A brace that is not before a letter is an
// ordinary character. The error is Problems of field "text"; the Text is usable all the same, with what
// is not understood as plain words.
func ParseText(typed string) (Text, error) {
	var t Text
	var problems Problems
	rest := gsm.Clean(typed)
	for rest != "" {
		at := strings.IndexByte(rest, '{')
		if at < 0 {
			t.plain(rest)
			break
		}
		t.plain(rest[:at])
		p, n, wrong := parseField(rest[at:])
		if wrong != "" && problems.For("text") == "" {
			problems.Add("text", wrong)
		}
		if p.Field == "" {
			t.plain(rest[at : at+n])
		} else {
			t.pieces = append(t.pieces, p)
		}
		rest = rest[at+n:]
	}
	return t, problems.Err()
}

// plain adds words, to the words before them if there are any.
func (t *Text) plain(s string) {
	if s == "" {
		return
	}
	if n := len(t.pieces); n > 0 && t.pieces[n-1].Field == "" {
		t.pieces[n-1].Raw += s
		return
	}
	t.pieces = append(t.pieces, Piece{Raw: s})
}

// parseField reads the field at the start of s, which is a brace. n is how much of s it took. A piece
// without Field is ordinary characters; wrong says what is the matter with them.
func parseField(s string) (p Piece, n int, wrong string) {
	if double := strings.HasPrefix(s, "{{"); double && startsField(s[2:]) {
		return Piece{}, 1, "Write a field with one brace on each side, like {first_name}"
	}
	if !startsField(s[1:]) {
		return Piece{}, 1, ""
	}
	end := strings.IndexAny(s[1:], "{}\n")
	if end < 0 || s[1+end] != '}' {
		name := s[1:]
		if end >= 0 {
			name = s[1 : 1+end]
		}
		return Piece{}, 1, "The field {" + firstWord(name) + " has no closing brace. Add } after it"
	}
	inside := s[1 : 1+end]
	n = end + 2
	p.Raw = s[:n]
	p.Field, p.Fallback, p.HasFallback = strings.Cut(inside, "|")
	p.Field = strings.TrimSpace(p.Field)
	return p, n, ""
}

// startsField reports whether a field's name may begin here.
func startsField(s string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " "))
	return unicode.IsLetter(r) || r == '_'
}

func firstWord(s string) string {
	s = strings.TrimLeft(s, " ")
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' {
			return s[:i]
		}
	}
	return s
}

// Pieces are the runs of the text in order; their Raw together is the cleaned text.
func (t Text) Pieces() []Piece { return t.pieces }

// String is the text as typed, cleaned.
func (t Text) String() string {
	var b strings.Builder
	for _, p := range t.pieces {
		b.WriteString(p.Raw)
	}
	return b.String()
}

// Empty reports whether nothing was written that can be seen.
func (t Text) Empty() bool {
	return !strings.ContainsFunc(t.String(), func(r rune) bool {
		instead, odd := gsm.Replacement(r)
		return !blank(r) && (!odd || instead != "")
	})
}

// Fields are the keys of the merge fields in use, each once, in alphabetical order.
func (t Text) Fields() []string {
	var out []string
	seen := map[string]bool{}
	for _, p := range t.pieces {
		if p.Field != "" && !seen[p.Field] {
			seen[p.Field] = true
			out = append(out, p.Field)
		}
	}
	sort.Strings(out)
	return out
}

// Unfilled lists the fields that would leave a hole for the person: no value and no fallback.
func (t Text) Unfilled(p Person) []string {
	var out []string
next:
	for _, x := range t.pieces {
		if x.Field == "" || x.HasFallback || p.Field(x.Field) != "" {
			continue
		}
		for _, got := range out {
			if got == x.Field {
				continue next
			}
		}
		out = append(out, x.Field)
	}
	return out
}

// Render is the text as the person reads it, without the opt-out notice. A value is never read as a
// field again.
func (t Text) Render(p Person) string {
	if len(t.pieces) == 1 && t.pieces[0].Field == "" {
		return t.pieces[0].Raw
	}
	var b strings.Builder
	for _, x := range t.pieces {
		switch v := p.Field(x.Field); {
		case x.Field == "":
			b.WriteString(x.Raw)
		case v != "":
			b.WriteString(v)
		default:
			b.WriteString(x.Fallback)
		}
	}
	return b.String()
}

// Message is exactly what goes to the person: the rendered text, cleaned, and the opt-out notice (D39).
// It is the one function for the screen, the bill and the wire.
func Message(t Text, p Person, kind string) string {
	return strings.TrimSpace(gsm.Clean(t.Render(p))) + OptOutNotice(p.Country, kind)
}

// CheckFields reports the first merge field that is not in known, and what was probably meant. The error
// is Problems of field "text".
func (t Text) CheckFields(known []string) error {
	var problems Problems
	for _, key := range t.Fields() {
		if !contains(known, key) {
			text := "There is no field called *" + key + "*."
			if near := NearestField(key, known); near != "" {
				text += " Did you mean *" + near + "*?"
			}
			problems.Add("text", text)
			break
		}
	}
	return problems.Err()
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// otherNames are what people call the two fields that everybody has.
var otherNames = map[string]string{
	"name": FieldFirstName, "firstname": FieldFirstName, "first": FieldFirstName, "fname": FieldFirstName,
	"forename": FieldFirstName, "givenname": FieldFirstName, "prenom": FieldFirstName, "prénom": FieldFirstName,
	"vorname": FieldFirstName, "fornavn": FieldFirstName, "förnamn": FieldFirstName, "nombre": FieldFirstName,
	"nome": FieldFirstName, "voornaam": FieldFirstName, "imie": FieldFirstName, "imię": FieldFirstName,
	"lastname": FieldLastName, "last": FieldLastName, "lname": FieldLastName, "surname": FieldLastName,
	"familyname": FieldLastName, "nom": FieldLastName, "nachname": FieldLastName, "etternavn": FieldLastName,
	"efternamn": FieldLastName, "apellido": FieldLastName, "cognome": FieldLastName, "achternaam": FieldLastName,
	"nazwisko": FieldLastName,
}

// NearestField is the known field that key most probably means, or "".
func NearestField(key string, known []string) string {
	plain := strings.NewReplacer("_", "", "-", "", " ", "", ".", "")
	k := plain.Replace(strings.ToLower(key))
	best, least := "", 3 // at most two letters apart
	for _, x := range known {
		d := distance(k, plain.Replace(strings.ToLower(x)))
		if d < least && d*2 < max(utf8.RuneCountInString(k), 3) {
			best, least = x, d
		}
	}
	if best == "" && contains(known, otherNames[k]) {
		best = otherNames[k]
	}
	return best
}

// distance is how many letters must be changed, added, taken away or swapped with their neighbour
// (Damerau and Levenshtein, optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, now := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		now[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(y)]
}
