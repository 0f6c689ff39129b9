package smpp

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/sms"
)

// Every field of the form of this kind is a setting that Open reads, and the
// other way round.
func TestSettingsAreThoseOfTheForm(t *testing.T) {
	k, ok := sms.KindOfRoute(Kind)
	if !ok {
		t.Fatal("no such kind of route")
	}
	b, err := json.Marshal(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var saved map[string]any
	if err := json.Unmarshal(b, &saved); err != nil {
		t.Fatal(err)
	}
	for _, s := range Secrets() {
		saved[s] = ""
	}
	for _, f := range k.Fields {
		if _, ok := saved[f.Name]; !ok {
			t.Errorf("the form asks for %s, which is no setting", f.Name)
		}
		delete(saved, f.Name)
	}
	for name := range saved {
		t.Errorf("the form does not ask for %s", name)
	}
}

// mustCodes reads the rules of a form.
func mustCodes(t *testing.T, lines string) []sms.CodeRule {
	t.Helper()
	rules, problem := sms.ReadCodes(Kind, lines)
	if problem != "" {
		t.Fatal(problem)
	}
	return rules
}

func TestOpenReadsSettings(t *testing.T) {
	c, err := Open("orange", json.RawMessage(`{"addresses":["a.example:2775","[::1]:2776"],"system_id":"nord","tls":true,"pair":true,
		"binds":3,"window":20,"rate":50,"enquire":20,"response":40,"ids":"hex_to_dec","short_code_network":true}`), map[string]string{"password": "geheim"}, 24*time.Hour,
		gateway.CodesOf(mustCodes(t, "0x45 temporary 60 3\n1030 permanent\n0x401 unknown")))
	if err != nil {
		t.Fatal(err)
	}
	r := c.route
	if r.Name != "orange" || len(r.Addrs) != 2 || r.Password != "geheim" || r.TLS == nil || r.Mode != Pair || r.Binds != 3 || r.Window != 20 ||
		r.PartsPerSecond != 50 || r.Enquire != 20*time.Second || r.ResponseTimeout != 40*time.Second || r.IDs != HexToDec || r.ShortCodeTON != 3 || r.Validity != 24*time.Hour {
		t.Errorf("%+v", r)
	}
	if x := r.rule(0x45); x.Class != gateway.Temporary || x.After != time.Minute || x.Tries != 3 || !x.Fixed {
		t.Errorf("0x45 means %+v", x)
	}
	if x := r.rule(0x401); x.Outcome != gateway.Unknown {
		t.Errorf("0x401 means %+v", x)
	}
	if x := r.rule(1030); x.Class != gateway.Content {
		t.Errorf("1030 means %+v", x)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, err := Open("x", json.RawMessage(`{"addresses":["nowhere"],"system_id":"12345678901234567","system_type":"1234567890123"}`), nil, 0, nil)
	var p sms.Problems
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	for _, field := range []string{"addresses", "system_id", "system_type"} {
		if p.For(field) == "" {
			t.Errorf("nothing is said of %s: %v", field, p)
		}
	}
}
