package twilio

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

const (
	testSID   = "AC0123456789abcdef0123456789abcdef"
	testToken = "hunter2secret"
)

// loopback lets tests reach this machine.
func loopback() *http.Client {
	return outward.Client(outward.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

func settings(base string) json.RawMessage {
	b, err := json.Marshal(Settings{AccountSID: testSID, BaseURL: base, InFlight: 2, ResponseSeconds: 1})
	if err != nil {
		panic(err)
	}
	return b
}

func newGateway(t testing.TB, base, receipts string) *Gateway {
	t.Helper()
	g, err := New("test", settings(base), map[string]string{"auth_token": testToken}, Options{Client: loopback(), ReceiptURL: receipts})
	if err != nil {
		t.Fatal(err)
	}
	return g.(*Gateway)
}

// signedPost is a webhook as Twilio makes it.
func signedPost(hook string, form url.Values) *http.Request {
	r, _ := http.NewRequest(http.MethodPost, hook, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", signature(testToken, hook, form))
	return r
}

var speech = gatewaytest.Speech{
	Read: func(r *http.Request, body []byte) (to, from, hook, id string) {
		user, password, _ := r.BasicAuth()
		form, err := url.ParseQuery(string(body))
		if r.URL.Path != "/2010-04-01/Accounts/"+testSID+"/Messages.json" || user != testSID || password != testToken || err != nil {
			return "wrong", "", "", ""
		}
		return strings.TrimPrefix(form.Get("To"), "+"), form.Get("From"), form.Get("StatusCallback"), ""
	},
	Accept: func(w http.ResponseWriter, id string) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":%q,"status":"queued","num_segments":"1","price":null,"price_unit":"USD","error_code":null}`, id)
	},
	Refuse: func(w http.ResponseWriter, c gateway.Class) {
		a := map[gateway.Class][2]int{
			gateway.Recipient: {400, 21211}, gateway.Temporary: {400, 30017}, gateway.Route: {400, 21606},
			gateway.Content: {400, 21617}, gateway.Throttled: {429, 20429},
		}[c]
		w.WriteHeader(a[0])
		fmt.Fprintf(w, `{"code":%d,"message":"The 'To' number +447700900000 does: Xylophone","status":%d}`, a[1], a[0])
	},
	Receipt: func(hook, id, to, from string, s gateway.State) *http.Request {
		form := url.Values{"MessageSid": {id}, "MessageStatus": {"delivered"}, "To": {"+" + to}, "From": {from}, "AccountSid": {testSID}}
		if s != gateway.Delivered {
			form.Set("MessageStatus", "undelivered")
			form.Set("ErrorCode", "30003")
		}
		return signedPost(hook, form)
	},
	Text: func(hook, id, person, to, text string) *http.Request {
		return signedPost(hook, url.Values{"MessageSid": {id}, "SmsStatus": {"received"}, "From": {"+" + person}, "To": {to}, "Body": {text}})
	},
}

// The suite that every gateway passes.
func TestSuite(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) gatewaytest.Harness {
		hook := gatewaytest.NewHook(t)
		fake := gatewaytest.NewFake(t, speech)
		return gatewaytest.Harness{
			Gateway: newGateway(t, fake.URL, hook.URL), Carrier: fake, Hook: hook, Secrets: []string{testToken, testSID},
		}
	})
}

