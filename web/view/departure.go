package view

import (
	"strconv"
	"time"

	"tidings/internal/sms"
)

func (p FinalizeProps) firstLabel(n int) string {
	return "Start with " + sms.People(n) + " (" + Percent(n, p.Slip.Quote.People) + ") and wait for their receipts"
}

func (p FinalizeProps) firstHint(n int) string {
	return "The other " + Num(p.Slip.Quote.People-n) + " follow by themselves when " + strconv.Itoa(sms.FirstEnough) +
		"% of them have one. If they are bad, or too few after an hour, it pauses and asks you."
}

func (p FinalizeProps) spread() string {
	if p.Form.Spread == "" {
		return "0"
	}
	return p.Form.Spread
}

func (p FinalizeProps) spreads() []Option {
	out := []Option{{Value: "0", Label: "As fast as it can"}}
	for _, n := range sms.SpreadHours[1:] {
		label := "Evenly over " + Count(n, "hour", "hours")
		if p.scheduled() && !p.Schedule.StartsAt.IsZero() {
			label += ", until " + p.holdAt(n)
		}
		out = append(out, Option{Value: strconv.Itoa(n), Label: label})
	}
	return out
}

// departureWords say on the slip how it leaves; "" when all at once.
func (p FinalizeProps) departureWords() string {
	s, out := p.Slip.Session, ""
	if n := sms.FirstPeople(p.Slip.Quote.People); s.First && n > 0 {
		out = Num(n) + " of them go first. The rest follows when their receipts are good. "
	}
	if s.Spread > 0 {
		out += "It leaves evenly over " + Count(s.Spread, "hour", "hours")
		if p.scheduled() && !s.First {
			out += ": the last at " + p.holdAt(s.Spread)
		}
		out += "."
	}
	return out
}

// others are the people who wait for those who went first.
func (p StatusProps) others() int { return p.Tally.People() - p.Departure.First.People() }

func (p StatusProps) firstTitle() string {
	return People(p.Departure.First.People()) + " go first. " + Num(p.others()) + " wait for their receipts."
}

func (p StatusProps) firstText() string {
	y := p.Departure.First
	need := (y.People()*sms.FirstEnough + 99) / 100
	out := Num(y.Delivered) + " delivered, " + Num(y.Final()-y.Delivered) + " not, " + Num(y.People()-y.Final()) + " without a receipt yet. "
	out += "The rest follows by itself when " + Num(need) + " have a final answer"
	if p.Session.StartedAt != nil {
		half, long := p.clockAt(p.Session.StartedAt.Add(sms.FirstHalf)), p.clockAt(p.Session.StartedAt.Add(sms.FirstLong))
		out += ", from " + half + " on when half have. At " + long + " it pauses and asks you"
	}
	return out + "."
}

func (p StatusProps) spreadTitle() string {
	return "It is spread over " + Count(p.Session.Spread, "hour", "hours") + ". The last leaves at " + p.clockAt(*p.Departure.Until) + "."
}

// clockAt is a moment by the clock of the campaign, with the day where it is another.
func (p StatusProps) clockAt(t time.Time) string {
	at := sms.In(t, p.Session.Zone)
	if at.Format(time.DateOnly) != sms.In(p.Now, p.Session.Zone).Format(time.DateOnly) {
		return at.Format("15:04 on Monday")
	}
	return at.Format("15:04")
}
