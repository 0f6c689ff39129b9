package sms

import (
	"strings"
	"testing"
)

func advise(t *testing.T, text string, kind string, groups ...Group) ([]Advice, Quote) {
	t.Helper()
	x, err := ParseText(text)
	if err != nil {
		t.Fatal(err)
	}
	prices := map[string]Credits{"FR": Credit, "DE": 2 * Credit}
	q := NewQuote(x, kind, prices, groups)
	return Advise(x, kind, prices, groups, q), q
}

func french(name string, people int) Group {
	return Group{Person{Country: "FR", FirstName: name}, people}
}

// The mock's message: three parts for one apostrophe, and what the press saves is exact (D25).
func TestAdviseOddCharacter(t *testing.T) {
	text := "Hi {first_name}, Black Friday on the water: 30% off every crossing until Sunday. Don’t miss the boat - cabins are going fast! Book now: tdn.gs/x7Kq2"
	list, q := advise(t, text, Marketing, french("Ingrid", 1000), french("Al", 10))
	if q.Usual() != 3 || len(list) == 0 || list[0].Code != "odd" {
		t.Fatalf("%d parts, %+v", q.Usual(), list)
	}
	x := list[0]
	if x.Title != "One curly apostrophe triples the price." || x.Fix != "Use a straight ' instead" || x.With != "With a straight '" ||
		x.Saves != 2020*Credit || x.Text != strings.Replace(text, "’", "'", 1) || !strings.Contains(x.Body, "*’* in “Don’t”") {
		t.Errorf("%+v", x)
	}
	if got, ok := FixText(list, "odd"); !ok || got != x.Text {
		t.Errorf("%q", got)
	}
	for text, want := range map[string][2]string{
		"“Sale” at sea, " + strings.Repeat("x", 80):   {"2 curly quotation marks double the price.", `Use a straight " instead`},
		"Sale 🎉 at sea, " + strings.Repeat("x", 80):   {"One emoji doubles the price.", "Take the emoji out"},
		"Sale 🎉 – at sea, " + strings.Repeat("x", 80): {"2 characters double the price.", "Repair all 2"},
		"Ça va, " + strings.Repeat("x", 80):           {"", ""}, // Ç is in the alphabet
		"Garçon, " + strings.Repeat("x", 80):          {"One letter ç doubles the price.", "Use c instead"},
		"Short “one”":                                 {"", ""}, // costs the same
		strings.Repeat("Привет ", 20):                 {"", ""}, // another script: nothing to repair
	} {
		list, _ := advise(t, text, Service, french("Al", 10))
		var got [2]string
		for _, x := range list {
			if x.Code == "odd" {
				got = [2]string{x.Title, x.Fix}
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAdviseHolesFirst(t *testing.T) {
	list, _ := advise(t, "Hi {first_name}, “boats” "+strings.Repeat("x", 80), Service, french("Al", 10), french("", 41))
	if len(list) < 2 || list[0].Code != "unfilled" || list[0].Title != "41 people have no first name." || !strings.Contains(list[0].Body, "*Hi , ") {
		t.Fatalf("%+v", list)
	}
	if got := list[0].Text; !strings.HasPrefix(got, "Hi {first_name|there}, “boats”") {
		t.Errorf("%q", got)
	}
}

func TestAdviseShorter(t *testing.T) {
	text := "Hi {first_name}, now the boats leave. " + strings.Repeat("x", 133)
	list, _ := advise(t, text, Service, french("Ingrid", 100))
	if len(list) != 1 || list[0].Title != "5 characters over 1 part." || list[0].Saves != 100*Credit || !strings.Contains(list[0].Body, "*now*") && !strings.Contains(list[0].Body, "*the*") {
		t.Fatalf("%+v", list)
	}
	again, _ := advise(t, list[0].Text, Service, french("Ingrid", 100))
	if list[0].Fix == "" || len(again) != 0 {
		t.Errorf("%+v then %+v", list, again)
	}
}

func TestAdviseDoubleWidth(t *testing.T) {
	list, _ := advise(t, strings.Repeat("x", 150)+"[a] [b]", Service, french("Al", 5))
	if len(list) == 0 || list[0].Code != "double" || list[0].Title != "[ ] count as two characters." || list[0].Saves != 5*Credit {
		t.Fatalf("%+v", list)
	}
}

func TestAdviseLongNames(t *testing.T) {
	text := "Hi {first_name|you}, " + strings.Repeat("x", 140)
	list, _ := advise(t, text, Service, french("Al", 1000), french("Maximilian-Alexander", 312))
	if len(list) != 1 || list[0].Title != "312 people have a long first name and get 2 parts." || !strings.Contains(list[0].Body, "312 credits") {
		t.Fatalf("%+v", list)
	}
	list, _ = advise(t, text, Service, french("Al", 1000), french("Zoë", 27))
	if len(list) != 1 || list[0].Title != "27 people have a letter outside the SMS alphabet in the first name and get 3 parts." {
		t.Fatalf("%+v", list)
	}
}

func TestAdviseOwnStop(t *testing.T) {
	list, _ := advise(t, "Boats leave. Stop au 36111", Marketing, french("Al", 5))
	if len(list) != 1 || list[0].Code != "stop" || list[0].Text != "Boats leave" {
		t.Fatalf("%+v", list)
	}
	for _, text := range []string{"Stop at pier 36180 and come in", "Non-stop boats"} {
		if list, _ := advise(t, text, Marketing, french("Al", 5)); len(list) != 0 {
			t.Errorf("%q: %+v", text, list)
		}
	}
}
