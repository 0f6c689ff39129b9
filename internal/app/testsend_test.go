package app_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

var sixDigits = regexp.MustCompile(`\d{6}`)

// codeSent is the code in the last text to the number.
func codeSent(t *testing.T, w *apptest.TheWorld, number int64) string {
	t.Helper()
	text := pgtest.Value[string](t, w.DSN, `select text from messages where tenant_id = $1 and number = $2 order by session_id desc limit 1`,
		int64(w.Tenant.ID), number)
	return sixDigits.FindString(text)
}

// ownPhone adds a phone and verifies it.
func ownPhone(t *testing.T, w *apptest.TheWorld, n int64) string {
	t.Helper()
	if err := w.App.AddTestNumber(t.Context(), w.Author, fmt.Sprint("+", n), "Ida's phone", token(t)); err != nil {
		t.Fatal(err)
	}
	if err := w.App.VerifyTestNumber(t.Context(), w.Author, fmt.Sprint(n), codeSent(t, w, n)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(n)
}

func testProblem(err error, field string) string {
	var p sms.Problems
	_ = errors.As(err, &p)
	return p.For(field)
}

// D41: a phone takes tests only after its owner has read a code there: five tries, ten minutes.
func TestVerifyOwnPhone(t *testing.T) {
	w := apptest.World(t)
	w.Credits(50 * sms.Credit)
	carrier(t, w)
	ctx := t.Context()
	const n = 33612345670
	add := func() error { return w.App.AddTestNumber(ctx, w.Author, "06 12 34 56 70", "", token(t)) }
	if err := add(); err != nil {
		t.Fatal(err)
	}
	code := codeSent(t, w, n)
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	for left := 4; left >= 0; left-- {
		err := w.App.VerifyTestNumber(ctx, w.Author, fmt.Sprint(n), wrong)
		want := map[int]string{0: "That code is not right. Send a new one", 1: "That code is not right. 1 try left"}[left]
		if want == "" {
			want = fmt.Sprintf("That code is not right. %d tries left", left)
		}
		if got := testProblem(err, "code"); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if got := testProblem(w.App.VerifyTestNumber(ctx, w.Author, fmt.Sprint(n), code), "code"); got != "Too many tries. Send a new code" {
		t.Errorf("after five tries the right code gives %q", got)
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	code = codeSent(t, w, n)
	w.Clock.Add(sms.CodeFor + time.Second)
	if got := testProblem(w.App.VerifyTestNumber(ctx, w.Author, fmt.Sprint(n), code), "code"); got != "That code has expired. Send a new one" {
		t.Errorf("after ten minutes %q", got)
	}
	id := newDraft(t, w)
	save(t, w, id, func(f *app.CampaignForm) { f.Text, f.Kind = "Boats", sms.Service })
	_, err := w.App.SendTest(ctx, w.Author, id, app.TestForm{Numbers: []string{fmt.Sprint(n)}, Token: token(t)})
	if got := testProblem(err, "numbers"); got != "Choose at least one verified phone" {
		t.Errorf("a test to a phone that is not verified: %v", err)
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	code = codeSent(t, w, n)
	if err := w.App.VerifyTestNumber(ctx, w.Author, fmt.Sprint(n), code[:3]+" "+code[3:]); err != nil {
		t.Fatal(err)
	}
	if got := testProblem(add(), "number"); got != "This phone is verified already" {
		t.Errorf("again: %q", got)
	}
	for _, typed := range []string{"", "01 23 45 67 89", "12", "4.47946E+11"} {
		if got := testProblem(w.App.AddTestNumber(ctx, w.Author, typed, "", token(t)), "number"); got == "" {
			t.Errorf("%q is taken", typed)
		}
	}
	if err := w.App.AddTestNumber(ctx, w.Viewer, "+33612345680", "", token(t)); !errors.Is(err, sms.ErrForbidden) {
		t.Errorf("a viewer: %v", err)
	}
}

// D41: a test is the real message at the normal price, outside validation; at most 20 a day.
func TestSendTest(t *testing.T) {
	w := apptest.World(t)
	w.Credits(200 * sms.Credit)
	carrier(t, w)
	ctx := t.Context()
	fr, no := ownPhone(t, w, 33612345670), ownPhone(t, w, 4791234560)
	id := newDraft(t, w)
	d := save(t, w, id, func(f *app.CampaignForm) {
		f.Text, f.Kind, f.Lists = "Hi {first_name|you}, "+strings.Repeat("30% off ", 18), sms.Marketing, []string{w.List.String()}
	})
	before := balance(t, w)
	f := app.TestForm{Numbers: []string{fr, no, "33699999990"}, As: "first", Token: token(t)}
	sent, err := w.App.SendTest(ctx, w.Author, id, f)
	if err != nil {
		t.Fatal(err)
	}
	if sent.People != 2 || sent.Price != 6*sms.Credit { // two parts, France 1 and Norway 2
		t.Errorf("%+v", sent)
	}
	again, err := w.App.SendTest(ctx, w.Author, id, f)
	if err != nil || again != sent || before.Available-balance(t, w).Available != sent.Price {
		t.Errorf("a second press: %+v %v", again, err)
	}
	tests, _, err := w.App.Tests(ctx, w.Viewer, id)
	if err != nil || len(tests) != 2 {
		t.Fatalf("%+v %v", tests, err)
	}
	for _, x := range tests {
		text := pgtest.Value[string](t, w.DSN, `select text from messages where tenant_id = $1 and session_id = $2 and number = $3`,
			int64(w.Tenant.ID), int64(x.Session), x.Number)
		if text != d.Preview.Message || !strings.HasSuffix(text, " STOP 36180") || x.Person != d.Preview.Person.Name()+" Test" && x.Person != d.Preview.Person.Name() {
			t.Errorf("%q as %q, the preview is %q", text, x.Person, d.Preview.Message)
		}
	}
	page, err := w.App.TestPage(ctx, w.Author, id)
	if err != nil {
		t.Fatal(err)
	}
	if page.Left != 18 || page.Campaign.TestedRevision != page.Campaign.Revision || page.Costs[33612345670] != sms.Credit || sms.Blocks(page.Findings) {
		t.Errorf("%+v", page)
	}
	if p, _ := w.App.Campaigns(ctx, w.Viewer, sms.CampaignFilter{}); p.Lines[0].State != sms.CampaignDraft {
		t.Errorf("a test is in the statistics: %+v", p.Lines[0])
	}
	for range 9 {
		if _, err := w.App.SendTest(ctx, w.Author, id, app.TestForm{Numbers: []string{fr, no}, Token: token(t)}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.App.SendTest(ctx, w.Author, id, app.TestForm{Numbers: []string{fr}, Token: token(t)})
	if got := testProblem(err, "numbers"); got != "20 tests a day is the most. 0 are left today" {
		t.Errorf("the 21st: %v", err)
	}
	w.Clock.Add(24 * time.Hour)
	if _, err = w.App.SendTest(ctx, w.Author, id, app.TestForm{Numbers: []string{fr}, Token: token(t)}); err != nil {
		t.Errorf("the next day: %v", err)
	}
	d = save(t, w, id, func(f *app.CampaignForm) { f.Name = "Renamed" })
	if d.Campaign.TestedRevision != d.Campaign.Revision {
		t.Error("another name asks for another test")
	}
	d = save(t, w, id, func(f *app.CampaignForm) { f.Text += "!" })
	if d.Findings[0].Code != "tested" || d.Findings[0].Level != sms.LevelWarning {
		t.Errorf("%+v", d.Findings[0])
	}
}

func balance(t *testing.T, w *apptest.TheWorld) sms.Balance {
	t.Helper()
	l, err := w.App.Ledger(t.Context(), w.Viewer, 0)
	if err != nil {
		t.Fatal(err)
	}
	return l.Balance
}

// D24: a test that cannot be paid writes nothing.
func TestSendTestWithTooLittle(t *testing.T) {
	w := apptest.World(t)
	w.Credits(1500)
	carrier(t, w)
	fr := ownPhone(t, w, 33612345670)
	id := newDraft(t, w)
	save(t, w, id, func(f *app.CampaignForm) { f.Text, f.Kind = "Boats", sms.Service })
	_, err := w.App.SendTest(t.Context(), w.Author, id, app.TestForm{Numbers: []string{fr}, Token: token(t)})
	if sms.Words(err) != "There are not enough credits: this costs 1, and you can use 0.5." {
		t.Errorf("%v", err)
	}
	if tests, _, _ := w.App.Tests(t.Context(), w.Author, id); len(tests) != 0 || balance(t, w).Available != 500 {
		t.Errorf("%+v", tests)
	}
	other := w.Other()
	if _, _, err := w.App.Tests(t.Context(), other.Owner, id); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}
