package sms

import (
	"testing"
	"time"
)

func TestTrips(t *testing.T) { // D35
	for _, x := range []struct {
		what      string
		delivered int
		failed    int
		optedOut  int
		before    []string
		want      []string
	}{
		{what: "nothing yet"},
		{what: "49 delivered, 10 opted out", delivered: 49, optedOut: 10},
		{what: "exactly 2 %", delivered: 100, optedOut: 2},
		{what: "above 2 %", delivered: 100, optedOut: 3, want: []string{"opt-outs"}},
		{what: "above 2 %, decided", delivered: 100, optedOut: 3, before: []string{"opt-outs"}},
		{what: "199 final, none delivered", failed: 199},
		{what: "exactly 20 %", delivered: 40, failed: 160},
		{what: "below 20 %", delivered: 39, failed: 161, want: []string{"delivered FR"}},
		{what: "both", delivered: 60, failed: 300, optedOut: 9, want: []string{"delivered FR", "opt-outs"}},
	} {
		fr := CountryTally{Country: "FR", Tally: Tally{Delivered: x.delivered, Undelivered: x.failed}}
		no := CountryTally{Country: "NO", Tally: Tally{Cancelled: 1000, Suppressed: 1000}} // ended by us: no fault of the country
		var got []string
		for _, trip := range Trips([]CountryTally{fr, no}, x.optedOut, x.before) {
			got = append(got, trip.Rule)
		}
		if len(got) != len(x.want) {
			t.Errorf("%s: %v, want %v", x.what, got, x.want)
			continue
		}
		for i := range got {
			if got[i] != x.want[i] {
				t.Errorf("%s: %v, want %v", x.what, got, x.want)
			}
		}
	}
	trips := Trips([]CountryTally{{Country: "FR", Tally: Tally{Delivered: 39, Undelivered: 161}}}, 0, nil)
	if want := "Only 39 of 200 messages with a final answer in France were delivered (19.5%). Below 20% we pause a campaign"; trips[0].Why != want {
		t.Errorf("%q", trips[0].Why)
	}
}

func TestStopPulseRate(t *testing.T) { // D35
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	a, b := StopPulse{At: at, Marked: 1000}, StopPulse{At: at.Add(2 * time.Second), Marked: 3000}
	if got := b.Rate(a); got != 1000 {
		t.Errorf("%v", got)
	}
	if got := a.Rate(b); got != 0 {
		t.Errorf("backwards: %v", got)
	}
}
