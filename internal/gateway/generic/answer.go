package generic

import (
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/outward"
)

// Answer reads an answer as the settings say.
func (g *Gateway) Answer(m *gateway.Outbound, a outward.Answer) outward.Verdict {
	am := &g.set.Answer
	var root any = strings.TrimSpace(string(a.Body))
	var err error
	if am.Kind == "json" {
		root, err = decode(a.Body)
	}
	if a.Status >= 300 || err != nil {
		return g.refusal(a, root)
	}
	parts := each(root, am.Each)
	v := outward.Verdict{Outcome: gateway.Accepted}
	taken := false
	for i, entry := range parts {
		one := g.part(m, a, entry)
		if one.Outcome == gateway.Accepted {
			taken = true
		}
		p := gateway.Part{N: uint8(min(i+1, 255)), Outcome: one.Outcome, Class: one.Class, Code: one.Code}
		if len(one.Parts) == 1 {
			p.ProviderID, p.MatchID = one.Parts[0].ProviderID, one.Parts[0].MatchID
		}
		if one.Outcome > v.Outcome {
			one.Parts, one.Cost = v.Parts, v.Cost
			v = one
		}
		v.Parts = append(v.Parts, p)
	}
	if len(parts) == 0 {
		return g.refusal(a, root)
	}
	if taken && v.Outcome == gateway.Refused && v.Class != gateway.Recipient && v.Class != gateway.OptedOut {
		// The person may hold a part already: it cannot be tried again.
		v.Class, v.RetryAfter, v.Credentials = gateway.Content, 0, false
		v.Detail = "a part was refused after another was taken"
	}
	v.Counted, _ = strconv.Atoi(text(root, am.Parts))
	v.Cost = gateway.ParseMoney(text(root, am.Price), text(root, am.Currency))
	return v
}

// part reads the entry of one part in a 2xx answer.
func (g *Gateway) part(m *gateway.Outbound, a outward.Answer, entry any) outward.Verdict {
	am := &g.set.Answer
	id := text(entry, am.ID)
	if am.ID == "" {
		id = g.values(m, g.now())("ID")
	}
	if len(id) > maxID {
		id = ""
	}
	if !all(am.Success, entry) || len(am.Success) == 0 && id == "" {
		return g.refusal(a, entry)
	}
	return outward.Verdict{
		Outcome: gateway.Accepted,
		Parts:   []gateway.Part{{ProviderID: id, MatchID: id}},
	}
}

// maxID is how long a carrier's id may be.
const maxID = 128

// refusal says what an answer means that does not take the message. One that says neither yes nor
// a known way of no leaves the message Unknown.
func (g *Gateway) refusal(a outward.Answer, entry any) outward.Verdict {
	am := &g.set.Answer
	v := outward.ByStatus(a)
	said := text(entry, am.Error)
	if am.Kind == "text" && am.Error == "" {
		said, _, _ = strings.Cut(scalar(entry), ":")
	}
	known, ok := am.Errors[said]
	switch {
	case ok:
		v.Tries, v.Unlisted = 0, false
	case a.Status >= 300:
		said = ""
		known, ok = am.Errors[v.Code]
	case word(said) != "":
		known, ok = Refusal{Class: "temporary", After: 60}, true
		v.Tries, v.Unlisted = 2, true
	}
	if ok {
		v.Outcome, v.Class, v.Credentials = gateway.Refused, classes[known.Class], false
		v.RetryAfter = time.Duration(known.After) * time.Second
		v.Detail = "the carrier refused it: " + reasons[v.Class]
		if w := word(said); w != "" {
			v.Code = g.set.Code + ":" + w
		} else if v.Code == "answer" {
			v.Code = g.set.Code
		}
	}
	return v
}

var reasons = map[gateway.Class]string{
	gateway.Recipient: "the number", gateway.OptedOut: "the person has opted out there",
	gateway.Content: "the message", gateway.Route: "the account, the sender or the credit",
	gateway.Temporary: "not now", gateway.Throttled: "too fast",
}
