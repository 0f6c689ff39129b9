package twilio

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" // what Twilio signs with
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tidings/internal/gateway"
)

// maxBody is how long a webhook may be. Twilio's have a few kilobytes.
const maxBody = 64 << 10

var errBody = errors.New("this is no message of Twilio's")

// ParseWebhook checks the signature of a status callback or of a text that a person sent, which
// come to the same address, and reads it.
func (g *Gateway) ParseWebhook(r *http.Request, body []byte) ([]gateway.Receipt, []gateway.Inbound, error) {
	if len(body) > maxBody {
		return nil, nil, errBody
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var form url.Values
	var err error
	if kind == "application/json" {
		sum := sha256.Sum256(body)
		said, _ := hex.DecodeString(r.URL.Query().Get("bodySHA256"))
		if !hmac.Equal(sum[:], said) || !g.signed(r, nil) {
			return nil, nil, gateway.ErrSignature
		}
		form, err = flat(body)
	} else {
		form, err = url.ParseQuery(string(body))
		if err != nil || !g.signed(r, form) {
			return nil, nil, gateway.ErrSignature
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return g.read(form, body)
}

// flat reads a JSON object of texts.
func flat(body []byte) (url.Values, error) {
	var in map[string]any
	if json.Unmarshal(body, &in) != nil {
		return nil, errBody
	}
	form := url.Values{}
	for k, v := range in {
		if s, ok := v.(string); ok {
			form.Set(k, s)
		}
	}
	return form, nil
}

// signed checks X-Twilio-Signature: HMAC-SHA1 by the auth token over the address as Twilio was
// given it, with the query of this request, and the form's fields in order of their names. Twilio
// signs some addresses with the port and some without.
func (g *Gateway) signed(r *http.Request, form url.Values) bool {
	said, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || g.receipt == "" {
		return false
	}
	u, err := url.Parse(g.receipt)
	if err != nil {
		return false
	}
	if r.URL.RawQuery != "" {
		u.RawQuery = r.URL.RawQuery
	}
	plain, ported := *u, *u
	plain.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	if u.Port() == "" {
		ported.Host += map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	}
	fields := joined(form)
	a := hmac.Equal(said, sign(g.token, plain.String(), fields))
	b := hmac.Equal(said, sign(g.token, ported.String(), fields))
	return a || b
}

// joined is the form as it is signed: names in order, each followed by its distinct values.
func joined(form url.Values) []byte {
	names := make([]string, 0, len(form))
	for k := range form {
		names = append(names, k)
	}
	slices.Sort(names)
	var b bytes.Buffer
	for _, k := range names {
		vs := slices.Clone(form[k])
		slices.Sort(vs)
		for _, v := range slices.Compact(vs) {
			b.WriteString(k)
			b.WriteString(v)
		}
	}
	return b.Bytes()
}

func sign(token, address string, fields []byte) []byte {
	h := hmac.New(sha1.New, []byte(token))
	h.Write([]byte(address))
	h.Write(fields)
	return h.Sum(nil)
}

// states are Twilio's words. Those that are not final come in any order and late; the state of a
// message never goes back by them.
var states = map[string]gateway.State{
	"accepted": gateway.Enroute, "scheduled": gateway.Enroute, "queued": gateway.Enroute,
	"sending": gateway.Enroute, "sent": gateway.Enroute,
	"delivered": gateway.Delivered, "read": gateway.Delivered,
	"undelivered": gateway.Undelivered, "failed": gateway.Rejected, "canceled": gateway.Deleted,
}

// read makes a receipt or a text of a form.
func (g *Gateway) read(form url.Values, body []byte) ([]gateway.Receipt, []gateway.Inbound, error) {
	sid := first(form, "MessageSid", "SmsSid")
	from, to := digits(form.Get("From")), digits(form.Get("To"))
	status := strings.ToLower(first(form, "MessageStatus", "SmsStatus"))
	if sid == "" || len(sid) > 64 {
		return nil, nil, errBody
	}
	if status == "received" || status == "receiving" {
		if from == "" {
			return nil, nil, errBody
		}
		return nil, []gateway.Inbound{{GatewayID: g.ID(), From: from, To: to, Text: form.Get("Body"), ProviderID: sid}}, nil
	}
	state, ok := states[status]
	if !ok {
		return nil, nil, nil // a word that Twilio has added since: nothing to keep
	}
	r := gateway.Receipt{
		GatewayID: g.ID(), ProviderID: sid, MatchID: sid, To: to, From: from,
		State: state, Final: state != gateway.Enroute, Raw: bytes.Clone(body),
	}
	if c := form.Get("ErrorCode"); c != "" && c != "0" && len(c) <= 10 && strings.Trim(c, "0123456789") == "" {
		r.Code = "twilio:" + c
		if c == "21610" && r.Final {
			r.State = gateway.OptOut
		}
	}
	return []gateway.Receipt{r}, nil, nil
}

func first(form url.Values, names ...string) string {
	for _, n := range names {
		if v := form.Get(n); v != "" {
			return v
		}
	}
	return ""
}

// digits is an address as we keep it: without "+".
func digits(s string) string { return strings.TrimPrefix(s, "+") }
