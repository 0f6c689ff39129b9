// Package generic is a gateway to any carrier that takes a message by one HTTP request and posts
// its receipts: what differs between carriers is settings, and known carriers are presets.
package generic

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/outward"
	"tidings/internal/sms"
	"tidings/internal/sms/gsm"
)

// Kind is the word for this kind of gateway.
const Kind = "http"

// The secrets; which of them are needed depends on the settings.
const (
	secretPassword = "password"
	secretToken    = "token"
	secretSigning  = "signing_key"
	secretWebhook  = "webhook_secret"
)

//go:embed presets/*.json
var presets embed.FS

// Presets names the carriers whose settings are known.
func Presets() []string {
	files, _ := presets.ReadDir("presets") // embedded: it is there
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = strings.TrimSuffix(path.Base(f.Name()), ".json")
	}
	return out
}

// Options are what a gateway is given by the program.
type Options struct {
	Client     *http.Client     // nil: outward.Client
	ReceiptURL string           // the absolute address that receipts are posted to
	Now        func() time.Time // nil: time.Now
	Codes      gateway.Codes    // that mean something else on this route
}

// Gateway is one account at a carrier.
type Gateway struct {
	*outward.Sender
	set     Settings
	secrets map[string]string
	receipt string // as the carrier is given it
	now     func() time.Time

	path, body template
	headers    map[string]template
	over       template // what is hashed in a request
	webhook    template // and in a webhook
}

