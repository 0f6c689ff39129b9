package web

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
)

// B37 over HTTP: a receipt is taken, 204, only when it is durable; it is refused
// when it is not the carrier's, and asked for again when we cannot keep it.
func TestReceiptsOverHTTP(t *testing.T) {
	w := ownSendingSite(t)
	w.App.Base = "https://sms.example.com"
	const token = "geheim"
	add := url.Values{"kind": {"twilio"}, "name": {"twilio"}, "weight": {"100"}, "retry": {"48"}, "do": {"off"}, "set-account_sid": {"AC" + strings.Repeat("0a", 16)}, "secret-auth_token": {token}}
	if a := w.do(w.Admin, "POST", "/staff/gateways/new", add); a.to == "" {
		t.Fatal(tags.ReplaceAllString(a.body, ""))
	}
	if a := w.do(w.Admin, "POST", "/staff/gateways/new", routeValues("orange", "127.0.0.1:1")); a.to == "" {
		t.Fatal(tags.ReplaceAllString(a.body, ""))
	}
	form := url.Values{"MessageSid": {"SM123"}, "MessageStatus": {"delivered"}, "To": {"+33612345678"}, "From": {"NORDFARE"}, "AccountSid": {add.Get("set-account_sid")}}
	signature := twilioSigned(w.App.Base, token, form)
	post := func(h http.Handler, name, signature, body string) int {
		r := httptest.NewRequest(http.MethodPost, "/gateways/"+name+"/receipts", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", signature)
		out := httptest.NewRecorder()
		h.ServeHTTP(out, r)
		return out.Code
	}
	here := New(w.App, nil, slog.New(slog.DiscardHandler)).Handler()
	closed, err := postgres.Open(t.Context(), w.DSN, 2)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	away := New(&app.App{DB: closed, Now: w.App.Now, Log: w.App.Log, Secret: w.App.Secret}, nil, slog.New(slog.DiscardHandler)).Handler()
	for _, x := range []struct {
		what string
		got  int
		want int
	}{
		{"forged", post(here, "twilio", "bm8=", form.Encode()), http.StatusForbidden},
		{"of nobody", post(here, "nobody", signature, form.Encode()), http.StatusNotFound},
		{"of a carrier that posts none", post(here, "orange", signature, form.Encode()), http.StatusNotFound},
		{"of the environment", post(here, "simulator", signature, form.Encode()), http.StatusNotFound},
		{"too long", post(here, "twilio", signature, "x="+strings.Repeat("y", 1<<20)), http.StatusRequestEntityTooLarge},
		{"with the database away", post(away, "twilio", signature, form.Encode()), http.StatusServiceUnavailable},
	} {
		if x.got != x.want {
			t.Errorf("%s: %d, want %d", x.what, x.got, x.want)
		}
	}
	kept := func() int {
		return pgtest.Value[int](t, w.DSN, `select count(*) from receipts where provider_id = 'SM123'`)
	}
	if kept() != 0 {
		t.Fatal("what was refused was kept")
	}
	for range 2 { // everything may come twice
		if got := post(here, "twilio", signature, form.Encode()); got != http.StatusNoContent || kept() != 1 {
			t.Errorf("%d, and %d are kept", got, kept())
		}
	}
}

// twilioSigned is the signature of a form that Twilio posts.
func twilioSigned(base, token string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(base + "/gateways/twilio/receipts"))
	for _, k := range slices.Sorted(maps.Keys(form)) {
		mac.Write([]byte(k + form.Get(k)))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// What carriers post is in the figures of their route, though no worker took it; and what they say is storable,
// whatever bytes are in it (B42).
func TestWebhooksAreCounted(t *testing.T) {
	w := ownSendingSite(t)
	w.App.Base = "https://sms.example.com"
	add := url.Values{"kind": {"twilio"}, "name": {"twilio"}, "weight": {"100"}, "retry": {"48"}, "do": {"off"}, "set-account_sid": {"AC" + strings.Repeat("0a", 16)}, "secret-auth_token": {"geheim"}}
	if a := w.do(w.Admin, "POST", "/staff/gateways/new", add); a.to == "" {
		t.Fatal(tags.ReplaceAllString(a.body, ""))
	}
	here := New(w.App, nil, slog.New(slog.DiscardHandler)).Handler()
	for _, form := range []url.Values{
		{"MessageSid": {"SM\x001\xff"}, "MessageStatus": {"undelivered"}, "ErrorCode": {"30005"}, "To": {"+33612345678"}, "AccountSid": {add.Get("set-account_sid")}},
		{"SmsSid": {"SM\x002"}, "SmsStatus": {"received"}, "MessageSid": {"SM\x002"}, "Body": {"STOP\x00\xfe now"}, "From": {"+33612345678"}, "To": {"+33700000000"}, "AccountSid": {add.Get("set-account_sid")}},
	} {
		r := httptest.NewRequest(http.MethodPost, "/gateways/twilio/receipts", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", twilioSigned(w.App.Base, "geheim", form))
		out := httptest.NewRecorder()
		here.ServeHTTP(out, r)
		if out.Code != http.StatusNoContent {
			t.Fatalf("%v: %d", form, out.Code)
		}
	}
	if got := pgtest.Value[string](t, w.DSN, `select provider_id || ' ' || code from receipts where number = 33612345678`); got != "SM1\uFFFD twilio:30005" {
		t.Errorf("kept as %q", got)
	}
	if got := pgtest.Value[string](t, w.DSN, `select text from inbound where number = 33612345678`); got != "STOP\uFFFD now" {
		t.Errorf("the text is kept as %q", got)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		g, err := w.App.Gateway(t.Context(), w.Admin, "twilio")
		if err != nil {
			t.Fatal(err)
		}
		if s := g.Sum(g.Now); s.Receipts == 1 && s.In == 2 && s.LastReceipt != nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("counted as %+v", s)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
