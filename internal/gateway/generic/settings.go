package generic

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tidings/internal/gateway"
	"tidings/internal/sms"
)

// Settings say how one carrier is spoken to. Zero values mean the defaults. With a preset its
// settings come first, and these are laid over them.
type Settings struct {
	Preset string `json:"preset,omitempty"`

	Method    string            `json:"method,omitempty"`    // POST
	BaseURL   string            `json:"base_url,omitempty"`  // https://host, and a path if all of the carrier's have it
	Path      string            `json:"path,omitempty"`      // a template in its query
	Headers   map[string]string `json:"headers,omitempty"`   // templates
	Body      string            `json:"body,omitempty"`      // a template
	BodyKind  string            `json:"body_kind,omitempty"` // json or form; json
	Encodings [2]string         `json:"encodings"`           // {{.Encoding}} of a text in the GSM alphabet, and of any other
	Username  string            `json:"username,omitempty"`
	Plain     bool              `json:"plain,omitempty"` // http without TLS, where the carrier is in the same network
	Auth      Auth              `json:"auth"`

	Code    string     `json:"code,omitempty"` // begins the codes that are kept; http
	Answer  AnswerMap  `json:"answer"`
	Receipt ReceiptMap `json:"receipt"`
	Inbound InboundMap `json:"inbound"`
	Verify  Verify     `json:"verify"`

	PartsPerSecond  float64 `json:"parts_per_second,omitempty"` // 0: no limit of ours
	InFlight        int     `json:"in_flight,omitempty"`        // requests at once; 10
	MaxParts        int     `json:"max_parts,omitempty"`        // 10
	ResponseSeconds int     `json:"response_seconds,omitempty"` // then a message is Unknown; 30

	KeyHeader string `json:"key_header,omitempty"` // has the idempotency key; empty: the carrier knows none
	KeyHours  int    `json:"key_hours,omitempty"`  // a key is good for; 24
}

// Auth is how a request proves who we are.
type Auth struct {
	Kind   string `json:"kind,omitempty"`   // none, basic, bearer, hmac
	Scheme string `json:"scheme,omitempty"` // before the token; Bearer
	Mac
}

// Mac is a keyed hash that travels in a header.
type Mac struct {
	Header   string `json:"header,omitempty"`
	Hash     string `json:"hash,omitempty"`     // sha256, sha1, md5; sha256
	Encoding string `json:"encoding,omitempty"` // hex or base64; hex
	Prefix   string `json:"prefix,omitempty"`   // before it in the header, such as "sha256="
	Over     string `json:"over,omitempty"`     // a template of what is hashed; {{.Body}}
}

// Verify is how a webhook proves that it is the carrier's. Without it no webhook is taken.
type Verify struct {
	Kind  string `json:"kind,omitempty"`  // hmac, basic, token, ed25519
	Param string `json:"param,omitempty"` // token: in this parameter of the address instead of a header
	Mac
	TimestampHeader string `json:"timestamp_header,omitempty"` // is {{.Timestamp}} of what is hashed
}

// Condition holds if the value at a path is one of Is, or begins with one of Prefix, or, with
// neither, is there at all.
type Condition struct {
	Path   string   `json:"path"`
	Is     []string `json:"is,omitempty"`
	Prefix []string `json:"prefix,omitempty"`
}

// AnswerMap says where in an answer things are. A path is names and numbers joined by dots.
type AnswerMap struct {
	Kind     string             `json:"kind,omitempty"`    // json or text; json
	Each     string             `json:"each,omitempty"`    // a list with one entry for each part of the message
	Success  []Condition        `json:"success,omitempty"` // all must hold; none: the id must be there
	ID       string             `json:"id,omitempty"`      // empty: the carrier uses the id we gave, {{.ID}}
	Error    string             `json:"error,omitempty"`
	Errors   map[string]Refusal `json:"errors,omitempty"` // by the value at Error, or by status: "http:402"
	Parts    string             `json:"parts,omitempty"`
	Price    string             `json:"price,omitempty"`
	Currency string             `json:"currency,omitempty"`
}

// Refusal is what an error means.
type Refusal struct {
	Class string `json:"class"`           // recipient, opted-out, content, route, temporary, throttled
	After int    `json:"after,omitempty"` // seconds
}

