package smsc

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
)

func TestNumbers(t *testing.T) {
	const quick = 20 * time.Millisecond
	type want struct {
		first  gateway.Outcome // of the first try
		class  gateway.Class
		tries  int
		states []gateway.State // of its receipts
		reply  string
		long   bool
	}
	done := []gateway.State{gateway.Delivered}
	for number, w := range map[string]want{
		"9900": {first: gateway.Accepted, states: done},
		"9901": {first: gateway.Refused, class: gateway.Recipient},
		"9902": {first: gateway.Refused, class: gateway.Temporary, tries: 3, states: done},
		"9903": {first: gateway.Refused, class: gateway.Throttled, tries: 2, states: done},
		"9904": {first: gateway.Accepted},
		"9905": {first: gateway.Accepted, states: []gateway.State{gateway.Delivered, gateway.Delivered}},
		"9906": {first: gateway.Accepted, states: done},
		"9907": {first: gateway.Accepted, states: []gateway.State{gateway.Undelivered}},
		"9908": {first: gateway.Accepted, states: []gateway.State{gateway.Expired}},
		"9909": {first: gateway.Unknown, states: done},
		"9910": {first: gateway.Unknown},
		"9911": {first: gateway.Accepted, states: done, reply: "STOP"},
		"9913": {first: gateway.Accepted, states: []gateway.State{gateway.Rejected}},
		"9914": {first: gateway.Accepted, states: []gateway.State{gateway.Enroute, gateway.Delivered}},
		"9917": {first: gateway.Refused, class: gateway.Temporary},
		"9919": {first: gateway.Unknown},
		"9920": {first: gateway.Accepted, states: done},
		"9921": {first: gateway.Accepted, states: []gateway.State{gateway.Deleted}},
		"9922": {first: gateway.Accepted, states: []gateway.State{gateway.Unknowable}},
		"9923": {first: gateway.Accepted, long: true, states: []gateway.State{gateway.Delivered, gateway.Delivered}},
		"9924": {first: gateway.Refused, class: gateway.Recipient, long: true, states: done},
		"9925": {first: gateway.Accepted, states: []gateway.State{gateway.Undelivered, gateway.Delivered}},
		"9926": {first: gateway.Accepted, states: done, reply: "stop. thank you"},
		"9930": {first: gateway.Refused, class: gateway.Route},
		"9931": {first: gateway.Refused, class: gateway.Content},
		"9932": {first: gateway.Refused, class: gateway.Temporary, tries: 2, states: done},
		"9933": {first: gateway.Unknown, states: done},
	} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			s, _ := carrier(t, Config{ReceiptDelay: quick})
			c, k, _ := client(t, s, func(r *smpp.Route) { r.ResponseTimeout = 500 * time.Millisecond })
			m := message("44770090" + number)
			if w.long {
				m.Text = strings.Repeat("Long. ", 40)
			}
			r := submit(t, c, m)[m.N]
			if r.Outcome != w.first || r.Class != w.class {
				t.Fatalf("first: %+v", r)
			}
			for try := 2; try <= w.tries; try++ {
				r = submit(t, c, m)[m.N]
				if (r.Outcome == gateway.Accepted) != (try == w.tries) {
					t.Fatalf("try %d: %+v", try, r)
				}
			}
			await(t, "receipts and reply", func() bool {
				rs, ms := k.got()
				return len(rs) >= len(w.states) && (w.reply == "" || len(ms) > 0)
			})
			rs, ms := k.got()
			for i, rc := range rs {
				if i >= len(w.states) || rc.State != w.states[i] || rc.To != "44770090"+number || rc.UserRef != m.UserRef() {
					t.Errorf("receipt %d: %+v", i, rc)
				}
				if len(r.Parts) > 0 && r.Parts[0].MatchID != "" && !slices.ContainsFunc(r.Parts, func(p gateway.Part) bool { return p.MatchID == rc.MatchID }) {
					t.Errorf("receipt %d does not match %+v", i, r.Parts)
				}
			}
			if w.reply != "" && (ms[0].Text != w.reply || ms[0].To != "TIDINGS" || ms[0].From != m.To) {
				t.Errorf("reply %+v", ms[0])
			}
		})
	}
}

func TestReceiptBeforeResponse(t *testing.T) {
	s, _ := carrier(t, Config{})
	c, k, _ := client(t, s, nil)
	m := message("447700909906")
	if r := submit(t, c, m)[m.N]; r.Outcome != gateway.Accepted {
		t.Errorf("result %+v", r)
	}
	if rs, _ := k.got(); len(rs) != 1 {
		t.Errorf("%d receipts when the response came", len(rs))
	}
}

func TestTableIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile(`(?m)^\| (99\d\d) \|`).FindAllSubmatch(doc, -1) {
		rows = append(rows, string(m[1]))
	}
	var known []string
	for n := range plans {
		known = append(known, n)
	}
	slices.Sort(known)
	if !slices.Equal(rows, known) {
		t.Errorf("documented %v\nknown %v", rows, known)
	}
}

func TestShares(t *testing.T) {
	f := Shares{Refused: 0.1, Temporary: 0.1, Mute: 0.1, NoReceipt: 0.2, Undelivered: 0.3, Stop: 0.5}
	refused, silent, failed, stops := 0, 0, 0, 0
	for n := range uint64(10_000) {
		p := f.roll(1, n)
		if !reflect.DeepEqual(p, f.roll(1, n)) {
			t.Fatal("not the same again")
		}
		switch {
		case p.status != 0:
			refused++
			continue
		case len(p.receipt) == 0:
			silent++
		case p.receipt[0].stat == "UNDELIV":
			failed++
		}
		if p.reply != "" {
			stops++
		}
	}
	for name, n := range map[string][2]int{"refused": {refused, 2000}, "silent": {silent, 1600}, "failed": {failed, 2400}, "stops": {stops, 4000}} {
		if n[0] < n[1]*9/10 || n[0] > n[1]*11/10 {
			t.Errorf("%s: %d, not about %d", name, n[0], n[1])
		}
	}
}
