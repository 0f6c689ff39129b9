package phone

import (
	"errors"
	"strings"
	"testing"
)

// D37: numbers become E.164 with the list's country.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		raw, country string
		number       string
		in           string
		warning      Warning
	}{
		{"0612345678", "FR", "+33612345678", "FR", None},
		{"06 12 34 56 78", "FR", "+33612345678", "FR", None},
		{"06.12.34.56.78", "FR", "+33612345678", "FR", None},
		{"06/12/34/56/78", "FR", "+33612345678", "FR", None},
		{"06,12,34,56,78", "FR", "+33612345678", "FR", None},
		{"612345678", "FR", "+33612345678", "FR", None}, // the leading zero lost in a spreadsheet
		{"+33 (0)6 12 34 56 78", "DE", "+33612345678", "FR", None},
		{"(+33) 6 12 34 56 78", "", "+33612345678", "FR", None},
		{"0033612345678", "US", "+33612345678", "FR", None}, // 00 is a plus wherever
		{"33612345678", "FR", "+33612345678", "FR", None},
		{"33612345678", "US", "+33612345678", "FR", None}, // a lost plus
		{"33612345678", "", "+33612345678", "FR", None},
		{"447946012345", "US", "+447946012345", "GB", None},
		{"+447946012345", "US", "+447946012345", "GB", None},
		{"07946 012345", "GB", "+447946012345", "GB", None},
		{"07781 123456", "GB", "+447781123456", "GG", None},
		{"+0612345678", "FR", "+33612345678", "FR", None}, // no country code begins with 0
		{"(202) 555-0123", "US", "+12025550123", "US", None},
		{"1 202 555 0123", "US", "+12025550123", "US", None},
		{"011 33 6 12 34 56 78", "US", "+33612345678", "FR", None},
		{"912 34 567", "NO", "+4791234567", "NO", None},
		{"312 345 6789", "IT", "+393123456789", "IT", None},
		{"8 912 345-67-89", "RU", "+79123456789", "RU", None},
		{"06 20 123 4567", "HU", "+36201234567", "HU", None},
		{"(11) 96123-4567", "BR", "+5511961234567", "BR", None},
		{"011 15 2345-6789", "AR", "+5491123456789", "AR", None},
		{"0412 345 678", "AU", "+61412345678", "AU", None},
		{"138 1234 5678", "CN", "+8613812345678", "CN", None},
		{"090-1234-5678", "JP", "+819012345678", "JP", None},
		{"0692 12 34 56", "RE", "+262692123456", "RE", None},
		// Text around a number is dropped, extensions too.
		{"tel:+33-6-12-34-56-78", "", "+33612345678", "FR", None},
		{"hello +44 7946 012345", "US", "+447946012345", "GB", None},
		{"06 12 34 56 78 (Anna)", "FR", "+33612345678", "FR", None},
		{"'0612345678", "FR", "+33612345678", "FR", None},
		{`="0612345678"`, "FR", "+33612345678", "FR", None},
		{"+12025550123 x12", "", "+12025550123", "US", None},
		{"+1 202 555 0123 ext. 4", "", "+12025550123", "US", None},
		{"tel:+12025550123;ext=4", "", "+12025550123", "US", None},
		{"0612345678 poste 12", "FR", "+33612345678", "FR", None},
		{"33612345678.0", "FR", "+33612345678", "FR", None}, // a spreadsheet's number as text
		{"\u202a+33 6 12 34 56 78\u202c", "", "+33612345678", "FR", None},
		{"+33\u00a06\u202f12\u2009345678", "", "+33612345678", "FR", None},
		{"＋３３６１２３４５６７８", "", "+33612345678", "FR", None},
		{"٠٦١٢٣٤٥٦٧٨", "FR", "+33612345678", "FR", None},
		// Taken with a word of caution.
		{"+49 15999 1234567", "", "+49159991234567", "DE", Unverified},
		{"+33 9 72 12 34 56", "", "+33972123456", "FR", Internet},
		{"+52 1 55 1234 5678", "", "+525512345678", "MX", Trimmed},
	} {
		got, err := Parse(c.raw, c.country)
		if err != nil {
			t.Errorf("Parse(%q, %q): %v", c.raw, c.country, err)
			continue
		}
		if got.Number.String() != c.number || got.Country != c.in || got.Warning != c.warning {
			t.Errorf("Parse(%q, %q) = %v %s %d, want %s %s %d",
				c.raw, c.country, got.Number, got.Country, got.Warning, c.number, c.in, c.warning)
		}
	}
}

