package sms

import (
	"strings"
	"time"

	"tidings/internal/sms/phone"
)

// DraftFacts is what the checks of a draft look at.
type DraftFacts struct {
	Campaign     Campaign
	Text         Text
	TextProblems Problems // of the text as it is written
	Sender       Sender   // zero: none is chosen
	Quote        Quote
	Prices       map[string]Credits
	Balance      Balance
	SentAt       *time.Time // when the same text last left, lately
	Zone         string     // of the account
}

// draftCheck is one line of the check list.
type draftCheck func(DraftFacts) Finding

var draftChecks = []draftCheck{checkTested, checkPeople, checkSender, checkKind, checkWritten, checkFilled, checkParts, checkPrices, checkBalance, checkAgain}

// CheckDraft is the check list of a draft, in the order in which it is shown (ux.md 7.13): what passed
// too. A check that has nothing to say yet is left out.
func CheckDraft(f DraftFacts) []Finding {
	var out []Finding
	for _, check := range draftChecks {
		if x := check(f); x.Title != "" {
			out = append(out, x)
		}
	}
	for _, x := range append(linkChecks(f.Campaign.Text), wordChecks(f.Campaign.Text)...) {
		x.Mend = "compose#text"
		out = append(out, x)
	}
	return out
}

// DraftProblems are the blocking findings as mistakes of the compose page, by field.
func DraftProblems(list []Finding) Problems {
	var p Problems
	for _, f := range list {
		if _, field, ok := strings.Cut(f.Mend, "#"); ok && f.Level == LevelBlocking {
			p.Add(field, f.Title)
		}
	}
	return p
}

func checkTested(f DraftFacts) Finding {
	x := Finding{Code: "tested", Mend: "test#send"}
	switch c := f.Campaign; {
	case c.TestedRevision == c.Revision:
		x.Title = "Somebody was sent a test of this message"
	case c.TestedRevision == 0:
		x.Level, x.Title = LevelWarning, "Not tested yet"
		x.Evidence = "See it on a phone before anybody else does."
	default:
		x.Level, x.Title = LevelWarning, "Not tested since it was changed at "+In(c.UpdatedAt, f.Zone).Format("15:04")
	}
	return x
}

func checkPeople(f DraftFacts) Finding {
	x := Finding{Code: "people", Mend: "compose#lists"}
	switch {
	case len(f.Campaign.Lists) == 0 && len(f.Campaign.ReachedBy) == 0:
		x.Level, x.Title = LevelBlocking, "Choose who receives it"
	case f.Quote.People == 0:
		x.Level, x.Title = LevelBlocking, "Nobody in this selection can be reached"
	default:
		x.Title = People(f.Quote.People) + " will get it"
	}
	return x
}

func checkSender(f DraftFacts) Finding {
	x := Finding{Code: "sender", Mend: "compose#sender"}
	if f.Sender.Name == "" {
		x.Level, x.Title = LevelBlocking, "Choose the sender they see"
		return x
	}
	if f.Sender.ApprovedAt == nil {
		x.Level, x.Title = LevelBlocking, f.Sender.Name+" is not approved yet"
		return x
	}
	lines := append(append([]QuoteLine{}, f.Quote.ByCountry...), f.Quote.Unpriced...)
	for _, l := range lines {
		if !f.Sender.ApprovedIn(l.Country) {
			x.Level = LevelBlocking
			x.Title = f.Sender.Name + " is not approved in " + phone.CountryInText(l.Country) + " (" + People(l.People) + "). Leave them out or wait"
			return x
		}
	}
	switch len(lines) {
	case 0:
		x.Title = f.Sender.Name + " is approved"
	case 1:
		x.Title = f.Sender.Name + " is approved in " + phone.CountryInText(lines[0].Country)
	default:
		x.Title = f.Sender.Name + " is approved in all " + figure(len(lines)) + " countries"
	}
	return x
}

