package sms

import (
	"strings"
	"testing"
	"time"
)

func TestParseCredits(t *testing.T) { // D27
	for typed, want := range map[string]Credits{
		"50000": 50_000, "50,000": 50_000, "50 000": 50_000, "50.000": 50_000, "50'000": 50_000, "50’000": 50_000,
		"1\u202f000\u202f000": 1_000_000, " 12 ": 12, "0": 0, "1,000,001": 1_000_001, "007": 7,
	} {
		if got, ok := ParseCredits(typed); !ok || got != want*Credit {
			t.Errorf("%q is %s, %v; want %d", typed, got, ok, want)
		}
	}
	for _, typed := range []string{"", " ", "ten", "1.5", "10,50", "1,0000", "1234,567", "-5", "−5", "+5", "5e3", "0x10", ",000", "1,", "1,,000", "99999999999999999999", "٣", "1\n000"} {
		if got, ok := ParseCredits(typed); ok {
			t.Errorf("%q is taken for %s", typed, got)
		}
	}
}

func TestReloadCheck(t *testing.T) { // D27, I20
	good := Reload{Amount: "50,000", Kind: "topup", Reference: "PO 2026-1187", Confirm: " kystbuss "}
	if a, k, err := good.Tidy().Check("Kystbuss"); a != 50_000*Credit || k != TransferTopup || err != nil {
		t.Fatalf("%s %s %v", a, k, err)
	}
	for _, x := range []struct {
		change func(*Reload)
		field  string
		says   string
	}{
		{func(r *Reload) { r.Amount = "0" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(r *Reload) { r.Amount = "-50" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(r *Reload) { r.Amount = "1,000,001" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(r *Reload) { r.Amount = "fifty" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(r *Reload) { r.Amount = "1.5" }, "amount", "Enter a whole number from 1 to 1,000,000"},
		{func(r *Reload) { r.Kind = "" }, "kind", "Choose a reason"},
		{func(r *Reload) { r.Kind = "capture" }, "kind", "Choose a reason"},
		{func(r *Reload) { r.Reference = " x " }, "reference", "Enter the order reference, 3 to 40 characters"},
		{func(r *Reload) { r.Reference = strings.Repeat("x", 41) }, "reference", "Use 40 characters or fewer"},
		{func(r *Reload) { r.Kind = "gift" }, "note", "Say why, in 10 to 500 characters"},
		{func(r *Reload) { r.Kind, r.Note = "correct_down", "too short" }, "note", "Say why, in 10 to 500 characters"},
		{func(r *Reload) { r.Note = strings.Repeat("x", 501) }, "note", "Use 500 characters or fewer"},
		{func(r *Reload) { r.Confirm = "Kystbus" }, "confirm", "Type Kystbuss to confirm"},
		{func(r *Reload) { r.Confirm = "" }, "confirm", "Type Kystbuss to confirm"},
	} {
		r := good
		x.change(&r)
		_, _, err := r.Tidy().Check("Kystbuss")
		p, _ := err.(Problems)
		if len(p) != 1 || p.For(x.field) != x.says {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestReloadTidyTakesTheAmountThatWasTouched(t *testing.T) {
	for _, x := range []struct{ preset, amount, was, want string }{
		{"25000", "50,000", "50,000", "25,000"},
		{"50000", "12 345", "50,000", "12,345"},
		{"50000", "", "50,000", "50,000"},
		{"", "7", "50,000", "7"},
		{"", "x", "", "x"},
	} {
		if got := (Reload{Preset: x.preset, Amount: x.amount, Was: x.was}).Tidy().Amount; got != x.want {
			t.Errorf("%+v: %q", x, got)
		}
	}
}

func TestReloadSlipStartsInDueOrder(t *testing.T) { // D23
	at := time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)
	session := func(id int, state SessionState, price, missing Credits) Session {
		return Session{ID: SessionID(id), State: state, Price: price * Credit, Missing: missing * Credit, StartsAt: at.Add(time.Duration(id) * time.Hour)}
	}
	f := NewForecast(1120*Credit, []Session{
		session(1, SessionWaitingCredits, 8400, 7280), session(2, SessionWaitingCredits, 60_000, 58_880),
		session(3, SessionScheduled, 12_000, 0), session(4, SessionWaitingCredits, 2000, 900),
	})
	slip := ReloadSlip{Amount: 50_000 * Credit, Kind: TransferTopup, Forecast: f}
	starts, waits := slip.Starts()
	if len(starts) != 2 || starts[0].Session != 1 || starts[1].Session != 4 || len(waits) != 1 || waits[0].Session != 2 {
		t.Errorf("%v start, %v wait", starts, waits)
	}
	if starts[1].Price != 2020*Credit { // counted again at its start: 1,120 could be used and 900 were missing
		t.Errorf("the last needs %s", starts[1].Price)
	}
	if f := NewForecast(26_120*Credit, []Session{session(1, SessionWaitingCredits, 8400, 7280)}); f.Steps[0].Price > Ceiling(8400*Credit) { // 25,000 came since
		t.Errorf("after a reload it needs %s", f.Steps[0].Price)
	}
	slip.Kind = TransferExpire
	if starts, _ := slip.Starts(); len(starts) != 0 || !slip.TooMuch() || slip.After() != (1120-50_000)*Credit {
		t.Errorf("%v start after credits were taken; %s are left", starts, slip.After())
	}
	if need, last := f.Need(); need != (8400+60_000+12_000+2020)*Credit || !last.Equal(at.Add(4*time.Hour)) {
		t.Errorf("%s are needed by %s", need, last)
	}
	before := slip.Fingerprint()
	slip.Forecast = NewForecast(1119*Credit, nil)
	if slip.Fingerprint() == before {
		t.Error("another balance has the same fingerprint")
	}
}
