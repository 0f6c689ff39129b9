package sms

import (
	"strings"
	"testing"
)

// smpp.md 1.8: every code can mean something else on a route, and no rule makes anybody send again what may have been sent.
func TestReadCodes(t *testing.T) {
	rules, problem := ReadCodes("smpp", " 0x8 temporary 60 3\n\nsmpp:0x58 throttled 5\n1030 unknown\n0xA recipient\n0x45 permanent\n0x46 opted-out\n0x47 route 900")
	if problem != "" {
		t.Fatal(problem)
	}
	want := "smpp:0x08 temporary 60 3\nsmpp:0x58 throttled 5\nsmpp:0x406 unknown\nsmpp:0x0A recipient\nsmpp:0x45 permanent\nsmpp:0x46 opted-out\nsmpp:0x47 route 900"
	if got := CodeLines(rules); got != want {
		t.Errorf("read as\n%s", got)
	}
	if again, problem := ReadCodes("smpp", want); problem != "" || CodeLines(again) != want {
		t.Errorf("what was written is read as %v (%s)", again, problem)
	}
	for kind, lines := range map[string]string{"twilio": "30003 recipient", "http": "429 throttled 5\ntelnyx:40300 opted-out\nhttp:503 unknown"} {
		if _, problem := ReadCodes(kind, lines); problem != "" {
			t.Errorf("%s: %s", kind, problem)
		}
	}
	for _, c := range []struct{ kind, line, want string }{
		{"smpp", "0x45", "0x45 is none"},
		{"smpp", "0 temporary", "is none"},
		{"smpp", "twilio:1 temporary", "is none"},
		{"smpp", "0x45 perhaps", "is none"},
		{"smpp", "0x45 temporary soon", "is none"},
		{"smpp", "0x45 temporary 60 3 4", "is none"},
		{"smpp", "0x45 temporary 86401", "is none"},
		{"smpp", "0x45 permanent 60", "Use no wait"},
		{"smpp", "0x45 throttled 60 3", "tries with temporary only"},
		{"smpp", "0x45 temporary\n69 route", "Use one line for smpp:0x45"},
		{"http", "503 temporary", "stays unknown"},
		{"http", "http:408 route", "stays unknown"},
	} {
		if _, problem := ReadCodes(c.kind, c.line); !strings.Contains(problem, c.want) {
			t.Errorf("%q: %q", c.line, problem)
		}
	}
}
