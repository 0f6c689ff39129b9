package sendtime

import (
	"testing"
	"time"
)

func local(t *testing.T, s, zone string) time.Time {
	t.Helper()
	at, err := Instant(wall(s), zone, First)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// D18: marketing leaves only inside the country's hours, days and holidays.
func TestOpen(t *testing.T) {
	for _, c := range []struct {
		country, kind, at, zone string
		open                    bool
		next                    string // wall time of the next opening
		why                     string
	}{
		{"FR", "marketing", "2026-11-27 10:00", "Europe/Paris", true, "2026-11-27 10:00", ""},
		{"FR", "marketing", "2026-11-27 08:00", "Europe/Paris", true, "2026-11-27 08:00", ""},
		{"FR", "marketing", "2026-11-27 07:59", "Europe/Paris", false, "2026-11-27 08:00", "Marketing messages cannot leave before 08:00 in France"},
		{"FR", "marketing", "2026-11-27 19:59", "Europe/Paris", true, "2026-11-27 19:59", ""},
		{"FR", "marketing", "2026-11-27 20:00", "Europe/Paris", false, "2026-11-28 08:00", "Marketing messages cannot leave after 20:00 in France"},
		{"FR", "marketing", "2026-11-28 20:30", "Europe/Paris", false, "2026-11-30 08:00", "Marketing messages cannot leave after 20:00 in France"},
		{"FR", "marketing", "2026-11-29 10:00", "Europe/Paris", false, "2026-11-30 08:00", "Marketing messages cannot leave on Sunday in France"},
		{
			"FR", "marketing", "2026-11-11 10:00", "Europe/Paris", false, "2026-11-12 08:00",
			"Marketing messages cannot leave on Wednesday 11 November in France, a public holiday (Armistice Day)",
		},
		// Christmas Day 2026 is a Friday; Easter 2027 is 28 March, with a clock change and a holiday after it.
		{
			"FR", "marketing", "2026-12-25 10:00", "Europe/Paris", false, "2026-12-26 08:00",
			"Marketing messages cannot leave on Friday 25 December in France, a public holiday (Christmas Day)",
		},
		{"FR", "marketing", "2027-03-27 21:00", "Europe/Paris", false, "2027-03-30 08:00", "Marketing messages cannot leave after 20:00 in France"},
		{
			"RE", "marketing", "2027-12-20 10:00", "Indian/Reunion", false, "2027-12-21 08:00",
			"Marketing messages cannot leave on Monday 20 December in Réunion, a public holiday (Abolition Day)",
		},
		{"FR", "marketing", "2027-12-20 10:00", "Europe/Paris", true, "2027-12-20 10:00", ""},
		{"FR", "service", "2026-11-29 03:00", "Europe/Paris", true, "2026-11-29 03:00", ""},
		{"FR", "", "2026-11-29 03:00", "Europe/Paris", false, "2026-11-30 08:00", "Marketing messages cannot leave on Sunday in France"},
		{"GB", "marketing", "2026-11-29 20:59", "Europe/London", true, "2026-11-29 20:59", ""},
		{"GB", "marketing", "2026-11-29 21:00", "Europe/London", false, "2026-11-30 08:00", "Marketing messages cannot leave after 21:00 in the United Kingdom"},
		{"US", "marketing", "2026-11-29 11:00", "America/Chicago", false, "2026-11-29 12:00", "Marketing messages cannot leave before 12:00 in the United States"},
		{"CZ", "marketing", "2026-11-28 10:00", "Europe/Prague", false, "2026-11-30 08:00", "Marketing messages cannot leave on Saturday in Czechia"},
		{
			"CZ", "marketing", "2027-03-26 10:00", "Europe/Prague", false, "2027-03-30 08:00",
			"Marketing messages cannot leave on Friday 26 March in Czechia, a public holiday (Good Friday)",
		},
		{"NO", "marketing", "2026-11-29 22:00", "Europe/Oslo", false, "2026-11-30 08:00", "Marketing messages cannot leave after 21:00 in Norway"},
		{"ZZ", "marketing", "2026-11-29 12:00", "UTC", true, "2026-11-29 12:00", ""},
	} {
		at := local(t, c.at, c.zone)
		if got := Open(c.country, c.kind, at); got != c.open {
			t.Errorf("%s %s: open %v", c.country, c.at, got)
		}
		next := NextOpen(c.country, c.kind, at)
		if WallOf(next).String() != c.next || next.Before(at) || next.Location() != at.Location() {
			t.Errorf("%s %s: next %v, want %s", c.country, c.at, next, c.next)
		}
		equal(t, Closed(c.country, c.kind, at), c.why)
	}
}

// D18: from any moment of a year, the next opening is open, and no minute before it is.
func TestNextOpenIsTheFirst(t *testing.T) {
	for country, zone := range map[string]string{
		"FR": "Europe/Paris", "RE": "Indian/Reunion", "US": "America/New_York", "CZ": "Europe/Prague", "AU": "Australia/Lord_Howe", "BR": "America/Sao_Paulo",
	} {
		at, _ := In(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), zone)
		for end := at.AddDate(1, 0, 0); at.Before(end); {
			next := NextOpen(country, "marketing", at)
			if !Open(country, "marketing", next) {
				t.Fatalf("%s: %v opens at %v, which is closed", country, at, next)
			}
			for m := at; m.Before(next); m = m.Add(30 * time.Minute) {
				if Open(country, "marketing", m) {
					t.Fatalf("%s: %v is open before %v", country, m, next)
				}
			}
			closes := Closes(country, "marketing", next)
			if !closes.After(next) || Open(country, "marketing", closes) || !Open(country, "marketing", closes.Add(-time.Second)) {
				t.Fatalf("%s: open at %v, closes %v", country, next, closes)
			}
			at = closes
		}
	}
}

