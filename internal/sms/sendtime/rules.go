package sendtime

import "time"

// Rule says when marketing may leave to a country. It is data with its source and the date it
// was last checked, because published figures disagree and change. Not legal advice.
type Rule struct {
	Country  string        // ISO 3166 code, "" for the rule of countries not named
	Since    Date          // first day it holds
	Week     [7]Span       // open hours by time.Weekday; the zero Span is closed all day
	Holidays bool          // closed on public holidays
	Latest   time.Duration // the latest hour a platform administrator may widen to, 0 for none
	Basis    string        // "Law", "Operators" or "Our default"
	Source   string
	Checked  Date
}

// Span is the open part of a day, as time since midnight on the wall: from Opens on, before Closes.
type Span struct {
	Opens, Closes time.Duration
}

// Where a rule comes from.
const (
	law        = "Law"
	operators  = "Operators"
	ourDefault = "Our default"
)

var (
	always  = [7]Span{day24, day24, day24, day24, day24, day24, day24}
	day24   = Span{0, 24 * time.Hour}
	checked = Date{2026, time.November, 23}
	forever = Date{2000, time.January, 1}
)

// hours gives an open part of a day in whole hours.
func hours(opens, closes int) Span {
	return Span{time.Duration(opens) * time.Hour, time.Duration(closes) * time.Hour}
}

// week gives Monday to Friday, Saturday and Sunday their hours.
func week(workdays, saturday, sunday Span) [7]Span {
	return [7]Span{sunday, workdays, workdays, workdays, workdays, workdays, saturday}
}

func daily(s Span) [7]Span { return week(s, s, s) }

// rules has each country's rules, oldest first.
var rules = byCountry(
	Rule{
		Week:  daily(hours(8, 21)),
		Basis: ourDefault, Source: "Practice in countries without a rule: help.klaviyo.com quiet hours table",
	},
	french("FR"), french("GP"), french("MQ"), french("GF"), french("RE"), french("YT"), french("PM"), french("BL"), french("MF"),
	american("US"), american("PR"), american("VI"), american("GU"), american("AS"), american("MP"),
	Rule{
		Country: "GB", Week: daily(hours(8, 21)),
		Basis: ourDefault, Source: "No hour in law (PECR); practice: help.klaviyo.com quiet hours table",
	},
	Rule{Country: "DE", Week: daily(hours(8, 21)), Basis: ourDefault, Source: "No hour in law (UWG §7 asks for consent)"},
	Rule{Country: "AT", Week: daily(hours(8, 21)), Basis: ourDefault, Source: "No hour in law; as in Germany"},
	Rule{Country: "CH", Week: daily(hours(8, 21)), Basis: ourDefault, Source: "No hour in law; as in Germany"},
	Rule{Country: "BE", Week: daily(hours(9, 20)), Basis: ourDefault, Source: "Quiet from 20:00 to 09:00 in practice: support.ometria.com"},
	Rule{
		Country: "CZ", Week: week(hours(8, 18), Span{}, Span{}), Holidays: true,
		Basis: operators, Source: "Working days from 08:00 to 18:00: GOV.UK Notify international rates table",
	},
	Rule{
		Country: "AE", Week: daily(hours(8, 20)),
		Basis: law, Source: "No marketing from 20:00 to 08:00: GOV.UK Notify international rates table",
	},
	Rule{Country: "AU", Week: daily(hours(11, 20)), Basis: ourDefault, Source: "Quiet from 20:00 to 11:00 in practice: support.ometria.com"},
	Rule{Country: "IN", Week: daily(hours(10, 21)), Basis: law, Source: "TRAI promotional hours; general knowledge, to be confirmed"},
)

// french is the rule of France and of the parts of it that have a country code of their own.
// Sources disagree on the evening (20:00, 20:30, 22:00); all agree on Sundays and holidays.
func french(country string) Rule {
	return Rule{
		Country: country, Week: week(hours(8, 20), hours(8, 20), Span{}), Holidays: true, Latest: 22 * time.Hour,
		Basis: operators, Source: "dev.smsfactor.com, help.sarbacane.com, suresms.com; later evenings at Esendex, Vonage and Callr",
	}
}

// american is the federal rule made narrower by what most stricter states have in common: a
// number does not tell the state.
func american(country string) Rule {
	return Rule{
		Country: country, Week: week(hours(9, 20), hours(9, 20), hours(12, 20)),
		Basis: ourDefault, Source: "Law: 08:00 to 21:00 (TCPA), narrower in several states; support.referrizer.com TCPA quiet hours, attentive.com",
	}
}

func byCountry(all ...Rule) map[string][]Rule {
	m := map[string][]Rule{}
	for _, r := range all {
		if r.Since == (Date{}) {
			r.Since = forever
		}
		r.Checked = checked
		m[r.Country] = append(m[r.Country], r)
	}
	return m
}
