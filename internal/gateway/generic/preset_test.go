package generic

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/outward"
)

// What each preset sends, as the carrier's documents show it.
func TestPresetRequests(t *testing.T) {
	want := map[string][3]string{ // the address, Authorization, the body
		"vonage": {
			"POST https://rest.nexmo.com/sms/json", "Basic bWU6aHVudGVyMnNlY3JldA==",
			"from=447700900002&to=447700900001&text=H%C3%A9%20%26&type=text&client-ref=t1-2-3-4&callback=https%3A%2F%2Fsms.example%2Fr%3Ftoken%3Dhook2secret-0123456789",
		},
		"infobip": {
			"POST https://a.example/sms/3/messages", "App bearer2secret",
			`{"messages":[{"sender":"447700900002","destinations":[{"to":"447700900001"}],"content":{"text":"Hé &"},"webhooks":{"delivery":{"url":"https://sms.example/r?token=hook2secret-0123456789"}}}]}`,
		},
		"telnyx": {
			"POST https://api.telnyx.com/v2/messages", "Bearer bearer2secret",
			`{"from":"+447700900002","to":"+447700900001","text":"Hé &","webhook_url":"https://sms.example/r"}`,
		},
		"kannel": {
			"GET https://a.example/cgi-bin/sendsms?username=me&password=hunter2secret&from=%2B447700900002&to=%2B447700900001&text=H%C3%A9%20%26&charset=UTF-8&coding=0&validity=2880&dlr-mask=19&dlr-url=https%3A%2F%2Fsms.example%2Fr%3Ftoken%3Dhook2secret-0123456789%26id%3Dt1-2-3-4%26state%3D%25d%26to%3D%25P%26from%3D%25p",
			"", "",
		},
		"sms-gate": {
			"POST https://api.sms-gate.app/3rdparty/v1/messages", "Basic bWU6aHVudGVyMnNlY3JldA==",
			`{"id":"t1-2-3-4","textMessage":{"text":"Hé &"},"phoneNumbers":["+447700900001"],"ttl":172800,"withDeliveryReport":true}`,
		},
	}
	if got := Presets(); len(got) != len(want) || !slices.IsSorted(got) {
		t.Errorf("presets %v", got)
	}
	m := gateway.Outbound{Tenant: 1, Session: 2, N: 3, Attempt: 4, To: "447700900001", From: "447700900002", Text: "Hé &"}
	for _, name := range Presets() {
		g := preset(t, name)
		r, body := request(t, g, m)
		if got := [3]string{r.Method + " " + r.URL.String(), r.Header.Get("Authorization"), body}; got != want[name] {
			t.Errorf("%s:\n%s\n%s\n%s", name, got[0], got[1], got[2])
		}
	}
	m.Text = "Привет"
	for name, part := range map[string]string{"vonage": "type=unicode", "kannel": "coding=2"} {
		if r, body := request(t, preset(t, name), m); !strings.Contains(r.URL.String()+body, part) {
			t.Errorf("%s does not say that the text is not GSM", name)
		}
	}
}

var carrierKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// preset makes a gateway of a preset with what it leaves open.
func preset(t testing.TB, name string) *Gateway {
	t.Helper()
	secrets := map[string]string{}
	for k, v := range testSecrets {
		secrets[k] = v
	}
	set := map[string]any{"preset": name, "username": "me"}
	switch name {
	case "infobip", "kannel":
		set["base_url"] = "https://a.example/"
	case "telnyx":
		secrets["webhook_secret"] = base64.StdEncoding.EncodeToString(carrierKey.Public().(ed25519.PublicKey))
	}
	b, _ := json.Marshal(set)
	g, err := New("test", b, secrets, Options{ReceiptURL: "https://sms.example/r"})
	if err != nil {
		t.Fatal(err)
	}
	return g.(*Gateway)
}

