package smpp

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// B42, B43: the trace names what went over the wire, and holds no password, no
// text and no whole number of a person; the figures count it.
func TestTraceHidesWhatIsSecret(t *testing.T) {
	s := startServer(t, &yes{})
	r := s.route()
	r.Password = "geheim77"
	c, _ := startClient(t, r)
	const text, number = "Your code is 481516", "33612345678"
	batch := []gateway.Outbound{{N: 1, From: "TIDINGS", To: number, Text: text}}
	if err := c.Submit(t.Context(), batch, func(gateway.Result) {}); err != nil {
		t.Fatal(err)
	}
	// What was written is noted by who wrote it: the answer may be faster.
	for deadline := time.Now().Add(time.Minute); c.Figures().UnitsOut == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	lines := c.Trace()
	seen := map[string]string{}
	for _, l := range lines {
		seen[l.What] = l.Detail
	}
	for _, what := range []string{"bind_transceiver", "bind_transceiver_resp", "submit_sm", "submit_sm_resp"} {
		if _, ok := seen[what]; !ok {
			t.Errorf("no %s in %+v", what, lines)
		}
	}
	if got := seen["submit_sm"]; !strings.Contains(got, "from TIDINGS to 3361·····78") {
		t.Errorf("submit_sm says %q", got)
	}
	b, _ := json.Marshal(lines)
	kept := string(b)
	for i := range c.trace.ring {
		if x := &c.trace.ring[i]; strings.Contains(string(x.pdu[:x.length]), r.Password) {
			t.Error("the ring holds the password")
		}
	}
	for _, secret := range []string{r.Password, number, "code", "481516"} {
		if strings.Contains(kept, secret) {
			t.Errorf("the trace holds %q", secret)
		}
	}
	f := c.Figures()
	if f.Latency.Within(1) == 0 || f.UnitsOut == 0 || f.BytesIn == 0 || f.BytesOut == 0 || f.Used != 0 {
		t.Errorf("%+v", f)
	}
}

// The ring keeps the last thousand, the oldest first.
func TestTraceKeepsTheLast(t *testing.T) {
	c := New(Route{Addrs: []string{"a:1"}})
	for i := range uint32(traceRoom + 5) {
		c.trace.put(c.route.Now(), true, append(appendEmpty(nil, cmdEnquireLink, 0, i), appendEmpty(nil, cmdEnquireLink|response, 0, i)...))
	}
	l := c.Trace()
	if len(l) != traceRoom || l[len(l)-1].Seq != traceRoom+4 || l[len(l)-1].What != "enquire_link_resp" || l[0].Seq >= l[len(l)-1].Seq {
		t.Errorf("%d lines from %+v to %+v", len(l), l[0], l[len(l)-1])
	}
}
