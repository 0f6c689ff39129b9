package sms

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"tidings/internal/sms/phone"
)

// NumberRange is numbers that begin alike and are as long: From and those below To.
type NumberRange struct{ From, To int64 }

// ContactSearch is what somebody looks for: the beginning of a name, or of a number. Both empty is everybody.
type ContactSearch struct {
	Name    string // as NameKeys writes it
	Numbers []NumberRange
}

// Everybody reports whether nothing in particular is looked for.
func (s ContactSearch) Everybody() bool { return s.Name == "" && len(s.Numbers) == 0 }

// ParseContactSearch reads what was typed: a number in any usual form, as dialled in country or with its country
// code, or a name. Without prefixes only whole numbers are found: who may not see numbers must not find them out
// digit by digit (D42).
func ParseContactSearch(typed, country string, prefixes bool) ContactSearch {
	typed = CleanLine(typed)
	if !numeric(typed) {
		return ContactSearch{Name: FoldName(typed)}
	}
	var ranges []NumberRange
	if p, err := phone.Parse(typed, country); err == nil {
		ranges = append(ranges, NumberRange{int64(p.Number), int64(p.Number) + 1})
	}
	if prefixes {
		for _, begin := range beginnings(typed, country) {
			ranges = append(ranges, beginningWith(begin)...)
		}
	}
	if len(ranges) == 0 {
		ranges = []NumberRange{{0, 0}} // nobody has it
	}
	return ContactSearch{Numbers: merged(ranges)}
}

// merged are the same numbers in ranges that do not overlap.
func merged(list []NumberRange) []NumberRange {
	slices.SortFunc(list, func(a, b NumberRange) int { return cmp.Compare(a.From, b.From) })
	out := list[:1]
	for _, r := range list[1:] {
		if last := &out[len(out)-1]; r.From <= last.To {
			last.To = max(last.To, r.To)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// numeric reports whether people would take it for a number: digits, and what stands between them.
func numeric(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !strings.ContainsRune("+()-./ \u00a0\u2011\u2013", r):
			return false
		}
	}
	return digits > 0
}

// beginnings are the international beginnings that typed digits may stand for.
func beginnings(typed, country string) []string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, typed)
	if digits == "" {
		return nil
	}
	calling := ""
	for _, c := range phone.Countries() {
		if c.Code == country {
			calling = strconv.Itoa(c.Calling)
		}
	}
	switch {
	case strings.HasPrefix(typed, "+"):
		return []string{digits}
	case strings.HasPrefix(digits, "00"):
		return []string{digits[2:]}
	case strings.HasPrefix(digits, "0"):
		return []string{calling + digits[1:]}
	case calling == "" || strings.HasPrefix(digits, calling):
		return []string{digits}
	}
	return []string{calling + digits, digits}
}

// beginningWith are the numbers of every length that begin with the digits.
func beginningWith(digits string) []NumberRange {
	if digits == "" || digits[0] == '0' || len(digits) > 15 {
		return nil
	}
	var n int64
	for _, d := range digits {
		n = n*10 + int64(d-'0')
	}
	from, to := n, n+1
	var out []NumberRange
	for length := len(digits); length <= 15; length++ {
		if length >= 7 {
			out = append(out, NumberRange{from, to})
		}
		from, to = from*10, to*10
	}
	return out
}

// ContactFilter chooses a page of people.
type ContactFilter struct {
	List   ID // zero: everybody of the account
	Search ContactSearch
	From   ContactPlace // zero: the first page
	Back   bool         // the page before From, not after it
	Limit  int
}

// ContactPlace is where in the order of a list a person stands: by name or number in a search, by ID else.
type ContactPlace struct {
	Key string
	ID  ID
}

// ListedContact is a person in a list of people.
type ListedContact struct {
	Contact
	LeftOut SuppressionKind // "" for who gets messages
	Place   ContactPlace
}

// SentMessage is one message of a campaign to a person.
type SentMessage struct {
	Campaign ID
	Name     string
	State    MessageState
	Session  SessionState
	Began    time.Time  // the session
	First    *time.Time // the message was handed over
}
