package sms

import (
	"testing"
	"time"
)

// D35: when the rest may follow the part that went first.
func TestJudgeFirst(t *testing.T) {
	for _, c := range []struct {
		name  string
		y     Tally
		since time.Duration
		want  FirstVerdict
	}{
		{"nothing yet", Tally{Accepted: 100}, time.Minute, FirstWait},
		{"most have a receipt", Tally{Delivered: 78, Undelivered: 2, Accepted: 20}, time.Minute, FirstGo},
		{"one less", Tally{Delivered: 77, Undelivered: 2, Accepted: 21}, time.Minute, FirstWait},
		{"half, soon", Tally{Delivered: 50, Accepted: 50}, 29 * time.Minute, FirstWait},
		{"half, late", Tally{Delivered: 50, Accepted: 50}, 30 * time.Minute, FirstGo},
		{"few, after an hour", Tally{Delivered: 49, Accepted: 51}, time.Hour, FirstStop},
		{"bad receipts", Tally{Delivered: 3, Undelivered: 17, Accepted: 80}, time.Second, FirstStop},
		{"too few to be bad", Tally{Undelivered: 19, Accepted: 81}, time.Second, FirstWait},
		{"refused by the carrier", Tally{Rejected: 90, Accepted: 10}, time.Second, FirstStop},
		{"all opted out meanwhile", Tally{Suppressed: 100}, time.Second, FirstGo},
	} {
		got, why := JudgeFirst(c.y, c.since)
		if got != c.want || (why != "") != (got == FirstStop) {
			t.Errorf("%s: %v (%s), want %v", c.name, got, why, c.want)
		}
	}
	for people, want := range map[int]int{499: 0, 500: 50, 18_214: 182, 1_000_000: 1000} {
		if got := FirstPeople(people); got != want {
			t.Errorf("of %d people %d go first, want %d", people, got, want)
		}
	}
}

// D18, D35: an even spread is over before the first of its countries closes, by the clock there.
func TestSpreadFits(t *testing.T) {
	at := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC) // 10:00 in Paris, where marketing ends at 20:00 or later
	lines := []QuoteLine{{Country: "FR", People: 10}}
	limit, h := SpreadLimit(lines, Marketing, at)
	if limit.IsZero() || h.Local.Add(limit.Sub(at)).Format("15:04") != hourWords(h.Open) {
		t.Fatalf("France closes at %s, by its hours %+v", limit, h.Open)
	}
	most := int(limit.Sub(at).Hours())
	for _, n := range SpreadHours {
		p := Departure{Spread: n}.Fit(lines, Marketing, at)
		if (len(p) > 0) != (n > most) {
			t.Errorf("over %d hours of %d: %v", n, most, p)
		}
	}
	if p := (Departure{Spread: 24}).Fit(lines, Service, at); len(p) > 0 {
		t.Errorf("service messages have no hours: %v", p)
	}
	if n, each := (Departure{Spread: 4}).Slots(18_000); n != 240 || each != time.Minute {
		t.Errorf("%d parts of %s", n, each)
	}
	if n, each := (Departure{Spread: 4}).Slots(2); n != 2 || each != 2*time.Hour {
		t.Errorf("%d parts of %s", n, each)
	}
}
