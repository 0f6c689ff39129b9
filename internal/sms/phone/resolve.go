package phone

import (
	"bytes"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// callingTable has true for every calling code in use.
var callingTable = sync.OnceValue(func() *[callingCodes]bool {
	var t [callingCodes]bool
	for code := range phonenumbers.GetSupportedCallingCodes() {
		t[code] = true
	}
	return &t
})

// shortestPlain is the fewest digits the quick reading takes; shorter ones have rules of their own.
const shortestPlain = 7

// international separates a number that begins with its calling code.
func international(digits []byte) (calling int, significant []byte, ok bool) {
	if calling, significant, ok = internationalQuick(digits); ok {
		return calling, significant, true
	}
	return ask("+"+string(digits), "")
}

// national finds the calling code and national number of digits as dialled in a country: 0612345678 in
// France, 447946012345 in the United Kingdom without its plus.
func national(digits []byte, country string) (calling int, significant []byte, ok bool) {
	if calling, significant, ok = nationalQuick(digits, country); ok {
		return calling, significant, true
	}
	return ask(string(digits), country)
}

// ask lets the library separate a number: right for every plan, some 12 µs each.
func ask(digits, country string) (int, []byte, bool) {
	n, err := phonenumbers.Parse(digits, country)
	if err != nil {
		return 0, nil, false
	}
	return int(n.GetCountryCode()), []byte(phonenumbers.GetNationalSignificantNumber(n)), true
}

// internationalQuick answers as the library would, or not at all.
func internationalQuick(digits []byte) (int, []byte, bool) {
	calling, at := callingCode(digits)
	if calling == 0 || len(digits) < shortestPlain {
		return 0, nil, false
	}
	p := planOf(calling)
	if p == nil {
		return 0, nil, false
	}
	significant, ok := p.trim(0, digits[at:])
	return calling, significant, ok
}

// nationalQuick answers as the library would, or not at all.
func nationalQuick(digits []byte, country string) (int, []byte, bool) {
	calling := phonenumbers.GetCountryCodeForRegion(country)
	if calling == 0 || len(digits) < shortestPlain {
		return 0, nil, false
	}
	p := planOf(calling)
	if p == nil {
		return 0, nil, false
	}
	i := p.index(country)
	r := &p.regions[i]
	if r.abroad.matches(digits) {
		return 0, nil, false
	}
	if bytes.HasPrefix(digits, r.calling) {
		// The country's own calling code, without a plus: taken as such if the number makes
		// sense only so.
		rest := digits[len(r.calling):]
		if len(rest) < shortestPlain || r.trunk.matches(rest) || p.regions[0].trunk.matches(rest) {
			return 0, nil, false
		}
		if !p.viable(i, digits) && p.viable(i, rest) || len(digits) > r.longest {
			return calling, rest, true
		}
	}
	significant, ok := p.trim(i, digits)
	return calling, significant, ok
}

// trim takes the trunk prefix off a national number. ok is false where that needs the library.
func (p *plan) trim(i int, digits []byte) ([]byte, bool) {
	r := &p.regions[i]
	if len(digits) < 2 || len(digits) > longestNational {
		return nil, false
	}
	rest, ok := r.trunk.cut(digits)
	if !ok || len(rest) == len(digits) {
		return digits, ok
	}
	return rest, len(rest) >= 2 && r.lengths&(1<<len(rest)) != 0 && p.viable(i, rest)
}

// viable tells whether a number fits the general pattern of a region of the plan.
func (p *plan) viable(i int, digits []byte) bool { return p.ask(digits).general&(1<<i) != 0 }

func (p *plan) index(country string) int {
	for i := range p.regions {
		if p.regions[i].code == country {
			return i
		}
	}
	return 0
}

// judge says which country a number belongs to and what kind it is; UNKNOWN where no country
// uses it. Numbers of no country have a kind alone.
func judge(calling int, significant []byte) (string, phonenumbers.PhoneNumberType) {
	p := planOf(calling)
	if p == nil {
		n := libraryNumber(calling, string(significant))
		code := phonenumbers.GetRegionCodeForNumber(n)
		if code == worldwide {
			code = ""
		}
		return code, phonenumbers.GetNumberType(n)
	}
	a := p.ask(significant)
	if a.region < 0 {
		if len(p.regions) == 1 {
			return p.regions[0].code, a.kind
		}
		return "", a.kind
	}
	return p.regions[a.region].code, a.kind
}

// length says how a national number's length fits its plan.
func length(calling int, significant []byte) phonenumbers.ValidationResult {
	return phonenumbers.IsPossibleNumberWithReason(libraryNumber(calling, string(significant)))
}