// ReceiptMap says where in a webhook the parts of a receipt are.
type ReceiptMap struct {
	Each     string            `json:"each,omitempty"` // a list of receipts
	When     []Condition       `json:"when,omitempty"` // it is a receipt if all hold
	ID       string            `json:"id,omitempty"`
	State    []string          `json:"state,omitempty"`  // the first of these paths whose value is in States counts
	States   map[string]string `json:"states,omitempty"` // enroute, delivered, undelivered, expired, rejected, deleted, unknown, opted-out
	Code     string            `json:"code,omitempty"`
	OptOut   []string          `json:"opt_out,omitempty"` // codes that mean the person opted out there
	To       string            `json:"to,omitempty"`
	From     string            `json:"from,omitempty"`
	DoneAt   string            `json:"done_at,omitempty"`
	Price    string            `json:"price,omitempty"`
	Currency string            `json:"currency,omitempty"`
}

// InboundMap says where in a webhook a text is that a person sent.
type InboundMap struct {
	Each string      `json:"each,omitempty"`
	When []Condition `json:"when,omitempty"`
	From string      `json:"from,omitempty"`
	To   string      `json:"to,omitempty"`
	Text string      `json:"text,omitempty"`
	ID   string      `json:"id,omitempty"`
}

var classes = map[string]gateway.Class{
	"recipient": gateway.Recipient, "opted-out": gateway.OptedOut, "content": gateway.Content,
	"route": gateway.Route, "temporary": gateway.Temporary, "throttled": gateway.Throttled,
}

var states = map[string]gateway.State{
	"enroute": gateway.Enroute, "delivered": gateway.Delivered, "undelivered": gateway.Undelivered,
	"expired": gateway.Expired, "rejected": gateway.Rejected, "deleted": gateway.Deleted,
	"unknown": gateway.Unknowable, "opted-out": gateway.OptOut,
}

// load reads settings over their preset and fills in the defaults.
func load(settings json.RawMessage) (Settings, error) {
	var s, name Settings
	if json.Unmarshal(settings, &name) != nil {
		return s, sms.Problems{{Field: "settings", Text: "Use settings in JSON."}}
	}
	if name.Preset != "" {
		data, err := presets.ReadFile("presets/" + name.Preset + ".json")
		if err != nil || json.Unmarshal(data, &s) != nil {
			return s, sms.Problems{{Field: "preset", Text: "Choose one of these: " + strings.Join(Presets(), ", ") + "."}}
		}
	}
	if json.Unmarshal(settings, &s) != nil {
		return s, sms.Problems{{Field: "settings", Text: "Use settings in JSON."}}
	}
	def(&s.Method, http.MethodPost)
	def(&s.BodyKind, "json")
	def(&s.Code, "http")
	def(&s.Auth.Kind, "none")
	def(&s.Auth.Scheme, "Bearer")
	def(&s.Answer.Kind, "json")
	def(&s.InFlight, 10)
	def(&s.MaxParts, 10)
	def(&s.ResponseSeconds, 30)
	def(&s.KeyHours, 24)
	for _, m := range []*Mac{&s.Auth.Mac, &s.Verify.Mac} {
		def(&m.Hash, "sha256")
		def(&m.Encoding, "hex")
		def(&m.Over, "{{.Body}}")
	}
	return s, nil
}

