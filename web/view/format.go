package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const minus = "−" // U+2212: as wide as a plus, and never broken from its number

// Num writes a whole number with thousands separators: 18,214.
func Num[N ~int | ~int32 | ~int64 | ~uint32](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if s[0] == '-' {
		sign, s = minus, s[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Credits writes an amount given in thousandths of a credit, with decimals only where there are any: 22,219 or 0.75.
func Credits[N ~int64](thousandths N) string {
	n, sign := int64(thousandths), ""
	if n < 0 {
		n, sign = -n, minus
	}
	s := sign + Num(n/1000)
	if rest := n % 1000; rest != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%03d", rest), "0")
	}
	return s
}

// Signed writes an amount in thousandths with its sign always shown, for a ledger: +50,000 or −8,000.
func Signed[N ~int64](thousandths N) string {
	if thousandths > 0 {
		return "+" + Credits(thousandths)
	}
	return Credits(thousandths)
}

// Percent writes part of whole with one decimal: 62.1%. It is rounded, but 100.0% means all and 0.0% none.
func Percent[N ~int | ~int64](part, whole N) string {
	if whole <= 0 || part <= 0 {
		return "0.0%"
	}
	tenths := (int64(part)*2000 + int64(whole)) / (2 * int64(whole))
	if part < whole {
		tenths = min(max(tenths, 1), 999)
	}
	return fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
}

// Count writes a number with its noun, choosing the form: Count(1, "person", "people") is "1 person".
func Count[N ~int | ~int64](n N, one, many string) string {
	return Num(n) + " " + Plural(n, one, many)
}

// Plural chooses the form of a noun for a number.
func Plural[N ~int | ~int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// People is Count for people, the most counted thing here.
func People[N ~int | ~int64](n N) string { return Count(n, "person", "people") }

// When writes a moment in the zone that t carries: Mon 23 Nov, 11:31.
func When(t time.Time) string { return t.Format("Mon 2 Jan, 15:04") }

// Clock writes the time of day: 11:31.
func Clock(t time.Time) string { return t.Format("15:04") }

// Date writes a day with its year: 23 Nov 2026.
func Date(t time.Time) string { return t.Format("2 Jan 2006") }

// LongWhen writes a moment as a sentence says it: Friday 27 November at 10:00.
func LongWhen(t time.Time) string { return t.Format("Monday 2 January at 15:04") }

// City gives the city of an IANA zone as people say it: Europe/Paris is Paris, America/New_York is New York.
func City(zone string) string {
	if i := strings.LastIndexByte(zone, '/'); i >= 0 {
		zone = zone[i+1:]
	}
	return strings.ReplaceAll(zone, "_", " ")
}

// Offset writes the distance to UTC at that moment: UTC+1, UTC−3:30, UTC.
func Offset(t time.Time) string {
	_, s := t.Zone()
	if s == 0 {
		return "UTC"
	}
	sign := "+"
	if s < 0 {
		sign, s = minus, -s
	}
	if m := s % 3600 / 60; m != 0 {
		return fmt.Sprintf("UTC%s%d:%02d", sign, s/3600, m)
	}
	return fmt.Sprintf("UTC%s%d", sign, s/3600)
}

// Span writes a duration in its two largest units: "3 days and 22 hours", "8 minutes", "45 seconds".
func Span(d time.Duration) string {
	units := []struct {
		one  string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	for i, u := range units {
		n := int64(d / u.size)
		if n == 0 {
			continue
		}
		s := Count(n, u.one, u.one+"s")
		if i < 2 {
			next := units[i+1]
			if m := int64(d % u.size / next.size); m > 0 {
				s += " and " + Count(m, next.one, next.one+"s")
			}
		}
		return s
	}
	return "0 seconds"
}

// Ago writes how long before now something happened: "2 seconds ago", "just now" below one second.
func Ago(t, now time.Time) string {
	if d := now.Sub(t); d >= time.Second {
		return Span(d) + " ago"
	}
	return "just now"
}

// Initials gives up to two capitals for an avatar: "Maren Lund" is ML.
func Initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])[:1]
	if len(words) > 1 {
		first = append(first, []rune(words[len(words)-1])[0])
	}
	return strings.ToUpper(string(first))
}

// pct writes an SVG coordinate of a share between 0 and 1.
func pct(share float64) string {
	return strconv.FormatFloat(min(max(share, 0), 1)*100, 'f', 2, 64) + "%"
}

// px writes an SVG coordinate in user units.
func px(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// plainInt writes a number for an attribute, without separators.
func plainInt[N ~int | ~int64](n N) string { return strconv.FormatInt(int64(n), 10) }

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