// A day whose first hours the clocks jump over still opens.
func TestOpeningInAGap(t *testing.T) {
	l, _ := location("America/Santiago")
	if at := onDay(Date{2026, time.September, 6}, 0, l); WallOf(at).String() != "2026-09-06 01:00" {
		t.Errorf("%v", at)
	}
}

func TestCloses(t *testing.T) {
	if at := Closes("FR", "marketing", local(t, "2026-11-27 10:00", "Europe/Paris")); WallOf(at).String() != "2026-11-27 20:00" {
		t.Errorf("%v", at)
	}
	for _, c := range [][2]string{{"marketing", "2026-11-29 10:00"}, {"service", "2026-11-29 10:00"}} {
		if at := Closes("FR", c[0], local(t, c[1], "Europe/Paris")); !at.IsZero() {
			t.Errorf("%v: %v", c, at)
		}
	}
}

// D18: France has eleven, eight on a date and three by Easter.
func TestFrenchHolidays(t *testing.T) {
	want := "2026-01-01 2026-04-06 2026-05-01 2026-05-08 2026-05-14 2026-05-25 2026-07-14 2026-08-15 2026-11-01 2026-11-11 2026-12-25"
	got := ""
	for i, h := range Holidays("FR", 2026) {
		if i > 0 {
			got += " "
		}
		got += h.Date.String()
	}
	equal(t, got, want)
	for country, n := range map[string]int{"FR": 11, "RE": 12, "GP": 12, "PM": 11, "CZ": 13, "DE": 0} {
		if got := len(Holidays(country, 2027)); got != n {
			t.Errorf("%s has %d", country, got)
		}
	}
	for year, want := range map[int]string{
		2000: "2000-04-23", 2008: "2008-03-23", 2011: "2011-04-24", 2019: "2019-04-21", 2024: "2024-03-31", 2025: "2025-04-20",
		2026: "2026-04-05", 2027: "2027-03-28", 2028: "2028-04-16", 2029: "2029-04-01", 2030: "2030-04-21", 2038: "2038-04-25",
	} {
		equal(t, easter(year).String(), want)
	}
}

// Rules are data: each says where it is from and when it was looked at, and makes sense.
func TestRules(t *testing.T) {
	for country, list := range rules {
		for i, r := range list {
			if r.Source == "" || r.Basis == "" || r.Checked == (Date{}) || r.Country != country {
				t.Errorf("%s: %+v", country, r)
			}
			if i > 0 && !list[i-1].Since.Before(r.Since) {
				t.Errorf("%s: rules out of order", country)
			}
			open := 0
			for _, s := range r.Week {
				if s.Closes > s.Opens {
					open++
				}
				if s.Opens < 0 || s.Closes > 22*time.Hour || s.Closes < s.Opens {
					t.Errorf("%s: %v", country, s)
				}
			}
			if open == 0 {
				t.Errorf("%s never opens", country)
			}
			if r.Holidays && holidays[country] == nil {
				t.Errorf("%s closes on holidays nobody knows", country)
			}
		}
	}
	r := Window("FR", "marketing", Date{2026, 11, 27})
	if r.Latest != 22*time.Hour || r.Week[time.Sunday] != (Span{}) {
		t.Errorf("%+v", r)
	}
	span, _ := r.Hours(Date{2026, 11, 27})
	equal(t, span.String(), "08:00 to 20:00")
}

// A rule that changes on a date holds from that date.
func TestRulesAreDated(t *testing.T) {
	saved := rules
	defer func() { rules = saved }()
	rules = byCountry(rules[""][0],
		Rule{Country: "NO", Week: daily(hours(8, 21))},
		Rule{Country: "NO", Since: Date{2027, 1, 1}, Week: daily(hours(10, 18))})
	if !Open("NO", "marketing", local(t, "2026-12-31 09:00", "Europe/Oslo")) || Open("NO", "marketing", local(t, "2027-01-01 09:00", "Europe/Oslo")) {
		t.Error("the later rule does not hold from its day on")
	}
}

func BenchmarkNextOpen(b *testing.B) {
	at, _ := Instant(wall("2026-11-28 20:30"), "Europe/Paris", First)
	for b.Loop() {
		NextOpen("FR", "marketing", at)
	}
}

func BenchmarkSearchZones(b *testing.B) {
	at, _ := Instant(wall("2026-11-28 20:30"), "Europe/Paris", First)
	for b.Loop() {
		SearchZones("saint e", at, 10)
	}
}