// D37: what is refused, and the sentence that says why.
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		raw, country string
		reason       Reason
		says         string
	}{
		{"", "FR", Empty, "Enter a mobile number with its country code, like +47 912 34 567"},
		{"  - ", "FR", Empty, "Enter"},
		{"+", "FR", Empty, "Enter"},
		{"061234", "FR", TooShort, "This number is too short for France"},
		{"+3361234", "", TooShort, "This number is too short for France"},
		{"36180", "FR", TooShort, "too short for France"},
		{"12", "DE", TooShort, "too short for Germany"},
		{"06123456789", "FR", TooLong, "This number is too long for France"},
		{"061234567890123456789012345", "FR", TooLong, "too long"},
		{"call me", "FR", Letters, "Use digits only. This is not a number: call me"},
		{"06 12 AB 56 78", "FR", Letters, "Use digits only"},
		{"06123O5678", "FR", Letters, "Use digits only"},
		{"AB612345678", "FR", Letters, "Use digits only"},
		{"0612345678 / 0712345678", "FR", Several, "There are two numbers here. Keep one"},
		{"0612345678;0712345678", "FR", Several, "two numbers"},
		{"+33612345678 +33712345678", "FR", Several, "two numbers"},
		{"4.47946E+11", "GB", Scientific, "4.47946E+11 is how a spreadsheet shortens a long number"},
		{"3,36123E+10", "FR", Scientific, "spreadsheet"},
		{"3E10", "FR", Scientific, "spreadsheet"},
		{"91234567", "", NoCountry, "no country code"},
		{"+999 123 456 789", "FR", UnknownCode, "No country has this code"},
		{"+33142685300", "", Landline, "+33 1 42 … is a landline. SMS cannot reach it"},
		{"0142685300", "FR", Landline, "landline"},
		{"442079460958", "FR", Landline, "+44 20 7946 … is a landline"},
		{"+33 899 12 34 56", "", Premium, "+33 899 … is a premium number"},
		{"+1 900 234 5678", "", Premium, "premium"},
		{"+1 500 234 5678", "", Personal, "forwarded number"},
		{"+44 70 1234 5678", "", Personal, "forwarded number"},
		{"+44 7640 123456", "", Service, "service number"},
		{"+33 800 12 34 56", "", Service, "service number"},
		{"+881 612 345 678", "FR", Satellite, "satellite"},
		{"+870 773 123 456", "FR", Satellite, "satellite"},
		{"+979 123 456 789", "FR", Premium, "premium"},
		{"+800 1234 5678", "FR", Service, "service"},
	} {
		got, err := Parse(c.raw, c.country)
		var refusal Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("Parse(%q, %q) = %v, want a refusal", c.raw, c.country, got)
			continue
		}
		if refusal.Reason != c.reason || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Parse(%q, %q): reason %d %q, want %d %q", c.raw, c.country, refusal.Reason, err, c.reason, c.says)
		}
	}
}

// D37: US and Canadian mobiles cannot be told from landlines, so neither is refused.
func TestEitherFixedOrMobileIsTaken(t *testing.T) {
	for _, raw := range []string{"+12125550123", "+14165550123", "+13055550123"} {
		if p, err := Parse(raw, ""); err != nil || p.Warning != None {
			t.Errorf("Parse(%s) = %+v, %v", raw, p, err)
		}
	}
}

