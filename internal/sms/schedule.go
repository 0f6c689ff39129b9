package sms

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tidings/internal/sms/sendtime"
)

// ScheduleForm is when and how a session leaves, as typed (D1, D14).
type ScheduleForm struct {
	When     string `form:"when"` // a Mode
	Date     string `form:"date"` // 2026-11-27
	Time     string `form:"time"` // 10:00
	Zone     string `form:"zone"` // IANA, chosen from the list
	ZoneText string `form:"zone_text"`
	Which    string `form:"which"`  // "first" or "second" of a time that happens twice
	Late     string `form:"late"`   // "hold": ask when it is late; else start as soon as it can
	Hours    string `form:"hours"`  // how late that is
	List     string `form:"list"`   // "follow" or "freeze" (D20)
	First    string `form:"first"`  // "on": a small part first
	Spread   string `form:"spread"` // hours; empty or 0: as fast as it can
}

// What the fields of a ScheduleForm may say.
const (
	WhichFirst  = "first"
	WhichSecond = "second"
	LateHold    = "hold"
	ListFollow  = "follow"
	ListFreeze  = "freeze"
)

// HoldHours are after how many hours a late session can be held (D21). The first is the usual one.
var HoldHours = []int{2, 1, 4, 8, 24, 48}

// FirstOn is what the box says that lets a small part go first.
const FirstOn = "on"

// farthest is how far ahead a session may be scheduled.
const farthest = 365 * 24 * time.Hour

// Schedule is what a ScheduleForm means.
type Schedule struct {
	Mode      Mode
	Wall      sendtime.Wall
	Zone      string
	Which     string
	StartsAt  time.Time // of a session that leaves at once: now
	HoldAfter *time.Time
	Freeze    bool
	Departure Departure

	Resolution sendtime.Resolution // of a scheduled one: what is odd about its time
}

// Put copies the schedule into a session.
func (c Schedule) Put(s *Session) {
	s.Mode, s.Zone, s.Fold, s.StartsAt, s.HoldAfter = c.Mode, c.Zone, c.Which, c.StartsAt, c.HoldAfter
	s.Departure = c.Departure
	s.TZData, s.WallTime = sendtime.TZDataVersion(), nil
	if c.Mode == ModeScheduled {
		wall := c.Wall.UTC()
		s.WallTime = &wall
	}
}

// FirstSchedule is what the page offers before anybody chose: the next weekday at ten by the clock of the account.
func FirstSchedule(now time.Time, zone string) ScheduleForm {
	day := In(now, zone).AddDate(0, 0, 1)
	for day.Weekday() == time.Sunday || day.Weekday() == time.Saturday {
		day = day.AddDate(0, 0, 1)
	}
	return ScheduleForm{
		When: string(ModeScheduled), Date: day.Format(time.DateOnly), Time: "10:00", Zone: zone, ZoneText: sendtime.City(zone),
		Late: LateHold, Hours: strconv.Itoa(HoldHours[0]), List: ListFollow,
	}
}

// Read understands the form at now, where a scheduled session needs the least
// lead. The Schedule is as far as it could be read; the Problems are by field:
// when, date, time, zone, which, hours.
func (f ScheduleForm) Read(now time.Time, lead time.Duration) (Schedule, Problems) {
	var p Problems
	c := Schedule{Mode: Mode(f.When), Freeze: f.List == ListFreeze}
	c.Departure = f.departure(&p)
	zone, err := f.ReadZone(now)
	c.Zone = zone
	switch c.Mode {
	case ModeNow:
		c.StartsAt = now
		if err != nil {
			c.Zone = "UTC"
		}
	case ModeScheduled:
		if err != nil {
			p.Add("zone", err.Error())
		} else {
			c.readTime(f, now, lead, &p)
		}
	default:
		p.Add("when", "Choose when to send")
	}
	if f.Late == LateHold && len(p) == 0 {
		hours, err := strconv.Atoi(f.Hours)
		if err != nil || !oneOf(hours, HoldHours) {
			p.Add("hours", "Choose a time after "+In(c.StartsAt, c.Zone).Format("15:04"))
		} else {
			at := c.StartsAt.Add(time.Duration(hours) * time.Hour)
			c.HoldAfter = &at
		}
	}
	return c, p
}

