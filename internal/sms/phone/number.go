// Package phone reads phone numbers as people and spreadsheets write them, and says which of
// them an SMS can reach (D37). Its facts are those of google/libphonenumber.
package phone

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Number is a phone number in E.164 without the plus: country code and national number, at most
// fifteen digits. No number begins with 0, so nothing is lost. 0 is no number.
type Number uint64

// String gives the number in E.164, like +33612345678.
func (n Number) String() string {
	if n == 0 {
		return ""
	}
	return string(strconv.AppendUint([]byte{'+'}, uint64(n), 10))
}

// Masked gives the country code and the last three digits, like "+47 ··· ·· 318": enough for
// people to recognise a number they know, in one shape whatever its length.
func (n Number) Masked() string {
	calling, national := n.split()
	if calling == 0 || len(national) < 3 {
		return "+···"
	}
	return "+" + strconv.Itoa(calling) + " ··· ·· " + national[len(national)-3:]
}

// Format gives the number as it is written internationally, like "+33 6 12 34 56 78".
func (n Number) Format() string {
	calling, national := n.split()
	if calling == 0 {
		return n.String()
	}
	return phonenumbers.Format(libraryNumber(calling, national), phonenumbers.INTERNATIONAL)
}

// begin gives the start of the number as it is written, enough to say which kind it is.
func (n Number) begin() string {
	groups := strings.FieldsFunc(n.Format(), func(r rune) bool { return r == ' ' || r == '-' })
	if len(groups) < 2 {
		return n.Masked()
	}
	text, digits := groups[0], 0
	for _, g := range groups[1 : len(groups)-1] {
		if digits >= 3 {
			break
		}
		text, digits = text+" "+g, digits+len(g)
	}
	return text + " …"
}

// Country gives the ISO 3166 code of the number's country, or "" for a number of no country.
// For a number that no country uses it is the main one of its calling code.
func (n Number) Country() string {
	calling, national := n.split()
	if calling == 0 {
		return ""
	}
	if code, _ := judge(calling, []byte(national)); code != "" {
		return code
	}
	return mainCountry(calling)
}

// Zones gives the IANA zones the number may be in: several where a country has several and the
// number does not tell, none where nothing is known. A person's own zone, where known, is better.
func (n Number) Zones() []string {
	zones, err := phonenumbers.GetTimezonesForPrefix(strconv.FormatUint(uint64(n), 10))
	if err != nil || len(zones) == 1 && zones[0] == phonenumbers.UNKNOWN_TIMEZONE {
		return nil
	}
	return zones
}

// split separates the calling code from the rest; 0 where there is none.
func (n Number) split() (calling int, national string) {
	digits := strconv.FormatUint(uint64(n), 10)
	calling, at := callingCode([]byte(digits))
	return calling, digits[at:]
}

// callingCode reads a calling code off the front, 0 where there is none, and says where the
// national number begins. No calling code is the beginning of another.
func callingCode(digits []byte) (calling, at int) {
	if len(digits) == 0 || digits[0] == '0' {
		return 0, 0
	}
	code := 0
	for i, d := range digits[:min(3, len(digits))] {
		code = code*10 + int(d-'0')
		if known := callingTable(); known[code] {
			return code, i + 1
		}
	}
	return 0, 0
}

func mainCountry(calling int) string {
	code := phonenumbers.GetRegionCodeForCountryCode(calling)
	if code == worldwide || code == phonenumbers.UNKNOWN_REGION {
		return ""
	}
	return code
}

// libraryNumber makes the library's kind of number.
func libraryNumber(calling int, national string) *phonenumbers.PhoneNumber {
	zeros := len(national) - len(strings.TrimLeft(national, "0"))
	code, leading, some := int32(calling), int32(zeros), zeros > 0
	value, _ := strconv.ParseUint(national, 10, 64) // digits only, at most seventeen
	return &phonenumbers.PhoneNumber{
		CountryCode: &code, NationalNumber: &value, ItalianLeadingZero: &some, NumberOfLeadingZeros: &leading,
	}
}
