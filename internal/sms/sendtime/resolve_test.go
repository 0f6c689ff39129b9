package sendtime

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func wall(s string) Wall {
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		panic(err)
	}
	return WallOf(t)
}

func instant(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04Z", s)
	if err != nil {
		panic(err)
	}
	return t
}

// D14, D16, F14: every kind of change, in both hemispheres.
func TestResolve(t *testing.T) {
	for _, c := range []struct {
		wall, zone    string
		kind          Kind
		first, second string // instants, or From and To of a gap
	}{
		{"2026-11-27 10:00", "Europe/Paris", Exists, "2026-11-27T09:00Z", "2026-11-27T09:00Z"},
		{"2027-03-28 01:59", "Europe/Paris", Exists, "2027-03-28T00:59Z", "2027-03-28T00:59Z"},
		{"2027-03-28 02:00", "Europe/Paris", Gap, "2027-03-28 02:00", "2027-03-28 03:00"},
		{"2027-03-28 02:30", "Europe/Paris", Gap, "2027-03-28 02:00", "2027-03-28 03:00"},
		{"2027-03-28 03:00", "Europe/Paris", Exists, "2027-03-28T01:00Z", "2027-03-28T01:00Z"},
		{"2027-10-31 01:59", "Europe/Paris", Exists, "2027-10-30T23:59Z", "2027-10-30T23:59Z"},
		{"2027-10-31 02:30", "Europe/Paris", Overlap, "2027-10-31T00:30Z", "2027-10-31T01:30Z"},
		{"2027-10-31 03:00", "Europe/Paris", Exists, "2027-10-31T02:00Z", "2027-10-31T02:00Z"},
		// Here a well-known database and Go's own library differ (dispatch finding 7).
		{"2026-03-08 02:30", "America/New_York", Gap, "2026-03-08 02:00", "2026-03-08 03:00"},
		{"2026-11-01 01:30", "America/New_York", Overlap, "2026-11-01T05:30Z", "2026-11-01T06:30Z"},
		// Chile changes at midnight, so the gap is the first hour of a day.
		{"2026-09-06 00:30", "America/Santiago", Gap, "2026-09-06 00:00", "2026-09-06 01:00"},
		{"2026-04-04 23:30", "America/Santiago", Overlap, "2026-04-05T02:30Z", "2026-04-05T03:30Z"},
		{"2026-10-04 02:30", "Australia/Sydney", Gap, "2026-10-04 02:00", "2026-10-04 03:00"},
		{"2026-04-05 02:30", "Australia/Sydney", Overlap, "2026-04-04T15:30Z", "2026-04-04T16:30Z"},
		// Lord Howe moves by half an hour.
		{"2026-10-04 02:15", "Australia/Lord_Howe", Gap, "2026-10-04 02:00", "2026-10-04 02:30"},
		{"2026-10-04 02:30", "Australia/Lord_Howe", Exists, "2026-10-03T15:30Z", "2026-10-03T15:30Z"},
		{"2026-04-05 01:45", "Australia/Lord_Howe", Overlap, "2026-04-04T14:45Z", "2026-04-04T15:15Z"},
		{"2026-11-27 10:00", "Asia/Kolkata", Exists, "2026-11-27T04:30Z", "2026-11-27T04:30Z"},
		{"2026-11-27 10:00", "Asia/Calcutta", Exists, "2026-11-27T04:30Z", "2026-11-27T04:30Z"},
		{"2026-11-27 10:00", "UTC", Exists, "2026-11-27T10:00Z", "2026-11-27T10:00Z"},
		{"2026-11-27 10:00", "Pacific/Kiritimati", Exists, "2026-11-26T20:00Z", "2026-11-26T20:00Z"},
		// Samoa left out a whole day.
		{"2011-12-30 10:00", "Pacific/Apia", Gap, "2011-12-30 00:00", "2011-12-31 00:00"},
	} {
		r, err := Resolve(wall(c.wall), c.zone)
		if err != nil || r.Kind != c.kind {
			t.Errorf("%s %s: kind %d, %v, want %d", c.wall, c.zone, r.Kind, err, c.kind)
			continue
		}
		if c.kind == Gap {
			if r.From != wall(c.first) || r.To != wall(c.second) || !r.First.IsZero() {
				t.Errorf("%s %s: from %v to %v", c.wall, c.zone, r.From, r.To)
			}
			continue
		}
		if !r.First.Equal(instant(c.first)) || !r.Second.Equal(instant(c.second)) {
			t.Errorf("%s %s: %v and %v", c.wall, c.zone, r.First.UTC(), r.Second.UTC())
		}
	}
}

