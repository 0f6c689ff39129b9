package sendtime

import (
	"slices"
	"sync"
)

var zonesByCountry = sync.OnceValue(func() map[string][]string {
	known := slices.Clone(places)
	slices.SortStableFunc(known, func(a, b place) int { return len(b.also) - len(a.also) })
	m := map[string][]string{}
	for _, p := range known {
		m[p.country] = append(m[p.country], p.zone)
	}
	return m
})

// ZonesIn lists the zones of a country (ISO 3166), those with the most cities
// first; nil where none is known. The list is shared: read only.
func ZonesIn(country string) []string { return zonesByCountry()[country] }
