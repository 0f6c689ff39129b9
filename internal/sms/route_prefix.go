package sms

import (
	"strings"

	"tidings/internal/sms/phone"
)

// An operator is known by the beginnings of the numbers that it was given first.
// People take their numbers along to others, so a prefix is a good guess of where
// a message goes, never a promise.

// mostPrefixes is how many a route may have.
const mostPrefixes = 500

// prefixes reads the beginnings of numbers that take the route.
func (f RouteForm) prefixes(r *Route, p *Problems) {
	r.Prefixes = nil
	for _, s := range listed(f.Prefixes) {
		digits := strings.TrimPrefix(s, "+")
		if len(digits) < 3 || len(digits) > 12 || strings.Trim(digits, "0123456789") != "" || digits[0] == '0' {
			p.Add("prefixes", "Use the beginnings of numbers with the country code, such as +33634: "+short(s)+" is none")
			return
		}
		if len(r.Countries) > 0 && !anyCountry(r.Countries, digits) {
			p.Add("prefixes", "Use prefixes of the countries above: +"+digits+" is of none of them")
			return
		}
		r.Prefixes = append(r.Prefixes, digits)
	}
	if len(r.Prefixes) > mostPrefixes {
		p.Add("prefixes", "Use "+figure(mostPrefixes)+" prefixes or fewer")
	}
}

func anyCountry(countries []string, digits string) bool {
	for _, c := range countries {
		if code := phone.CallingCode(c); strings.HasPrefix(digits, code) {
			return true
		}
	}
	return false
}

// prefixWords writes prefixes as a form has them.
func prefixWords(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "+" + strings.Join(list, " +")
}

// prefix is how many digits of a number the longest prefix of the route that it
// begins with has; 0 if it begins with none.
func (r Route) prefix(number string) int {
	best := 0
	for _, x := range r.Prefixes {
		if len(x) > best && strings.HasPrefix(number, x) {
			best = len(x)
		}
	}
	return best
}

// Prefixes are the beginnings of numbers by which any of some routes goes.
type Prefixes map[string]bool

// PrefixesOf gathers those of the routes.
func PrefixesOf(routes []Route) Prefixes {
	out := Prefixes{}
	for _, r := range routes {
		for _, x := range r.Prefixes {
			out[x] = true
		}
	}
	return out
}

// Of is the longest of them that a number begins with, "" for none: numbers of
// which it is the same take the same routes.
func (p Prefixes) Of(number string) string {
	for n := min(len(number), 12); n >= 3 && len(p) > 0; n-- {
		if p[number[:n]] {
			return number[:n]
		}
	}
	return ""
}
