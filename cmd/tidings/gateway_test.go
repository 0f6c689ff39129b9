package main

import (
	"bytes"
	"strings"
	"testing"

	"tidings/internal/app"
	"tidings/internal/config"
	"tidings/internal/postgres/pgtest"
)

// Routes are added, changed, stopped and shown for scripts; a secret comes from
// the environment or the standard input, and is on no line that is shown.
func TestGatewayCommands(t *testing.T) {
	dsn := pgtest.Fresh(t)
	env := map[string]string{"DATABASE_URL": dsn, "TIDINGS_SECRET": strings.Repeat("0123456789abcdef", 4), "TIDINGS_GATEWAY_PASSWORD": "geheim"}
	var out bytes.Buffer
	tidings := func(in string, args ...string) error {
		c, err := config.Parse(append([]string{"gateway"}, args...), func(k string) string { return env[k] }, &out)
		if err != nil {
			return err
		}
		return withDatabase(t.Context(), c, logger(c, &out), func(a *app.App) error { return gatewayCommand(t.Context(), a, c.Route, strings.NewReader(in), &out) })
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(tidings("", "add", "smpp", "orange-fr", "addresses=smpp.example:2775", "system_id=nord", "countries=FR,NO", "weight=70"))
	must(tidings("password=geheim too\n", "add", "smpp", "telia", "addresses=smpp.example:2775", "system_id=nord", "--off", "--secrets-stdin"))
	sealed := func() string {
		return pgtest.Value[string](t, dsn, `select encode(secrets, 'hex') from gateways where name = 'orange-fr'`)
	}
	was := sealed()
	delete(env, "TIDINGS_GATEWAY_PASSWORD")
	must(tidings("", "change", "orange-fr", "rate=50", "kinds=service"))
	if sealed() != was {
		t.Error("a change without a secret changed it")
	}
	must(tidings("", "change", "orange-fr", "on_unknown=retry_if_no_receipt_after", "unknown_hours=4"))
	must(tidings("", "change", "orange-fr", `codes=0x45 temporary 60 3\n0x58 throttled 5`, "retry=72"))
	must(tidings("", "drain", "orange-fr", "--reason=maintenance"))
	must(tidings("", "on", "orange-fr"))
	must(tidings("", "off", "orange-fr"))
	must(tidings("", "list"))
	for _, want := range []string{"orange-fr  off ", "FR,NO", "  70 ", "telia      off "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the list has no %q:\n%s", want, out.String())
		}
	}
	for _, x := range []struct{ want, args string }{
		{"no route named", "off nobody"},
		{"The route is off already.", "off orange-fr"},
		{"has no setting \"colour\"", "change orange-fr colour=red"},
		{"on_unknown: Choose another, or enter the header of the idempotency key", "change orange-fr on_unknown=idempotent_retry"},
		{"codes: Use lines such as 0x45 temporary 60: 0x45 is none", "change orange-fr codes=0x45"},
		{"unknown_hours: Enter 1 to 47", "change orange-fr unknown_hours=48"},
		{"weight: Enter a share", "change orange-fr weight=-1"},
		{"is a secret", "change orange-fr password=geheim"},
		{"is no setting", "change orange-fr weight"},
		{"password: Enter password", "add smpp more addresses=a:1 system_id=x"},
		{"the kinds are: smpp, twilio, http", "add carrier-pigeon more"},
	} {
		if err := tidings("", strings.Fields(x.args)...); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", x.args, err, x.want)
		}
	}
	all := pgtest.Value[string](t, dsn, `select string_agg(a::text, ' ') from audit a`)
	if strings.Contains(out.String()+all, "geheim") || !strings.Contains(all, "The command line") || !strings.Contains(all, "maintenance") {
		t.Errorf("shown: %s\nlogged: %s", out.String(), all)
	}
	if err := tidings("", "move", "orange-fr"); err == nil || !strings.Contains(err.Error(), "No other route") {
		t.Errorf("move: %v", err)
	}
}
