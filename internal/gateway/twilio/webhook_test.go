package twilio

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"testing"

	"tidings/internal/gateway"
)

const (
	formType = "application/x-www-form-urlencoded"
	hookURL  = "https://sms.example/gateways/test/receipts"
	hookPath = "/gateways/test/receipts"
)

func signature(token, address string, form url.Values) string {
	return base64.StdEncoding.EncodeToString(sign(token, address, joined(form)))
}

// The signature of Twilio's own libraries' tests.
func TestSignatureVector(t *testing.T) {
	form := url.Values{
		"Digits": {"1234"}, "CallSid": {"CA1234567890ABCDE"}, "To": {"+18005551212"},
		"Caller": {"+14158675309"}, "From": {"+14158675309"},
	}
	if got := signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form); got != "RSOYDt4T1cUTdK1PDd93/VVr8B8=" {
		t.Error(got)
	}
}

// Status callbacks: words to states, codes normalised, and only the final ones final.
func TestReceipts(t *testing.T) {
	g := newGateway(t, "https://api.twilio.com", hookURL)
	for _, tt := range []struct {
		status, code string
		state        gateway.State
		kept         string
	}{
		{"queued", "", gateway.Enroute, ""},
		{"sending", "", gateway.Enroute, ""},
		{"sent", "", gateway.Enroute, ""},
		{"delivered", "", gateway.Delivered, ""},
		{"undelivered", "30003", gateway.Undelivered, "twilio:30003"},
		{"failed", "30007", gateway.Rejected, "twilio:30007"},
		{"failed", "21610", gateway.OptOut, "twilio:21610"},
		{"canceled", "", gateway.Deleted, ""},
		{"undelivered", "+447700900001", gateway.Undelivered, ""}, // no code
	} {
		form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {tt.status}, "To": {"+447700900001"}, "From": {"TIDINGS"}}
		if tt.code != "" {
			form.Set("ErrorCode", tt.code)
		}
		rs, ms, err := g.ParseWebhook(hookRequest(hookPath, formType, signature(testToken, hookURL, form)), []byte(form.Encode()))
		if err != nil || len(rs) != 1 || len(ms) != 0 {
			t.Fatalf("%s: %v %v %v", tt.status, rs, ms, err)
		}
		r := rs[0]
		if r.State != tt.state || r.Code != tt.kept || r.Final != (tt.state != gateway.Enroute) || r.MatchID != "SM1" || r.To != "447700900001" {
			t.Errorf("%s %s: %+v", tt.status, tt.code, r)
		}
	}
	form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {"partially_delivered"}}
	if rs, ms, err := g.ParseWebhook(hookRequest(hookPath, formType, signature(testToken, hookURL, form)), []byte(form.Encode())); err != nil || len(rs)+len(ms) != 0 {
		t.Errorf("a new word: %v %v %v", rs, ms, err)
	}
}

// Only Twilio's own requests are read.
func TestSignatures(t *testing.T) {
	g := newGateway(t, "https://api.twilio.com", hookURL)
	form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {"delivered"}, "To": {"+447700900001"}}
	good := signature(testToken, hookURL, form)
	body := []byte(`{"MessageSid":"SM1","MessageStatus":"delivered","To":"+447700900001"}`)
	sum := sha256.Sum256(body)
	query := "?bodySHA256=" + hex.EncodeToString(sum[:])
	changed := strings.Replace(form.Encode(), "delivered", "failed", 1)
	for name, tt := range map[string]struct {
		target, kind, sig, body string
		ok                      bool
	}{
		"form":          {hookPath, formType, good, form.Encode(), true},
		"with port":     {hookPath, formType, signature(testToken, strings.Replace(hookURL, ".example", ".example:443", 1), form), form.Encode(), true},
		"json":          {hookPath + query, "application/json", signature(testToken, hookURL+query, nil), string(body), true},
		"no signature":  {hookPath, formType, "", form.Encode(), false},
		"changed":       {hookPath, formType, good, changed, false},
		"other token":   {hookPath, formType, signature("x", hookURL, form), form.Encode(), false},
		"other address": {hookPath, formType, signature(testToken, hookURL+"/x", form), form.Encode(), false},
		"more query":    {hookPath + "?a=1", formType, good, form.Encode(), false},
		"json changed":  {hookPath + query, "application/json", signature(testToken, hookURL+query, nil), string(body) + " ", false},
		"json unhashed": {hookPath, "application/json", signature(testToken, hookURL, nil), string(body), false},
		"json as form":  {hookPath + query, formType, signature(testToken, hookURL+query, nil), string(body), false},
	} {
		rs, _, err := g.ParseWebhook(hookRequest(tt.target, tt.kind, tt.sig), []byte(tt.body))
		if tt.ok != (err == nil && len(rs) == 1) || !tt.ok && !errors.Is(err, gateway.ErrSignature) {
			t.Errorf("%s: %v %v", name, rs, err)
		}
	}
	none := newGateway(t, "https://api.twilio.com", "")
	if _, _, err := none.ParseWebhook(hookRequest(hookPath, formType, signature(testToken, "", form)), []byte(form.Encode())); !errors.Is(err, gateway.ErrSignature) {
		t.Errorf("without an address: %v", err)
	}
	if _, _, err := g.ParseWebhook(hookRequest(hookPath, formType, good), make([]byte, maxBody+1)); err == nil {
		t.Error("a body of any length is taken")
	}
}

// No body crashes the reader or makes a receipt without an id, signed or not.
func FuzzWebhook(f *testing.F) {
	for _, seed := range []string{
		"MessageSid=SM1&MessageStatus=delivered&To=%2B447700900001&From=TIDINGS",
		"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&To=%2B447700900001",
		"SmsSid=SM1&SmsStatus=received&From=%2B447700900001&To=12345&Body=STOP&NumSegments=1",
		`{"MessageSid":"SM1","MessageStatus":"failed","ErrorCode":"21610"}`,
		"MessageSid=&MessageStatus=delivered", "a=1&a=2&a=1;b", "%zz", "",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	g := newGateway(f, "https://api.twilio.com", hookURL)
	f.Fuzz(func(t *testing.T, body []byte, asJSON bool) {
		r := hookRequest(hookPath, formType, "")
		if asJSON {
			sum := sha256.Sum256(body)
			query := "?bodySHA256=" + hex.EncodeToString(sum[:])
			r = hookRequest(hookPath+query, "application/json", signature(testToken, hookURL+query, nil))
		} else if form, err := url.ParseQuery(string(body)); err == nil {
			r = hookRequest(hookPath, formType, signature(testToken, hookURL, form))
		}
		rs, ms, err := g.ParseWebhook(r, body)
		if err != nil && len(rs)+len(ms) > 0 || len(rs)+len(ms) > 1 {
			t.Fatalf("%v %v %v", rs, ms, err)
		}
		for _, x := range rs {
			if x.MatchID == "" || x.State == 0 || x.Final != (x.State != gateway.Enroute) || len(x.Code) > 20 {
				t.Fatalf("%+v", x)
			}
		}
		for _, m := range ms {
			if m.From == "" || m.ProviderID == "" {
				t.Fatalf("%+v", m)
			}
		}
		r.Header.Set("X-Twilio-Signature", "AAAA")
		if _, _, err := g.ParseWebhook(r, body); err == nil {
			t.Fatal("taken without a signature")
		}
	})
}
