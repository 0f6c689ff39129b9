package smpp

import "strings"

// Type of number and numbering plan (§5.2.5, §5.2.6).
const (
	tonUnknown       byte = 0
	tonInternational byte = 1
	tonAlphanumeric  byte = 5
	npiUnknown       byte = 0
	npiISDN          byte = 1
)

const (
	shortCodeDigits = 6  // a sender of at most so many digits is a short code
	maxAlphanumeric = 11 // characters of an alphanumeric sender (23.040 §9.1.2.5)
)

// source makes the source address: international digits, a short code, or a name. ok is false
// for what no telephone can show.
func (r *Route) source(from string) (a Address, ok bool) {
	if d := digits(from); d != "" && len(d) <= 20 {
		if len(d) <= shortCodeDigits && from[0] != '+' {
			return Address{TON: r.ShortCodeTON, NPI: npiISDN, Digits: d}, true
		}
		return Address{TON: tonInternational, NPI: npiISDN, Digits: d}, true
	}
	if from == "" || len(from) > maxAlphanumeric {
		return Address{}, false
	}
	for i := range len(from) {
		// "@" is the code 0 of the alphabet and would end the field at some carriers.
		if c := from[i]; c < ' ' || c > '~' || c == '@' {
			return Address{}, false
		}
	}
	return Address{TON: tonAlphanumeric, NPI: npiUnknown, Digits: from}, true
}

// digits returns s without a leading "+" if it is all digits, else "".
func digits(s string) string {
	s = strings.TrimPrefix(s, "+")
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return ""
		}
	}
	return s
}

// plain is an address as we keep it: without "+".
func (a Address) plain() string { return word(strings.TrimPrefix(a.Digits, "+")) }
