package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
)

// listed is a message in Twilio's own list.
type listed struct {
	SID         string `json:"sid"`
	Body        string `json:"body"`
	To          string `json:"to"`
	Status      string `json:"status"`
	Direction   string `json:"direction"`
	ErrorCode   int    `json:"error_code"`
	DateCreated string `json:"date_created"` // RFC 2822
}

// A message that was written has been made at Twilio within the response timer,
// or not at all; clocks may differ a little.
const (
	madeBefore = 5 * time.Second
	madeWithin = 2 * time.Minute
)

// Resolve looks for unknown messages in Twilio's list: to the same number, with the
// same text, made just when it was written. One such message is it. None proves
// nothing, and of two nobody can say which: those stay unknown.
func (g *Gateway) Resolve(ctx context.Context, unknown []gateway.Outbound) ([]gateway.Result, error) {
	var out []gateway.Result
	for i := range unknown {
		m := &unknown[i]
		var page struct {
			Messages []listed `json:"messages"`
		}
		to := "+" + strings.TrimPrefix(m.To, "+")
		query := url.Values{"To": {to}, "DateSent>": {m.At.UTC().AddDate(0, 0, -1).Format(time.DateOnly)}, "PageSize": {"100"}}
		if err := g.ask(ctx, g.address+"?"+query.Encode(), &page); err != nil {
			return out, err
		}
		if sid := only(page.Messages, to, m); sid != "" {
			out = append(out, gateway.Result{
				Tenant: m.Tenant, Session: m.Session, N: m.N, Attempt: m.Attempt, Outcome: gateway.Accepted,
				Parts: []gateway.Part{{N: 1, Outcome: gateway.Accepted, ProviderID: sid, MatchID: sid}},
			})
		}
	}
	return out, nil
}

// only is the id of the one message that m can be; "" if there is none, or several.
func only(all []listed, to string, m *gateway.Outbound) string {
	sid := ""
	for _, x := range all {
		made, err := time.Parse(time.RFC1123Z, x.DateCreated)
		if err != nil || x.To != to || x.Body != m.Text || strings.HasPrefix(x.Direction, "inbound") || x.SID == "" || len(x.SID) > 64 ||
			made.Before(m.At.Add(-madeBefore)) || made.After(m.At.Add(madeWithin)) {
			continue
		}
		if sid != "" {
			return ""
		}
		sid = x.SID
	}
	return sid
}

// Poll asks for the state of messages whose receipts did not come.
func (g *Gateway) Poll(ctx context.Context, ids []string) ([]gateway.Receipt, error) {
	var out []gateway.Receipt
	for _, id := range ids {
		var x listed
		if err := g.ask(ctx, strings.TrimSuffix(g.address, ".json")+"/"+url.PathEscape(id)+".json", &x); err != nil {
			return out, err
		}
		form := url.Values{"MessageSid": {x.SID}, "MessageStatus": {x.Status}, "To": {x.To}}
		if x.ErrorCode != 0 {
			form.Set("ErrorCode", strconv.Itoa(x.ErrorCode))
		}
		if strings.HasPrefix(x.Direction, "inbound") || x.SID != id {
			continue
		}
		rs, _, err := g.read(form, nil)
		if err != nil {
			continue
		}
		out = append(out, rs...)
	}
	return out, nil
}

var errAsk = errors.New("the carrier did not say what became of a message")

// ask reads something of Twilio's. Reading makes nothing, so it may be done again.
func (g *Gateway) ask(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	r.SetBasicAuth(g.set.AccountSID, g.token)
	a, err := g.Read(r)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK || json.Unmarshal(a.Body, into) != nil {
		return errAsk
	}
	return nil
}