// New makes a gateway; nothing happens before Run, and parsing webhooks needs no Run. What is
// wrong with the settings comes back as sms.Problems.
func New(id string, settings json.RawMessage, secrets map[string]string, o Options) (gateway.Gateway, error) {
	set, err := load(settings)
	if err != nil {
		return nil, err
	}
	if o.Client == nil {
		o.Client = outward.Client(outward.Options{})
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	g := &Gateway{set: set, secrets: secrets, now: o.Now}
	var p sms.Problems
	set.check(&p, secrets)
	g.compile(&p)
	if err := p.Err(); err != nil {
		return nil, err
	}
	g.receipt = g.receiptURL(o.ReceiptURL)
	g.Sender = outward.NewSender(outward.Config{
		ID: id, Client: o.Client, Dialect: g, PartsPerSecond: set.PartsPerSecond, InFlight: set.InFlight,
		MaxParts: set.MaxParts, Codes: o.Codes, Timeout: time.Duration(set.ResponseSeconds) * time.Second, Now: o.Now,
	})
	return g, nil
}

const offered = "Use text and {{.Field}} with these fields: "

// compile reads the templates and sees that nothing can break out of its place.
func (g *Gateway) compile(p *sms.Problems) {
	get := func(field, text string, fields []string) template {
		t, err := compile(text, fields)
		if err != nil {
			p.Add(field, offered+strings.Join(fields, ", ")+".")
		}
		return t
	}
	g.path = get("path", g.set.Path, requestFields)
	if !g.path.keepsPath() {
		p.Add("path", "Use a path that starts with / and has its fields as values after the question mark.")
	}
	g.body = get("body", strings.TrimSpace(g.set.Body), requestFields)
	switch {
	case len(g.body) == 0:
	case g.set.BodyKind == "json" && !g.body.keepsJSON():
		p.Add("body", "Use JSON with every field inside quotation marks.")
	case g.set.BodyKind == "form" && !g.body.keepsForm():
		p.Add("body", "Use name=value pairs joined by & with every field as a value.")
	}
	g.headers = map[string]template{}
	for name, text := range g.set.Headers {
		if !headerName(name) {
			p.Add("headers", "Use letters, digits and - for the name of a header.")
			continue
		}
		g.headers[name] = get("headers", text, headerFields)
	}
	g.over = get("auth.over", g.set.Auth.Over, signedFields)
	g.webhook = get("verify.over", g.set.Verify.Over, webhookFields)
}

// headerName reports whether s can name a header.
func headerName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// receiptURL is the address for receipts, with the secret in it where that is how they are proved.
func (g *Gateway) receiptURL(base string) string {
	if base == "" || g.set.Verify.Param == "" {
		return base
	}
	join := "?"
	if strings.Contains(base, "?") {
		join = "&"
	}
	return base + join + url.QueryEscape(g.set.Verify.Param) + "=" + g.secrets[secretWebhook]
}

// longestValidity is what a carrier is told where the message has no end of its own.
const longestValidity = 48 * time.Hour

// values are the fields of one message.
func (g *Gateway) values(m *gateway.Outbound, now time.Time) func(string) string {
	left := longestValidity
	if !m.NotAfter.IsZero() {
		left = min(left, max(time.Second, m.NotAfter.Sub(now)))
	}
	return func(field string) string {
		switch field {
		case "To":
			return strings.TrimPrefix(m.To, "+")
		case "From":
			return strings.TrimPrefix(m.From, "+")
		case "FromPlus":
			return plus(m.From)
		case "Text":
			return m.Text
		case "ID":
			return messageKey(m) + "-" + strconv.FormatInt(int64(m.Attempt), 36)
		case "Message":
			return messageKey(m)
		case "Key":
			return messageKey(m) + "-" + strconv.FormatInt(int64(cmp.Or(m.Keyed, m.Attempt)), 36)
		case "ReceiptURL":
			return g.receipt
		case "Seconds":
			return strconv.Itoa(int(left / time.Second))
		case "Minutes":
			return strconv.Itoa(max(1, int(left/time.Minute)))
		case "Encoding":
			if gsm.Measure(m.Text).Encoding == gsm.UCS2 {
				return g.set.Encodings[1]
			}
			return g.set.Encodings[0]
		case "Timestamp":
			return strconv.FormatInt(now.Unix(), 10)
		case "Username":
			return g.set.Username
		}
		return g.secrets[secretPassword]
	}
}

// messageKey names a message among all of ours; with the attempt it names what is sent.
func messageKey(m *gateway.Outbound) string {
	f := strconv.FormatInt
	return "t" + f(m.Tenant, 36) + "-" + f(m.Session, 36) + "-" + f(int64(m.N), 36)
}

// plus writes a telephone number with "+"; short codes and names stay as they are.
func plus(from string) string {
	if len(from) > 6 && strings.Trim(from, "0123456789") == "" {
		return "+" + from
	}
	return from
}

// Request makes the request of one message.
func (g *Gateway) Request(ctx context.Context, m *gateway.Outbound, now time.Time) (*http.Request, error) {
	value := g.values(m, now)
	escape := inJSON
	if g.set.BodyKind == "form" {
		escape = inURL
	}
	body := g.body.render(escape, value)
	target := g.path.render(inURL, value)
	r, err := http.NewRequestWithContext(ctx, g.set.Method, strings.TrimSuffix(g.set.BaseURL, "/")+target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body == "" {
		r.Body = io.NopCloser(strings.NewReader(""))
	} else if g.set.BodyKind == "form" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json, text/plain;q=0.5")
	for name, t := range g.headers {
		r.Header.Set(name, t.render(inHeader, value))
	}
	if g.set.KeyHeader != "" {
		r.Header.Set(g.set.KeyHeader, value("Key"))
	}
	switch a := &g.set.Auth; a.Kind {
	case "basic":
		r.SetBasicAuth(g.set.Username, g.secrets[secretPassword])
	case "bearer":
		r.Header.Set("Authorization", a.Scheme+" "+g.secrets[secretToken])
	case "hmac":
		said := g.over.render(raw, func(field string) string {
			switch field {
			case "Body":
				return body
			case "Method":
				return g.set.Method
			case "Path":
				return r.URL.RequestURI()
			}
			return value(field)
		})
		r.Header.Set(a.Header, a.Prefix+a.encode(a.sum(g.secrets[secretSigning], said)))
	}
	return r, nil
}
