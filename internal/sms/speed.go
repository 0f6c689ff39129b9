package sms

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MostSpeed is the highest limit that can be set, in parts a second.
const MostSpeed = 1_000_000

// SpeedForm is the wish to set how fast a tenant and its senders may send, as
// typed: parts a second, empty or 0 for no limit.
type SpeedForm struct {
	All     string   `form:"all"`
	Senders []string `form:"sender"`
	Limits  []string `form:"limit"` // of each of Senders
	Reason  string   `form:"reason"`
}

// Read is what the form says: limits by sender, the tenant's own under "".
func (f SpeedForm) Read() (map[string]int, error) {
	var p Problems
	out := map[string]int{"": speed("all", f.All, &p)}
	for i, s := range f.Senders {
		if s != "" && i < len(f.Limits) {
			out[s] = speed(SpeedInput(i), f.Limits[i], &p)
		}
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(f.Reason)); n < 3 || n > 500 {
		p.Add("reason", "Say why, in 3 to 500 characters")
	}
	if len(p) > 0 {
		return nil, p
	}
	return out, nil
}

// SpeedInput is the input of the limit of a sender, by its place in the form.
func SpeedInput(i int) string { return "limit-" + strconv.Itoa(i) }

func speed(input, s string, p *Problems) int {
	s = strings.TrimSpace(strings.ReplaceAll(s, ",", ""))
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > MostSpeed {
		p.Add(input, "Enter a whole number from 0 to 1,000,000")
	}
	return n
}
