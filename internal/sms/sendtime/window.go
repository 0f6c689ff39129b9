package sendtime

import (
	"fmt"
	"time"

	"tidings/internal/sms/phone"
)

// service messages (a code, a parcel at the door) have no hours. Every other kind has, so that
// a kind nobody thought of is held rather than sent at night.
const service = "service"

// Window gives the rule for a kind of message ("marketing", "service") to a country (ISO 3166)
// that holds today and later, or on a day.
func Window(country, kind string, on Date) Rule {
	if kind == service {
		return Rule{Country: country, Since: forever, Week: always, Basis: ourDefault, Source: "Service messages may leave at any hour", Checked: checked}
	}
	list := rules[country]
	if list == nil {
		list = rules[""]
	}
	rule := list[0]
	for _, r := range list[1:] {
		if !on.Before(r.Since) {
			rule = r
		}
	}
	rule.Country = country
	return rule
}

// Hours gives the open part of a day under the rule; ok is false where it is closed all day.
func (r Rule) Hours(on Date) (open Span, ok bool) {
	if r.Holidays && holidayOn(r.Country, on) != "" {
		return Span{}, false
	}
	open = r.Week[on.utc().Weekday()]
	return open, open.Closes > open.Opens
}

// String gives the span as the strip of hours shows it: "08:00 to 20:00".
func (s Span) String() string { return clockAt(s.Opens) + " to " + clockAt(s.Closes) }

func clockAt(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}

// HoursOn gives the open part of a day in a country; ok is false where nothing may leave all day.
func HoursOn(country, kind string, on Date) (open Span, ok bool) {
	return Window(country, kind, on).Hours(on)
}

// Open tells whether a message may leave now: local is an instant in the person's own zone.
func Open(country, kind string, local time.Time) bool {
	open, ok := HoursOn(country, kind, DateOf(local))
	since := sinceMidnight(local)
	return ok && since >= open.Opens && since < open.Closes
}

// sinceMidnight is what the clock on the wall shows, which on the day of a change is not the
// time that has passed.
func sinceMidnight(local time.Time) time.Duration {
	return time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute +
		time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
}

// longestClosed is more days than any country is closed in a row.
const longestClosed = 30

// NextOpen gives the first instant, local itself or later, at which a message may leave; the
// result is in the same zone. It is zero for a rule that never opens.
func NextOpen(country, kind string, local time.Time) time.Time {
	if Open(country, kind, local) {
		return local
	}
	for i := range longestClosed {
		on := DateOf(local).plus(i)
		open, ok := HoursOn(country, kind, on)
		if !ok {
			continue
		}
		if at := onDay(on, open.Opens, local.Location()); at.After(local) && Open(country, kind, at) {
			return at
		}
	}
	return time.Time{}
}

// Closes gives the instant at which the hours that are open at local end: what a message must
// not leave after. It is zero where they are not open, and for hours without an end.
func Closes(country, kind string, local time.Time) time.Time {
	if kind == service || !Open(country, kind, local) {
		return time.Time{}
	}
	open, _ := HoursOn(country, kind, DateOf(local))
	return onDay(DateOf(local), open.Closes, local.Location())
}

// onDay gives the instant at which a day's clocks show a time: the first of two, and the end of
// a gap.
func onDay(on Date, since time.Duration, l *time.Location) time.Time {
	w := WallOf(on.utc().Add(since))
	r := resolve(w, l)
	if r.Kind == Gap {
		r = resolve(r.To, l)
	}
	return r.First
}

// Closed says in a sentence why a message may not leave at local, "" where it may: "Marketing
// messages cannot leave on Sunday in France".
func Closed(country, kind string, local time.Time) string {
	if Open(country, kind, local) {
		return ""
	}
	on, name := DateOf(local), phone.CountryInText(country)
	rule := Window(country, kind, on)
	if open, ok := rule.Hours(on); ok {
		word, limit := "before", open.Opens
		if sinceMidnight(local) >= open.Closes {
			word, limit = "after", open.Closes
		}
		return fmt.Sprintf("Marketing messages cannot leave %s %s in %s", word, clockAt(limit), name)
	}
	if holiday := holidayOn(country, on); rule.Holidays && holiday != "" {
		return fmt.Sprintf("Marketing messages cannot leave on %s in %s, a public holiday (%s)", day(on.utc()), name, holiday)
	}
	return fmt.Sprintf("Marketing messages cannot leave on %s in %s", on.utc().Weekday(), name)
}
