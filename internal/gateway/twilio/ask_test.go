package twilio

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// Unknown messages are found in Twilio's list only where there is one that can be it; receipts that did not come are
// asked for by the id.
func TestAsk(t *testing.T) {
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	entry := func(sid, to, body string, made time.Time, direction string) listed {
		return listed{SID: sid, To: to, Body: body, Direction: direction, DateCreated: made.Format(time.RFC1123Z)}
	}
	const out = "outbound-api"
	list := []listed{
		entry("SM1", "+33612345671", "Hello", at.Add(time.Second), out),
		entry("SM2", "+33612345671", "Hello", at.Add(-time.Hour), out), // of another time
		entry("SM3", "+33612345671", "Other", at, out),
		entry("SM4", "+33612345672", "Hello", at, out), entry("SM5", "+33612345672", "Hello", at, out), // which?
		entry("SM6", "+33612345673", "Hello", at, "inbound"),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Method != http.MethodGet || user != testSID || password != testToken {
			t.Errorf("%s by %q", r.Method, user)
		}
		if to := r.URL.Query().Get("To"); to != "" {
			var found []listed
			for _, x := range list {
				if x.To == to {
					found = append(found, x)
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"messages": found})
			return
		}
		switch sid := strings.TrimSuffix(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], ".json"); sid {
		case "SM1":
			_ = json.NewEncoder(w).Encode(listed{SID: sid, To: "+33612345671", Status: "delivered"})
		case "SM2":
			_ = json.NewEncoder(w).Encode(listed{SID: sid, To: "+33612345671", Status: "undelivered", ErrorCode: 30005})
		default:
			_ = json.NewEncoder(w).Encode(listed{SID: sid, To: "+33612345671", Status: "a new word"})
		}
	}))
	t.Cleanup(server.Close)
	g := newGateway(t, server.URL, "")
	var unknown []gateway.Outbound
	for n, to := range []string{"33612345671", "33612345672", "33612345673", "33612345674"} {
		unknown = append(unknown, gateway.Outbound{N: int32(n), Attempt: 1, To: to, Text: "Hello", At: at})
	}
	found, err := g.Resolve(t.Context(), unknown)
	if err != nil || len(found) != 1 || found[0].N != 0 || found[0].Outcome != gateway.Accepted || found[0].Parts[0].MatchID != "SM1" {
		t.Errorf("found %+v (%v)", found, err)
	}
	receipts, err := g.Poll(t.Context(), []string{"SM1", "SM2", "SM3"})
	if err != nil || len(receipts) != 2 || receipts[0].State != gateway.Delivered || receipts[1].State != gateway.Undelivered || receipts[1].Code != "twilio:30005" {
		t.Errorf("receipts %+v (%v)", receipts, err)
	}
	server.Close()
	if found, err := g.Resolve(t.Context(), unknown); err == nil || len(found) != 0 {
		t.Errorf("with nobody there: %v, %v", found, err)
	}
}
