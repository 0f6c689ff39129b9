package sms

import (
	"strings"
	"time"
)

// Number writes a whole number as people read it: "18,214".
func Number(n int) string { return figure(n) }

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

// City is the place of an IANA zone as people say it: "Paris", "New York", "UTC".
func City(zone string) string {
	if i := strings.LastIndexByte(zone, '/'); i >= 0 {
		zone = zone[i+1:]
	}
	return strings.ReplaceAll(zone, "_", " ")
}

// In gives the moment in an IANA zone, in UTC when there is no such zone.
func In(at time.Time, zone string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		loc = time.UTC
	}
	return at.In(loc)
}

// ZoneTime names the clock that a time is by: "Paris time", "UTC".
func ZoneTime(zone string) string {
	if c := City(zone); c != "UTC" && c != "" {
		return c + " time"
	}
	return "UTC"
}

// LongTime says a moment by the clock of a zone: "Friday 27 November at 10:00, Paris time".
func LongTime(at time.Time, zone string) string {
	return In(at, zone).Format("Monday 2 January at 15:04, ") + ZoneTime(zone)
}
