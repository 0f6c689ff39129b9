package sendtime

import (
	"slices"
	"time"
)

// Date is a day of a calendar, in no zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf gives the day that the clocks of a time's own zone are in.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

func (d Date) utc() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// String gives "2026-11-27".
func (d Date) String() string { return d.utc().Format(time.DateOnly) }

// Before tells whether a day comes before another.
func (d Date) Before(e Date) bool { return d.utc().Before(e.utc()) }

func (d Date) plus(days int) Date { return DateOf(d.utc().AddDate(0, 0, days)) }

// Holiday is a public holiday.
type Holiday struct {
	Date Date
	Name string
}

// Holidays lists the public holidays of a country in a year, in order. It knows the countries
// whose rules ask for them, and gives none for others.
func Holidays(country string, year int) []Holiday {
	days := holidays[country]
	list := make([]Holiday, 0, len(days))
	sunday := easter(year)
	for _, h := range days {
		date := Date{year, h.month, h.day}
		if h.month == 0 {
			date = sunday.plus(h.day)
		}
		list = append(list, Holiday{date, h.name})
	}
	slices.SortFunc(list, func(a, b Holiday) int { return a.Date.utc().Compare(b.Date.utc()) })
	return list
}

// holidayOn gives the name of the holiday a day is, "" for an ordinary day.
func holidayOn(country string, on Date) string {
	for _, h := range holidays[country] {
		date := Date{on.Year, h.month, h.day}
		if h.month == 0 {
			date = easter(on.Year).plus(h.day)
		}
		if date == on {
			return h.name
		}
	}
	return ""
}

// yearly is a holiday that returns each year: on a date, or so many days after Easter Sunday
// where the month is 0.
type yearly struct {
	month time.Month
	day   int
	name  string
}

// frenchHolidays are those of Code du travail, art. L3133-1. Alsace and Moselle have two more,
// but a number does not tell where in France it is.
var frenchHolidays = []yearly{
	{time.January, 1, "New Year’s Day"},
	{0, 1, "Easter Monday"},
	{time.May, 1, "Labour Day"},
	{time.May, 8, "Victory Day"},
	{0, 39, "Ascension Day"},
	{0, 50, "Whit Monday"},
	{time.July, 14, "Bastille Day"},
	{time.August, 15, "Assumption Day"},
	{time.November, 1, "All Saints’ Day"},
	{time.November, 11, "Armistice Day"},
	{time.December, 25, "Christmas Day"},
}

// abolition is the day on which an overseas department keeps the end of slavery (L3422-2).
func abolition(month time.Month, day int) []yearly {
	return append(slices.Clone(frenchHolidays), yearly{month, day, "Abolition Day"})
}

var holidays = map[string][]yearly{
	"FR": frenchHolidays,
	"PM": frenchHolidays,
	"GP": abolition(time.May, 27),
	"MQ": abolition(time.May, 22),
	"GF": abolition(time.June, 10),
	"RE": abolition(time.December, 20),
	"YT": abolition(time.April, 27),
	"BL": abolition(time.October, 9),
	"MF": abolition(time.May, 28),
	// Czech act 245/2000.
	"CZ": {
		{time.January, 1, "New Year’s Day"},
		{0, -2, "Good Friday"},
		{0, 1, "Easter Monday"},
		{time.May, 1, "Labour Day"},
		{time.May, 8, "Victory Day"},
		{time.July, 5, "Saints Cyril and Methodius Day"},
		{time.July, 6, "Jan Hus Day"},
		{time.September, 28, "Statehood Day"},
		{time.October, 28, "Independence Day"},
		{time.November, 17, "Freedom and Democracy Day"},
		{time.December, 24, "Christmas Eve"},
		{time.December, 25, "Christmas Day"},
		{time.December, 26, "Second Day of Christmas"},
	},
}

// easter gives Easter Sunday of the western churches: the anonymous Gregorian computus
// (Nature, 1876).
func easter(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return Date{year, time.Month(n / 31), n%31 + 1}
}
