package app_test

import (
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/gateway/smsc"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// autoRoute adds the engine's carrier as an administrator does who changes nothing.
func (e *engine) autoRoute() {
	e.t.Helper()
	e.Exec(`delete from gateways`)
	e.App.Routes = nil
	k, _ := sms.KindOfRoute("smpp")
	f := sms.NewRouteForm(k)
	f.Name = "carrier"
	f.Set["addresses"], f.Set["system_id"], f.Set["password"], f.Set["window"] = e.carrier.Addr(), "test", "test", "10"
	if _, err := e.App.AddGateway(e.t.Context(), sms.Actor{Name: "test", System: true}, f, true); err != nil {
		e.t.Fatal(err)
	}
}

// B34: a carrier answers with ids in hexadecimal and writes them in decimal in its
// receipts. Nobody says so: it is learned from the first receipts, kept with the
// route, audited, and the receipts that came before find their messages.
func TestIDsAreLearned(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond, Plain: true, DecimalReceipts: true})
	e.autoRoute()
	e.run()
	s := e.send("Hello", numbers(60, 0)...)
	e.until(s, "100 %", func(y sms.Tally) bool { return y.Delivered == 60 })
	if ids := e.ids(); ids != "hex_to_dec" {
		t.Errorf("learned %q", ids)
	}
	if n := pgtest.Value[int](t, e.DSN, `select count(*) from audit where deed = 'change_gateway' and reason like 'Learned%'`); n != 1 {
		t.Errorf("%d audit entries", n)
	}
	e.stop()
	e.run() // it is not learned again
	second := e.send("Hello again", numbers(5, 0)...)
	e.until(second, "100 %", func(y sms.Tally) bool { return y.Delivered == 5 })
}

// B34: where ids are the same that is learned as well, without a new connection;
// fewer than twenty receipts teach nothing.
func TestSameIDsAreLearned(t *testing.T) {
	e := newEngine(t, smsc.Config{ReceiptDelay: 10 * time.Millisecond, Plain: true})
	e.autoRoute()
	e.run()
	few := e.send("Hello", numbers(15, 0)...)
	e.until(few, "100 %", func(y sms.Tally) bool { return y.Delivered == 15 })
	s := e.send("Hello again", numbers(25, 0)...)
	e.until(s, "100 %", func(y sms.Tally) bool { return y.Delivered == 25 })
	for deadline := time.Now().Add(time.Minute); e.ids() == "auto" && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	if ids := e.ids(); ids != "same" {
		t.Errorf("learned %q", ids)
	}
	if n := pgtest.Value[int](t, e.DSN, `select revision from gateways where name = 'carrier'`); n != 1 {
		t.Errorf("the workers connected anew for it: revision %d", n)
	}
}

func (e *engine) ids() string {
	return pgtest.Value[string](e.t, e.DSN, `select settings ->> 'ids' from gateways where name = 'carrier'`)
}

// B34: twenty of one way, and none of another.
func TestLearnedIsSure(t *testing.T) {
	for _, x := range []struct {
		hits map[string]int
		want string
	}{
		{map[string]int{"same": 19}, ""},
		{map[string]int{"same": 20}, "same"},
		{map[string]int{"hex_to_dec": 25, "same": 0}, "hex_to_dec"},
		{map[string]int{"hex_to_dec": 180, "same": 1}, ""},
		{map[string]int{}, ""},
	} {
		mode, sure := app.Learned(x.hits)
		if !sure {
			mode = ""
		}
		if mode != x.want {
			t.Errorf("%v teaches %q, want %q", x.hits, mode, x.want)
		}
	}
}
