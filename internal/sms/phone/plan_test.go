package phone

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// The table of a plan says what the library says, in every one of its states.
func TestPlanAgreesWithLibraryInEveryState(t *testing.T) {
	states := 0
	for calling := range phonenumbers.GetSupportedCallingCodes() {
		p := planOf(calling)
		if p == nil {
			if phonenumbers.GetRegionCodeForCountryCode(calling) != worldwide {
				t.Errorf("+%d has no plan", calling)
			}
			continue
		}
		// One number that leads to each state.
		ways := make([][]byte, len(p.nodes))
		for i := range p.nodes {
			states++
			checkJudge(t, calling, ways[i])
			for d, to := range p.nodes[i].next {
				if to > 0 && ways[to] == nil {
					ways[to] = append(slices.Clone(ways[i]), byte('0'+d))
				}
			}
		}
	}
	if states < 20000 {
		t.Errorf("only %d states were seen", states)
	}
}

func checkJudge(t *testing.T, calling int, significant []byte) {
	t.Helper()
	n := libraryNumber(calling, string(significant))
	if phonenumbers.GetNationalSignificantNumber(n) != string(significant) {
		return // empty, or all zeros: no number
	}
	country, kind := judge(calling, significant)
	want := phonenumbers.GetRegionCodeForNumber(n)
	if country != want || kind != phonenumbers.GetNumberType(n) || (kind != phonenumbers.UNKNOWN) != phonenumbers.IsValidNumber(n) {
		t.Errorf("+%d %s: %s kind %d, library %s kind %d", calling, significant, country, kind, want, phonenumbers.GetNumberType(n))
	}
}

// The quick ways to separate a number give what the library gives, or nothing.
func TestQuickReadingAgreesWithLibrary(t *testing.T) {
	dice := rand.New(rand.NewPCG(37, 37))
	quick, all := 0, 0
	for _, c := range Countries() {
		calling := []byte(strconv.Itoa(c.Calling))
		trunk := []byte(phonenumbers.GetNddPrefixForRegion(c.Code, true))
		for range 40 {
			number := sample(dice, c.Code)
			for _, digits := range [][]byte{
				number, slices.Concat(trunk, number), slices.Concat(calling, number),
				slices.Concat(calling, trunk, number), slices.Concat([]byte("00"), calling, number), number[:len(number)-1],
			} {
				all++
				if code, rest, ok := nationalQuick(digits, c.Code); ok {
					quick++
					same(t, string(digits), c.Code, code, rest)
				}
				if code, rest, ok := internationalQuick(digits); ok {
					same(t, "+"+string(digits), "", code, rest)
				}
			}
		}
	}
	if quick < all/2 {
		t.Errorf("only %d of %d were read quickly", quick, all)
	}
}

// sample makes a number of the country, or nearly: an example with its last digits replaced.
func sample(dice *rand.Rand, country string) []byte {
	types := []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE, phonenumbers.TOLL_FREE, phonenumbers.VOIP}
	n := phonenumbers.GetExampleNumberForType(country, types[dice.IntN(len(types))])
	if n == nil {
		n = phonenumbers.GetExampleNumber(country)
	}
	digits := []byte(phonenumbers.GetNationalSignificantNumber(n))
	for i := dice.IntN(len(digits)); i < len(digits); i++ {
		digits[i] = byte('0' + dice.IntN(10))
	}
	if dice.IntN(8) == 0 {
		digits = append(digits, byte('0'+dice.IntN(10)))
	}
	return digits
}

func same(t *testing.T, digits, country string, calling int, rest []byte) {
	t.Helper()
	want, significant, ok := ask(digits, country)
	if !ok || want != calling || string(significant) != string(rest) {
		t.Errorf("%s in %q: quickly +%d %s, library +%d %s %v", digits, country, calling, rest, want, significant, ok)
	}
}

func FuzzQuickReading(f *testing.F) {
	f.Add(uint64(612345678), uint8(0), uint8(70))
	f.Fuzz(func(t *testing.T, n uint64, zeros, country uint8) {
		digits := append([]byte("000")[:zeros%4], strconv.FormatUint(n, 10)...)
		all := Countries()
		c := all[int(country)%len(all)]
		if code, rest, ok := nationalQuick(digits, c.Code); ok {
			same(t, string(digits), c.Code, code, rest)
			checkJudge(t, code, rest)
		}
		if code, rest, ok := internationalQuick(digits); ok {
			same(t, "+"+string(digits), "", code, rest)
			checkJudge(t, code, rest)
		}
	})
}
