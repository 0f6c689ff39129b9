package twilio

import (
	"encoding/json"
	"strconv"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/outward"
)

// answer is the part of Twilio's answers that is read: a message, or an error.
type answer struct {
	SID         string  `json:"sid"`
	NumSegments string  `json:"num_segments"`
	Price       *string `json:"price"`
	PriceUnit   string  `json:"price_unit"`

	Code int `json:"code"`
}

// Answer reads Twilio's answer to a POST.
func (g *Gateway) Answer(_ *gateway.Outbound, a outward.Answer) outward.Verdict {
	var in answer
	err := json.Unmarshal(a.Body, &in)
	if a.Status < 300 {
		if err != nil || in.SID == "" {
			return outward.ByStatus(a)
		}
		v := outward.Verdict{
			Outcome: gateway.Accepted,
			Parts:   []gateway.Part{{N: 1, Outcome: gateway.Accepted, ProviderID: in.SID, MatchID: in.SID}},
		}
		v.Counted, _ = strconv.Atoi(in.NumSegments)
		if in.Price != nil {
			v.Cost = gateway.ParseMoney(*in.Price, in.PriceUnit)
		}
		return v
	}
	v := outward.ByStatus(a)
	if err == nil && in.Code != 0 {
		v.Code = code(in.Code)
		if r, ok := refusals[in.Code]; ok {
			v.Outcome, v.Class, v.Detail, v.RetryAfter = gateway.Refused, r.class, r.detail, r.after
			v.Credentials = in.Code == 20003
			v.Tries, v.Unlisted = 0, false
		}
	}
	v.Parts = []gateway.Part{{N: 1, Outcome: v.Outcome, Class: v.Class, Code: v.Code}}
	return v
}

func code(n int) string { return "twilio:" + strconv.Itoa(n) }

// refusal is what one of Twilio's codes means.
type refusal struct {
	class  gateway.Class
	after  time.Duration
	detail string // in words of ours: Twilio's name the telephone number
}

// refusals are the codes whose meaning is known. Twilio splits and adds codes often, so every
// other one is taken by its HTTP status.
var refusals = map[int]refusal{
	21211: {gateway.Recipient, 0, "Twilio says the number is not valid"},
	21612: {gateway.Recipient, 0, "Twilio cannot reach this number from this sender"},
	21614: {gateway.Recipient, 0, "Twilio says the number is not a mobile"},
	30005: {gateway.Recipient, 0, "Twilio does not know the number"},
	30006: {gateway.Recipient, 0, "Twilio says the number is a landline or cannot be reached"},

	21610: {gateway.OptedOut, 0, "the person has opted out at Twilio"},

	21602: {gateway.Content, 0, "Twilio says the text is empty"},
	21617: {gateway.Content, 0, "Twilio says the text is too long"},
	30007: {gateway.Content, 0, "Twilio filtered the text"},

	20003: {gateway.Route, 0, "Twilio does not accept the account SID and auth token"},
	20404: {gateway.Route, 0, "Twilio does not know this account"},
	21408: {gateway.Route, 0, "Twilio has not enabled this country for the account"},
	21606: {gateway.Route, 0, "Twilio says the sender cannot send texts for this account"},
	21659: {gateway.Route, 0, "Twilio says the sender is not a number of this account"},
	21660: {gateway.Route, 0, "Twilio says the sender does not belong to this account"},
	30002: {gateway.Route, 0, "Twilio has suspended the account"},
	30010: {gateway.Route, 0, "Twilio says the price is above the limit that was set"},
	30034: {gateway.Route, 0, "Twilio says the sender is not registered for the United States"},

	30001: {gateway.Temporary, 30 * time.Second, "Twilio's queue is full"},
	30003: {gateway.Temporary, 30 * time.Second, "Twilio says the phone cannot be reached now"},
	30008: {gateway.Temporary, 30 * time.Second, "an unknown error at Twilio"},
	30017: {gateway.Temporary, 30 * time.Second, "Twilio says the network is congested"},

	14107: {gateway.Throttled, time.Second, "Twilio asks to send more slowly"},
	20429: {gateway.Throttled, time.Second, "Twilio asks to send more slowly"},
	21611: {gateway.Throttled, 5 * time.Second, "Twilio's queue for this sender is full"},
}
