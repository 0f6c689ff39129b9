package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// rule sets what the route of a sending does without an answer.
func (w *sending) rule(u sms.OnUnknown) {
	w.Exec(`update gateways set on_unknown = $1, unknown_hours = 6, updated_by = 'Astrid Sand'`, string(u))
}

func (w *sending) byRule() {
	w.t.Helper()
	if err := w.App.RunResendUnknown(w.t.Context(), app.ResendUnknownJob{}); err != nil {
		w.t.Fatal(err)
	}
}

// D34, B29, I2: by the usual rule, and by that of a person, nothing is sent again by itself, however long it takes.
func TestHeldUnknownsStay(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.unsure()
	for _, u := range []sms.OnUnknown{sms.UnknownHold, sms.UnknownOperator, sms.UnknownKey} { // the last without a key
		w.rule(u)
		w.Clock.Add(10 * time.Hour)
		w.byRule()
		if y := w.tally(s); y.Unknown != 3 {
			t.Errorf("%s: %+v", u, y)
		}
	}
}

// D34, D44, B29, I2, I9: by the rule "after hours without a receipt" a message is sent again once, when the hours
// have passed, and it is written down by which rule and by whom that was set. A receipt that comes first settles it.
func TestResendAfterHours(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.unsure()
	w.rule(sms.UnknownAfter)
	w.Clock.Add(6*time.Hour - time.Minute)
	w.byRule()
	if y := w.tally(s); y.Unknown != 3 {
		t.Fatalf("before its hours: %+v", y)
	}
	w.receipt(s, 1, "late", 10) // of the first person, whom the carrier has
	w.Clock.Add(2 * time.Minute)
	w.byRule()
	if y := w.tally(s); y.Unknown != 0 || y.Retrying != 3 {
		t.Fatalf("after its hours: %+v", y)
	}
	if w.audits("resend_unknown") != 1 || !slices.ContainsFunc(w.events(s), func(e string) bool {
		return strings.Contains(e, "Sent again: 3 messages without an answer. Reason: Route simulator: no answer, and no receipt in 6 hours, as set by Astrid Sand")
	}) {
		t.Errorf("not told: %v", w.events(s))
	}
	w.Exec(`update retries set next_at = now()`)
	if n, err := w.mark(t.Context(), s, 4); n != 4 || err != nil { // and the fifth person
		t.Fatal(n, err)
	}
	for n := range int32(3) {
		again := unknown
		again.Attempt = 2
		w.answer(s, n+2, again)
	}
	w.Clock.Add(20 * time.Hour)
	w.byRule()
	if y := w.tally(s); y.Unknown != 3 { // B29: once
		t.Errorf("a second time: %+v", y)
	}
	if n := pgtest.Value[int64](t, w.DSN, `select count(*) from attempts where outcome is distinct from 2 and n between 2 and 4`); n != 3 {
		t.Errorf("%d live attempts of three messages", n) // I2
	}
}

// D34, I8: by the rule "a person" it never ends by itself; staff decide, with a reason, and it is audited.
func TestUnknownsWaitForAPerson(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.unsure()
	w.rule(sms.UnknownOperator)
	w.Clock.Add(100 * time.Hour)
	ctx := t.Context()
	if err := w.App.ExpireMessages(ctx); err != nil {
		t.Fatal(err)
	}
	if y := w.tally(s); y.Unknown != 3 || y.PresumedUnsent != 0 {
		t.Fatalf("it ended by itself: %+v", y)
	}
	_, lines, err := w.App.Undecided(ctx, w.Admin, "simulator")
	if err != nil || len(lines) != 1 || lines[0].Messages != 3 || lines[0].TenantName != "Nordfare" {
		t.Fatalf("staff see %+v (%v)", lines, err)
	}
	decide := func(who sms.Actor, f app.UnknownForm) (int, error) {
		return w.App.DecideUnknown(ctx, who, "simulator", f)
	}
	var stale *app.StaleSlip
	if _, err := decide(w.Sender, app.UnknownForm{How: app.UnknownUnsent, Shown: 3, Reason: why}); !errors.Is(err, sms.ErrForbidden) { // D42
		t.Errorf("by a sender: %v", err)
	}
	if _, err := decide(w.Admin, app.UnknownForm{How: "else", Shown: 3}); problem(err, "reason") == "" || problem(err, "how") == "" {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := decide(w.Admin, app.UnknownForm{How: app.UnknownUnsent, Shown: 2, Reason: why}); !errors.As(err, &stale) {
		t.Errorf("another number than was shown: %v", err)
	}
	if n, err := decide(w.Admin, app.UnknownForm{How: app.UnknownUnsent, Shown: 3, Reason: why}); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	if y := w.tally(s); y.PresumedUnsent != 3 || y.Unknown != 0 {
		t.Errorf("decided: %+v", y)
	}
	if w.audits("presume_unsent") != 1 {
		t.Error("the customer has no entry of it")
	}
	if n := pgtest.Value[int64](t, w.DSN, `select count(*) from audit where deed = 'decide_unknown' and actor = 'Astrid Sand'`); n != 1 {
		t.Error("staff have no entry of it")
	}
	if _, err := decide(w.Admin, app.UnknownForm{How: app.UnknownUnsent, Shown: 3, Reason: why}); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("twice: %v", err)
	}
}

// keyed is a carrier that never takes a key twice, and loses the first answer to each.
type keyed struct {
	mu    sync.Mutex
	seen  []string // keys, in the order of requests
	taken map[string]bool
}