func def[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

// check says what is wrong with everything but the templates.
func (s *Settings) check(p *sms.Problems, secrets map[string]string) {
	u, err := url.Parse(s.BaseURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		p.Add("base_url", "Enter the carrier's address, such as https://api.example.com.")
	case u.Scheme == "http" && !s.Plain:
		p.Add("base_url", "Use an address that starts with https, or allow plain HTTP.")
	}
	oneOf(p, "method", s.Method, http.MethodPost, http.MethodGet, http.MethodPut)
	oneOf(p, "body_kind", s.BodyKind, "json", "form")
	oneOf(p, "auth.kind", s.Auth.Kind, "none", "basic", "bearer", "hmac")
	oneOf(p, "verify.kind", s.Verify.Kind, "", "hmac", "basic", "token", "ed25519")
	oneOf(p, "answer.kind", s.Answer.Kind, "json", "text")
	s.Auth.check(p, "auth.", s.Auth.Kind == "hmac")
	s.Verify.check(p, "verify.", s.Verify.Kind == "hmac" || s.Verify.Kind == "ed25519")
	if s.Verify.Kind == "token" && (s.Verify.Header == "") == (s.Verify.Param == "") {
		p.Add("verify.header", "Enter the name of a header or of a parameter of the address, not both.")
	}
	s.checkMaps(p)
	s.checkSecrets(p, secrets)
	if s.PartsPerSecond < 0 || s.PartsPerSecond > 10_000 {
		p.Add("parts_per_second", "Enter a number from 0 to 10,000.")
	}
	if s.InFlight < 1 || s.InFlight > 200 {
		p.Add("in_flight", "Enter a number from 1 to 200.")
	}
	if s.KeyHeader != "" && !headerName(s.KeyHeader) {
		p.Add("key_header", "Use letters, digits and - for the name of a header.")
	}
	if s.MaxParts < 1 || s.MaxParts > 20 {
		p.Add("max_parts", "Enter a number from 1 to 20.")
	}
	if s.ResponseSeconds < 1 || s.ResponseSeconds > 60 {
		p.Add("response_seconds", "Enter a number from 1 to 60.")
	}
}

func oneOf(p *sms.Problems, field, value string, words ...string) {
	if !slices.Contains(words, value) {
		p.Add(field, "Choose one of these: "+strings.Trim(strings.Join(words, ", "), ", ")+".")
	}
}

func (m *Mac) check(p *sms.Problems, field string, used bool) {
	oneOf(p, field+"hash", m.Hash, "sha256", "sha1", "md5")
	oneOf(p, field+"encoding", m.Encoding, "hex", "base64")
	if used && m.Header == "" {
		p.Add(field+"header", "Enter the name of the header that has the signature.")
	}
}

// checkMaps looks at the words for classes and states, and at what must be said of an answer.
func (s *Settings) checkMaps(p *sms.Problems) {
	if len(s.Answer.Success) == 0 && s.Answer.ID == "" {
		p.Add("answer.success", "Enter how an answer that takes the message is told from others, or where its id is.")
	}
	for _, r := range s.Answer.Errors {
		if classes[r.Class] == 0 || r.After < 0 || r.After > 3600 {
			p.Add("answer.errors", "Use these classes: recipient, opted-out, content, route, temporary, throttled; and waits up to 3,600 seconds.")
			break
		}
	}
	for _, w := range s.Receipt.States {
		if states[w] == 0 {
			p.Add("receipt.states", "Use these states: enroute, delivered, undelivered, expired, rejected, deleted, unknown, opted-out.")
			break
		}
	}
}

// checkSecrets asks for the secrets that these settings need.
func (s *Settings) checkSecrets(p *sms.Problems, secrets map[string]string) {
	need := func(name, text string) {
		if secrets[name] == "" {
			p.Add(name, text)
		}
	}
	if s.Auth.Kind == "basic" || strings.Contains(s.Path+s.Body, ".Password") {
		need(secretPassword, "Enter the password of the account.")
	}
	if s.Auth.Kind == "basic" && s.Username == "" {
		p.Add("username", "Enter the user name of the account.")
	}
	if s.Auth.Kind == "bearer" {
		need(secretToken, "Enter the token of the account.")
	}
	if s.Auth.Kind == "hmac" {
		need(secretSigning, "Enter the key that requests are signed with.")
	}
	switch key := secrets[secretWebhook]; {
	case s.Verify.Kind == "":
	case s.Verify.Kind == "ed25519" && publicKey(key) == nil:
		p.Add(secretWebhook, "Enter the carrier's public key, 32 octets in base64.")
	case key == "":
		p.Add(secretWebhook, "Enter the secret that receipts are proved with.")
	case s.Verify.Param != "" && !plainToken(key):
		p.Add(secretWebhook, "Use 16 or more letters, digits, - and _: it is part of an address.")
	}
}

// plainToken reports whether a secret needs no escaping in an address, at any depth.
func plainToken(s string) bool {
	return len(s) >= 16 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