// What each preset understands of answers.
func TestPresetAnswers(t *testing.T) {
	for _, tt := range []struct {
		preset string
		status int
		body   string
		out    gateway.Outcome
		class  gateway.Class
		code   string
		ids    string
	}{
		{"vonage", 200, `{"message-count":"1","messages":[{"to":"447700900000","message-id":"0C000000217B7F02","status":"0","message-price":"0.03330000"}]}`, gateway.Accepted, 0, "", "0C000000217B7F02"},
		{"vonage", 200, `{"messages":[{"message-id":"A","status":"0"},{"message-id":"B","status":"0"}]}`, gateway.Accepted, 0, "", "A B"},
		{"vonage", 200, `{"messages":[{"message-id":"A","status":"0"},{"status":"1","error-text":"Throttled"}]}`, gateway.Refused, gateway.Content, "vonage:1", "A "},
		{"vonage", 200, `{"messages":[{"status":"1"}]}`, gateway.Refused, gateway.Throttled, "vonage:1", ""},
		{"vonage", 200, `{"messages":[{"status":"9"}]}`, gateway.Refused, gateway.Route, "vonage:9", ""},
		{"vonage", 200, `{"messages":[{"status":"6"}]}`, gateway.Refused, gateway.Recipient, "vonage:6", ""},
		{"vonage", 200, `{"messages":[{"status":"77"}]}`, gateway.Refused, gateway.Temporary, "vonage:77", ""},
		{"vonage", 200, `{"messages":[]}`, gateway.Unknown, 0, "answer", ""},
		{"vonage", 200, `{"messages":[{"message-id":"A","status":"0"},{}]}`, gateway.Unknown, 0, "answer", "A "},
		{"vonage", 200, `<html>`, gateway.Unknown, 0, "answer", ""},
		{"infobip", 200, `{"bulkId":"1","messages":[{"messageId":"2250be2d4219","status":{"groupId":1,"groupName":"PENDING","id":26,"name":"PENDING_ACCEPTED"},"destination":"447700900001"}]}`, gateway.Accepted, 0, "", "2250be2d4219"},
		{"infobip", 200, `{"messages":[{"messageId":"1","status":{"groupName":"REJECTED","name":"REJECTED_NOT_ENOUGH_CREDITS"}}]}`, gateway.Refused, gateway.Route, "infobip:REJECTED_NOT_ENOUGH_CREDITS", ""},
		{"infobip", 401, `{"requestError":{}}`, gateway.Refused, gateway.Route, "http:401", ""},
		{"telnyx", 200, `{"data":{"id":"40385f64-5717-4562-b3fc-2c963f66afa6","parts":1,"cost":{"amount":"0.0051","currency":"USD"}}}`, gateway.Accepted, 0, "", "40385f64-5717-4562-b3fc-2c963f66afa6"},
		{"telnyx", 409, `{"errors":[{"code":"40300","title":"Blocked due to STOP message"}]}`, gateway.Refused, gateway.OptedOut, "telnyx:40300", ""},
		{"telnyx", 409, `{"errors":[{"code":"1"}]}`, gateway.Unknown, 0, "http:409", ""},
		{"telnyx", 422, `{"errors":[{"code":"40310"}]}`, gateway.Refused, gateway.Recipient, "telnyx:40310", ""},
		{"kannel", 202, "0: Accepted for delivery", gateway.Accepted, 0, "", "t0-0-0-0"},
		{"kannel", 202, "3: Queued for later delivery\n", gateway.Accepted, 0, "", "t0-0-0-0"},
		{"kannel", 403, "Authorization failed for sendsms", gateway.Refused, gateway.Route, "http:403", ""},
		{"kannel", 202, "Sent +447700900001.", gateway.Unknown, 0, "answer", ""},
		{"sms-gate", 202, `{"id":"t1-2-3-4","state":"Pending"}`, gateway.Accepted, 0, "", "t1-2-3-4"},
		{"sms-gate", 409, `{"message":"exists"}`, gateway.Unknown, 0, "http:409", ""},
	} {
		v := preset(t, tt.preset).Answer(&gateway.Outbound{}, outward.Answer{Status: tt.status, Body: []byte(tt.body)})
		var ids []string
		for _, p := range v.Parts {
			ids = append(ids, p.MatchID)
		}
		if v.Outcome != tt.out || v.Class != tt.class || v.Code != tt.code || strings.Join(ids, " ") != tt.ids {
			t.Errorf("%s %d %s: %+v", tt.preset, tt.status, tt.body, v)
		}
		if strings.Contains(v.Code+v.Detail, "4477") {
			t.Errorf("B43: %s", v.Code+v.Detail)
		}
	}
	v := preset(t, "telnyx").Answer(&gateway.Outbound{}, outward.Answer{Status: 200, Body: []byte(`{"data":{"id":"x","parts":2,"cost":{"amount":"0.0051","currency":"USD"}}}`)})
	if v.Counted != 2 || v.Cost == nil || *v.Cost != (gateway.Money{Micros: 5100, Currency: "USD"}) {
		t.Errorf("%+v", v)
	}
	if v := preset(t, "telnyx").Answer(&gateway.Outbound{}, outward.Answer{Status: 401}); !v.Credentials {
		t.Error("refused credentials are not told")
	}
}

