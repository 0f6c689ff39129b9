package generic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/gatewaytest"
	"tidings/internal/gateway/outward"
	"tidings/internal/sms"
)

// loopback lets tests reach this machine.
func loopback() *http.Client {
	return outward.Client(outward.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

var testSecrets = map[string]string{
	"password": "hunter2secret", "token": "bearer2secret", "signing_key": "sign2secret", "webhook_secret": "hook2secret-0123456789",
}

func newGateway(t testing.TB, settings, receipts string) *Gateway {
	t.Helper()
	g, err := New("test", json.RawMessage(settings), testSecrets, Options{Client: loopback(), ReceiptURL: receipts})
	if err != nil {
		t.Fatal(err)
	}
	return g.(*Gateway)
}

// house is a carrier of our own invention that uses most of what can be set.
const house = `{
	"base_url": %q, "plain": true, "path": "/v1/send?ref={{.ID}}", "in_flight": 2, "response_seconds": 1, "code": "house",
	"headers": {"X-Key": "{{.Message}}"},
	"body": "{\"to\":\"+{{.To}}\",\"from\":\"{{.From}}\",\"text\":\"{{.Text}}\",\"ttl\":{{.Seconds}},\"hook\":\"{{.ReceiptURL}}\"}",
	"auth": {"kind": "bearer"},
	"answer": {
		"success": [{"path": "result.ok", "is": ["true"]}], "id": "result.id", "error": "result.why",
		"errors": {
			"bad_number": {"class": "recipient"}, "busy": {"class": "temporary", "after": 20}, "bad_sender": {"class": "route"},
			"bad_text": {"class": "content"}, "stop": {"class": "opted-out"}, "http:402": {"class": "content"}
		}
	},
	"receipt": {
		"each": "events", "when": [{"path": "kind", "is": ["receipt"]}], "id": "id", "state": ["state"],
		"states": {"sent": "enroute", "ok": "delivered", "lost": "undelivered"}, "code": "code", "opt_out": ["stopped"],
		"to": "to", "from": "from", "done_at": "at", "price": "cost.amount", "currency": "cost.currency"
	},
	"inbound": {"each": "events", "when": [{"path": "kind", "is": ["text"]}], "from": "from", "to": "to", "text": "text", "id": "id"},
	"verify": {"kind": "hmac", "header": "X-Signature", "prefix": "sha256="}
}`

func houseSignature(body string) string {
	h := hmac.New(sha256.New, []byte(testSecrets["webhook_secret"]))
	h.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}

func housePost(hook, body string) *http.Request {
	r, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-Signature", houseSignature(body))
	return r
}

var houseSpeech = gatewaytest.Speech{
	Read: func(r *http.Request, body []byte) (to, from, hook, id string) {
		var in struct{ To, From, Hook string }
		if r.Header.Get("Authorization") != "Bearer bearer2secret" || json.Unmarshal(body, &in) != nil {
			return "wrong", "", "", ""
		}
		return strings.TrimPrefix(in.To, "+"), in.From, in.Hook, ""
	},
	Accept: func(w http.ResponseWriter, id string) { fmt.Fprintf(w, `{"result":{"ok":true,"id":%q}}`, id) },
	Refuse: func(w http.ResponseWriter, c gateway.Class) {
		if c == gateway.Throttled {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		why := map[gateway.Class]string{
			gateway.Recipient: "bad_number", gateway.Temporary: "busy", gateway.Route: "bad_sender", gateway.Content: "bad_text",
		}[c]
		fmt.Fprintf(w, `{"result":{"ok":false,"why":%q,"words":"+447700900000 Xylophone"}}`, why)
	},
	Receipt: func(hook, id, to, from string, s gateway.State) *http.Request {
		word := map[gateway.State]string{gateway.Delivered: "ok", gateway.Undelivered: "lost"}[s]
		return housePost(hook, fmt.Sprintf(`{"events":[{"kind":"receipt","id":%q,"state":%q,"to":"+%s","from":%q}]}`, id, word, to, from))
	},
	Text: func(hook, id, person, to, text string) *http.Request {
		return housePost(hook, fmt.Sprintf(`{"events":[{"kind":"text","id":%q,"from":"+%s","to":%q,"text":%q}]}`, id, person, to, text))
	},
}

// vonageSpeech answers everything with 200 and has the number in other fields of a receipt.
var vonageSpeech = gatewaytest.Speech{
	Read: func(r *http.Request, body []byte) (to, from, hook, id string) {
		user, password, _ := r.BasicAuth()
		form, err := url.ParseQuery(string(body))
		if err != nil || user != "key" || password != "hunter2secret" {
			return "wrong", "", "", ""
		}
		return form.Get("to"), form.Get("from"), form.Get("callback"), ""
	},
	Accept: func(w http.ResponseWriter, id string) {
		fmt.Fprintf(w, `{"message-count":"1","messages":[{"to":"1","message-id":%q,"status":"0"}]}`, id)
	},
	Refuse: func(w http.ResponseWriter, c gateway.Class) {
		n := map[gateway.Class]string{
			gateway.Recipient: "6", gateway.Temporary: "5", gateway.Route: "9", gateway.Content: "12", gateway.Throttled: "1",
		}[c]
		fmt.Fprintf(w, `{"message-count":"1","messages":[{"status":%q,"error-text":"+447700900000: Xylophone"}]}`, n)
	},
	Receipt: func(hook, id, to, from string, s gateway.State) *http.Request {
		word := map[gateway.State]string{gateway.Delivered: "delivered", gateway.Undelivered: "failed"}[s]
		r, _ := http.NewRequest(http.MethodGet, hook+"&"+url.Values{
			"msisdn": {to}, "to": {from}, "messageId": {id}, "status": {word}, "err-code": {"0"},
		}.Encode(), nil)
		return r
	},
	Text: func(hook, id, person, to, text string) *http.Request {
		body := fmt.Sprintf(`{"msisdn":%q,"to":%q,"messageId":%q,"text":%q,"type":"text"}`, person, to, id, text)
		r, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return r
	},
}

// The suite that every gateway passes.
func TestSuite(t *testing.T) {
	for name, tt := range map[string]struct {
		settings string
		speech   gatewaytest.Speech
	}{
		"house":  {house, houseSpeech},
		"vonage": {`{"preset":"vonage","base_url":%q,"plain":true,"username":"key","in_flight":2,"response_seconds":1}`, vonageSpeech},
	} {
		t.Run(name, func(t *testing.T) {
			gatewaytest.Run(t, func(t *testing.T) gatewaytest.Harness {
				hook := gatewaytest.NewHook(t)
				fake := gatewaytest.NewFake(t, tt.speech)
				h := gatewaytest.Harness{Gateway: newGateway(t, fmt.Sprintf(tt.settings, fake.URL), hook.URL), Carrier: fake, Hook: hook}
				for _, s := range testSecrets {
					h.Secrets = append(h.Secrets, s)
				}
				return h
			})
		})
	}
}

func request(t testing.TB, g *Gateway, m gateway.Outbound) (*http.Request, string) {
	t.Helper()
	r, err := g.Request(t.Context(), &m, time.Date(2030, 1, 1, 20, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(b)
}

// Each way of proving who we are.
func TestAuth(t *testing.T) {
	m := gateway.Outbound{Tenant: 7, Session: 8, N: 9, Attempt: 1, To: "+447700900001", From: "447700900002", Text: "Hi"}
	base := `{"base_url":"https://a.example","path":"/send","body":"{\"t\":\"{{.Text}}\"}","answer":{"id":"id"},"username":"me",`
	const body = `{"t":"Hi"}`
	for auth, want := range map[string]string{
		`{"kind":"none"}`:                  "",
		`{"kind":"basic"}`:                 "Basic bWU6aHVudGVyMnNlY3JldA==",
		`{"kind":"bearer"}`:                "Bearer bearer2secret",
		`{"kind":"bearer","scheme":"App"}`: "App bearer2secret",
		`{"kind":"hmac","header":"Authorization","prefix":"v1="}`: "v1=" +
			hex.EncodeToString((&Mac{Hash: "sha256"}).sum("sign2secret", body)),
		`{"kind":"hmac","header":"Authorization","hash":"sha1","encoding":"base64","over":"{{.Method}} {{.Path}} {{.Timestamp}}"}`: (&Mac{Encoding: "base64"}).
			encode((&Mac{Hash: "sha1"}).sum("sign2secret", "POST /send 1893528000")),
		`{"kind":"hmac","header":"Authorization","hash":"md5"}`: hex.EncodeToString((&Mac{Hash: "md5"}).sum("sign2secret", body)),
	} {
		r, got := request(t, newGateway(t, base+`"auth":`+auth+`}`, ""), m)
		if r.Header.Get("Authorization") != want || got != body || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %q", auth, r.Header.Get("Authorization"))
		}
	}
	// RFC 4231, 2202 and 2104: "Jefe" asks for nothing.
	for h, want := range map[string]string{
		"sha256": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		"sha1":   "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
		"md5":    "750c783e6ab0b503eaa86e310a5db738",
	} {
		if got := hex.EncodeToString((&Mac{Hash: h}).sum("Jefe", "what do ya want for nothing?")); got != want {
			t.Errorf("%s: %s", h, got)
		}
	}
}

// What is wrong with settings is told by field, all at once.
func TestSettings(t *testing.T) {
	_, err := New("x", json.RawMessage(`{
		"base_url":"http://10.0.0.1","method":"DELETE","body_kind":"xml","path":"send","body":"{{.Text}}","headers":{"A":"{{.Text}}","B\n":"x"},
		"auth":{"kind":"hmac","hash":"crc","encoding":"x","over":"{{.Nothing}}"},"verify":{"kind":"token"},"answer":{"kind":"xml","errors":{"1":{"class":"bad"}}},
		"receipt":{"states":{"a":"b"}},"in_flight":999,"max_parts":99,"parts_per_second":-1,"response_seconds":999}`), nil, Options{})
	var p sms.Problems
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	for _, f := range strings.Fields(`base_url method body_kind path headers auth.hash auth.encoding auth.header auth.over verify.header
		answer.kind answer.errors answer.success receipt.states in_flight max_parts parts_per_second response_seconds signing_key webhook_secret`) {
		if p.For(f) == "" {
			t.Errorf("nothing about %s", f)
		}
	}
	base := `{"base_url":"https://a.example","path":"/","answer":{"id":"id"},`
	for more, field := range map[string]string{
		`"auth":{"kind":"basic"}`:                                "password",
		`"auth":{"kind":"basic","x":1}`:                          "username",
		`"auth":{"kind":"bearer"}`:                               "token",
		`"verify":{"kind":"ed25519","header":"X"}`:               "webhook_secret",
		`"verify":{"kind":"token","param":"t"}`:                  "webhook_secret",
		`"preset":"nobody"`:                                      "preset",
		`"preset":"../settings"`:                                 "preset",
		`"body":"{}","body_kind":"soap"`:                         "body_kind",
		`"base_url":"https://u:p@a.example"`:                     "base_url",
		`"base_url":"https://a.example?x=1"`:                     "base_url",
		`"body":1`:                                               "settings",
		`"verify":{"kind":"hmac","header":"X","over":"{{.To}}"}`: "verify.over",
	} {
		_, err := New("x", json.RawMessage(base+more+`}`), map[string]string{"webhook_secret": "a b"}, Options{})
		if !errors.As(err, &p) || p.For(field) == "" {
			t.Errorf("%s: %v", more, err)
		}
	}
}
