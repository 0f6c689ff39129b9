package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// smppForm is a route to a carrier at addr.
func smppForm(name, addr string) sms.RouteForm {
	k, _ := sms.KindOfRoute("smpp")
	f := sms.NewRouteForm(k)
	f.Name = name
	f.Set["addresses"], f.Set["system_id"], f.Set["password"] = addr, "nord", "geheim-"+name
	f.Set["window"], f.Set["binds"], f.Set["response"] = "20", "2", "2"
	return f
}

var because = app.RouteReason{Reason: "a test"}

// D42: only administrators reach the routes, by any deed.
func TestOnlyAdministratorsHaveRoutes(t *testing.T) {
	w := apptest.OwnWorld(t)
	ctx, a := t.Context(), w.App
	if _, err := a.AddGateway(ctx, w.Admin, smppForm("orange", "127.0.0.1:1"), false); err != nil {
		t.Fatal(err)
	}
	deeds := map[string]func(who sms.Actor) error{
		"list": func(who sms.Actor) error { _, err := a.Gateways(ctx, who); return err },
		"read": func(who sms.Actor) error { _, err := a.Gateway(ctx, who, "orange"); return err },
		"add": func(who sms.Actor) error {
			_, err := a.AddGateway(ctx, who, smppForm("more", "127.0.0.1:1"), true)
			return err
		},
		"change": func(who sms.Actor) error {
			return a.ChangeGateway(ctx, who, "orange", smppForm("orange", "127.0.0.1:2"))
		},
		"drain":  func(who sms.Actor) error { return a.DrainGateway(ctx, who, "orange", because) },
		"resume": func(who sms.Actor) error { return a.ResumeGateway(ctx, who, "orange") },
		"pause":  func(who sms.Actor) error { return a.PauseGateway(ctx, who, "orange", because) },
		"move":   func(who sms.Actor) error { _, err := a.MoveWaiting(ctx, who, "orange", because); return err },
		"trace":  func(who sms.Actor) error { return a.AskTrace(ctx, who, "orange") },
		"traces": func(who sms.Actor) error { _, _, err := a.GatewayTraces(ctx, who, "orange"); return err },
	}
	for name, deed := range deeds {
		for _, who := range []sms.Actor{w.Owner, w.Sender, w.Moderator, {}} {
			if err := deed(who); !errors.Is(err, sms.ErrForbidden) {
				t.Errorf("%s by %q: %v", name, who.Name, err)
			}
		}
	}
	for _, name := range []string{"drain", "resume", "pause", "trace", "change"} {
		if err := deeds[name](w.Admin); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.PauseGateway(ctx, w.Admin, "orange", app.RouteReason{}); err == nil {
		t.Error("a route is turned off without a reason")
	}
	l, err := a.StaffAuditLog(ctx, w.Admin, "", 0)
	if err != nil || len(l.Entries) != 6 || l.Broken != 0 {
		t.Errorf("%d entries in the log: %v", len(l.Entries), err)
	}
}

// Secrets are of no use but to the program, in their own row, and are never
// shown or logged.
func TestSecretsOfRoutesStaySecret(t *testing.T) {
	w := apptest.OwnWorld(t)
	ctx := t.Context()
	var ids []int16
	for _, name := range []string{"orange", "telia"} {
		r, err := w.App.AddGateway(ctx, w.Admin, smppForm(name, "127.0.0.1:1"), false)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	sealed := func(id int16) []byte {
		return pgtest.Value[[]byte](t, w.DSN, `select secrets from gateways where id = $1`, id)
	}
	open := app.Unseal(w.App, ids[0], sealed(ids[0]))
	if open != "geheim-orange" {
		t.Fatalf("the program reads %q", open)
	}
	if got := app.Unseal(w.App, ids[1], sealed(ids[0])); got != "" {
		t.Errorf("another gateway reads %q", got)
	}
	other := app.App{}
	other.Secret = bytes.Repeat([]byte("yek?"), 8) // of another installation
	if got := app.Unseal(&other, ids[0], sealed(ids[0])); got != "" {
		t.Errorf("another secret reads %q", got)
	}
	was := sealed(ids[0])
	f := smppForm("orange", "127.0.0.1:2")
	f.Set["password"] = ""
	if err := w.App.ChangeGateway(ctx, w.Admin, "orange", f); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(was, sealed(ids[0])) {
		t.Error("a secret that was not typed was changed")
	}
	page, err := w.App.Gateway(ctx, w.Admin, "orange")
	if err != nil {
		t.Fatal(err)
	}
	all := pgtest.Value[string](t, w.DSN, `select string_agg(x, ' ') from (select g::text x from gateways g union all select a::text from audit a) s`)
	for _, where := range []string{fmt.Sprintf("%+v", page), fmt.Sprintf("%+v", page.Form()), all, w.Log.String()} {
		if strings.Contains(where, "geheim") {
			t.Errorf("a secret is in %s", where)
		}
	}
	if err := pgtest.Exec(t, w.DSN, `set role tidings_app; select secrets from gateways`); err == nil {
		t.Error("the role of tenants reads secrets")
	}
}

// Each country leaves by the route that is cut for it; where none leads, the
// session waits for a decision, and nothing is set aside.
func TestSessionsTakeTheirRoutes(t *testing.T) {
	w := newSending(t)
	w.TheWorld = apptest.OwnWorld(t)
	w.campaign = w.addCampaign("Black Friday crossings")
	ctx := t.Context()
	w.Credits(100 * sms.Credit)
	f := smppForm("norway", "127.0.0.1:1")
	f.Countries = "NO"
	if _, err := w.App.AddGateway(ctx, w.Admin, f, true); err != nil {
		t.Fatal(err)
	}
	s := w.wake(w.approve(w.submitted(w.Clock.Now(), nil)))
	s = w.mustState(s, sms.SessionHeld)
	if s.Reason != "No route of ours leads to France yet" {
		t.Errorf("it waits because: %s", s.Reason)
	}
	f = smppForm("france", "127.0.0.1:1")
	f.Countries = "FR"
	france, err := w.App.AddGateway(ctx, w.Admin, f, true)
	if err != nil {
		t.Fatal(err)
	}
	w.campaign = w.addCampaign("Winter timetable")
	s = w.mustState(w.wake(w.approve(w.submitted(w.Clock.Now(), nil))), sms.SessionSending)
	if got := pgtest.Value[int16](t, w.DSN, `select gateway_id from batches where session_id = $1`, int64(s.ID)); got != france.ID {
		t.Errorf("France leaves by %d, not %d", got, france.ID)
	}
}

// rowEngine is an engine whose carrier is reached by a route of the database.
func rowEngine(t *testing.T, cfg smsc.Config) *engine {
	t.Helper()
	e := newEngine(t, cfg)
	e.Exec(`delete from gateways`)
	e.App.Routes = nil
	e.addRoute("orange")
	return e
}

func (e *engine) addRoute(name string) sms.Route {
	e.t.Helper()
	r, err := e.App.AddGateway(e.t.Context(), e.Admin, smppForm(name, e.carrier.Addr()), true)
	if err != nil {
		e.t.Fatal(err)
	}
	return r
}

// A stop takes effect before the call returns; what waits can leave by another
// route, and what was marked stays with the one that has it.
func TestStopAndMove(t *testing.T) {
	e := rowEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	ctx := t.Context()
	s := e.send("Hello", numbers(30, 0)...)
	marked := len(e.mark(s, 10))
	for _, stop := range []func() error{
		func() error { return e.App.DrainGateway(ctx, e.Admin, "orange", because) },
		func() error { return e.App.PauseGateway(ctx, e.Admin, "orange", because) },
	} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if got := e.mark(s, 10); len(got) != 0 || marked != 10 {
			t.Fatalf("%d were marked after the stop, %d before it", len(got), marked)
		}
	}
	if _, err := e.App.MoveWaiting(ctx, e.Admin, "orange", because); !errors.Is(err, sms.ErrConflict) {
		t.Fatalf("there is no other route: %v", err)
	}
	telia := e.addRoute("telia")
	moved, err := e.App.MoveWaiting(ctx, e.Admin, "orange", because)
	if err != nil || moved.Messages != 20 || moved.Left != 0 {
		t.Fatalf("%+v, %v", moved, err)
	}
	e.run()
	e.until(s, "what was moved has arrived", func(y sms.Tally) bool { return y.Delivered == 20 })
	by := func(g string) int {
		return pgtest.Value[int](t, e.DSN, `select count(*) from journal a join gateways g on g.id = a.gateway_id where g.name = $1`, g)
	}
	if by("orange") != 10 || by("telia") != 20 {
		t.Errorf("orange has %d and telia, number %d, has %d", by("orange"), telia.ID, by("telia"))
	}
	if got := e.carrier.Stats().Messages; got != 20 {
		t.Errorf("the carrier saw %d", got)
	}
}

// A worker whose list of work is old does not write to a route the batch has
// left: the mark asks again.
func TestMarkIsForItsGateway(t *testing.T) {
	e := rowEngine(t, smsc.Config{})
	s := e.send("Hello", numbers(5, 0)...)
	var refs []postgres.BatchRef
	telia := e.addRoute("telia")
	err := e.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) (err error) {
		if refs, err = tx.Work(t.Context(), e.Gateways(), 10); err != nil {
			return err
		}
		return tx.MoveBatch(t.Context(), s.Tenant, refs[0].Batch, telia.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
	worker := pgtest.Value[int64](t, e.DSN, `insert into workers(name) values ('old') returning id`)
	err = e.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) error {
		got, err := tx.Mark(t.Context(), worker, refs[0], 5, time.Now())
		if len(got) > 0 {
			t.Errorf("%d were marked for a gateway that the batch has left", len(got))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// B44: settings change again and again while messages leave, a route is drained
// and turned off and on: everybody gets the message once, nothing is unknown,
// nothing is lost.
func TestSettingsChangeWhileSending(t *testing.T) {
	var seen witnessed
	e := rowEngine(t, smsc.Config{ReceiptDelay: 5 * time.Millisecond, Delay: 2 * time.Millisecond, MaxBinds: 2, Witness: &seen})
	ctx := t.Context()
	const people = 3000
	e.run()
	s := e.send("Hello", numbers(people, 0)...)
	for i := range 6 {
		handed := func(n int) { e.until(s, "more", func(y sms.Tally) bool { return y.Handed() >= n }) }
		handed(people * (i + 1) / 10)
		f := smppForm("orange", e.carrier.Addr())
		f.Set["window"], f.Set["password"] = strconv.Itoa(10+i), ""
		if err := e.App.ChangeGateway(ctx, e.Admin, "orange", f); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 2:
			if err := e.App.PauseGateway(ctx, e.Admin, "orange", because); err != nil {
				t.Fatal(err)
			}
			time.Sleep(300 * time.Millisecond)
		case 4:
			if err := e.App.DrainGateway(ctx, e.Admin, "orange", because); err != nil {
				t.Fatal(err)
			}
		default:
			continue
		}
		if err := e.App.ResumeGateway(ctx, e.Admin, "orange"); err != nil {
			t.Fatal(err)
		}
	}
	y := e.until(s, "everything", func(y sms.Tally) bool { return y.Final() == people })
	if y.Delivered != people || y.Unknown != 0 {
		t.Errorf("%+v", y)
	}
	e.stop()
	if strings.Contains(e.Log.String(), "too many connections") {
		t.Error("the new connections came before the old ones were closed")
	}
	if n := pgtest.Value[int](t, e.DSN, `select count(*) from journal where outcome is null or outcome = 4`); n > 0 {
		t.Errorf("%d attempts have no known end", n)
	}
	if rev := pgtest.Value[int](t, e.DSN, `select revision from gateways where name = 'orange'`); rev != 7 {
		t.Errorf("the settings changed %d times", rev-1)
	}
	each := seen.each(t)
	if len(each) != people {
		t.Errorf("%d people got it, of %d", len(each), people)
	}
	for to, n := range each {
		if n != 1 {
			t.Errorf("%s got it %d times", to, n)
		}
	}
}

// witnessed is what the carrier saw, from outside.
type witnessed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *witnessed) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

// each is how often every number got a message.
func (w *witnessed) each(t *testing.T) map[string]int {
	t.Helper()
	time.Sleep(100 * time.Millisecond) // the witness writes many lines at a time
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]int{}
	err := smsc.ReadWitness(bytes.NewReader(w.b.Bytes()), func(l smsc.Line) error {
		if l.Event == "submit" && (l.Outcome == smsc.Taken || l.Outcome == smsc.Mute) {
			out[l.To]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// B42: every worker tells how its gateways are, and shows the last protocol units
// when asked; what stopped workers said counts for nothing.
func TestWorkersTellHowGatewaysAre(t *testing.T) {
	e := rowEngine(t, smsc.Config{ReceiptDelay: 5 * time.Millisecond})
	ctx := t.Context()
	e.run()
	s := e.send("Hello", append(numbers(40, 0), 33612349910, 33612359911)...)
	e.until(s, "receipts", func(y sms.Tally) bool { return y.Delivered >= 40 })
	var line app.GatewayPage
	wait(t, "a status", func() bool {
		var err error
		if line, err = e.App.Gateway(ctx, e.Admin, "orange"); err != nil {
			t.Fatal(err)
		}
		return len(line.Statuses) == 1 && line.Statuses[0].Receipts >= 40 && line.Statuses[0].Binds == 2
	})
	x := line.Statuses[0]
	if x.State != "ready" || x.Window != 40 || x.Out < 40 || x.In < 40 || x.P50 <= 0 || x.P95 < x.P50 || x.LastReceipt == nil || x.Process != "test" || len(x.Minutes) != 60 {
		t.Errorf("%+v", x)
	}
	if err := e.App.AskTrace(ctx, e.Admin, "orange"); err != nil {
		t.Fatal(err)
	}
	var traces []sms.GatewayTrace
	wait(t, "a trace", func() bool {
		_, traces, _ = e.App.GatewayTraces(ctx, e.Admin, "orange")
		return len(traces) == 1 && len(traces[0].Lines) > 80
	})
	if all := fmt.Sprint(traces); strings.Contains(all, "Hello") || strings.Contains(all, "33612010000") || strings.Contains(all, "geheim") {
		t.Error("the trace shows what it must not")
	}
	if err := e.App.PauseGateway(ctx, e.Admin, "orange", because); err != nil {
		t.Fatal(err)
	}
	wait(t, "no status", func() bool {
		line, _ = e.App.Gateway(ctx, e.Admin, "orange")
		return len(line.Statuses) == 0
	})
	wait(t, "no connection", func() bool { return e.carrier.Stats().Binds == 0 })
	e.Exec(`insert into workers(id, name) values (999999, 'dead'); insert into gateway_status(gateway_id, worker_id, at, status) select id, 999999, now(), '{"state": "ready"}' from gateways`)
	if line, _ = e.App.Gateway(ctx, e.Admin, "orange"); len(line.Statuses) != 0 {
		t.Errorf("a worker that is dead says %+v", line.Statuses)
	}
}

func wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

// What comes from the environment is read-only here, and stops counting when no
// worker has it any more.
func TestRouteFromTheEnvironment(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 5 * time.Millisecond})
	ctx := t.Context()
	for _, err := range []error{
		e.App.PauseGateway(ctx, e.Admin, "smpp", because),
		e.App.ChangeGateway(ctx, e.Admin, "smpp", smppForm("smpp", "127.0.0.1:1")),
	} {
		if !errors.Is(err, sms.ErrConflict) {
			t.Errorf("it was changed: %v", err)
		}
	}
	e.run()
	s := e.send("Hello", numbers(5, 0)...)
	e.until(s, "receipts", func(y sms.Tally) bool { return y.Delivered == 5 })
	e.stop()
	e.App.Routes = nil
	e.run()
	wait(t, "it is off", func() bool {
		p, err := e.App.Gateway(context.Background(), e.Admin, "smpp")
		return err == nil && p.State == sms.RouteOff
	})
}

// D31: how long a message is tried is a setting of its route.
func TestRetryHoursOfARoute(t *testing.T) {
	e := rowEngine(t, smsc.Config{})
	f := smppForm("orange", e.carrier.Addr())
	f.Retry, f.Set["password"] = "6", ""
	if err := e.App.ChangeGateway(t.Context(), e.Admin, "orange", f); err != nil {
		t.Fatal(err)
	}
	s := e.send("Hello", numbers(1, 0)...)
	m := e.mark(s, 1)[0]
	later := time.Now().Add(time.Hour)
	err := e.App.DB.InPlatform(t.Context(), func(tx *postgres.PlatformTx) error {
		return tx.Record(t.Context(), "flush", []postgres.Answer{{
			Tenant: s.Tenant, Session: s.ID, N: m.N, Attempt: m.Attempt, Outcome: postgres.OutcomeNotAccepted, State: sms.MessageRetrying, NextAt: &later,
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		after time.Duration
		gone  int
	}{{5 * time.Hour, 0}, {2 * time.Hour, 1}} {
		e.Clock.Add(x.after)
		if err := e.App.ExpireMessages(t.Context()); err != nil {
			t.Fatal(err)
		}
		if y := e.tally(s); y.Undelivered != x.gone {
			t.Errorf("%d given up after %s more", y.Undelivered, x.after)
		}
	}
}

// Every kind of gateway has a form, and what is typed there makes a gateway.
func TestEveryKindOfGateway(t *testing.T) {
	w := apptest.OwnWorld(t)
	typed := map[string]map[string]string{
		"smpp":   {"addresses": "127.0.0.1:1", "system_id": "nord", "password": "geheim"},
		"twilio": {"account_sid": "AC" + strings.Repeat("0a", 16), "auth_token": "geheim"},
		"http":   {"preset": "telnyx", "token": "geheim", "webhook_secret": "geheim", "more": `{"code": "tx", "verify": {"kind": "token"}}`},
	}
	for _, k := range sms.RouteKinds() {
		f := sms.NewRouteForm(k)
		f.Name = "a-" + k.Kind
		for name, v := range typed[k.Kind] {
			f.Set[name] = v
		}
		delete(f.Set, "")
		r, err := w.App.AddGateway(t.Context(), w.Admin, f, true)
		if err != nil {
			t.Errorf("%s: %v", k.Kind, err)
			continue
		}
		page, err := w.App.Gateway(t.Context(), w.Admin, r.Name)
		if err != nil || !page.Sealed || strings.Contains(string(page.Settings), "geheim") {
			t.Errorf("%s: %v, %s", k.Kind, err, page.Settings)
		}
		if err := w.App.ChangeGateway(t.Context(), w.Admin, r.Name, page.Form()); err != nil {
			t.Errorf("%s is not what it was: %v", k.Kind, err)
		}
		if again, _ := w.App.Gateway(t.Context(), w.Admin, r.Name); again.Revision != page.Revision || string(again.Settings) != string(page.Settings) {
			t.Errorf("%s: saved again it is\n%s, not\n%s", k.Kind, again.Settings, page.Settings)
		}
	}
	if n := len(sms.RouteKinds()); app.Kinds() != n || len(typed) != n {
		t.Errorf("%d forms, %d kinds of gateways", n, app.Kinds())
	}
	k, _ := sms.KindOfRoute("http")
	f := sms.NewRouteForm(k)
	f.Name, f.Set["more"] = "bad", `{"base_url": "https://x.example"}`
	var p sms.Problems
	if _, err := w.App.AddGateway(t.Context(), w.Admin, f, true); !errors.As(err, &p) || p.For("set-more") == "" {
		t.Errorf("a setting is in two places: %v", err)
	}
}

// D33, D34, smpp.md 1.8: a code means on a route what the route says, and a route says how long it tries (D31).
func TestCodesOfARoute(t *testing.T) {
	e := rowEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	change := func(codes, retry string) {
		t.Helper()
		if e.stop != nil {
			e.stop() // no message meets the rules of before
		}
		f := smppForm("orange", e.carrier.Addr())
		f.Set["password"], f.Codes, f.Retry = "", codes, retry
		if err := e.App.ChangeGateway(t.Context(), e.Admin, "orange", f); err != nil {
			t.Fatal(err)
		}
		e.run()
	}
	change("0x08 recipient", "48")
	one(t, e, 9917, "the number is given up", func(y sms.Tally) bool { return y.Undelivered == 1 })
	change("0x08 unknown", "48")
	one(t, e, 9917, "nobody knows", func(y sms.Tally) bool { return y.Unknown == 1 })
	change("0x08 opted-out", "48")
	one(t, e, 9917, "the person opted out there", func(y sms.Tally) bool { return y.Rejected == 1 })
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from suppressions`); n != 1 {
		t.Errorf("%d people are kept out of later sendings", n)
	}
	e.Exec(`delete from suppressions`)
	change("0x08 temporary 1 2", "72")
	two := one(t, e, 9917, "tried again", func(y sms.Tally) bool { return y.Retrying == 1 || y.Rejected == 1 })
	e.until(two, "after two tries it is not accepted", func(y sms.Tally) bool { return y.Rejected == 1 })

	change("0x08 temporary 3600", "72")
	long := one(t, e, 9917, "tried for longer", func(y sms.Tally) bool { return y.Retrying == 1 })
	for _, x := range []struct {
		more time.Duration
		npai int
	}{{71 * time.Hour, 0}, {2 * time.Hour, 1}} {
		e.Clock.Add(x.more)
		if err := e.App.ExpireMessages(t.Context()); err != nil {
			t.Fatal(err)
		}
		if y := e.tally(long); y.Undelivered != x.npai {
			t.Errorf("after %s more: %+v", x.more, y)
		}
	}
}

// Numbers of an operator leave by its route; when it stops, what waits goes by the others.
func TestOperatorsHaveRoutes(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	w.Exec(`delete from gateways`)
	ctx := t.Context()
	w.Credits(100 * sms.Credit)
	w.AddContacts(37)
	for name, prefixes := range map[string]string{"all": "", "orange": "+336120001 +336120002"} {
		f := smppForm(name, "127.0.0.1:1")
		f.Prefixes = prefixes
		if _, err := w.App.AddGateway(ctx, w.Admin, f, true); err != nil {
			t.Fatal(err)
		}
	}
	s := w.mustState(w.wake(w.approve(w.submitted(w.Clock.Now(), nil))), sms.SessionSending)
	by := func() string {
		return pgtest.Value[string](t, w.DSN, `select string_agg(x, ', ') from (select g.name || ' ' || b.prefix || ' ' || count(*) as x
			from messages m join batches b on b.id = m.batch_id join gateways g on g.id = b.gateway_id where m.session_id = $1
			group by g.name, b.prefix order by 1) y`, int64(s.ID))
	}
	if got, want := by(), "all  20, orange 336120001 10, orange 336120002 10"; got != want {
		t.Errorf("they leave by %q, want %q", got, want)
	}
	if err := w.App.DrainGateway(ctx, w.Admin, "orange", because); err != nil {
		t.Fatal(err)
	}
	if m, err := w.App.MoveWaiting(ctx, w.Admin, "orange", because); err != nil || m.Messages != 20 {
		t.Errorf("moved %+v (%v)", m, err)
	}
}
