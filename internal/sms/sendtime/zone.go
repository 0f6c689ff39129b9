// Package sendtime knows when a message may leave: what instant a wall clock means, in words
// that people understand, and in which hours a country allows marketing.
package sendtime

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines without zone data
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tidings/internal/sms/phone"
)

// ErrZone says that a name is not that of a time zone. Its words are for people.
var ErrZone error = advice("Choose a city")

// advice is an error that a form shows as it is.
type advice string

// Error gives the words.
func (a advice) Error() string { return string(a) }

// place is a zone with where it is.
type place struct {
	zone    string
	country string
	city    string
	also    []string
}

// utc is the one zone that lies nowhere.
var utc = place{zone: "UTC", city: "UTC"}

// placeOf finds a zone by its name, today's or a former one; nil where there is none.
var placeOf = func() func(string) *place {
	byName := sync.OnceValue(func() map[string]*place {
		m := map[string]*place{utc.zone: &utc}
		for i := range places {
			m[places[i].zone] = &places[i]
		}
		for former, now := range formerNames {
			m[former] = m[now]
		}
		return m
	})
	return func(zone string) *place { return byName()[zone] }
}()

// Canon gives today's name of a zone, so that Asia/Calcutta and Asia/Kolkata are one. The error
// is ErrZone or nil.
func Canon(zone string) (string, error) {
	if p := placeOf(zone); p != nil {
		return p.zone, nil
	}
	return "", ErrZone
}

var locations sync.Map // zone name to *time.Location

// location loads a zone once. Only names of the table are taken: "Local" and the like are not zones.
func location(zone string) (*time.Location, error) {
	p := placeOf(zone)
	if p == nil {
		return nil, ErrZone
	}
	if l, ok := locations.Load(p.zone); ok {
		return l.(*time.Location), nil
	}
	l, err := time.LoadLocation(p.zone)
	if err != nil {
		return nil, ErrZone
	}
	locations.Store(p.zone, l)
	return l, nil
}

// In gives an instant as the clocks of a zone show it. The error is ErrZone or nil.
func In(t time.Time, zone string) (time.Time, error) {
	l, err := location(zone)
	if err != nil {
		return time.Time{}, err
	}
	return t.In(l), nil
}

// City gives the city people know a zone by: "Paris" for Europe/Paris.
func City(zone string) string {
	if p := placeOf(zone); p != nil {
		return p.city
	}
	return strings.ReplaceAll(zone[strings.LastIndexByte(zone, '/')+1:], "_", " ")
}

// Zone is a time zone as a search offers it. Also is the city that was searched for where that
// is not City; Offset is as of the moment asked about, like "UTC+1".
type Zone struct {
	Name    string
	City    string
	Also    string
	Country string
	Offset  string
}

// usual are offered before anything is typed.
var usual = []string{
	"Europe/Paris", "Europe/London", "Europe/Berlin", "Europe/Madrid", "Europe/Rome", "Europe/Brussels",
	"Europe/Zurich", "Europe/Oslo", "Europe/Lisbon", "America/New_York", "America/Los_Angeles", "America/Toronto", "Asia/Dubai", "UTC",
}

// SearchZones finds zones by city, country, name or offset ("UTC+1"), best first, with the
// offsets of the instant at. Accents and case do not matter; an empty query gives the usual ones.
func SearchZones(query string, at time.Time, limit int) []Zone {
	words := strings.Fields(fold(query))
	if len(words) == 0 {
		var zones []Zone
		for _, name := range usual {
			zones = append(zones, placeOf(name).as("", at))
		}
		return zones[:min(len(zones), max(limit, 0))]
	}
	type hit struct {
		Zone
		rank int
	}
	var hits []hit
	for i := range searchable() {
		f := &searchable()[i]
		if rank, also := f.match(words, at); rank > 0 {
			hits = append(hits, hit{f.as(also, at), rank})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(btoi(!isUsual(a.Name)), btoi(!isUsual(b.Name))), strings.Compare(fold(a.label()), fold(b.label())))
	})
	var zones []Zone
	for _, h := range hits[:min(len(hits), max(limit, 0))] {
		zones = append(zones, h.Zone)
	}
	return zones
}