// F14: all zones, all changes from 2024 to 2035, every quarter of an hour around them. The
// judge is a search over instants, which knows nothing of offsets.
func TestResolveAgreesWithSearchOverInstants(t *testing.T) {
	const step = 15 * time.Minute
	changes, walls := 0, 0
	for _, p := range places {
		l, err := location(p.zone)
		if err != nil {
			t.Errorf("%s does not load", p.zone)
			continue
		}
		from, to := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
		for next := from; next.Before(to); next = next.Add(6 * time.Hour) {
			if offsetAt(next, l) == offsetAt(next.Add(-6*time.Hour), l) {
				continue
			}
			changes++
			shows := map[Wall][]time.Time{}
			for i := next.Add(-20 * time.Hour); i.Before(next.Add(20 * time.Hour)); i = i.Add(step) {
				w := WallOf(i.In(l))
				shows[w] = append(shows[w], i)
			}
			middle := WallOf(next.In(l)).UTC()
			for u := middle.Add(-9 * time.Hour); u.Before(middle.Add(3 * time.Hour)); u = u.Add(step) {
				walls++
				judgeWall(t, l, WallOf(u), shows[WallOf(u)])
			}
		}
	}
	if changes < 2000 || walls < 80000 {
		t.Errorf("only %d changes and %d walls were seen", changes, walls)
	}
}

func judgeWall(t *testing.T, l *time.Location, w Wall, want []time.Time) {
	t.Helper()
	r := resolve(w, l)
	var got []time.Time
	switch r.Kind {
	case Exists:
		got = []time.Time{r.First}
	case Overlap:
		got = []time.Time{r.First, r.Second}
	case Gap:
		before, after := r.Nearest()
		if resolve(before, l).Kind == Gap || resolve(after, l).Kind == Gap ||
			resolve(r.From, l).Kind != Gap || resolve(WallOf(after.UTC().Add(-time.Minute)), l).Kind != Gap {
			t.Errorf("%v %v: nearest %v and %v", l, w, before, after)
		}
	}
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("%v %v: %v, want %v", l, w, got, want)
	}
	if r.Kind == Overlap && (!w.UTC().Before(r.From.UTC()) || w.UTC().Before(r.To.UTC())) {
		t.Errorf("%v %v: from %v to %v", l, w, r.From, r.To)
	}
}

// The last day of a leap year, where the standard library's bounds of a zone are wrong.
func TestLastDayOfALeapYear(t *testing.T) {
	for _, year := range []int{2028, 2032, 2040, 2044} {
		at, err := Instant(Wall{year, 12, 31, 10, 0}, "America/New_York", Unsaid)
		if want := time.Date(year, 12, 31, 15, 0, 0, 0, time.UTC); err != nil || !at.Equal(want) {
			t.Errorf("%v %v", at, err)
		}
	}
}

// D16: the words, as the design has them.
func TestWordsOfAClockChange(t *testing.T) {
	gap, _ := Resolve(wall("2027-03-28 02:30"), "Europe/Paris")
	equal(t, gap.Title(), "02:30 does not exist on Sunday 28 March in Paris.")
	equal(t, gap.Hint(), "Clocks jump from 02:00 to 03:00. Choose a time before 02:00 or from 03:00.")
	_, err := gap.At(First)
	equal(t, err.Error(), "02:30 does not exist on Sunday 28 March in Paris. Choose a time before 02:00 or from 03:00")
	if !errors.Is(err, ErrGap) {
		t.Error("not ErrGap")
	}
	before, after := gap.Nearest()
	equal(t, before.String()+" "+after.String(), "2027-03-28 01:59 2027-03-28 03:00")

	twice, _ := Resolve(wall("2027-10-31 02:30"), "Europe/Paris")
	equal(t, twice.Title(), "02:30 happens twice on Sunday 31 October in Paris.")
	first, second := twice.Choices()
	equal(t, first, "First, summer time (UTC+2)")
	equal(t, second, "Second, winter time (UTC+1)")
	_, err = twice.At(Unsaid)
	equal(t, err.Error(), "02:30 happens twice. Choose which one")
	if !errors.Is(err, ErrWhich) {
		t.Error("not ErrWhich")
	}
	if at, err := twice.At(Second); err != nil || !at.Equal(instant("2027-10-31T01:30Z")) {
		t.Errorf("second: %v %v", at, err)
	}

	// Dublin's law calls winter the exception; people do not.
	dublin, _ := Resolve(wall("2027-10-31 01:30"), "Europe/Dublin")
	first, _ = dublin.Choices()
	equal(t, first, "First, summer time (UTC+1)")
	samoa, _ := Resolve(wall("2011-12-30 10:00"), "Pacific/Apia")
	equal(t, samoa.Hint(), "Clocks jump from 00:00 to 00:00 on Saturday 31 December. Choose a time before 00:00 or from 00:00 on Saturday 31 December.")
	plain, _ := Resolve(wall("2027-10-30 02:30"), "Europe/Paris")
	equal(t, plain.Title()+plain.Hint(), "")
}