// webhook is one request of a carrier's, proved as its preset asks.
func webhook(preset, method, query, body string) *http.Request {
	kind := "application/json"
	if !strings.HasPrefix(body, "{") {
		kind = "application/x-www-form-urlencoded"
	}
	r := httptest.NewRequest(method, "/r?"+query, nil)
	r.Header.Set("Content-Type", kind)
	switch preset {
	case "telnyx":
		r.Header.Set("telnyx-timestamp", "1893528000")
		r.Header.Set("telnyx-signature-ed25519", base64.StdEncoding.EncodeToString(ed25519.Sign(carrierKey, []byte("1893528000|"+body))))
	case "sms-gate":
		r.Header.Set("X-Timestamp", "1893528000")
		r.Header.Set("X-Signature", (&Mac{Encoding: "hex"}).encode((&Mac{Hash: "sha256"}).sum(testSecrets["webhook_secret"], body+"1893528000")))
	default:
		r.URL.RawQuery += "&token=" + testSecrets["webhook_secret"]
	}
	return r
}

// What each preset understands of webhooks.
func TestPresetWebhooks(t *testing.T) {
	at := time.Date(2019, 12, 9, 21, 32, 14, 148e6, time.UTC)
	for _, tt := range []struct {
		preset, query, body string
		want                gateway.Receipt
		text                gateway.Inbound
	}{
		{preset: "vonage", query: "msisdn=447700900001&to=TIDINGS&messageId=0A1&price=0.03330000&status=failed&err-code=6", want: gateway.Receipt{MatchID: "0A1", State: gateway.Undelivered, Code: "vonage:6", To: "447700900001", From: "TIDINGS"}},
		{preset: "vonage", body: `{"msisdn":"447700900001","to":"TIDINGS","messageId":"0A1","status":"buffered"}`, want: gateway.Receipt{MatchID: "0A1", State: gateway.Enroute, To: "447700900001", From: "TIDINGS"}},
		{preset: "vonage", body: "msisdn=447700900001&to=447700900002&messageId=0A2&text=Stop+it&type=text", text: gateway.Inbound{From: "447700900001", To: "447700900002", Text: "Stop it", ProviderID: "0A2"}},
		{preset: "infobip", body: `{"results":[{"messageId":"2250be","to":"447700900001","doneAt":"2019-12-09T21:32:14.148+0000","price":{"pricePerMessage":0.01,"currency":"EUR"},"status":{"groupName":"DELIVERED","name":"DELIVERED_TO_HANDSET"},"error":{"name":"NO_ERROR"}}]}`, want: gateway.Receipt{MatchID: "2250be", State: gateway.Delivered, To: "447700900001", DoneAt: at, Code: "infobip:NO_ERROR", Cost: &gateway.Money{Micros: 10000, Currency: "EUR"}}},
		{preset: "infobip", body: `{"results":[{"messageId":"2250be","to":"447700900001","status":{"groupName":"DELIVERED","name":"DELIVERED_TO_OPERATOR"}}]}`, want: gateway.Receipt{MatchID: "2250be", State: gateway.Enroute, To: "447700900001"}},
		{preset: "infobip", body: `{"results":[{"messageId":"9","from":"447700900001","to":"12345","text":"Hi","receivedAt":"2019-12-09T21:32:14.148+0000"}]}`, text: gateway.Inbound{From: "447700900001", To: "12345", Text: "Hi", ProviderID: "9"}},
		{preset: "telnyx", body: `{"data":{"event_type":"message.finalized","payload":{"completed_at":"2019-12-09T21:32:14.148+00:00","cost":{"amount":"0.0051","currency":"USD"},"errors":[],"from":{"phone_number":"+447700900002"},"id":"ac01","to":[{"phone_number":"+447700900001","status":"delivered"}]}}}`, want: gateway.Receipt{MatchID: "ac01", State: gateway.Delivered, To: "447700900001", From: "447700900002", DoneAt: at, Cost: &gateway.Money{Micros: 5100, Currency: "USD"}}},
		{preset: "telnyx", body: `{"data":{"event_type":"message.finalized","payload":{"errors":[{"code":"40300"}],"id":"ac01","to":[{"status":"delivery_failed"}]}}}`, want: gateway.Receipt{MatchID: "ac01", State: gateway.OptOut, Code: "telnyx:40300"}},
		{preset: "telnyx", body: `{"data":{"event_type":"message.received","payload":{"from":{"phone_number":"+447700900001"},"id":"9","text":"STOP","to":[{"phone_number":"+447700900002","status":"webhook_delivered"}]}}}`, text: gateway.Inbound{From: "447700900001", To: "447700900002", Text: "STOP", ProviderID: "9"}},
		{preset: "kannel", query: "id=t1-2-3-4&state=2&to=%2B447700900001&from=TIDINGS", want: gateway.Receipt{MatchID: "t1-2-3-4", State: gateway.Undelivered, To: "447700900001", From: "TIDINGS"}},
		{preset: "kannel", query: "mo=1&from=%2B447700900001&to=12345&text=Hi", text: gateway.Inbound{From: "447700900001", To: "12345", Text: "Hi", ProviderID: "1"}},
		{preset: "sms-gate", body: `{"deviceId":"f","event":"sms:delivered","id":"E","payload":{"messageId":"t1-2-3-4","phoneNumber":"+447700900001"}}`, want: gateway.Receipt{MatchID: "t1-2-3-4", State: gateway.Delivered, To: "447700900001"}},
		{preset: "sms-gate", body: `{"event":"sms:failed","payload":{"messageId":"t1-2-3-4","phoneNumber":"+447700900001","reason":"RESULT_ERROR_LIMIT_EXCEEDED"}}`, want: gateway.Receipt{MatchID: "t1-2-3-4", State: gateway.Undelivered, To: "447700900001", Code: "sms-gate:RESULT_ERROR_LIMIT_EXCEEDED"}},
		{preset: "sms-gate", body: `{"event":"sms:received","id":"E","payload":{"messageId":"a","message":"STOP","phoneNumber":"6505551212"}}`, text: gateway.Inbound{From: "6505551212", Text: "STOP", ProviderID: "E"}},
	} {
		method := http.MethodPost
		if tt.body == "" {
			method = http.MethodGet
		}
		rs, ms, err := preset(t, tt.preset).ParseWebhook(webhook(tt.preset, method, tt.query, tt.body), []byte(tt.body))
		if err != nil || len(rs)+len(ms) != 1 {
			t.Errorf("%s %s%s: %v %v %v", tt.preset, tt.query, tt.body, rs, ms, err)
			continue
		}
		if len(ms) == 1 {
			tt.text.GatewayID = "test"
			if ms[0] != tt.text {
				t.Errorf("%s: %+v", tt.preset, ms[0])
			}
			continue
		}
		got, want := rs[0], tt.want
		want.GatewayID, want.ProviderID, want.Final = "test", want.MatchID, want.State != gateway.Enroute
		if (got.Cost == nil) != (want.Cost == nil) || got.Cost != nil && *got.Cost != *want.Cost || !got.DoneAt.Equal(want.DoneAt) {
			t.Errorf("%s: cost %v, at %v", tt.preset, got.Cost, got.DoneAt)
		}
		got.Raw, got.Cost, want.Cost, got.DoneAt, want.DoneAt = nil, nil, nil, time.Time{}, time.Time{}
		if a, b := asJSON(got), asJSON(want); a != b {
			t.Errorf("%s: %s instead of %s", tt.preset, a, b)
		}
	}
}

func asJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
