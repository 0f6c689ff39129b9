package sms

import (
	"strings"
	"testing"
	"unicode/utf8"

	"tidings/internal/sms/gsm"
)

var ingrid = Person{Country: "NO", FirstName: "Ingrid", LastName: "Solheim", Fields: map[string]string{"city": "Bergen", "trick": "{first_name}"}}

func TestParseTextAndRender(t *testing.T) {
	for _, c := range []struct{ typed, ingrid, nobody, wrong string }{
		{"Hi {first_name}!", "Hi Ingrid!", "Hi !", ""},
		{"Hi {first_name|there}!", "Hi Ingrid!", "Hi there!", ""},
		{"Hi { first_name | my friend }!", "Hi Ingrid!", "Hi  my friend !", ""},
		{"Hi {first_name|}!", "Hi Ingrid!", "Hi !", ""},
		{"{first_name}{last_name}", "IngridSolheim", "", ""},
		{"In {city|town}", "In Bergen", "In town", ""},
		{"No {trick} here", "No {first_name} here", "No  here", ""},
		{"30{%} off {5} {} { } }", "30{%} off {5} {} { } }", "30{%} off {5} {} { } }", ""},
		{"a\r\nb\tc", "a\nb c", "a\nb c", ""},
		{"Hi {first_name", "Hi {first_name", "Hi {first_name", "The field {first_name has no closing brace. Add } after it"},
		{"Hi {first_name\nBye}", "Hi {first_name\nBye}", "Hi {first_name\nBye}", "The field {first_name has no closing brace. Add } after it"},
		{"Hi {first_name {city}", "Hi {first_name Bergen", "Hi {first_name ", "The field {first_name has no closing brace. Add } after it"},
		{"Hi {{first_name}}", "Hi {Ingrid}", "Hi {}", "Write a field with one brace on each side, like {first_name}"},
	} {
		text, err := ParseText(c.typed)
		var got string
		if p, ok := err.(Problems); ok {
			got = p.For("text")
		}
		if got != c.wrong {
			t.Errorf("%q: problem %q, want %q", c.typed, got, c.wrong)
		}
		if r := text.Render(ingrid); r != c.ingrid {
			t.Errorf("%q for Ingrid: %q, want %q", c.typed, r, c.ingrid)
		}
		if r := text.Render(Person{}); r != c.nobody {
			t.Errorf("%q for nobody: %q, want %q", c.typed, r, c.nobody)
		}
		if text.String() != gsm.Clean(c.typed) {
			t.Errorf("%q comes back as %q", c.typed, text.String())
		}
	}
}

func TestUnknownFieldNamesTheNearest(t *testing.T) {
	known := []string{FieldFirstName, FieldLastName, "city", "booking_ref"}
	for key, want := range map[string]string{
		"prenom": "first_name", "Vorname": "first_name", "nom": "last_name", "fist_name": "first_name", "First Name": "first_name",
		"firstname": "first_name", "ctiy": "city", "bookingref": "booking_ref", "booking_red": "booking_ref", "surname": "last_name",
		"hat": "", "xyzzy": "", "ci": "",
	} {
		if got := NearestField(key, known); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	text, _ := ParseText("Hi {prenom}, {city}")
	p, _ := text.CheckFields(known).(Problems)
	if got := p.For("text"); got != "There is no field called *prenom*. Did you mean *first_name*?" {
		t.Errorf("%q", got)
	}
	if text, _ = ParseText("Hi {first_name|you}, {city}"); text.CheckFields(known) != nil {
		t.Error("known fields are refused")
	}
}

func TestUnfilled(t *testing.T) {
	text, _ := ParseText("Hi {first_name} {first_name} {last_name|friend} {city}")
	if got := text.Unfilled(Person{FirstName: " "}); strings.Join(got, " ") != "first_name city" {
		t.Errorf("%v", got)
	}
	if got := text.Unfilled(ingrid); got != nil {
		t.Errorf("%v", got)
	}
}

// D39: the notice is on every marketing message, whatever the text, and on no service message.
func TestMessageCarriesTheNotice(t *testing.T) {
	text, _ := ParseText("  Hi {first_name}, boats!\n ")
	for _, c := range []struct{ country, kind, want string }{
		{"NO", Marketing, "Hi Ingrid, boats! STOP 36180"},
		{"US", Marketing, "Hi Ingrid, boats! Reply STOP to opt out"},
		{"NO", Service, "Hi Ingrid, boats!"},
	} {
		p := ingrid
		p.Country = c.country
		if got := Message(text, p, c.kind); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.country, c.kind, got, c.want)
		}
	}
}

