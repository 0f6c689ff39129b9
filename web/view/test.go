package view

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// TestProps is the page "Test and send".
type TestProps struct {
	app.TestPage
	Base, Account string
	Now           time.Time
	Token         func() string // a fresh one for each form
	MayWrite      bool
	Full          bool         // the reader may see numbers in full
	Mistakes      sms.Problems // of the form that came back
	Chosen        []string     // phones that were ticked
	As            string       // as whom
	Typed, Name   string       // the number and name of a phone that came back
	Code          string       // the code that came back …
	CodeOf        string       // … and of which phone
}

func (p TestProps) err(field string) string { return p.Mistakes.For(field) }

func (p TestProps) summary() []Problem {
	var out []Problem
	for _, x := range p.Mistakes {
		f := x.Field
		if f == "code" {
			f = "code-" + p.CodeOf
		}
		out = append(out, Problem{Field: f, Text: x.Text})
	}
	return out
}

// shown is an own phone as the reader may see it.
func (p TestProps) shown(number int64) string {
	if p.Full || p.MayWrite {
		return phone.Number(number).Format()
	}
	return phone.Number(number).Masked()
}

func digitsOf(n int64) string { return strconv.FormatInt(n, 10) }

// verified and waiting are the two kinds of phones.
func (p TestProps) verified() []sms.TestNumber { return p.numbers(true) }

func (p TestProps) waiting() []sms.TestNumber { return p.numbers(false) }

func (p TestProps) numbers(verified bool) []sms.TestNumber {
	var out []sms.TestNumber
	for _, n := range p.Numbers {
		if (n.VerifiedAt != nil) == verified {
			out = append(out, n)
		}
	}
	return out
}

// ticked reports whether the phone is chosen: as it came back, or all of a few.
func (p TestProps) ticked(n sms.TestNumber) bool {
	if p.Chosen == nil && len(p.Mistakes) == 0 {
		return len(p.verified()) == 1
	}
	for _, c := range p.Chosen {
		if c == digitsOf(n.Number) {
			return true
		}
	}
	return false
}

// cost is what a test to the phone costs, for the reader with the most parts.
func (p TestProps) cost(n sms.TestNumber) string {
	each, ok := p.Costs[n.Number]
	if !ok {
		return "We do not send to " + phone.CountryInText(phone.Number(n.Number).Country())
	}
	least, most := 0, 0
	for _, r := range p.TestPage.As {
		if least == 0 || r.Parts < least {
			least = r.Parts
		}
		most = max(most, r.Parts)
	}
	if least == most {
		return (each * sms.Credits(most)).Words()
	}
	return (each * sms.Credits(least)).String() + " to " + (each * sms.Credits(most)).Words()
}

// readers are the choices of as whom the test is read.
func (p TestProps) readers() []Option {
	var out []Option
	for _, r := range p.TestPage.As {
		name := or(r.Person.Name(), "Somebody without a name")
		if r.Person.Contact.IsZero() {
			name = "A reader without a name"
		}
		switch r.Pick {
		case "longest":
			name += ", the longest message"
		case "unfilled":
			name += ", without every field"
		}
		out = append(out, Option{Value: r.Pick, Label: name + ", " + Count(r.Parts, "part", "parts")})
	}
	return out
}

// left says how many tests may follow today.
func (p TestProps) left() string {
	switch p.Left {
	case 0:
		return "The " + strconv.Itoa(sms.TestsADay) + " tests of today are used. More tomorrow."
	case sms.TestsADay:
		return "Up to " + strconv.Itoa(sms.TestsADay) + " tests a day, at the normal price."
	}
	return Count(p.Left, "test is", "tests are") + " left today, at the normal price."
}

func (p TestProps) phone() PhoneProps {
	return ComposeProps{Draft: app.Draft{Campaign: p.Campaign, Preview: p.Preview, Quote: p.Quote}}.phone()
}

func (p TestProps) checks() []CheckLine { return checkLines(p.Findings, p.Base, p.Account) }

