package sms

import (
	"time"

	"tidings/internal/sms/sendtime"
)

// Number writes a whole number as people read it: "18,214".
func Number(n int) string { return figure(n) }

// Messages counts them in a sentence.
func Messages(n int) string { return counted(n, "message", "messages") }

// HoursWords writes a number of hours: "1 hour", "4 hours".
func HoursWords(n int) string { return counted(n, "hour", "hours") }

// People writes a number of people: "1 person", "18,214 people".
func People(n int) string { return counted(n, "person", "people") }

// Words writes an amount with its unit: "1 credit", "22,219 credits".
func (c Credits) Words() string {
	if c == Credit {
		return "1 credit"
	}
	return c.String() + " credits"
}

func counted(n int, one, many string) string {
	if n == 1 {
		return figure(n) + " " + one
	}
	return figure(n) + " " + many
}

// In gives the moment as the clocks of an IANA zone show it, those of UTC when
// there is no such zone.
func In(at time.Time, zone string) time.Time {
	in, err := sendtime.In(at, zone)
	if err != nil {
		return at.UTC()
	}
	return in
}
