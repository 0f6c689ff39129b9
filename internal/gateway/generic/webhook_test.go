package generic

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tidings/internal/gateway"
)

// Only what is proved is read, in each way of proving it.
func TestVerify(t *testing.T) {
	const body = `{"id":"1","state":"ok"}`
	base := `{"base_url":"https://a.example","path":"/","answer":{"id":"id"},"username":"me",
		"receipt":{"id":"id","state":["state"],"states":{"ok":"delivered"}},"verify":%s}`
	key := testSecrets["webhook_secret"]
	mac := func(hash, text string) []byte { return (&Mac{Hash: hash}).sum(key, text) }
	hexed := func(b []byte) string { return (&Mac{Encoding: "hex"}).encode(b) }
	type try struct {
		header, value, query string
		ok                   bool
	}
	for _, tt := range []struct {
		verify string
		tries  []try
	}{
		{`{}`, []try{{}, {header: "X-Token", value: key}}},
		{`{"kind":"token","header":"X-Token"}`, []try{
			{header: "X-Token", value: key, ok: true},
			{header: "X-Token", value: key + "x"},
			{header: "X-Token"},
			{query: "X-Token=" + key},
		}},
		{`{"kind":"token","param":"t"}`, []try{{query: "t=" + key, ok: true}, {query: "t="}, {header: "t", value: key}}},
		{`{"kind":"token","header":"Authorization","prefix":"Bearer "}`, []try{{header: "Authorization", value: "Bearer " + key, ok: true}}},
		{`{"kind":"basic"}`, []try{
			{header: "Authorization", value: basic("me", key), ok: true},
			{header: "Authorization", value: basic("you", key)},
			{header: "Authorization", value: basic("me", "x")},
			{},
		}},
		{`{"kind":"hmac","header":"X-S"}`, []try{
			{header: "X-S", value: hexed(mac("sha256", body)), ok: true},
			{header: "X-S", value: hexed(mac("sha256", body+" "))},
			{header: "X-S", value: "zz"},
			{},
		}},
		{`{"kind":"hmac","header":"X-S","hash":"sha1","encoding":"base64"}`, []try{
			{header: "X-S", value: (&Mac{Encoding: "base64"}).encode(mac("sha1", body)), ok: true},
			{header: "X-S", value: hexed(mac("sha1", body))},
		}},
		{`{"kind":"hmac","header":"X-S","hash":"md5","prefix":"md5="}`, []try{
			{header: "X-S", value: "md5=" + hexed(mac("md5", body)), ok: true},
			{header: "X-S", value: hexed(mac("md5", body))},
		}},
		{`{"kind":"hmac","header":"X-S","over":"{{.Timestamp}}.{{.Body}}","timestamp_header":"X-At"}`, []try{
			{header: "X-S", value: hexed(mac("sha256", "17."+body)), ok: true},
			{header: "X-S", value: hexed(mac("sha256", "18."+body))},
		}},
	} {
		g := newGateway(t, fmt.Sprintf(base, tt.verify), "")
		for _, try := range tt.tries {
			r := httptest.NewRequest(http.MethodPost, "/r?"+try.query, nil)
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-At", "17")
			if try.header != "" {
				r.Header.Set(try.header, try.value)
			}
			rs, _, err := g.ParseWebhook(r, []byte(body))
			if try.ok != (err == nil && len(rs) == 1) || !try.ok && !errors.Is(err, gateway.ErrSignature) {
				t.Errorf("%s, %+v: %v %v", tt.verify, try, rs, err)
			}
		}
	}
	g := preset(t, "telnyx")
	r := webhook("telnyx", http.MethodPost, "", `{}`)
	for name, value := range map[string]string{"telnyx-timestamp": "1893528001", "telnyx-signature-ed25519": "AAAA"} {
		bad := r.Clone(t.Context())
		bad.Header.Set(name, value)
		if _, _, err := g.ParseWebhook(bad, []byte(`{}`)); !errors.Is(err, gateway.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := g.ParseWebhook(r, []byte(`{}`)); err != nil {
		t.Error(err)
	}
}

func basic(user, password string) string {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// Many receipts and texts in one webhook, those of no interest among them, and what is no webhook.
func TestWebhook(t *testing.T) {
	g := newGateway(t, fmt.Sprintf(house, "https://a.example"), "")
	body := `{"events":[
		{"kind":"receipt","id":"1","state":"ok","to":"+447700900001","code":"E1"},{"kind":"receipt","id":"2","state":"news","to":"1"},
		{"kind":"receipt","state":"ok"},{"kind":"ping"},7,null,{"kind":"text","from":"+447700900001","to":"1","text":"Hi","id":"3"},
		{"kind":"receipt","id":"4","state":"lost","code":"stopped"},{"kind":"receipt","id":5,"state":"sent","code":"447700900001"}]}`
	rs, ms, err := g.ParseWebhook(housePost("/r", body), []byte(body))
	if err != nil || len(rs) != 3 || len(ms) != 1 {
		t.Fatalf("%v %v %v", rs, ms, err)
	}
	if rs[0].Code != "house:E1" || rs[1].State != gateway.OptOut || rs[2].ProviderID != "5" || rs[2].Final || rs[2].Code != "" {
		t.Errorf("%+v", rs)
	}
	for _, bad := range []string{`{`, `{} {}`, `nonsense;`, strings.Repeat(" ", maxWebhook+1)} {
		if _, _, err := g.ParseWebhook(housePost("/r", bad), []byte(bad)); err == nil {
			t.Errorf("%.20q is taken", bad)
		}
	}
}

// No body crashes the reader or makes a receipt without an id.
func FuzzWebhook(f *testing.F) {
	for _, s := range []string{
		`{"events":[{"kind":"receipt","id":"1","state":"ok","to":"+447700900001","at":"2019-12-09T21:32:14Z","cost":{"amount":"-1.5","currency":"eur"}}]}`,
		`{"events":[{"kind":"text","from":"+447700900001","to":"1","text":"Hi"}]}`, `{"events":{"0":1}}`, `[[[[[[`, `{"events":[[],{}]}`,
		`{"results":[{"messageId":"2","status":{"name":"X","groupName":"DELIVERED"}}]}`, `"x"`, `1e999`, "a=b&c", "%zz=1", "", "{}",
		`{"data":{"event_type":"message.finalized","payload":{"id":"a","to":[{"status":"delivered"}],"errors":[{"code":1}]}}}`,
		"msisdn=447700900001&to=TIDINGS&messageId=0A1&price=0.0333&status=failed&err-code=6",
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(3))
	}
	names := append(Presets(), "house")
	gs := map[string]*Gateway{"house": newGateway(f, fmt.Sprintf(house, "https://a.example"), "")}
	for _, name := range Presets() {
		gs[name] = preset(f, name)
	}
	f.Fuzz(func(t *testing.T, body []byte, which byte) {
		name := names[int(which)%len(names)]
		r := webhook(name, http.MethodPost, "", string(body))
		if name == "house" {
			r = housePost("/r", string(body))
		}
		if which&0x80 != 0 {
			r.Header.Set("Content-Type", "text/plain")
		}
		rs, ms, err := gs[name].ParseWebhook(r, body)
		if errors.Is(err, gateway.ErrSignature) || err != nil && len(rs)+len(ms) > 0 {
			t.Fatalf("%v %v %v", rs, ms, err)
		}
		for _, x := range rs {
			if x.MatchID == "" || len(x.MatchID) > maxID || x.State == 0 || x.Final != (x.State != gateway.Enroute) || len(x.Code) > 60 {
				t.Fatalf("%+v", x)
			}
		}
		for _, m := range ms {
			if m.From == "" || len(m.From) > 32 {
				t.Fatalf("%+v", m)
			}
		}
	})
}