// D25: e and a combining accent in a name must not make a GSM message Unicode.
func TestMessageIsComposed(t *testing.T) {
	text, _ := ParseText("Hi {first_name}")
	got := Message(text, Person{FirstName: "Rene\u0301"}, Service)
	if got != "Hi René" || gsm.Measure(got).Encoding != gsm.GSM7 {
		t.Errorf("%q", got)
	}
}

// D25: a quote is the sum of what every person costs, and groups only shorten the way.
func TestQuoteIsTheSumOverPeople(t *testing.T) {
	text, _ := ParseText("Hi {first_name}, " + strings.Repeat("x", 140))
	prices := map[string]Credits{"FR": Credit, "DE": 2 * Credit}
	people := []Person{
		{Country: "FR", FirstName: "Al"},
		{Country: "FR", FirstName: "Maximilian-Alexander"},
		{Country: "FR"},
		{Country: "DE", FirstName: "Zoë"},
		{Country: "DE", FirstName: "Al"},
		{Country: "PL", FirstName: "Al"},
	}
	var sum Credits
	var parts int64
	groups := []Group{}
	for i, p := range people {
		m := Price(text, p, Service, prices)
		if p.Country != "PL" {
			parts += int64(m.Size.Parts) * int64(i+1)
			sum += m.Price * Credits(i+1)
		}
		groups = append(groups, Group{p, i + 1})
	}
	q := NewQuote(text, Service, prices, groups)
	if q.Price != sum || q.Parts != parts || q.People != 21 {
		t.Errorf("%s for %d parts and %d people, want %s for %d and 21", q.Price, q.Parts, q.People, sum, parts)
	}
	if len(q.Unpriced) != 1 || q.Unpriced[0].Country != "PL" || q.Unpriced[0].People != 6 {
		t.Errorf("unpriced %+v", q.Unpriced)
	}
	if q.Unicode != 4 || q.Unfilled[FieldFirstName] != 3 || q.Longest.FirstName != "Zoë" || q.MostParts != 3 || q.Usual() != 1 || q.Over(1) != 6 {
		t.Errorf("%+v", q)
	}
	if got := q.ByCountry[0]; got != (QuoteLine{"DE", 2 * Credit, 9, 4*3 + 5, 2 * Credit * (4*3 + 5)}) {
		t.Errorf("%+v", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add("Hi {first_name|there}, {city} {", "Zoë", "NO")
	f.Add("{{a}}{b|{c}}\r\n{\xff", "{first_name}", "FR")
	f.Fuzz(func(t *testing.T, typed, name, country string) {
		text, _ := ParseText(typed)
		if text.String() != gsm.Clean(typed) {
			t.Fatalf("%q comes back as %q", typed, text.String())
		}
		p := Person{Country: country, FirstName: name}
		m := Message(text, p, Marketing)
		if !utf8.ValidString(m) || !strings.HasSuffix(m, OptOutNotice(country, Marketing)) || gsm.Clean(m) != m {
			t.Fatalf("%q becomes %q", typed, m)
		}
		if len(text.Fields()) == 0 && Message(text, Person{Country: country}, Marketing) != m {
			t.Fatalf("%q depends on the person", typed)
		}
	})
}

func TestTextWithNothingToSeeIsEmpty(t *testing.T) {
	for text, empty := range map[string]bool{
		"": true, " \n": true, "\u200b": true, " \u2060\n\u00ad\ufeff": true, "\u00a0": true,
		"a": false, ".\u200b": false, "{first_name}": false, "😀": false, "→": false,
	} {
		parsed, err := ParseText(text)
		if err != nil {
			t.Fatal(err)
		}
		if parsed.Empty() != empty {
			t.Errorf("%q is empty: %v", text, parsed.Empty())
		}
	}
}
