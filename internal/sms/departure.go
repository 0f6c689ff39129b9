package sms

import (
	"fmt"
	"time"

	"tidings/internal/sms/sendtime"
)

// Departure is how a session leaves: a small part first, whose receipts are awaited,
// and evenly over hours (D35).
type Departure struct {
	First  bool
	Spread int // hours; 0: as fast as its routes take it
}

// SpreadHours are the hours over which a session can be spread.
var SpreadHours = []int{0, 1, 2, 3, 4, 6, 8, 10, 12, 24}

// spreadSlots is into how many parts an even spread is cut at most.
const spreadSlots = 240

// Slots are the parts of a spread session of so many people: how many, and how
// long each is.
func (p Departure) Slots(people int) (n int, each time.Duration) {
	if p.Spread == 0 || people < 2 {
		return 1, 0
	}
	n = min(people, spreadSlots)
	return n, time.Duration(p.Spread) * time.Hour / time.Duration(n)
}

// The size of the part that goes first.
const (
	FirstFrom   = 500    // people in a session that can have one
	FirstUsual  = 10_000 // people from which one is offered chosen
	firstLeast  = 50
	firstMost   = 1000
	firstShare  = 100 // one in so many
	firstAnswer = 20  // answers before it is judged
)

// FirstPeople is how many go first of a session to so many; 0 where too few to
// tell anything.
func FirstPeople(people int) int {
	if people < FirstFrom {
		return 0
	}
	return min(max(people/firstShare, firstLeast), firstMost)
}

// Until when the receipts of the first part are awaited.
const (
	FirstEnough = 80               // percent of it with a final answer: the rest goes at once
	FirstHalf   = 30 * time.Minute // then half is enough
	FirstLong   = time.Hour        // then it is paused, and its people decide
)

// FirstVerdict is what follows from the receipts of the first part.
type FirstVerdict int

// What may follow.
const (
	FirstWait FirstVerdict = iota
	FirstGo
	FirstStop
)

// JudgeFirst says whether the rest may follow the first part, so long after it
// began to leave; why is in figures, for FirstStop.
func JudgeFirst(y Tally, since time.Duration) (v FirstVerdict, why string) {
	people, final := y.People(), y.Final()
	answers := y.Delivered + y.Undelivered + y.Expired + y.Rejected
	switch {
	case people == 0:
		return FirstGo, ""
	case answers >= min(firstAnswer, people) && y.Delivered*100 < answers*StopDeliveredBelow:
		return FirstStop, fmt.Sprintf("Only %s of the first %s with a final answer were delivered (%s). Below %d%% the rest does not follow",
			Number(y.Delivered), Number(answers), percent(y.Delivered, answers), StopDeliveredBelow)
	case final*100 >= people*FirstEnough, since >= FirstHalf && final*2 >= people:
		return FirstGo, ""
	case since >= FirstLong:
		return FirstStop, fmt.Sprintf("Only %s of the first %s have a receipt after an hour. The rest waits for your decision", Number(final), People(people))
	}
	return FirstWait, ""
}

// SpreadLimit is until when a session that starts at start may go on leaving:
// until the first of the countries closes. Zero: no country closes that day.
func SpreadLimit(lines []QuoteLine, kind string, start time.Time) (limit time.Time, h Hours) {
	for _, l := range lines {
		for _, x := range hoursIn(l, kind, start) {
			if !x.Inside() || x.Open.Closes-x.Open.Opens >= 24*time.Hour {
				continue
			}
			if at := start.Add(x.Open.Closes - x.at()).Truncate(time.Minute); limit.IsZero() || at.Before(limit) {
				limit, h = at, x
			}
		}
	}
	return limit, h
}

// Fit checks that a session which starts at start is over before its countries
// close: a problem of the field spread.
func (p Departure) Fit(lines []QuoteLine, kind string, start time.Time) Problems {
	limit, h := SpreadLimit(lines, kind, start)
	end := start.Add(time.Duration(p.Spread) * time.Hour)
	if p.Spread == 0 || limit.IsZero() || !end.After(limit) {
		return nil
	}
	best := 0
	for _, n := range SpreadHours {
		if !start.Add(time.Duration(n) * time.Hour).After(limit) {
			best = n
		}
	}
	text := "Choose as fast as it can, or an earlier start"
	if best > 0 {
		text = "Choose " + counted(best, "hour", "hours") + " or fewer"
	}
	return Problems{{Field: "spread", Text: text + ": the hours in " + h.InText() + " end at " + hourWords(h.Open)}}
}

func hourWords(s sendtime.Span) string {
	return fmt.Sprintf("%02d:%02d", int(s.Closes.Hours()), int(s.Closes.Minutes())%60)
}

// DepartureStatus is how far a session is that does not leave all at once.
type DepartureStatus struct {
	First   Tally      // of those who went first
	Waiting bool       // the rest waits for them
	Until   *time.Time // when the last part is due; nil while that is not known
}
