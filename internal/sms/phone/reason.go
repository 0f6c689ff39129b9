package phone

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Reason is why a number is refused.
type Reason uint8

const (
	// Empty means that there are no digits.
	Empty Reason = iota + 1
	// TooShort is too short for its country.
	TooShort
	// TooLong is too long for its country, or for any.
	TooLong
	// Letters stand among the digits, or other signs.
	Letters
	// Several numbers stand in one place.
	Several
	// Scientific is notation such as 4.47946E+11: a spreadsheet has dropped digits.
	Scientific
	// NoCountry means no country code and no default country.
	NoCountry
	// UnknownCode is a country code that no country has.
	UnknownCode
	// NotOfCountry looks like no number of its country.
	NotOfCountry
	// Landline is out of reach of an SMS.
	Landline
	// Premium numbers make their caller pay.
	Premium
	// Satellite numbers belong to no country, and so do a few others.
	Satellite
	// Personal numbers lead elsewhere, at a price.
	Personal
	// Service numbers are free calls, pagers, voice mail.
	Service
)

// Refusal is the error of Parse: a Reason with what its sentence needs. Country is an ISO code
// or "", Number is 0 where none could be read, Raw is the beginning of what was given.
type Refusal struct {
	Reason  Reason
	Country string
	Number  Number
	Raw     string
}

// Error is the sentence people read.
func (r Refusal) Error() string {
	in := ""
	if r.Country != "" {
		in = " for " + CountryInText(r.Country)
	}
	switch r.Reason {
	case Empty:
		return "Enter a mobile number with its country code, like +47 912 34 567"
	case TooShort:
		return "This number is too short" + in
	case TooLong:
		return "This number is too long" + in
	case Letters:
		return "Use digits only. This is not a number: " + r.Raw
	case Several:
		return "There are two numbers here. Keep one"
	case Scientific:
		return r.Raw + " is how a spreadsheet shortens a long number, and its last digits are lost. Format the column as text and export it again"
	case NoCountry:
		return "This number has no country code. Write it like +47 912 34 567, or choose a default country"
	case UnknownCode:
		return "No country has this code. Write the number like +47 912 34 567"
	case NotOfCountry:
		if in == "" {
			return "This is not a phone number. Write it like +47 912 34 567"
		}
		return "This is not a number of " + CountryInText(r.Country) + ". Write it with its country code, like +47 912 34 567"
	case Landline:
		return r.Number.begin() + " is a landline. SMS cannot reach it"
	case Premium:
		return r.Number.begin() + " is a premium number. Messages never go to these"
	case Satellite:
		return r.Number.begin() + " is a satellite number. Messages never go to these"
	case Personal:
		return r.Number.begin() + " is a forwarded number. Messages never go to these"
	case Service:
		return r.Number.begin() + " is a service number. Nobody reads SMS there"
	}
	return "This is not a phone number"
}

// Tally says how many numbers were refused for the reason, like "3 landlines".
func (r Reason) Tally(n int) string {
	one, many := "not a number", "not numbers"
	switch r {
	case Empty:
		one, many = "empty", "empty"
	case TooShort:
		one, many = "number is too short", "numbers are too short"
	case TooLong:
		one, many = "number is too long", "numbers are too long"
	case Letters:
		one, many = "cell with other signs than digits", "cells with other signs than digits"
	case Several:
		one, many = "cell with two numbers", "cells with two numbers"
	case Scientific:
		one, many = "number shortened by a spreadsheet", "numbers shortened by a spreadsheet"
	case NoCountry:
		one, many = "number without a country code", "numbers without a country code"
	case UnknownCode:
		one, many = "number with an unknown country code", "numbers with an unknown country code"
	case NotOfCountry:
		one, many = "number that its country does not have", "numbers that their country does not have"
	case Landline:
		one, many = "landline", "landlines"
	case Premium:
		one, many = "premium number", "premium numbers"
	case Satellite:
		one, many = "satellite number", "satellite numbers"
	case Personal:
		one, many = "forwarded number", "forwarded numbers"
	case Service:
		one, many = "service number", "service numbers"
	}
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Warning is what to tell people about a number that is taken all the same.
type Warning uint8

const (
	// None is nothing to tell.
	None Warning = iota
	// Unverified is possible by its length and in no range known to be in use (D37).
	Unverified
	// Internet is a telephone over the internet, which may not take SMS.
	Internet
	// Trimmed says that an obsolete digit was taken away.
	Trimmed
)

// String is the sentence people read, "" for None.
func (w Warning) String() string {
	switch w {
	case Unverified:
		return "This number may not exist: it is in no range known to be in use"
	case Internet:
		return "This is an internet telephone number, which may not get SMS"
	case Trimmed:
		return "The 1 after +52 is no longer used and was taken away"
	}
	return ""
}

// shown is as much of a cell as fits in a sentence. It must not hold on to a file's buffer.
func shown(raw string) string {
	const most = 30
	raw = strings.TrimSpace(strings.ToValidUTF8(raw, "?"))
	if utf8.RuneCountInString(raw) > most {
		raw = string([]rune(raw)[:most-1]) + "…"
	}
	return strings.Clone(raw)
}