func isUsual(zone string) bool { return slices.Contains(usual, zone) }

func (z Zone) label() string { return cmp.Or(z.Also, z.City) }

func (p place) as(also string, at time.Time) Zone {
	z := Zone{Name: p.zone, City: p.city, Also: also, Offset: p.offset(at)}
	if p.country != "" {
		z.Country = phone.CountryName(p.country)
	}
	return z
}

func (p place) offset(at time.Time) string {
	l, err := location(p.zone)
	if err != nil {
		return ""
	}
	_, seconds := at.In(l).Zone()
	return OffsetText(seconds)
}

// folded is a place as it is searched: without case and accents.
type folded struct {
	place
	name, town, land string
	others           []string
}

var searchable = sync.OnceValue(func() []folded {
	var all []folded
	for _, p := range append(places[:len(places):len(places)], utc) {
		f := folded{place: p, name: fold(p.zone), town: fold(p.city)}
		if p.country != "" {
			f.land = fold(phone.CountryName(p.country))
		}
		for _, city := range p.also {
			f.others = append(f.others, fold(city))
		}
		all = append(all, f)
	}
	return all
})

// match ranks a place for folded words, 1 best, 0 for no match, and says which other city matched.
func (f *folded) match(words []string, at time.Time) (rank int, also string) {
	query := strings.Join(words, " ")
	switch {
	case query == f.name || len(query) == 2 && strings.EqualFold(query, f.country):
		return 1, ""
	case strings.HasPrefix(f.town, query):
		return 2 + btoi(f.town != query), ""
	}
	for i, city := range f.others {
		if strings.HasPrefix(city, query) {
			return 2 + btoi(city != query), f.also[i]
		}
	}
	switch {
	case f.land != "" && strings.HasPrefix(f.land, query):
		return 4, ""
	case strings.HasPrefix(query, "utc"), strings.HasPrefix(query, "gmt"):
		if strings.TrimPrefix(fold(f.offset(at)), "utc") == query[3:] {
			return 5, ""
		}
		return 0, ""
	}
	// Each word somewhere: "paris france", "kong", "america new".
	all := f.town + " " + f.land + " " + strings.ReplaceAll(f.name, "/", " ")
	if holdsWords(all, words) {
		return 6, ""
	}
	for i, city := range f.others {
		if holdsWords(all+" "+city, words) {
			return 6, f.also[i]
		}
	}
	return 0, ""
}

// holdsWords tells whether each word begins a word of the text.
func holdsWords(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(" "+text, " "+w) {
			return false
		}
	}
	return true
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fold takes away what people do not type: case, accents, punctuation. The minus is kept.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r == '−':
			b.WriteByte('-')
		case r == 'ø':
			b.WriteByte('o')
		case r == 'ł':
			b.WriteByte('l')
		case r == 'ı':
			b.WriteByte('i')
		case unicode.Is(unicode.Mn, r) || r == '’' || r == '\'' || r == '.' || r == ',':
		case r == '_':
			b.WriteByte(' ')
		case r == '-' && b.Len() > 0 && !strings.HasPrefix(b.String(), "utc") && !strings.HasPrefix(b.String(), "gmt"):
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TZDataVersion identifies the zone rules in use. The data has no version that a program can
// read without guessing at files, so this is a sum of every clock change of every zone from 2024
// to 2040: it differs exactly when a rule that matters differs, and then what has not left is
// computed again (D16).
var TZDataVersion = sync.OnceValue(func() string {
	sum := fnv.New64a()
	from, to := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2041, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, p := range places {
		l, err := location(p.zone)
		if err != nil {
			continue
		}
		for _, period := range periodsBetween(from, to, 72*time.Hour, l) {
			fmt.Fprintln(sum, p.zone, period.start.Unix(), period.offset)
		}
	}
	return fmt.Sprintf("tz-%016x", sum.Sum64())
})
