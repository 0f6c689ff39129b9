package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/sms"
	"tidings/web/view"
)

// D35, D42: an administrator sets the limits of a tenant and its senders; what was
// typed stays where it was.
func TestSpeedPage(t *testing.T) {
	w := newSendingSite(t)
	path := "/staff/tenants/" + w.Tenant.Slug + "/speed"
	f := url.Values{"all": {"1200"}, "sender": {apptest.Sender}, "limit": {"fast"}, "reason": {"agreed with the operator"}}
	a := w.do(w.Admin, "POST", path, f)
	for _, want := range []string{"Enter a whole number from 0", `value="1200"`, `value="fast"`, "agreed with the operator</textarea>", `href="#limit-0"`} {
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("%d, without %q", a.status, want)
		}
	}
	f.Set("limit", "50")
	if a = w.do(w.Admin, "POST", path, f); a.to != path {
		t.Fatalf("%d to %q", a.status, a.to)
	}
	if a = w.do(w.Admin, "GET", path, nil); !strings.Contains(a.body, `value="1200"`) || !strings.Contains(a.body, `value="50"`) || !strings.Contains(a.body, apptest.Sender) {
		t.Errorf("the limits are not shown: %s", tags.ReplaceAllString(a.body, ""))
	}
	for _, who := range []sms.Actor{w.Owner, w.Moderator} {
		if a := w.do(who, "POST", path, f); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("%s sets a limit: %d", who.Name, a.status)
		}
	}
}

// B26: the page of a route says in words how fast it sends and since when.
func TestSlowedGatewayInWords(t *testing.T) {
	now := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	asked := time.Date(2026, 11, 26, 14, 3, 9, 0, time.UTC)
	line := app.GatewayLine{
		Route:    sms.Route{Name: "orange", Kind: "smpp", State: sms.RouteOn},
		Statuses: []sms.GatewayStatus{{At: now, State: "ready", Rate: 200}, {At: now, State: "ready", Rate: 200}},
		Pace:     sms.Pace{Slow: 120.4, AskedAt: &asked},
	}
	page := func() string {
		var b strings.Builder
		if err := view.GatewayLive(view.NewGateway(app.GatewayPage{GatewayLine: line, Now: now})).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, want := range []string{"Sending 120 a second: the carrier asked for less at 14:03 UTC.", "Slowed by the carrier", "200 parts/s, all workers together"} {
		if body := page(); !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	line.Pace.Slow = 0
	if strings.Contains(page(), "asked for less") {
		t.Error("a route at its limit is said to be slowed")
	}
}
