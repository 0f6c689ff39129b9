package app

import (
	"testing"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// D33, D34, smpp.md 1.8: what an answer means for its message, with tries that a code of a route limits.
func TestDecideByTable(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name  string
		r     gateway.Result
		tries int
		state sms.MessageState
		wait  time.Duration
	}{
		{"temporary", gateway.Result{Outcome: gateway.Refused, Class: gateway.Temporary}, 0, sms.MessageRetrying, 30 * time.Second},
		{"temporary, with a wait of the route", gateway.Result{Outcome: gateway.Refused, Class: gateway.Temporary, RetryAfter: time.Hour}, 0, sms.MessageRetrying, time.Hour},
		{"temporary, one try left", gateway.Result{Outcome: gateway.Refused, Class: gateway.Temporary, Tries: 2}, 0, sms.MessageRetrying, 30 * time.Second},
		{"temporary, the last try", gateway.Result{Outcome: gateway.Refused, Class: gateway.Temporary, Tries: 2}, 1, sms.MessageRejected, 0},
		{"temporary, with a shorter wait of the route", gateway.Result{Outcome: gateway.Refused, Class: gateway.Temporary, RetryAfter: time.Second, Fixed: true}, 5, sms.MessageRetrying, time.Second},
		{"throttled", gateway.Result{Outcome: gateway.Refused, Class: gateway.Throttled, RetryAfter: 5 * time.Second}, 90, sms.MessageRetrying, 5 * time.Second},
		{"route", gateway.Result{Outcome: gateway.Refused, Class: gateway.Route}, 90, sms.MessageRetrying, time.Minute},
		{"recipient", gateway.Result{Outcome: gateway.Refused, Class: gateway.Recipient}, 0, sms.MessageUndelivered, 0},
		{"permanent", gateway.Result{Outcome: gateway.Refused, Class: gateway.Content}, 0, sms.MessageRejected, 0},
		{"opted out", gateway.Result{Outcome: gateway.Refused, Class: gateway.OptedOut}, 0, sms.MessageRejected, 0},
		{"unknown", gateway.Result{Outcome: gateway.Unknown, Tries: 9}, 0, sms.MessageUnknown, 0},
	} {
		a := decide(c.r, c.tries, now, 0)
		if a.State != c.state {
			t.Errorf("%s: %s", c.name, a.State.Words())
		}
		if a.State == sms.MessageRetrying && a.NextAt.Sub(now) != c.wait {
			t.Errorf("%s: again in %s", c.name, a.NextAt.Sub(now))
		}
		if a.State == sms.MessageRetrying && a.Counts != (c.r.Class == gateway.Temporary) || a.State == sms.MessageUnknown && a.Outcome != postgres.OutcomeUnknown {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}

// smpp.md 1.8: three refusals in a row of the route or the sender keep the messages of that campaign for a minute,
// then for five; two campaigns at once keep those of all. A throttled carrier keeps nobody's.
func TestBrake(t *testing.T) {
	var b brake
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	refuse := func(session int64, c gateway.Class, times int) {
		for range times {
			b.feel(gateway.Result{Session: session, Outcome: gateway.Refused, Class: c, Code: "smpp:0x0A"}, now)
		}
	}
	holds := func(what string, sessions ...int64) {
		t.Helper()
		for s := int64(1); s <= 3; s++ {
			want := false
			for _, x := range sessions {
				want = want || x == s
			}
			if b.holds(s, now) != want {
				t.Errorf("%s: campaign %d is kept: %v", what, s, !want)
			}
		}
		if (b.words(now) != "") != (len(sessions) > 0) {
			t.Errorf("%s: staff read %q", what, b.words(now))
		}
	}
	refuse(1, gateway.Throttled, 50)
	refuse(1, gateway.Route, 2)
	b.feel(gateway.Result{Session: 1, Outcome: gateway.Accepted}, now)
	refuse(1, gateway.Route, 2)
	holds("two in a row")
	refuse(1, gateway.Route, 20)
	holds("three in a row", 1)
	now = now.Add(61 * time.Second)
	holds("a minute later")
	refuse(1, gateway.Route, 3)
	now = now.Add(4 * time.Minute)
	holds("again, for longer", 1)
	for range 3 {
		b.feel(gateway.Result{Session: 2, Outcome: gateway.Refused, Class: gateway.Temporary, Unlisted: true, Code: "smpp:0x499"}, now)
	}
	holds("two campaigns", 1, 2, 3)

	b = brake{}
	refuse(1, gateway.Recipient, 100)
	holds("a bad list")
	refuse(2, gateway.Recipient, 60)
	holds("the numbers of two campaigns", 1, 2, 3)
}