func TestChange(t *testing.T) {
	winter, at := instant("2027-01-15T12:00Z"), instant("2027-03-29T08:00Z")
	equal(t, Change(at, "Europe/Paris", winter), "The clocks change before this date. 10:00 in Paris on 29 March is 08:00 UTC, not 09:00 as today.")
	equal(t, Change(at, "Europe/Paris", instant("2026-07-01T12:00Z")), "")
	equal(t, Change(at, "Asia/Tokyo", winter), "")
	equal(t, Change(instant("2027-03-30T03:30Z"), "America/New_York", winter),
		"The clocks change before this date. 23:30 in New York on 29 March is 03:30 UTC the next day, not 04:30 as today.")
}

// Every field may be typed by hand in a request.
func TestBadInput(t *testing.T) {
	for _, zone := range []string{"", "Local", "Paris", "../../etc/passwd", "right/Europe/Paris", "Europe/Paris ", "Etc/GMT+5"} {
		if _, err := Resolve(wall("2026-11-27 10:00"), zone); !errors.Is(err, ErrZone) {
			t.Errorf("zone %q: %v", zone, err)
		}
	}
	for _, w := range []Wall{{}, {2026, 2, 29, 10, 0}, {2026, 13, 1, 10, 0}, {2026, 1, 1, 24, 0}, {2026, 1, 1, 10, -1}} {
		if _, err := Resolve(w, "Europe/Paris"); !errors.Is(err, ErrWall) {
			t.Errorf("%+v: %v", w, err)
		}
	}
	for _, in := range [][2]string{{"", ""}, {"2026-02-29", "10:00"}, {"2026-11-27", "25:00"}, {"27/11/2026", "10:00"}, {"2026-11-27", "9:00"}} {
		if w, err := ParseWall(in[0], in[1]); !errors.Is(err, ErrWall) {
			t.Errorf("%v: %v %v", in, w, err)
		}
	}
	for _, clock := range []string{"10:00", "10:00:00"} {
		if w, err := ParseWall("2026-11-27", clock); err != nil || w != (Wall{2026, 11, 27, 10, 0}) {
			t.Errorf("%v %v", w, err)
		}
	}
}

func TestSentences(t *testing.T) {
	at := instant("2026-11-27T09:00Z")
	equal(t, Sentence(at, "Europe/Paris"), "Friday 27 November at 10:00, Paris time")
	equal(t, Sentence(at, "America/New_York"), "Friday 27 November at 04:00, New York time")
	equal(t, Sentence(at, "UTC"), "Friday 27 November at 09:00, UTC")
	equal(t, Short(at, "Europe/Paris"), "Fri 27 Nov, 10:00 Paris")
	equal(t, UTC(at, "Europe/Paris"), "09:00 UTC")
	equal(t, UTC(at, "Pacific/Auckland"), "09:00 UTC")
	equal(t, UTC(instant("2026-11-27T22:00Z"), "Europe/Kyiv"), "22:00 UTC the day before")
	for zone, want := range map[string]string{
		"Europe/Paris": "UTC+1", "Asia/Kolkata": "UTC+5:30", "America/New_York": "UTC−5", "Europe/London": "UTC+0",
		"America/St_Johns": "UTC−3:30", "Asia/Kathmandu": "UTC+5:45", "nowhere": "",
	} {
		equal(t, Offset(at, zone), want)
	}
}

func equal(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