// blocked is why the campaign cannot be finalized yet, or "".
func (p TestProps) blocked() string {
	if p.Open != nil {
		return "Version " + strconv.Itoa(p.Open.Number) + " is " + lower(p.Open.State.Words()) + " already."
	}
	n := 0
	first := ""
	for _, f := range p.Findings {
		if f.Level == sms.LevelBlocking {
			if n++; n == 1 {
				first = Plain(f.Title) + "."
			}
		}
	}
	if n > 1 {
		first += " And " + Count(n-1, "more thing", "more things") + " in the checks."
	}
	return first
}

// finalize is the button of the page.
func (p TestProps) finalize(id string) ButtonProps {
	why := p.blocked()
	return ButtonProps{
		Kind: Primary, Big: true, Full: true, ID: id, Label: "Finalize the campaign", IconAfter: "arrow", Href: p.Base + "/finalize",
		Disabled: why != "", Reason: why, Plain: why != "",
	}
}

// code says until when a phone's code works.
func (p TestProps) code(n sms.TestNumber) string {
	if n.CodeEndsAt == nil || p.Now.After(*n.CodeEndsAt) {
		return "Its code has expired. Send a new one."
	}
	return "Six digits, from the text we sent. They work until " + Clock(sms.In(*n.CodeEndsAt, p.Tenant.Zone)) + "."
}

func (p TestProps) codeOf(n sms.TestNumber) (value, err string) {
	if p.CodeOf == digitsOf(n.Number) {
		return p.Code, p.err("code")
	}
	return "", ""
}

// SentProps are the tests of a campaign and what became of them.
type SentProps struct {
	Tests []sms.Test
	Zone  string
	Base  string
	Now   time.Time
	Full  bool
}

func (p TestProps) sent() SentProps {
	return SentProps{Tests: p.Tests, Zone: p.Tenant.Zone, Base: p.Base, Now: p.Now, Full: p.Full || p.MayWrite}
}

// followFor is how long tests are looked at every second; what takes longer is looked at more rarely.
const followFor = 2 * time.Minute

// live is how the list looks again by itself, while any test has no final answer.
func (p SentProps) live() templ.Attributes {
	for _, t := range p.Tests {
		if t.State.Final() || p.Now.Sub(t.At) > sms.RetryFor+time.Hour {
			continue
		}
		every := "1s"
		if p.Now.Sub(t.At) > followFor {
			every = "15s"
		}
		return templ.Attributes{
			"hx-get": p.Base + "/test/sent", "hx-trigger": "load delay:" + every, "hx-target": "#sent", "hx-swap": "outerMorph",
		}
	}
	return nil
}

func (p SentProps) number(t sms.Test) string {
	if p.Full {
		return phone.Number(t.Number).Format()
	}
	return phone.Number(t.Number).Masked()
}

// say is what a screen reader hears of the newest test.
func (p SentProps) say() string {
	if len(p.Tests) == 0 {
		return ""
	}
	t := p.Tests[0]
	return "Test to " + or(t.Name, p.number(t)) + ": " + testWords(t)
}

// testWords says where a test is, and how long it took.
func testWords(t sms.Test) string {
	switch t.State {
	case sms.MessagePending:
		return "On its way"
	case sms.MessageDelivered:
		if t.FirstAt != nil && t.FinalAt != nil {
			return "Delivered in " + took(t.FinalAt.Sub(*t.FirstAt))
		}
		return "Delivered"
	case sms.MessageUnknown:
		return "No answer yet"
	case sms.MessageUndelivered, sms.MessageExpired:
		return "Could not be delivered"
	case sms.MessageRejected:
		return "Not accepted by the operator"
	case sms.MessageSuppressed:
		return "This phone has opted out"
	}
	return t.State.Words()
}

func took(d time.Duration) string {
	if d < time.Second {
		return "under 1 s"
	}
	if d < 10*time.Second {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	if d < time.Minute {
		return strconv.Itoa(int(d.Seconds())) + " s"
	}
	return Span(d)
}

// testMark is the state whose mark a test has.
func testMark(s sms.MessageState) string {
	switch s {
	case sms.MessageDelivered:
		return "completed"
	case sms.MessageUndelivered, sms.MessageExpired, sms.MessageRejected:
		return "refused"
	case sms.MessageSuppressed, sms.MessageCancelled, sms.MessagePresumedUnsent, sms.MessageMissed:
		return "cancelled"
	case sms.MessageRetrying, sms.MessageUnknown:
		return "held"
	}
	return "sending"
}