// departure reads how it leaves.
func (f ScheduleForm) departure(p *Problems) Departure {
	out := Departure{First: f.First == FirstOn}
	if f.Spread != "" {
		n, err := strconv.Atoi(f.Spread)
		if err != nil || !oneOf(n, SpreadHours) {
			p.Add("spread", "Choose over how many hours it leaves")
			return out
		}
		out.Spread = n
	}
	return out
}

func oneOf(n int, list []int) bool {
	for _, x := range list {
		if x == n {
			return true
		}
	}
	return false
}

// ReadZone is the zone that was chosen from the list, or what was typed if it
// names one place. The error is in words.
func (f ScheduleForm) ReadZone(now time.Time) (string, error) {
	typed := strings.TrimSpace(f.ZoneText)
	zone, err := sendtime.Canon(f.Zone)
	if err == nil && (typed == "" || strings.EqualFold(typed, sendtime.City(zone)) || f.among(zone, now)) {
		return zone, nil
	}
	if typed == "" {
		return "", sendtime.ErrZone
	}
	if zone, err := sendtime.Canon(typed); err == nil {
		return zone, nil
	}
	found := sendtime.SearchZones(typed, now, 1)
	if len(found) == 0 {
		return "", sendtime.ErrZone
	}
	return found[0].Name, nil
}

// among reports whether the chosen zone is one that the typed words find: a
// city may lend its name to the zone of another.
func (f ScheduleForm) among(zone string, now time.Time) bool {
	for _, z := range sendtime.SearchZones(f.ZoneText, now, 20) {
		if z.Name == zone {
			return true
		}
	}
	return false
}

func (c *Schedule) readTime(f ScheduleForm, now time.Time, lead time.Duration, p *Problems) {
	wall, err := sendtime.ParseWall(strings.TrimSpace(f.Date), strings.TrimSpace(f.Time))
	if err != nil {
		switch {
		case !isTime(f.Date, time.DateOnly):
			p.Add("date", "Enter a date, like "+In(now, c.Zone).Format("2006-01-02"))
		default:
			p.Add("time", "Enter a time, like 10:00")
		}
		return
	}
	c.Wall = wall
	r, err := sendtime.Resolve(wall, c.Zone)
	if err != nil {
		p.Add("date", err.Error())
		return
	}
	c.Resolution = r
	which := sendtime.Unsaid
	if r.Kind == sendtime.Overlap {
		switch c.Which = f.Which; f.Which {
		case WhichFirst:
			which = sendtime.First
		case WhichSecond:
			which = sendtime.Second
		default:
			c.Which = ""
		}
	}
	at, err := r.At(which)
	switch {
	case err != nil && r.Kind == sendtime.Overlap:
		p.Add("which", err.Error())
	case err != nil:
		p.Add("time", err.Error())
	case at.Before(now.Add(lead)):
		p.Add("time", tooSoon(at, now, lead))
	case at.After(now.Add(farthest)):
		p.Add("date", "Choose a date within a year")
	}
	c.StartsAt = at
}

func isTime(s, layout string) bool {
	_, err := time.Parse(layout, strings.TrimSpace(s))
	return err == nil
}

func tooSoon(at, now time.Time, lead time.Duration) string {
	words := "Choose a time at least " + counted(int(lead.Minutes()), "minute", "minutes") + " from now"
	if lead < time.Minute {
		words = fmt.Sprintf("Choose a time at least %s from now", counted(int(lead.Seconds()), "second", "seconds"))
	}
	if at.Before(now) {
		return "That time has passed. " + words
	}
	return words
}
