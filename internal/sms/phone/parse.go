package phone

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"
)

// Parsed is a number that an SMS can be sent to. Country is its ISO 3166 code; Warning says
// what to tell people about it, None as a rule.
type Parsed struct {
	Number  Number
	Country string
	Warning Warning
}

// longestE164 is the most digits a number has, calling code included.
const longestE164 = 15

// fewestUnverified is the fewest digits, calling code included, that a number must have to be
// believed when no country is known to use it.
const fewestUnverified = 8

// Parse reads a number as people write it (D37). Without a country code it is taken as dialled
// in the default country (ISO 3166, "" for none); if that makes no sense, as one whose plus was
// lost. Text around it and extensions are dropped. Numbers that an SMS cannot reach, and those
// that cost their caller money, are refused; those of a range that no country is known to use
// are taken with a Warning, as such lists are always a little behind.
//
// The error is always a Refusal.
func Parse(raw, defaultCountry string) (Parsed, error) {
	var d dialled
	if reason := d.scan(raw); reason != 0 {
		return Parsed{}, Refusal{Reason: reason, Country: defaultCountry, Raw: shown(raw)}
	}
	f := d.find(defaultCountry)
	p, reason := f.decide()
	if reason != 0 {
		if reason == NotOfCountry && f.calling == 0 {
			reason = f.without(d.plus, defaultCountry)
		}
		country := p.Country
		if country == "" && !d.plus {
			country = defaultCountry
		}
		return Parsed{}, Refusal{Reason: reason, Country: country, Number: p.Number, Raw: shown(raw)}
	}
	return p, nil
}

// found is a number taken apart and judged.
type found struct {
	calling     int
	significant []byte
	country     string
	kind        phonenumbers.PhoneNumberType
	trimmed     bool // an obsolete digit was taken away
}

func (f found) known() bool { return f.kind != phonenumbers.UNKNOWN }

// without is why there is not even a country code.
func (f found) without(plus bool, country string) Reason {
	if !plus && country == "" {
		return NoCountry
	}
	if plus {
		return UnknownCode
	}
	return NotOfCountry
}

// find tries the ways to read the digits, the likeliest first, until one gives a number that a
// country uses.
func (d *dialled) find(country string) found {
	digits := d.digits()
	if d.plus {
		// No country code begins with 0: a plus before it was added by mistake.
		if digits[0] != '0' || country == "" {
			return judged(international(digits))
		}
		return judged(national(digits, country))
	}
	home := found{kind: phonenumbers.UNKNOWN}
	if country != "" {
		if home = judged(national(digits, country)); home.known() {
			return home
		}
	}
	if away := judged(international(digits)); away.known() {
		return away
	}
	return home
}

func judged(calling int, significant []byte, ok bool) found {
	if !ok {
		return found{kind: phonenumbers.UNKNOWN}
	}
	f := found{calling: calling, significant: significant}
	f.country, f.kind = judge(calling, significant)
	// Mexico gave up the 1 before mobile numbers in 2019; address books have not.
	if !f.known() && calling == 52 && len(significant) == 11 && significant[0] == '1' {
		if country, kind := judge(calling, significant[1:]); kind != phonenumbers.UNKNOWN {
			f.significant, f.country, f.kind, f.trimmed = significant[1:], country, kind, true
		}
	}
	return f
}

// decide says whether an SMS may go to the number. US mobiles and landlines look the same, so
// what may be either is taken.
func (f found) decide() (Parsed, Reason) {
	if f.calling == 0 {
		return Parsed{}, NotOfCountry
	}
	p := Parsed{Number: f.number(), Country: f.country}
	if p.Country == "" {
		p.Country = mainCountry(f.calling)
	}
	if p.Number == 0 {
		return p, TooLong
	}
	switch f.kind {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
	case phonenumbers.VOIP:
		p.Warning = Internet
	case phonenumbers.FIXED_LINE:
		return p, Landline
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST:
		return p, Premium
	case phonenumbers.PERSONAL_NUMBER:
		return p, Personal
	case phonenumbers.TOLL_FREE, phonenumbers.UAN, phonenumbers.PAGER, phonenumbers.VOICEMAIL:
		return p, Service
	default:
		p.Warning = Unverified
		if reason := f.unverified(); reason != 0 {
			return p, reason
		}
	}
	if f.trimmed {
		p.Warning = Trimmed
	}
	if p.Country == "" {
		return p, Satellite // no country: satellites, and networks that span the world
	}
	return p, 0
}

// unverified is what is wrong with a number that no country is known to use, 0 if it might be one.
func (f found) unverified() Reason {
	switch length(f.calling, f.significant) {
	case phonenumbers.IS_POSSIBLE:
		if len(f.significant)+len(strconv.Itoa(f.calling)) < fewestUnverified {
			return TooShort
		}
		return 0
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return TooShort
	case phonenumbers.TOO_LONG:
		return TooLong
	}
	return NotOfCountry
}

func (f found) number() Number {
	var room [24]byte
	digits := append(strconv.AppendInt(room[:0], int64(f.calling), 10), f.significant...)
	if len(digits) > longestE164 {
		return 0
	}
	n := Number(0)
	for _, d := range digits {
		n = n*10 + Number(d-'0')
	}
	return n
}
