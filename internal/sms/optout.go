package sms

// The kinds of messages, as they are kept.
const (
	Marketing = "marketing" // with an opt-out, in the allowed hours
	Service   = "service"   // about something bought or booked
)

// notices is how a message says how to stop, by the country of the number. French operators ask for
// "STOP" and the number that takes it in the text of a message from a name. In North America a sender is
// always a number that can be answered (compliance.md).
var notices = map[string]string{
	"US": "Reply STOP to opt out",
	"CA": "Reply STOP to opt out",
}

// usualNotice is the wording where notices has none.
const usualNotice = "STOP 36180"

// OptOutNotice is what is added to every message of kind to a number of country, with the space before
// it (D39). Service messages have none.
func OptOutNotice(country, kind string) string {
	if kind != Marketing {
		return ""
	}
	if n, ok := notices[country]; ok {
		return " " + n
	}
	return " " + usualNotice
}
