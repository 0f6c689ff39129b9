package sms

import (
	"strings"
	"testing"
)

// Routes by operator: the longest beginning of a number decides, below a sender and above a country.
func TestRoutesByOperator(t *testing.T) {
	routes := []Route{
		{Name: "all", State: RouteOn, Weight: 100},
		{Name: "france", State: RouteOn, Weight: 100, Countries: []string{"FR"}, Kinds: []string{Service}},
		{Name: "orange", State: RouteOn, Weight: 100, Prefixes: []string{"33630", "33631"}},
		{Name: "free", State: RouteOn, Weight: 100, Countries: []string{"FR"}, Prefixes: []string{"336310"}},
		{Name: "sender", State: RouteOn, Weight: 100, Senders: []string{"NORDFARE"}},
	}
	all := PrefixesOf(routes)
	for number, want := range map[string]string{
		"33612345678": "france", "33630345678": "orange", "33631145678": "orange", "33631045678": "free", "4790000000": "all", "33": "all",
	} {
		j := Journey{Country: "FR", Kind: Service, Sender: "X", Number: all.Of(number)}
		if want == "all" {
			j.Country = "NO"
		}
		r, ok := ChooseRoute(routes, j)
		whole := j
		whole.Number = number
		same, _ := ChooseRoute(routes, whole)
		if !ok || r.Name != want || same.Name != want {
			t.Errorf("+%s takes %q by %q and %q by all of it, want %q", number, r.Name, j.Number, same.Name, want)
		}
	}
	if r, _ := ChooseRoute(routes, Journey{Country: "FR", Kind: Service, Sender: "NORDFARE", Number: "336310"}); r.Name != "sender" {
		t.Errorf("a sender's own route gives way to %q", r.Name)
	}
	k, _ := KindOfRoute("smpp")
	f := NewRouteForm(k)
	f.Countries = "FR"
	for typed, want := range map[string]string{"+33630, 33631": "", "06 12": "is none", "+4790": "of none of them", "+3": "is none", "+33abc": "is none"} {
		f.Prefixes = typed
		r, _, p := f.Route(Route{})
		if got := p.For("prefixes"); want == "" && (got != "" || len(r.Prefixes) != 2 || r.Form().Prefixes != "+33630 +33631") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, %v", typed, got, r.Prefixes)
		}
	}
}
