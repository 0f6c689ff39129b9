package sms

import (
	"cmp"
	"encoding/json"
	"hash/fnv"
	"slices"
	"time"
)

// RouteState is what an administrator wants of a route.
type RouteState string

// The wanted states of a route.
const (
	RouteOn       RouteState = "on"
	RouteDraining RouteState = "draining" // nothing new leaves; receipts are still taken
	RouteOff      RouteState = "off"      // not connected
)

// Words is the state as people read it.
func (s RouteState) Words() string {
	switch s {
	case RouteOn:
		return "On"
	case RouteDraining:
		return "Draining"
	case RouteOff:
		return "Off"
	}
	return string(s)
}

// Route is a way to carriers: which messages take it, and how its gateway is
// reached. Secrets are no part of it: what was saved is never shown again.
type Route struct {
	ID           int16
	Name         string
	Kind         string // one of RouteKinds
	Environment  bool   // given to the program at its start; read-only
	State        RouteState
	Settings     json.RawMessage
	Sealed       bool     // its secrets are saved
	Countries    []string // ISO 3166-1 alpha-2; empty: all
	Kinds        []string // of messages; empty: all
	Senders      []string // empty: all
	Prefixes     []string // beginnings of numbers, by operator: "33634"; empty: all
	Weight       int      // its share among routes that fit as closely; 0: a spare
	Cost         Cost
	Validity     int // hours the carrier may try
	Retry        int // hours we try, then NPAI (D31)
	OnUnknown    OnUnknown
	UnknownHours int        // of UnknownAfter
	Codes        []CodeRule // that mean something else here
	Revision     int        // of the settings
	UpdatedAt    time.Time
	UpdatedBy    string
}

// Cost is what a carrier takes for one part, in millionths of a unit of a
// currency.
type Cost struct {
	Micros   int64
	Currency string // ISO 4217; empty: not known
}

// Journey is what decides the route of a batch of messages.
type Journey struct {
	Country string
	Kind    string
	Sender  string
	Number  string // as much of the numbers as all of the batch share, by Prefixes
	Key     string // names the batch: the same batch always takes the same route
}

// Takes reports whether the messages of j may take this route.
func (r Route) Takes(j Journey) bool {
	fits := func(of []string, x string) bool { return len(of) == 0 || slices.Contains(of, x) }
	return fits(r.Countries, j.Country) && fits(r.Kinds, j.Kind) && fits(r.Senders, j.Sender) && (len(r.Prefixes) == 0 || r.prefix(j.Number) > 0)
}

// narrowness says how closely a route was cut for the messages of j: a sender
// counts for more than an operator, the longer its prefix the more, that for more
// than a country, and that for more than a kind.
func (r Route) narrowness(j Journey) int {
	n := 4 * r.prefix(j.Number)
	if len(r.Senders) > 0 {
		n += 100
	}
	if len(r.Countries) > 0 {
		n += 2
	}
	if len(r.Kinds) > 0 {
		n++
	}
	return n
}

// ChooseRoute finds the route for the messages of j: of those that are on, the
// one cut most closely; among equals, by weight. A spare is taken only when no
// other is on. When none is on, messages wait for the one that would be taken.
// ok is false when no route takes them at all.
func ChooseRoute(routes []Route, j Journey) (r Route, ok bool) {
	var on, spare, stopped []Route
	for _, r := range routes {
		switch {
		case !r.Takes(j):
		case r.State != RouteOn:
			stopped = append(stopped, r)
		case r.Weight == 0:
			spare = append(spare, r)
		default:
			on = append(on, r)
		}
	}
	for _, some := range [][]Route{on, spare, stopped} {
		if len(some) > 0 {
			return draw(closest(some, j), j), true
		}
	}
	return Route{}, false
}

// closest keeps the routes that are cut most closely, by name.
func closest(routes []Route, j Journey) []Route {
	best := slices.MaxFunc(routes, func(a, b Route) int { return cmp.Compare(a.narrowness(j), b.narrowness(j)) }).narrowness(j)
	routes = slices.DeleteFunc(routes, func(r Route) bool { return r.narrowness(j) < best })
	slices.SortFunc(routes, func(a, b Route) int { return cmp.Compare(a.Name, b.Name) })
	return routes
}

// draw gives every route its share of the batches.
func draw(routes []Route, j Journey) Route {
	total := 0
	for _, r := range routes {
		total += r.Weight
	}
	h := fnv.New64a()
	h.Write([]byte(j.Key + "/" + j.Country))
	// The low digits of this hash differ little for keys that do: all of it is mixed into them.
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	if total == 0 {
		return routes[x%uint64(len(routes))]
	}
	at := int(x % uint64(total))
	for _, r := range routes {
		if at -= r.Weight; at < 0 {
			return r
		}
	}
	return routes[len(routes)-1]
}