func TestNumberIsShown(t *testing.T) {
	for _, c := range []struct {
		number                  Number
		text, masked, formatted string
		country                 string
	}{
		{4791234318, "+4791234318", "+47 ··· ·· 318", "+47 91 23 43 18", "NO"},
		{33612345678, "+33612345678", "+33 ··· ·· 678", "+33 6 12 34 56 78", "FR"},
		{12025550123, "+12025550123", "+1 ··· ·· 123", "+1 202-555-0123", "US"},
		{14165550123, "+14165550123", "+1 ··· ·· 123", "+1 416-555-0123", "CA"},
		{390612345678, "+390612345678", "+39 ··· ·· 678", "+39 06 1234 5678", "IT"},
		{262692123456, "+262692123456", "+262 ··· ·· 456", "+262 692 12 34 56", "RE"},
		{881612345678, "+881612345678", "+881 ··· ·· 678", "+881 6 123 45678", ""},
		{999, "+999", "+···", "+999", ""},
		{0, "", "+···", "", ""},
	} {
		n := c.number
		if n.String() != c.text || n.Masked() != c.masked || n.Format() != c.formatted || n.Country() != c.country {
			t.Errorf("%d is shown %q %q %q %q", n, n.String(), n.Masked(), n.Format(), n.Country())
		}
	}
}

// D17: the zones a number may be in.
func TestZones(t *testing.T) {
	if z := Number(33612345678).Zones(); len(z) != 1 || z[0] != "Europe/Paris" {
		t.Errorf("France: %v", z)
	}
	if z := Number(881612345678).Zones(); z != nil {
		t.Errorf("satellite: %v", z)
	}
	if z := Number(18005550123).Zones(); len(z) < 10 {
		t.Errorf("a number of all North America: %v", z)
	}
}

func TestCountries(t *testing.T) {
	all := Countries()
	if len(all) < 240 {
		t.Fatalf("%d countries", len(all))
	}
	for i, c := range all {
		if c.Name == c.Code || c.Calling == 0 || !IsCountry(c.Code) {
			t.Errorf("%+v", c)
		}
		if i > 0 && sortKey(all[i-1].Name) >= sortKey(c.Name) {
			t.Errorf("%s comes after %s", all[i-1].Name, c.Name)
		}
	}
	if CountryInText("GB") != "the United Kingdom" || CountryInText("FR") != "France" || CountryName("ZZ") != "ZZ" || IsCountry("ZZ") {
		t.Error("names")
	}
}

func TestTally(t *testing.T) {
	for r := Empty; r <= Service; r++ {
		if s := r.Tally(1); s == "1 not a number" || (Refusal{Reason: r}).Error() == "This is not a phone number" {
			t.Errorf("reason %d has no words", r)
		}
	}
	if s := TooShort.Tally(9000); s != "9,000 numbers are too short" {
		t.Error(s)
	}
	if s := Landline.Tally(1); s != "1 landline" {
		t.Error(s)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"06 12 34 56 78", "+44 (0)7946 012345", "4.47E+11", "tel:+1-202;ext=4", "٠٦", "+33612345678/12"} {
		f.Add(s, "FR")
	}
	f.Fuzz(func(t *testing.T, raw, country string) {
		p, err := Parse(raw, country)
		if err != nil {
			var r Refusal
			if !errors.As(err, &r) || r.Error() == "" || r.Reason == 0 {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		// What was understood reads back as itself.
		again, err := Parse(p.Number.String(), "")
		if err != nil || again.Number != p.Number || again.Country != p.Country {
			t.Fatalf("Parse(%q, %q) = %v %s, read back %v %s %v", raw, country, p.Number, p.Country, again.Number, again.Country, err)
		}
		if p.Number.Country() != p.Country {
			t.Fatalf("%v: country %q, parsed %q", p.Number, p.Number.Country(), p.Country)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, c := range map[string][2]string{
		"international": {"+33612345678", "FR"}, "national": {"06 12 34 56 78", "FR"},
		"text": {"tel. 06 12 34 56 78", "FR"}, "odd trunk": {"0412 345 678", "AU"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c[0], c[1]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
