package sms

import (
	"sort"
	"time"

	"tidings/internal/sms/phone"
	"tidings/internal/sms/sendtime"
)

// Hours is when a sending leaves by the clocks of some countries that show the
// same time and allow the same hours.
type Hours struct {
	Countries []string // ISO 3166
	Place     string   // of a country with several times: the city that shows this one
	People    int
	Local     time.Time
	Open      sendtime.Span
	Shut      bool // closed all day
}

// Inside reports whether it leaves inside the hours.
func (h Hours) Inside() bool { return !h.Shut && h.at() >= h.Open.Opens && h.at() < h.Open.Closes }

func (h Hours) at() time.Duration {
	return time.Duration(h.Local.Hour())*time.Hour + time.Duration(h.Local.Minute())*time.Minute
}

// Name is the countries in words: "Germany, Norway", "United States, Honolulu".
func (h Hours) Name() string {
	out := ""
	for i, c := range h.Countries {
		if i > 0 {
			out += ", "
		}
		out += phone.CountryName(c)
	}
	if h.Place != "" {
		out += ", " + h.Place
	}
	return out
}

// InText is Name as it stands in a sentence: "the United Kingdom".
func (h Hours) InText() string {
	if h.Place != "" {
		return h.Place
	}
	if len(h.Countries) == 1 {
		return phone.CountryInText(h.Countries[0])
	}
	return h.Name()
}

// HoursOf lays a start over the clocks of the people it is for, the most first.
// A country with several times is shown by its earliest and its latest.
func HoursOf(lines []QuoteLine, kind string, at time.Time) []Hours {
	var out []Hours
	for _, l := range lines {
		for _, h := range hoursIn(l, kind, at) {
			if i := like(out, h); i >= 0 {
				out[i].Countries = append(out[i].Countries, l.Country)
				out[i].People += l.People
				continue
			}
			out = append(out, h)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].People > out[j].People })
	return out
}

func like(list []Hours, h Hours) int {
	for i, x := range list {
		if x.Place == "" && h.Place == "" && x.Open == h.Open && x.Shut == h.Shut && sendtime.WallOf(x.Local) == sendtime.WallOf(h.Local) {
			return i
		}
	}
	return -1
}

func hoursIn(l QuoteLine, kind string, at time.Time) []Hours {
	zones := sendtime.ZonesIn(l.Country)
	if len(zones) == 0 {
		zones = []string{"UTC"}
	}
	first, last := zones[0], zones[0]
	for _, z := range zones {
		if In(at, z).Format(wallOrder) < In(at, first).Format(wallOrder) {
			first = z
		}
		if In(at, z).Format(wallOrder) > In(at, last).Format(wallOrder) {
			last = z
		}
	}
	hours := func(zone, place string) Hours {
		h := Hours{Countries: []string{l.Country}, Place: place, People: l.People, Local: In(at, zone)}
		open, ok := sendtime.HoursOn(l.Country, kind, sendtime.DateOf(h.Local))
		h.Open, h.Shut = open, !ok
		return h
	}
	if sendtime.WallOf(In(at, first)) == sendtime.WallOf(In(at, last)) {
		return []Hours{hours(zones[0], "")}
	}
	return []Hours{hours(last, sendtime.City(last)), hours(first, sendtime.City(first))}
}

// wallOrder sorts moments by what the clocks show.
const wallOrder = "2006-01-02 15:04"

// NextInside is the first moment, at or later, at which all countries of the
// lines are inside their hours; at itself when none is found within a month.
func NextInside(lines []QuoteLine, kind string, at time.Time) time.Time {
	t := at
	for range 200 {
		next := t
		for _, l := range lines {
			for _, h := range hoursIn(l, kind, t) {
				if n := sendtime.NextOpen(l.Country, kind, h.Local); n.After(next) {
					next = n
				}
			}
		}
		if next.Equal(t) {
			return t
		}
		t = next
	}
	return at
}
