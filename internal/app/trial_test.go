package app_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

func trialForm(number, token string) sms.TrialForm {
	return sms.TrialForm{Number: number, Sender: "TIDINGS", Text: "A test", Tick: true, Token: token + "-0123456789abcdef"}
}

// trial waits for the newest test of a route to be as wanted.
func (e *engine) trial(route, what string, ok func(sms.Trial) bool) sms.Trial {
	e.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		all, err := e.App.Trials(e.t.Context(), e.Admin, route)
		if err != nil {
			e.t.Fatal(err)
		}
		if len(all) > 0 && ok(all[0]) {
			return all[0]
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("waiting for %s: %+v\n%s", what, all, e.Log.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// D42, D44, I12: staff send one text by a route: once, to nobody's account, with its answer and receipt kept, and the
// number masked in the log.
func TestStaffTryARoute(t *testing.T) {
	e := rowEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond})
	ctx := t.Context()
	for _, who := range []sms.Actor{e.Owner, e.Moderator, {}} {
		if err := e.App.TryGateway(ctx, who, "orange", trialForm("+33612345670", "a")); !errors.Is(err, sms.ErrForbidden) {
			t.Errorf("by %q: %v", who.Name, err)
		}
	}
	bad := sms.TrialForm{Number: "12", Sender: "X"}
	if err := e.App.TryGateway(ctx, e.Admin, "orange", bad); problem(err, "number") == "" || problem(err, "sender") == "" || problem(err, "text") == "" || problem(err, "tick") == "" {
		t.Errorf("nothing right: %v", err)
	}
	e.run()
	// The engine may still be connecting: whoever asks then is told that no worker took it.
	var got sms.Trial
	for try := range 60 {
		token := strings.Repeat("b", try+1)
		for range 3 { // a repeated press sends nothing more
			if err := e.App.TryGateway(ctx, e.Admin, "orange", trialForm("+33612345670", token)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * time.Millisecond)
		if all, err := e.App.Trials(ctx, e.Admin, "orange"); err == nil && all[0].WrittenAt != nil {
			break
		}
	}
	got = e.trial("orange", "its receipt", func(x sms.Trial) bool { return x.ReceiptState == 10 })
	if got.Outcome != 1 || got.Took <= 0 || got.ReceiptAt.Before(*got.WrittenAt) || got.ByName != "Astrid Sand" {
		t.Errorf("%+v", got)
	}
	if n := e.carrier.Stats().Messages; n != 1 {
		t.Errorf("the carrier saw %d", n)
	}
	for _, x := range []struct{ number, what string }{{"+33612349906", "a receipt before the answer"}, {"+33612349907", "undeliverable"}} {
		if err := e.App.TryGateway(ctx, e.Admin, "orange", trialForm(x.number, x.what)); err != nil {
			t.Fatal(err)
		}
		got = e.trial("orange", x.what, func(y sms.Trial) bool {
			return y.ReceiptState >= 10 && strconv.FormatInt(int64(y.Number), 10) == x.number[1:]
		})
	}
	if got.ReceiptState != 11 {
		t.Errorf("%+v", got)
	}
	if err := e.App.TryGateway(ctx, e.Admin, "orange", trialForm("+33612349901", "refused number")); err != nil {
		t.Fatal(err)
	}
	if got = e.trial("orange", "a refusal", func(y sms.Trial) bool { return y.Outcome == 2 }); got.Code != "smpp:0x0B" || !got.Over(time.Now()) {
		t.Errorf("%+v", got)
	}
	if n := pgtest.Value[int64](t, e.DSN, `select count(*) from receipts where applied_at is null`); n != 0 {
		t.Errorf("%d receipts look for a message", n)
	}
	if n := pgtest.Value[int64](t, e.DSN, `select (select count(*) from messages) + (select count(*) from ledger_transfers where kind <> 'topup')`); n != 0 {
		t.Error("it is in somebody's account")
	}
	log := pgtest.Value[string](t, e.DSN, `select string_agg(a::text, ' ') from audit a where deed = 'try_gateway'`)
	if strings.Contains(log, "33612345670") || !strings.Contains(log, "orange") {
		t.Errorf("the log says %s", log)
	}
}

// D35: a test of a route is held by a stop as everything is, and by a route that is off.
func TestStopsHoldTrials(t *testing.T) {
	e := rowEngine(t, smsc.Config{})
	e.run()
	e.until(e.send("Hello", numbers(1, 0)...), "it sends", func(y sms.Tally) bool { return y.Pending == 0 })
	stop := sms.StopForm{Scope: "country", What: "FR", Reason: "something is wrong there", Typed: "STOP", Token: "stop-0123456789abcdef", Seen: "country:fr"}
	if err := e.App.StopSending(t.Context(), e.Admin, stop); err != nil {
		t.Fatal(err)
	}
	before := e.carrier.Stats().Submits
	if err := e.App.TryGateway(t.Context(), e.Admin, "orange", trialForm("+33612345670", "held")); err != nil {
		t.Fatal(err)
	}
	if err := e.App.TryGateway(t.Context(), e.Admin, "orange", trialForm("+4790000000", "norway")); err != nil {
		t.Fatal(err)
	}
	e.trial("orange", "the other country", func(x sms.Trial) bool { return x.AnsweredAt != nil })
	all, err := e.App.Trials(t.Context(), e.Admin, "orange")
	if err != nil || all[1].WrittenAt != nil || e.carrier.Stats().Submits != before+1 {
		t.Errorf("a stop let it leave: %+v (%v)", all, err)
	}
	if err := e.App.PauseGateway(t.Context(), e.Admin, "orange", because); err != nil {
		t.Fatal(err)
	}
	if err := e.App.TryGateway(t.Context(), e.Admin, "orange", trialForm("+4790000000", "off")); !errors.Is(err, sms.ErrConflict) {
		t.Errorf("by a route that is off: %v", err)
	}
}
