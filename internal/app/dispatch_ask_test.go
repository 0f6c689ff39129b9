package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway/smsc"
	"tidings/internal/sms"
)

// forgetful is a Twilio that takes messages, does not say so, and has them in its list.
type forgetful struct {
	mu    sync.Mutex
	list  []map[string]string
	posts int
}

func (f *forgetful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodPost {
		_ = r.ParseForm()
		f.posts++
		sid := "SM" + strings.Repeat("0", 31) + string(rune('0'+f.posts))
		f.list = append(f.list, map[string]string{"sid": sid, "to": r.Form.Get("To"), "body": r.Form.Get("Body"), "direction": "outbound-api", "status": "delivered", "date_created": time.Now().UTC().Format(time.RFC1123Z)})
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var found []map[string]string
	for _, m := range f.list {
		if strings.Contains(r.URL.Path, m["sid"]) {
			_ = json.NewEncoder(w).Encode(m)
			return
		}
		if m["to"] == r.URL.Query().Get("To") {
			found = append(found, m)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"messages": found})
}

// D34, F12, dispatch.md 2.5: what a carrier that can be asked has taken without saying so is found in its list, charged
// once and never sent again; and a receipt that did not come is asked for.
func TestCarriersAreAsked(t *testing.T) {
	e := newEngine(t, smsc.Config{})
	e.Exec(`delete from gateways`)
	e.App.Routes, e.App.Base = nil, "https://sms.example.com"
	e.App.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	carrier := &forgetful{}
	server := httptest.NewServer(carrier)
	t.Cleanup(server.Close)
	k, _ := sms.KindOfRoute("twilio")
	f := sms.NewRouteForm(k)
	f.Name = "twilio"
	f.Set["account_sid"], f.Set["auth_token"], f.Set["base_url"] = "AC"+strings.Repeat("0a", 16), "geheim", server.URL
	if _, err := e.App.AddGateway(t.Context(), e.Admin, f, true); err != nil {
		t.Fatal(err)
	}
	e.run()
	s := e.send("Hello", numbers(2, 0)...)
	e.until(s, "no answer", func(y sms.Tally) bool { return y.Unknown == 2 })
	e.Exec(`update unknowns set asked_at = now() - interval '3 minutes'`) // as if they were two minutes old
	e.until(s, "they are found", func(y sms.Tally) bool { return y.Accepted+y.Delivered == 2 })
	e.Exec(`update batches set due_at = due_at - interval '2 hours'`)
	e.Exec(`update attempts set marked_at = marked_at - interval '61 minutes'`)
	e.Exec(`update windows set marked_at = marked_at - interval '61 minutes'`)
	e.until(s, "their receipts are asked for", func(y sms.Tally) bool { return y.Delivered == 2 })
	e.settled(s, 2*sms.Credit, 0)
	carrier.mu.Lock()
	defer carrier.mu.Unlock()
	if carrier.posts != 2 {
		t.Errorf("the carrier was given %d messages", carrier.posts)
	}
}
