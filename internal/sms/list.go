package sms

import (
	"strings"
	"time"
	"unicode/utf8"

	"tidings/internal/sms/phone"
)

// List is people who agreed to get messages, under a name.
type List struct {
	ID            ID
	Name          string
	Country       string // ISO 3166-1 alpha-2: whose numbers these are when they have no country code (D37)
	ConsentSource string // a Consent, "" if nobody said
	ConsentNote   string
	People        int64
	LeftOut       int64 // of them: opted out, excluded, unreachable
	CreatedAt     time.Time
	UsedAt        *time.Time // a session last wrote to it
}

// Reachable is how many people of the list would get a message.
func (l List) Reachable() int64 { return max(l.People-l.LeftOut, 0) }

// Consent is how people came to agree.
type Consent struct{ Key, Name string }

// Consents are the sources of consent that an import may name (D36).
func Consents() []Consent {
	return []Consent{
		{"web_form", "A form on a web page"},
		{"contract", "A contract"},
		{"shop", "In a shop"},
		{"event", "At an event"},
		{ConsentOther, "Otherwise"},
	}
}

// ConsentOther needs a note that says how.
const ConsentOther = "other"

// ConsentName is a source of consent in words, or "".
func ConsentName(key string) string {
	for _, c := range Consents() {
		if c.Key == key {
			return c.Name
		}
	}
	return ""
}

// CleanListName cleans a list's name, or says what to do about it in field "name".
func CleanListName(typed string) (string, error) {
	name := CleanLine(typed)
	var p Problems
	switch {
	case name == "":
		p.Add("name", "Enter a name for the list")
	case utf8.RuneCountInString(name) > 60:
		p.Add("name", "Use 60 characters or fewer. It has "+figure(utf8.RuneCountInString(name)))
	}
	return name, p.Err()
}

// CountryProblem says what is wrong with a country code, or "".
func CountryProblem(code string) string {
	if !phone.IsCountry(code) {
		return "Choose a country"
	}
	return ""
}

// ConsentProblem says what is wrong with what was said about consent, and in which field of the two.
func ConsentProblem(source, note string) (field, text string) {
	n := utf8.RuneCountInString(strings.TrimSpace(note))
	switch {
	case ConsentName(source) == "":
		return "consent", "Say how these people agreed to get your messages"
	case source == ConsentOther && n < 10:
		return "note", "Say in a few words how these people agreed, 10 characters or more"
	case n > 300:
		return "note", "Use 300 characters or fewer. It has " + figure(n)
	}
	return "", ""
}
