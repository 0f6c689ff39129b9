package generic

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tidings/internal/gateway"
)

// maxWebhook is how long a webhook may be: some carriers post a hundred receipts at once.
const maxWebhook = 1 << 20

// ParseWebhook checks that a request is the carrier's and reads its receipts and texts. A carrier
// that fetches an address instead of posting to it has them in the query.
func (g *Gateway) ParseWebhook(r *http.Request, body []byte) ([]gateway.Receipt, []gateway.Inbound, error) {
	if len(body) > maxWebhook {
		return nil, nil, errBody
	}
	if !g.verified(r, body) {
		return nil, nil, gateway.ErrSignature
	}
	root, err := webhookValue(r, body)
	if err != nil {
		return nil, nil, err
	}
	rm, im := &g.set.Receipt, &g.set.Inbound
	var receipts []gateway.Receipt
	var texts []gateway.Inbound
	if rm.ID != "" {
		for _, entry := range each(root, rm.Each) {
			if x, ok := g.receiptOf(entry, body); ok {
				receipts = append(receipts, x)
			}
		}
	}
	if im.From != "" && im.Text != "" {
		for _, entry := range each(root, im.Each) {
			from := address(text(entry, im.From))
			if from == "" || !all(im.When, entry) || scalarMissing(entry, im.Text) {
				continue
			}
			texts = append(texts, gateway.Inbound{
				GatewayID: g.ID(), From: from, To: address(text(entry, im.To)),
				Text: text(entry, im.Text), ProviderID: short(text(entry, im.ID)),
			})
		}
	}
	return receipts, texts, nil
}

func scalarMissing(v any, path string) bool {
	_, isText := at(v, path).(string)
	return !isText
}

// webhookValue reads JSON, a form or the query, by what there is.
func webhookValue(r *http.Request, body []byte) (any, error) {
	query := r.URL.Query()
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return fromForm(query), nil
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" || trimmed[0] == '{' || trimmed[0] == '[' {
		return decode(trimmed)
	}
	form, err := url.ParseQuery(string(trimmed))
	if err != nil {
		return nil, errBody
	}
	return fromForm(query, form), nil
}

// receiptOf reads one receipt; false for what is none, or speaks of a state nobody has named.
func (g *Gateway) receiptOf(entry any, body []byte) (gateway.Receipt, bool) {
	rm := &g.set.Receipt
	id := short(text(entry, rm.ID))
	if id == "" || !all(rm.When, entry) {
		return gateway.Receipt{}, false
	}
	var state gateway.State
	for _, path := range rm.State {
		if w, ok := rm.States[text(entry, path)]; ok {
			state = states[w]
			break
		}
	}
	if state == 0 {
		return gateway.Receipt{}, false
	}
	x := gateway.Receipt{
		GatewayID: g.ID(), ProviderID: id, MatchID: id, State: state, Final: state != gateway.Enroute,
		To: address(text(entry, rm.To)), From: address(text(entry, rm.From)), DoneAt: instant(text(entry, rm.DoneAt)),
		Cost: gateway.ParseMoney(text(entry, rm.Price), text(entry, rm.Currency)),
	}
	if w := word(text(entry, rm.Code)); w != "" {
		x.Code = g.set.Code + ":" + w
		if x.Final && slices.Contains(rm.OptOut, w) {
			x.State = gateway.OptOut
		}
	}
	if rm.Each == "" {
		x.Raw = bytes.Clone(body) // of many, each would hold the others too
	}
	return x, true
}

// address is a number as we keep it: without "+"; empty for what is too long to be one.
func address(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "+")
	if len(s) > 32 {
		return ""
	}
	return s
}

// short drops an id that is too long to be one.
func short(id string) string {
	if len(id) > maxID {
		return ""
	}
	return id
}
