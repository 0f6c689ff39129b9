package phone

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// Country is a country as a form offers it: its ISO 3166 code, its name in English, and the
// calling code its numbers begin with.
type Country struct {
	Code    string
	Name    string
	Calling int
}

// Countries lists every country that has phone numbers, by name. The list is shared: read only.
var Countries = sync.OnceValue(func() []Country {
	var all []Country
	for code := range phonenumbers.GetSupportedRegions() {
		all = append(all, Country{code, CountryName(code), phonenumbers.GetCountryCodeForRegion(code)})
	}
	slices.SortFunc(all, func(a, b Country) int { return strings.Compare(sortKey(a.Name), sortKey(b.Name)) })
	return all
})

// sortKey puts Åland and Réunion where an English reader looks for them.
func sortKey(name string) string {
	return strings.NewReplacer("Å", "A", "é", "e", "ô", "o", "ç", "c", "ã", "a", "í", "i").Replace(name)
}

// CountryName gives the English name of a country, or the code itself where there is none.
func CountryName(code string) string {
	if name := countryNames[code]; name != "" {
		return name
	}
	return code
}

// CountryInText is the name as it stands in a sentence: "the United Kingdom", "France".
func CountryInText(code string) string {
	if withArticle[code] {
		return "the " + CountryName(code)
	}
	return CountryName(code)
}

// IsCountry tells whether a code is that of a country that has phone numbers.
func IsCountry(code string) bool { return phonenumbers.GetCountryCodeForRegion(code) != 0 }

// CallingCode is the code that the numbers of a country begin with: "33".
func CallingCode(code string) string { return strconv.Itoa(phonenumbers.GetCountryCodeForRegion(code)) }
