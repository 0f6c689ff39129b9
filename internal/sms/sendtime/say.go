package sendtime

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// OffsetText gives an offset in seconds east of UTC as people write it: "UTC+1", "UTC+5:30", "UTC−3".
func OffsetText(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "−", -seconds
	}
	text := "UTC" + sign + strconv.Itoa(seconds/3600)
	if minutes := seconds % 3600 / 60; minutes != 0 {
		text += fmt.Sprintf(":%02d", minutes)
	}
	return text
}

// Offset gives the offset of a zone at an instant, like "UTC+1", or "" for what is no zone.
func Offset(t time.Time, zone string) string {
	in, err := In(t, zone)
	if err != nil {
		return ""
	}
	return offsetOf(in)
}

func offsetOf(in time.Time) string {
	_, seconds := in.Zone()
	return OffsetText(seconds)
}

// Sentence says when in full: "Friday 27 November at 10:00, Paris time". For what is no zone it
// speaks of UTC.
func Sentence(t time.Time, zone string) string {
	in, err := In(t, zone)
	if err != nil {
		in, zone = t.UTC(), utc.zone
	}
	return day(in) + " at " + clock(in) + ", " + zoneTime(zone)
}

// Short says when in little room: "Fri 27 Nov, 10:00 Paris".
func Short(t time.Time, zone string) string {
	in, err := In(t, zone)
	if err != nil {
		in, zone = t.UTC(), utc.zone
	}
	return in.Format("Mon 2 Jan, 15:04 ") + City(zone)
}

func day(t time.Time) string { return t.Format("Monday 2 January") }

func clock(t time.Time) string { return t.Format("15:04") }

func zoneTime(zone string) string {
	if zone == utc.zone {
		return "UTC"
	}
	return City(zone) + " time"
}

// Title says in a sentence what is odd about the wall time, "" where it simply Exists.
func (r Resolution) Title() string {
	where := fmt.Sprintf("on %s in %s.", day(r.Wall.UTC()), City(r.Zone))
	switch r.Kind {
	case Gap:
		return r.Wall.Clock() + " does not exist " + where
	case Overlap:
		return r.Wall.Clock() + " happens twice " + where
	}
	return ""
}

// Hint says what the clocks do and what to choose, "" where the wall time Exists.
func (r Resolution) Hint() string {
	from, to := r.shown(r.From), r.shown(r.To)
	switch r.Kind {
	case Gap:
		return fmt.Sprintf("Clocks jump from %s to %s. Choose a time before %s or from %s.", from, to, from, to)
	case Overlap:
		return fmt.Sprintf("Clocks go back from %s to %s. Choose which one.", from, to)
	}
	return ""
}

// Nearest gives the last wall time before a Gap, to the minute, and the first after it.
func (r Resolution) Nearest() (before, after Wall) {
	return WallOf(r.From.UTC().Add(-time.Minute)), r.To
}

// shown gives the time of a wall time that stands near r.Wall, with its day where that differs.
func (r Resolution) shown(w Wall) string {
	if w.Date() == r.Wall.Date() {
		return w.Clock()
	}
	return w.Clock() + " on " + day(w.UTC())
}

// Choices gives the words for the two instants of an Overlap: "First, summer time (UTC+2)",
// "Second, winter time (UTC+1)". Where the change has nothing to do with the season it is left out.
func (r Resolution) Choices() (first, second string) {
	if r.Kind != Overlap {
		return "", ""
	}
	one, two := "First", "Second"
	// Morocco's clocks follow Ramadan, whatever the season.
	if seasonal := r.First.IsDST() != r.Second.IsDST(); seasonal && r.Zone != "Africa/Casablanca" && r.Zone != "Africa/El_Aaiun" {
		one, two = one+", summer time", two+", winter time"
	}
	return one + " (" + offsetOf(r.First) + ")", two + " (" + offsetOf(r.Second) + ")"
}

// Change tells that a zone has another offset at an instant than now, and what that means in UTC:
// "The clocks change before this date. 10:00 in Paris on 29 March is 08:00 UTC, not 09:00 as
// today." It is "" where the offsets are the same.
func Change(at time.Time, zone string, now time.Time) string {
	in, err := In(at, zone)
	if err != nil {
		return ""
	}
	today, _ := In(now, zone)
	_, then := in.Zone()
	_, current := today.Zone()
	if then == current {
		return ""
	}
	as := WallOf(in).UTC().Add(-time.Duration(current) * time.Second)
	return fmt.Sprintf("The clocks change before this date. %s in %s on %s is %s, not %s as today.",
		clock(in), City(zone), in.Format("2 January"), utcOf(in), clock(as))
}

// UTC says when in UTC, for beside a local time: "09:00 UTC", with "the day before" or "the next
// day" where it is another day there.
func UTC(t time.Time, zone string) string {
	in, err := In(t, zone)
	if err != nil {
		in = t.UTC()
	}
	return utcOf(in)
}

func utcOf(in time.Time) string {
	text := clock(in.UTC()) + " UTC"
	switch strings.Compare(in.UTC().Format(time.DateOnly), in.Format(time.DateOnly)) {
	case -1:
		return text + " the day before"
	case 1:
		return text + " the next day"
	}
	return text
}
