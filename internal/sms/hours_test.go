package sms

import (
	"testing"
	"time"
)

func TestHoursOf(t *testing.T) {
	lines := []QuoteLine{{Country: "FR", People: 12960}, {Country: "DE", People: 2000}, {Country: "NO", People: 1650}, {Country: "GB", People: 1604}, {Country: "US", People: 3}}
	at := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)
	got := HoursOf(lines, Marketing, at)
	want := []struct {
		name, local string
		people      int
		inside      bool
	}{
		{"France", "10:00", 12960, true},
		{"Germany, Norway", "10:00", 3650, true},
		{"United Kingdom", "09:00", 1604, true},
		{"United States, New York", "04:00", 3, false},
		{"United States, Honolulu", "23:00", 3, false},
	}
	if len(got) != len(want) {
		t.Fatalf("%d rows: %+v", len(got), got)
	}
	for i, w := range want {
		h := got[i]
		if h.Name() != w.name || h.Local.Format("15:04") != w.local || h.People != w.people || h.Inside() != w.inside {
			t.Errorf("row %d: %s, %d people, %s, inside %t", i, h.Name(), h.People, h.Local.Format("15:04"), h.Inside())
		}
	}
	sunday := time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	if h := HoursOf(lines[:1], Marketing, sunday)[0]; !h.Shut || h.Inside() {
		t.Errorf("France on a Sunday: %+v", h)
	}
	if n := NextInside(lines[:4], Marketing, sunday); n.Format(time.RFC3339) != "2026-11-30T08:00:00Z" && In(n, "Europe/London").Format("15:04") != "08:00" {
		t.Errorf("the next time inside all hours is %s", n)
	}
	if n := NextInside(lines[:1], Service, sunday); !n.Equal(sunday) {
		t.Errorf("a service message waits until %s", n)
	}
}