func (k *keyed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.ReadAll(r.Body)
	key := r.Header.Get("Idempotency-Key")
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = append(k.seen, key)
	if k.taken == nil {
		k.taken = map[string]bool{}
	}
	if !k.taken[key] {
		k.taken[key] = true
		w.WriteHeader(http.StatusBadGateway) // it has it, and does not say so (F12)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"id": "m-" + key})
}

func (k *keyed) keys() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.seen)
}

// keyedEngine sends by a route over HTTP to a carrier that knows keys.
func keyedEngine(t *testing.T, carrier http.Handler) *engine {
	e := newEngine(t, smsc.Config{})
	e.Exec(`delete from gateways`)
	e.App.Routes = nil
	e.App.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	server := httptest.NewServer(carrier)
	t.Cleanup(server.Close)
	k, _ := sms.KindOfRoute("http")
	f := sms.NewRouteForm(k)
	f.Name, f.OnUnknown = "keys", string(sms.UnknownKey)
	f.Set["base_url"], f.Set["plain"] = server.URL, "on"
	f.Set["more"] = `{"path": "/messages", "body": "{\"to\": \"{{.To}}\", \"text\": \"{{.Text}}\"}", "answer": {"id": "id"}}`
	if _, err := e.App.AddGateway(t.Context(), e.Admin, f, true); problem(err, "on_unknown") == "" {
		t.Fatalf("without a key: %v", err)
	}
	f.Set["key_header"] = "Idempotency-Key"
	if _, err := e.App.AddGateway(t.Context(), e.Admin, f, true); err != nil {
		t.Fatal(err)
	}
	return e
}

// D34, I2, I9, F12: an answer that was lost is asked for again under the same key, and only there; the carrier has
// the message once, and it is charged once.
func TestAskedAgainUnderTheSameKey(t *testing.T) {
	carrier := &keyed{}
	e := keyedEngine(t, carrier)
	e.run()
	s := e.send("Hello", numbers(2, 0)...)
	e.until(s, "no answer", func(y sms.Tally) bool { return y.Unknown == 2 })
	if err := e.App.ResendUnknown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if y := e.tally(s); y.Unknown != 2 {
		t.Fatalf("asked again at once: %+v", y)
	}
	e.Clock.Add(2 * time.Minute)
	if err := e.App.ResendUnknown(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.hurry()
	e.until(s, "the answer", func(y sms.Tally) bool { return y.Accepted == 2 })
	keys := carrier.keys()
	slices.Sort(keys)
	if len(keys) != 4 || len(slices.Compact(keys)) != 2 {
		t.Errorf("the carrier saw %v: not each key twice", keys)
	}
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from resends where policy = 'idempotent_retry' and actor = 'Tidings' and messages = 2`); n != 1 {
		t.Error("it is not written down")
	}
}

// D34, B29: a key that has become old before its message could leave, or that another carrier would be given, is not
// used: the message is unknown again, and nothing is written.
func TestOldKeysAreNotUsed(t *testing.T) {
	carrier := &keyed{}
	e := keyedEngine(t, carrier)
	e.run()
	lost := func() sms.Session {
		e.Clock.Set(time.Now())
		s := e.send("Hello", numbers(2, 0)...)
		e.until(s, "no answer", func(y sms.Tally) bool { return y.Unknown == 2 })
		e.Exec(`update gateways set state = 'draining' where name = 'keys'`)
		e.Clock.Add(2 * time.Minute)
		if err := e.App.ResendUnknown(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.hurry()
		return s
	}
	old := lost()
	e.Exec(`update batches set due_at = due_at - interval '1 day'`)
	e.Exec(`update attempts set marked_at = marked_at - interval '23 hours 51 minutes' where n = 1`)
	e.Exec(`update gateways set state = 'on'`)
	e.until(old, "one is asked for, one is not", func(y sms.Tally) bool { return y.Unknown == 1 && y.Accepted == 1 })
	if got := len(carrier.keys()); got != 3 {
		t.Errorf("%d requests, not two and one", got)
	}

	moved := lost()
	e.Exec(`insert into gateways(name, kind, settings) select 'other', kind, settings from gateways where name = 'keys'`)
	e.Exec(`update batches set gateway_id = (select id from gateways where name = 'other') where session_id = $1`, int64(moved.ID))
	e.until(moved, "neither leaves by the other", func(y sms.Tally) bool { return y.Unknown == 2 })
	if got := len(carrier.keys()); got != 5 {
		t.Errorf("%d requests: another carrier was asked", got)
	}
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from attempts where code = 'key-expired' and outcome = 4`); n != 3 {
		t.Errorf("%d attempts were kept back", n)
	}
}

// B42: a route over HTTP tells its window and how long its carrier takes to answer.
func TestFiguresOverHTTP(t *testing.T) {
	e := keyedEngine(t, &keyed{})
	e.run()
	s := e.send("Hello", numbers(2, 0)...)
	e.until(s, "no answer", func(y sms.Tally) bool { return y.Unknown == 2 })
	deadline := time.Now().Add(time.Minute)
	for {
		g, err := e.App.Gateway(t.Context(), e.Admin, "keys")
		if err != nil {
			t.Fatal(err)
		}
		if now := g.Sum(g.Now); now.P50 > 0 && now.P95 >= now.P50 && now.Window == 10 && now.Used == 0 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("it tells %+v", now)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