// Each answer is a class; what Twilio has added since is taken by its status.
func TestAnswers(t *testing.T) {
	g := newGateway(t, "https://api.twilio.com", "")
	for _, tt := range []struct {
		status  int
		body    string
		outcome gateway.Outcome
		class   gateway.Class
		code    string
	}{
		{201, `{"sid":"SM1","num_segments":"2"}`, gateway.Accepted, 0, ""},
		{201, `{"sid":""}`, gateway.Unknown, 0, "answer"},
		{200, `<html>`, gateway.Unknown, 0, "answer"},
		{400, `{"code":21211}`, gateway.Refused, gateway.Recipient, "twilio:21211"},
		{400, `{"code":21612}`, gateway.Refused, gateway.Recipient, "twilio:21612"},
		{400, `{"code":21614}`, gateway.Refused, gateway.Recipient, "twilio:21614"},
		{400, `{"code":21610}`, gateway.Refused, gateway.OptedOut, "twilio:21610"},
		{400, `{"code":21617}`, gateway.Refused, gateway.Content, "twilio:21617"},
		{400, `{"code":21602}`, gateway.Refused, gateway.Content, "twilio:21602"},
		{401, `{"code":20003}`, gateway.Refused, gateway.Route, "twilio:20003"},
		{404, `{"code":20404}`, gateway.Refused, gateway.Route, "twilio:20404"},
		{400, `{"code":21408}`, gateway.Refused, gateway.Route, "twilio:21408"},
		{400, `{"code":21606}`, gateway.Refused, gateway.Route, "twilio:21606"},
		{400, `{"code":21611}`, gateway.Refused, gateway.Throttled, "twilio:21611"},
		{429, `{"code":20429}`, gateway.Refused, gateway.Throttled, "twilio:20429"},
		{429, ``, gateway.Refused, gateway.Throttled, "http:429"},
		{400, `{"code":29999}`, gateway.Refused, gateway.Temporary, "twilio:29999"},
		{403, `{"code":29999}`, gateway.Refused, gateway.Route, "twilio:29999"},
		{403, `no`, gateway.Refused, gateway.Route, "http:403"},
		{409, `{"code":29999}`, gateway.Unknown, 0, "twilio:29999"},
	} {
		v := g.Answer(&gateway.Outbound{}, outward.Answer{Status: tt.status, Body: []byte(tt.body), Header: http.Header{}})
		if v.Outcome != tt.outcome || v.Class != tt.class || v.Code != tt.code {
			t.Errorf("%d %s: %+v", tt.status, tt.body, v)
		}
	}
	v := g.Answer(&gateway.Outbound{}, outward.Answer{
		Status: 201, Body: []byte(`{"sid":"SM1","num_segments":"3","price":"-0.00750","price_unit":"USD"}`),
	})
	if v.Counted != 3 || v.Cost == nil || *v.Cost != (gateway.Money{Micros: 7500, Currency: "USD"}) || v.Parts[0].MatchID != "SM1" {
		t.Errorf("%+v, cost %+v", v, v.Cost)
	}
}

// What a request says: sender or service, callback, validity.
func TestRequest(t *testing.T) {
	g := newGateway(t, "https://api.twilio.com", "https://sms.example/receipts")
	now := time.Date(2030, 1, 1, 20, 0, 0, 0, time.UTC)
	form := func(m gateway.Outbound) url.Values {
		r, err := g.Request(t.Context(), &m, now)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Body)
		f, _ := url.ParseQuery(string(b))
		return f
	}
	f := form(gateway.Outbound{To: "447700900001", From: "447700900002", Text: "a&To=1\r\nb", NotAfter: now.Add(90 * time.Second)})
	for name, want := range map[string]string{
		"To": "+447700900001", "From": "+447700900002", "Body": "a&To=1\r\nb", "StatusCallback": "https://sms.example/receipts", "ValidityPeriod": "90",
	} {
		if len(f[name]) != 1 || f.Get(name) != want {
			t.Errorf("%s is %q", name, f[name])
		}
	}
	if f := form(gateway.Outbound{From: "TIDINGS", NotAfter: now.Add(99 * time.Hour)}); f.Get("From") != "TIDINGS" || f.Get("ValidityPeriod") != "36000" {
		t.Errorf("%v", f)
	}
	g.set.MessagingServiceSID = "MG1"
	if f := form(gateway.Outbound{From: "TIDINGS"}); f.Has("From") || f.Get("MessagingServiceSid") != "MG1" || f.Has("ValidityPeriod") {
		t.Errorf("%v", f)
	}
}

// What is wrong with settings is told by field, all at once.
func TestSettings(t *testing.T) {
	_, err := New("x", json.RawMessage(`{"account_sid":"me","base_url":"http://10.0.0.1","in_flight":-1,"messaging_service_sid":"x","parts_per_second":-1,"max_parts":99,"response_seconds":999}`), nil, Options{})
	var p sms.Problems
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	for _, f := range []string{"account_sid", "auth_token", "base_url", "in_flight", "messaging_service_sid", "parts_per_second", "max_parts", "response_seconds"} {
		if p.For(f) == "" {
			t.Errorf("nothing about %s", f)
		}
	}
	for _, bad := range []string{"https://u:p@api.twilio.com", "https://api.twilio.com/x", "ftp://x", "http://localhost", "https://"} {
		if safeBase(bad) {
			t.Errorf("%s is taken", bad)
		}
	}
	if _, err := New("x", json.RawMessage(`[`), nil, Options{}); !errors.As(err, &p) {
		t.Error("no JSON is taken")
	}
}

// hookRequest is a webhook as the server hands it over.
func hookRequest(target, kind, sig string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, nil)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("X-Twilio-Signature", sig)
	return r
}
