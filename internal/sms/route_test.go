package sms

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// The route of a batch: what is cut most closely, then by weight; a spare and a
// stopped one only when there is nothing else; the same batch, the same route.
func TestChooseRoute(t *testing.T) {
	routes := []Route{
		{Name: "all", State: RouteOn, Weight: 100},
		{Name: "france", State: RouteOn, Weight: 100, Countries: []string{"FR"}},
		{Name: "france-service", State: RouteOn, Weight: 100, Countries: []string{"FR"}, Kinds: []string{Service}},
		{Name: "sender", State: RouteOn, Weight: 100, Senders: []string{"NORDFARE"}},
		{Name: "norway", State: RouteDraining, Weight: 100, Countries: []string{"NO"}},
		{Name: "spare", State: RouteOn, Weight: 0, Countries: []string{"FR", "NO"}},
	}
	tests := []struct {
		j    Journey
		want string
	}{
		{Journey{Country: "DE", Kind: Service, Sender: "X"}, "all"},
		{Journey{Country: "FR", Kind: Marketing, Sender: "X"}, "france"},
		{Journey{Country: "FR", Kind: Service, Sender: "X"}, "france-service"},
		{Journey{Country: "FR", Kind: Service, Sender: "NORDFARE"}, "sender"},
		{Journey{Country: "NO", Kind: Service, Sender: "X"}, "all"}, // its own drains
	}
	for _, x := range tests {
		if r, ok := ChooseRoute(routes, x.j); !ok || r.Name != x.want {
			t.Errorf("%+v takes %q, want %q", x.j, r.Name, x.want)
		}
	}
	norway := Journey{Country: "NO", Kind: Service, Sender: "X"}
	if r, ok := ChooseRoute(routes[4:], norway); !ok || r.Name != "spare" {
		t.Errorf("with nothing else on, a spare is taken, not %q", r.Name)
	}
	if r, ok := ChooseRoute(routes[4:5], norway); !ok || r.Name != "norway" {
		t.Errorf("with nothing on, it waits for the one that fits, not %q", r.Name)
	}
	if r, ok := ChooseRoute(routes[1:3], norway); ok {
		t.Errorf("%q takes what it does not fit", r.Name)
	}
}

func TestRoutesShareByWeight(t *testing.T) {
	routes := []Route{{Name: "a", State: RouteOn, Weight: 75}, {Name: "b", State: RouteOn, Weight: 25}}
	n := map[string]int{}
	for i := range 10_000 {
		j := Journey{Country: "FR", Key: fmt.Sprintf("%d:%d", i/4, i%4*10_000+1)}
		r, _ := ChooseRoute(routes, j)
		again, _ := ChooseRoute([]Route{routes[1], routes[0]}, j)
		if again.Name != r.Name {
			t.Fatalf("batch %s takes %s, then %s", j.Key, r.Name, again.Name)
		}
		n[r.Name]++
	}
	if n["a"] < 7_200 || n["a"] > 7_800 {
		t.Errorf("a has %d of 10,000, at a weight of 75 of 100", n["a"])
	}
}

// What is wrong with a route is said by field, and what is right is kept as it
// was typed.
func TestRouteForm(t *testing.T) {
	f := NewRouteForm(smppKind)
	f.Name, f.Countries, f.Weight, f.Cost, f.Retry = "Bad Name", "FR XX", "-1", "0.045", "1000"
	f.Set["binds"] = "99"
	_, _, p := f.Route(Route{})
	for _, field := range []string{"name", "countries", "weight", "cost", "retry", "set-addresses", "set-system_id", "secret-password", "set-binds"} {
		if p.For(field) == "" {
			t.Errorf("nothing is said of %s: %v", field, p)
		}
	}
	f = NewRouteForm(smppKind)
	f.Name, f.Countries, f.Senders, f.Cost, f.Kinds = "orange-fr", "no, fr fr", "NORDFARE", "0,0450 eur", []string{Marketing, Service}
	f.Set["addresses"], f.Set["system_id"], f.Set["password"], f.Set["tls"] = "smpp.example:2775", "nord", "geheim", "on"
	r, secrets, p := f.Route(Route{})
	if len(p) > 0 {
		t.Fatal(p)
	}
	if strings.Join(r.Countries, " ") != "FR NO" || r.Kinds != nil || r.Cost != (Cost{45_000, "EUR"}) || secrets["password"] != "geheim" {
		t.Errorf("%+v %v", r, secrets)
	}
	if strings.Contains(string(r.Settings), "geheim") {
		t.Errorf("the settings hold a secret: %s", r.Settings)
	}
	r.Sealed = true
	back := r.Form()
	if back.Set["password"] != "" || back.Set["tls"] != "on" || back.Set["binds"] != "1" || back.Cost != "0.045 EUR" {
		t.Errorf("%+v", back)
	}
	again, secrets, p := back.Route(r) // nothing typed anew: the same, the saved secret kept
	if len(p) > 0 || len(secrets) > 0 || !same(t, again, r) {
		t.Errorf("%+v\n%+v\n%v %v", again, r, secrets, p)
	}
}

func same(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return string(x) == string(y)
}

func TestCost(t *testing.T) {
	for in, want := range map[string]string{"": "", "1 EUR": "1 EUR", "0.05 nok": "0.05 NOK", "12.345678 EUR": "12.345678 EUR"} {
		c, ok := ParseCost(in)
		if !ok || c.String() != want {
			t.Errorf("%q is %q, %v", in, c.String(), ok)
		}
	}
	for _, bad := range []string{"1", "EUR", "-1 EUR", "1.1234567 EUR", "1 EURO", "1.2.3 EUR"} {
		if _, ok := ParseCost(bad); ok {
			t.Errorf("%q is taken for a cost", bad)
		}
	}
}
