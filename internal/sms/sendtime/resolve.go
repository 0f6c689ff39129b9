package sendtime

import (
	"errors"
	"fmt"
	"sort"
	"time"
)

// Wall is what a clock on a wall and a calendar beside it show: no zone, no instant.
type Wall struct {
	Year  int
	Month time.Month
	Day   int
	Hour  int
	Min   int
}

// ErrWall says that there is no such date or time on any calendar. Its words are for people.
var ErrWall error = advice("Choose a date and a time")

// ErrWhich says that a time occurs twice and nobody said which is meant. It comes inside a
// longer error with the time in it.
var ErrWhich = errors.New("happens twice. Choose which one")

// ErrGap says that the clocks jump over a time. It comes inside a longer error in words.
var ErrGap = errors.New("does not exist")

// ParseWall reads what date and time inputs give: "2026-11-27" and "10:00". The error is ErrWall or nil.
func ParseWall(date, clock string) (Wall, error) {
	t, err := time.Parse("2006-01-02 15:04", date+" "+clock)
	if err != nil || len(clock) != 5 {
		if t, err = time.Parse("2006-01-02 15:04:05", date+" "+clock); err != nil {
			return Wall{}, ErrWall
		}
	}
	return WallOf(t), nil
}

// WallOf gives what the clocks of a time's own zone show, to the minute.
func WallOf(t time.Time) Wall {
	return Wall{t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute()}
}

// UTC gives the instant at which clocks in UTC show the wall time: how it is kept in a column
// without a zone, and how two wall times are compared.
func (w Wall) UTC() time.Time {
	return time.Date(w.Year, w.Month, w.Day, w.Hour, w.Min, 0, 0, time.UTC)
}

// String gives "2026-11-27 10:00".
func (w Wall) String() string { return w.UTC().Format("2006-01-02 15:04") }

// Date gives "2026-11-27", as a date input has it.
func (w Wall) Date() string { return w.UTC().Format("2006-01-02") }

// Clock gives "10:00", as a time input has it.
func (w Wall) Clock() string { return w.UTC().Format("15:04") }

// Valid tells whether the calendar has such a day and the clock such a time.
func (w Wall) Valid() bool { return WallOf(w.UTC()) == w }

// Kind is how many instants a wall time has.
type Kind uint8

const (
	// Exists is exactly one, as nearly always.
	Exists Kind = iota + 1
	// Gap is none: the clocks jump over it.
	Gap
	// Overlap is two: the clocks go back over it.
	Overlap
)

// Which tells the two instants of an overlap apart.
type Which uint8

const (
	// Unsaid means that nobody has chosen.
	Unsaid Which = iota
	// First is before the clocks go back.
	First
	// Second is after they went back.
	Second
)

// Resolution is what a wall time means in a zone (D16).
//
// First and Second are its instants: equal where it Exists, different in an Overlap, zero in a
// Gap. From and To are what the clocks show just before and after the change, in a Gap or an
// Overlap: in a Gap times before From and from To on exist.
type Resolution struct {
	Kind   Kind
	Wall   Wall
	Zone   string
	First  time.Time
	Second time.Time
	From   Wall
	To     Wall
}

// Resolve finds the instants of a wall time. The rule is explicit, unlike those of libraries and
// databases, which silently choose and choose differently. The error is ErrZone, ErrWall or nil.
func Resolve(w Wall, zone string) (Resolution, error) {
	l, err := location(zone)
	if err != nil {
		return Resolution{}, err
	}
	if !w.Valid() {
		return Resolution{}, ErrWall
	}
	return resolve(w, l), nil
}

// aroundWall is more than any zone is away from UTC, with a change of a whole day on top.
const aroundWall = 40 * time.Hour

func resolve(w Wall, l *time.Location) Resolution {
	r := Resolution{Kind: Gap, Wall: w, Zone: l.String()}
	wall := w.UTC()
	periods := periodsBetween(wall.Add(-aroundWall), wall.Add(aroundWall), time.Hour, l)
	for i, p := range periods {
		// In a stretch of one offset the wall time has one candidate.
		if t := wall.Add(-p.offset); !t.Before(p.start) && t.Before(p.end) {
			if r.First.IsZero() {
				r.Kind, r.First = Exists, t.In(l)
			} else {
				r.Kind = Overlap
			}
			r.Second = t.In(l)
		}
		if i > 0 {
			r.change(p.start.Add(periods[i-1].offset), p.start.Add(p.offset))
		}
	}
	return r
}

// change notes what the clocks show just before and after a change, if it is the one that makes
// the wall time odd.
func (r *Resolution) change(from, to time.Time) {
	wall := r.Wall.UTC()
	over := !wall.Before(from) && wall.Before(to)
	twice := !wall.Before(to) && wall.Before(from)
	if over || twice {
		r.From, r.To = WallOf(from), WallOf(to)
	}
}

// period is a stretch of time in which a zone keeps one offset.
type period struct {
	start, end time.Time
	offset     time.Duration
}

// periodsBetween lists the periods from one instant to another, looking once a step: two changes
// within a step are not seen. It asks for nothing but offsets, because time.Time.ZoneBounds ends
// a period too early on the last day of a leap year in zones that follow a rule.
func periodsBetween(from, to time.Time, step time.Duration, l *time.Location) []period {
	from, to = from.UTC(), to.UTC()
	periods := []period{{from, to, offsetAt(from, l)}}
	for at := from; at.Before(to); at = at.Add(step) {
		last := &periods[len(periods)-1]
		next := offsetAt(at.Add(step), l)
		if next == last.offset {
			continue
		}
		// The first second of the new offset.
		n := sort.Search(int(step/time.Second), func(s int) bool {
			return offsetAt(at.Add(time.Duration(s)*time.Second), l) != last.offset
		})
		last.end = at.Add(time.Duration(n) * time.Second)
		periods = append(periods, period{last.end, to, next})
	}
	return periods
}

func offsetAt(t time.Time, l *time.Location) time.Duration {
	_, seconds := t.In(l).Zone()
	return time.Duration(seconds) * time.Second
}

// At gives the one instant meant. The error says in words why there is none: it is ErrGap, or
// ErrWhich where a time that happens twice is Unsaid.
func (r Resolution) At(which Which) (time.Time, error) {
	switch {
	case r.Kind == Gap:
		return time.Time{}, fmt.Errorf("%s %w on %s in %s. Choose a time before %s or from %s",
			r.Wall.Clock(), ErrGap, day(r.Wall.UTC()), City(r.Zone), r.shown(r.From), r.shown(r.To))
	case r.Kind == Exists || which == First:
		return r.First, nil
	case which == Second:
		return r.Second, nil
	}
	return time.Time{}, fmt.Errorf("%s %w", r.Wall.Clock(), ErrWhich)
}

// Instant is Resolve and At in one. The error is one of theirs.
func Instant(w Wall, zone string, which Which) (time.Time, error) {
	r, err := Resolve(w, zone)
	if err != nil {
		return time.Time{}, err
	}
	return r.At(which)
}