func checkKind(f DraftFacts) Finding {
	x := Finding{Code: "kind", Mend: "compose#kind"}
	switch f.Campaign.Kind {
	case Marketing:
		x.Code, x.Title = "opt_out", "Every message says how to stop"
	case Service:
		x.Title = "A service message: no opt-out is added"
	default:
		x.Level, x.Title = LevelBlocking, "Choose marketing or service"
	}
	return x
}

func checkWritten(f DraftFacts) Finding {
	x := Finding{Code: "text", Mend: "compose#text", Level: LevelBlocking}
	switch {
	case len(f.TextProblems) > 0:
		x.Title = f.TextProblems[0].Text
	case f.Text.Empty():
		x.Title = "Write the message"
	default:
		return Finding{}
	}
	return x
}

func checkFilled(f DraftFacts) Finding {
	x := Finding{Code: "fields", Mend: "compose#text"}
	field, most := "", 0
	for k, n := range f.Quote.Unfilled {
		if n > most || n == most && k < field {
			field, most = k, n
		}
	}
	switch {
	case len(f.TextProblems) > 0 || len(f.Text.Fields()) == 0:
		return Finding{}
	case most > 0:
		x.Level, x.Title = LevelBlocking, "Add a word for people without a "+FieldLabel(field)
		x.Evidence = People(most) + " " + has(most) + " no " + FieldLabel(field) + ". Write {" + field + "|" + example(field) + "}."
	default:
		x.Title = "Every field is filled for everybody"
	}
	return x
}

func checkParts(f DraftFacts) Finding {
	x := Finding{Code: "parts", Mend: "compose#text"}
	q := f.Quote
	switch {
	case q.People == 0 || f.Text.Empty():
		return Finding{}
	case q.TooLong > 0:
		x.Level = LevelBlocking
		x.Title = "For " + People(q.TooLong) + " the message is " + figure(q.MostParts) + " parts. The most is " + figure(MaxParts)
	case len(q.ByParts) == 1:
		x.Title = "Everybody gets " + counted(q.Usual(), "part", "parts")
	default:
		n := q.Over(q.Usual())
		if n == 0 {
			x.Title = "Nobody gets more than " + counted(q.Usual(), "part", "parts")
			break
		}
		x.Level, x.Title = LevelWarning, People(n)+" "+gets(n)+" "+figure(q.Usual()+1)+" parts"
		if q.MostParts > q.Usual()+1 {
			x.Title += " or more"
		}
		x.Evidence = "Everybody else gets " + counted(q.Usual(), "part", "parts") + " at most."
	}
	return x
}

func gets(n int) string {
	if n == 1 {
		return "gets"
	}
	return "get"
}

func checkPrices(f DraftFacts) Finding {
	if len(f.Quote.Unpriced) == 0 {
		return Finding{}
	}
	l := f.Quote.Unpriced[0]
	return Finding{
		Code: "price", Level: LevelBlocking, Mend: "compose#lists",
		Title: "We do not send to " + phone.CountryInText(l.Country) + " (" + People(l.People) + "). Leave them out",
	}
}

func checkBalance(f DraftFacts) Finding {
	x := Finding{Code: "balance", Mend: "credits"}
	short := f.Quote.Price - f.Balance.Available
	switch {
	case f.Quote.People == 0:
		return Finding{}
	case short > 0:
		x.Level, x.Title = LevelWarning, "You are "+short.Words()+" short now"
		x.Evidence = "It costs " + f.Quote.Price.Words() + ", and you can use " + f.Balance.Available.String() + ". A scheduled sending may wait for a reload."
	default:
		x.Title = f.Quote.Price.Words() + " of the " + f.Balance.Available.String() + " you can use"
	}
	return x
}

func checkAgain(f DraftFacts) Finding {
	if f.SentAt == nil || f.Text.Empty() {
		return Finding{}
	}
	return Finding{
		Code: "again", Level: LevelWarning, Mend: "compose#text",
		Title: "The same text was sent on " + In(*f.SentAt, f.Zone).Format("Monday 2 January at 15:04"),
	}
}
