package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway"
	"tidings/internal/gateway/smsc"
	"tidings/internal/sms"
	"tidings/web/webtest"
)

// routeValues is the form of a route to a carrier at addr, as a browser sends it.
func routeValues(name, addr string) url.Values {
	return url.Values{
		"kind": {"smpp"}, "name": {name}, "countries": {"FR NO"}, "weight": {"100"}, "retry": {"48"}, "validity": {"48"}, "cost": {"0.045 EUR"}, "do": {"on"},
		"set-addresses": {addr}, "set-system_id": {"nord"}, "secret-password": {"geheim"}, "set-window": {"20"}, "set-binds": {"2"}, "set-ids": {"same"},
	}
}

// D42: the pages of gateways are for administrators, and a saved secret is on none
// of them, nor in what is kept over a sign-in.
func TestGatewayPages(t *testing.T) {
	w := ownSendingSite(t)
	admin := func(method, path string, form url.Values) answer { return w.do(w.Admin, method, path, form) }
	bad := routeValues("Bad Name", "nowhere")
	a := admin("POST", "/staff/gateways/new", bad)
	for _, want := range []string{"Enter a name of 2 to 32", `value="Bad Name"`, `value="nowhere"`, `value="0.045 EUR"`, "Enter it once more"} {
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("%d, without %q", a.status, want)
		}
	}
	pages := a.body
	if a = admin("POST", "/staff/gateways/new", routeValues("orange", "nowhere")); !strings.Contains(a.body, "Use host:port") {
		t.Errorf("%d: a port is not missed", a.status)
	}
	if a = admin("POST", "/staff/gateways/new", routeValues("orange", "127.0.0.1:1")); a.to != "/staff/gateways/orange" {
		t.Fatalf("%d to %q: %s", a.status, a.to, tags.ReplaceAllString(a.body, ""))
	}
	if a = admin("POST", "/staff/gateways/new", routeValues("orange", "127.0.0.1:1")); !strings.Contains(a.body, "Choose another name: a route has this one") {
		t.Errorf("%d: a name is given twice", a.status)
	}
	for _, path := range []string{"/staff/gateways", "/staff/gateways/orange", "/staff/gateways/orange/settings", "/staff/gateways/orange/stop", "/staff/gateways/orange/trace", "/staff/gateways/orange/unknown", "/staff/gateways/orange/try", "/staff/audit"} {
		a := admin("GET", path, nil)
		if a.status != http.StatusOK || !strings.Contains(a.body, "orange") {
			t.Errorf("%s: %d", path, a.status)
		}
		pages += a.body
	}
	change := routeValues("orange", "127.0.0.1:2")
	change.Set("secret-password", "")
	if a = admin("POST", "/staff/gateways/orange/settings", change); a.to != "/staff/gateways/orange" {
		t.Errorf("%d: %s", a.status, tags.ReplaceAllString(a.body, ""))
	}
	for _, x := range []struct {
		path, want string
		form       url.Values
	}{
		{"/stop", "Say why", url.Values{"how": {"drain"}}},
		{"/stop", "Choose how it stops", url.Values{"reason": {"maintenance"}}},
		{"/move", "Say why", url.Values{}},
		{"/try", "Tick that this is a test of ours", url.Values{}},
		{"/unknown", "Nothing waits for a person", url.Values{}},
	} {
		if a := admin("POST", "/staff/gateways/orange"+x.path, x.form); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, x.want) {
			t.Errorf("%s %v: %d", x.path, x.form, a.status)
		}
	}
	for _, x := range [][2]string{{"/stop", "drain"}, {"/stop", "off"}, {"/resume", ""}, {"/trace", ""}, {"/move", ""}} {
		if a := admin("POST", "/staff/gateways/orange"+x[0], url.Values{"how": {x[1]}, "reason": {"maintenance"}}); a.status != http.StatusSeeOther {
			t.Errorf("%v: %d", x, a.status)
		}
	}
	if a := admin("GET", "/staff/gateways/simulator/settings", nil); a.status != http.StatusConflict {
		t.Errorf("the route of the environment is changed: %d", a.status)
	}
	if a := admin("GET", "/staff/gateways/none", nil); a.status != http.StatusNotFound {
		t.Errorf("a route that is not there: %d", a.status)
	}
	out, err := w.ask("signed out", "POST", "/staff/gateways/new", routeValues("more", "127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	_, fields, ok := kept(between(out.body, `name="kept" value="`, `"`))
	for _, f := range fields {
		if f.Value == "geheim" {
			t.Error("a secret is kept over a sign-in")
		}
	}
	if pages += out.body; strings.Contains(pages, "geheim") || !ok {
		t.Errorf("a page shows a secret, or the form was not kept (%v)", ok)
	}
	for _, who := range []sms.Actor{w.Owner, w.Moderator} {
		for _, path := range []string{"/staff/gateways", "/staff/gateways/events", "/staff/gateways/orange", "/staff/gateways/orange/settings"} {
			if a := w.do(who, "GET", path, nil); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
				t.Errorf("%s sees %s: %d", who.Name, path, a.status)
			}
		}
		if a := w.do(who, "POST", "/staff/gateways/orange/stop", url.Values{"how": {"off"}, "reason": {"maintenance"}}); a.status != http.StatusForbidden && a.status != http.StatusNotFound {
			t.Errorf("%s stops a route: %d", who.Name, a.status)
		}
	}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// A route is added in a browser, takes messages of a campaign, is seen to work,
// is drained, and what waits leaves by another.
func TestGatewaysInABrowser(t *testing.T) {
	b := webtest.Open(t)
	if b == nil {
		return
	}
	w := ownSendingSite(t)
	ctx, cancel := context.WithCancel(context.Background())
	carrier, err := smsc.Start(ctx, smsc.Config{ReceiptDelay: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	w.App.Routes = map[string]gateway.Gateway{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.App.Dispatch(ctx, app.DispatchOptions{Name: "worker-1"}); err != nil {
			w.t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	w.Clock.Set(time.Now())
	tab := w.browse(b, w.Admin)
	base := w.server.URL + "/staff/gateways"

	tab.Go(base + "/new")
	tab.Click("form.work .btn.primary")
	tab.WaitText("#errors", "Enter addresses")
	tab.ForgetConsole() // Chrome notes the 422
	for id, v := range map[string]string{"#name": "orange-fr", "#set-addresses": "127.0.0.1:1", "#set-system_id": "nord", "#secret-password": "geheim", "#set-binds": "2", "#set-window": "20", "#countries": "FR", "#cost": "0.045 EUR"} {
		tab.Fill(id, v)
	}
	tab.Click("form.work .btn.primary")
	tab.WaitText("#flash", "The route orange-fr is added.")
	tab.WaitText("#live", "Not connected")
	tab.WaitText("#live", "No connection to 127.0.0.1:1")
	tab.Shot("gateway-down")
	tab.Go(base + "/orange-fr/settings")
	tab.Fill("#set-addresses", carrier.Addr())
	tab.Fill("#codes", "0x45 temporary 60 3")
	tab.Fill("#prefixes", "+33612")
	glance(tab, "gateway-settings")
	tab.Click("form.work .btn.primary")
	tab.WaitText("#live", "Ready")

	w.AddContacts(40)
	w.Credits(100 * sms.Credit)
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	w.start()
	w.Clock.Set(time.Now())
	tab.WaitText("#live", "60 min ago")
	glance(tab, "gateway-ready")
	tab.Go(base + "/orange-fr/trace")
	tab.Click(".acts .btn")
	tab.WaitText("#trace", "octets of text hidden")
	glance(tab, "gateway-trace")

	tab.Go(base + "/orange-fr/try")
	tab.Fill("#number", "+33612345670")
	tab.Click("#tick")
	tab.Click("form .btn.primary")
	tab.WaitText("#trials", "Delivered") // it looks again by itself
	tab.WaitText("#trials", "Accepted.")
	glance(tab, "gateway-try")
	tab.Keys("g!")
	tab.Wait("#kill")
	tab.Click("input[name=scope][value=text]")
	tab.Set("#what", "bit.ly/x")
	tab.WaitText("#kill-say", "messages with “bit.ly/x” in their text")
	tab.Shot("kill-text")

	tab.Go(base + "/orange-fr/stop")
	tab.Fill("#reason", "The carrier has maintenance")
	tab.Click("form .btn.stop-solid")
	tab.WaitText("#flash", "Nothing leaves by orange-fr any more.")
	tab.WaitText("#live", "Draining")
	w.AddContacts(3)
	w.next("Second")
	w.submitted(now)
	w.validated(sms.Verdict{Decision: "approve", Note: "fine in spite of it"})
	w.start()
	if a := w.get(w.base); !strings.Contains(a.body, "messages to France wait.") {
		t.Error("the campaign does not say that it waits for a route")
	}
	tab.Go(base)
	tab.WaitText("#live", "messages wait because it drains.")
	add := routeValues("telia", carrier.Addr())
	if a := w.do(w.Admin, "POST", "/staff/gateways/new", add); a.to == "" {
		t.Fatal(tags.ReplaceAllString(a.body, ""))
	}
	tab.WaitText("#live", "telia")
	glance(tab, "gateways")
	tab.Go(base + "/orange-fr/move")
	tab.Fill("#reason", "The carrier has maintenance")
	tab.Click("form .btn.primary")
	tab.WaitText("#flash", "leave by other routes.")
	tab.Click(".acts form .btn")
	tab.WaitText("#live", "Ready")
	tab.NoConsole()
}
