package sms

import (
	"strings"
	"testing"
	"time"
)

// D9: the difference holds every word of both texts.
func TestDiff(t *testing.T) {
	before, after := "Congrats {first_name}, you are pre-approved. Reply now", "Hello {first_name}, you may qualify. Reply now"
	var a, b strings.Builder
	changed := false
	for _, c := range Diff(before, after) {
		if c.Kind != '+' {
			a.WriteString(c.Text)
		}
		if c.Kind != '-' {
			b.WriteString(c.Text)
		}
		changed = changed || c.Kind != ' '
	}
	if a.String() != before || b.String() != after || !changed {
		t.Fatalf("%q %q", a.String(), b.String())
	}
	if d := Diff(before, before); len(d) != 1 || d[0].Kind != ' ' {
		t.Fatalf("the same text differs: %v", d)
	}
}

// D12: each check fires on what it is about, and on nothing else.
func TestRunChecks(t *testing.T) {
	clean := func() CheckFacts {
		return CheckFacts{
			Session: Session{Sender: "NORDFARE", Text: "Hi {first_name}, the boat leaves at ten. nordfare.no", People: 200}, TenantAge: 90 * 24 * time.Hour,
			SenderUsed: true, SenderKnown: true, Longest: 1,
		}
	}
	if got := RunChecks(clean()); len(got) != 0 {
		t.Fatalf("a clean session has findings: %v", got)
	}
	for code, spoil := range map[string]func(*CheckFacts){
		"too-long":            func(f *CheckFacts) { f.Longest = MaxParts + 1 },
		"field-empty":         func(f *CheckFacts) { f.Unfilled = 1 },
		"no-opt-out":          func(f *CheckFacts) { f.NoOptOut = 1 },
		"no-price":            func(f *CheckFacts) { f.Unpriced = 1 },
		"sender-not-approved": func(f *CheckFacts) { f.SenderKnown = false },
		"sender-brand":        func(f *CheckFacts) { f.Session.Sender = "PAYPA1" },
		"link-shortener":      func(f *CheckFacts) { f.Session.Text = "See bit.ly/3x" },
		"link-plain":          func(f *CheckFacts) { f.Session.Text = "See http://nordfare.no" },
		"words-loans":         func(f *CheckFacts) { f.Session.Text = "A loan for you" },
		"urgent-money":        func(f *CheckFacts) { f.Session.Text = "Act now and get 50 EUR" },
		"like-refused":        func(f *CheckFacts) { f.MostAlike = 81 },
		"new-and-large":       func(f *CheckFacts) { f.TenantAge = time.Hour; f.Session.People = 5000 },
		"sequential":          func(f *CheckFacts) { f.Sequential = 60 },
		"fresh-list":          func(f *CheckFacts) { f.FreshPeople = 3 },
		"sender-first":        func(f *CheckFacts) { f.SenderUsed = false },
	} {
		f := clean()
		spoil(&f)
		found := false
		for _, c := range RunChecks(f) {
			found = found || c.Code == code
		}
		if !found {
			t.Errorf("%s did not fire: %v", code, RunChecks(f))
		}
	}
}

// D13: due 30 minutes after submission, or 15 before the start.
func TestReviewDue(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := Session{SubmittedAt: at, Mode: ModeNow, StartsAt: at}
	if got := ReviewDue(s); !got.Equal(at.Add(30 * time.Minute)) {
		t.Error(got)
	}
	s.Mode, s.StartsAt = ModeScheduled, at.Add(20*time.Minute)
	if got := ReviewDue(s); !got.Equal(at.Add(5 * time.Minute)) {
		t.Error(got)
	}
}

// D9: a refusal names its family, a reason and what to do.
func TestVerdict(t *testing.T) {
	if _, err := (Verdict{Decision: "refuse"}).Check(false); err == nil {
		t.Error("refused without a reason")
	}
	if f, err := (Verdict{Decision: "refuse", Reasons: []string{"M09"}, Instruction: "Repair the field."}).Check(false); err != nil || f != FamilyTechnical {
		t.Error(f, err)
	}
	if f, err := (Verdict{Decision: "refuse", Reasons: []string{"M09", "M01"}, Instruction: "Send the licence."}).Check(false); err != nil || f != FamilyConduct {
		t.Error(f, err)
	}
	if _, err := (Verdict{Decision: "approve"}).Check(true); err == nil {
		t.Error("a high risk approved without a note")
	}
}
