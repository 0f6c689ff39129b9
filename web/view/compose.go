package view

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/gsm"
	"tidings/internal/sms/phone"
)

// ComposeProps is a draft and where it stands.
type ComposeProps struct {
	app.Draft
	Base     string       // address of the campaign
	Account  string       // address of the account
	ReadOnly bool         // the reader's role does not write
	Mistakes sms.Problems // that keep it from going on
}

// fixed says whether nothing can be changed here now.
func (p ComposeProps) fixed() bool { return p.ReadOnly || p.Open != nil }

func (p ComposeProps) err(field string) string { return p.Mistakes.For(field) }

// summary is the list of mistakes, each leading to its field.
func (p ComposeProps) summary() []Problem {
	out := make([]Problem, 0, len(p.Mistakes))
	for _, x := range p.Mistakes {
		out = append(out, Problem{Field: x.Field, Text: Plain(x.Text)})
	}
	return out
}

// saved is the note after the crumbs.
func (p ComposeProps) saved() string {
	at := sms.In(p.Campaign.UpdatedAt, p.Tenant.Zone).Format("15:04")
	switch {
	case p.Stale != nil:
		return "Not saved"
	case p.Campaign.Revision == 1:
		return "Draft begun at " + at
	}
	return "Saved at " + at
}

// autosave makes the form keep itself 800 ms after a pause, and on leaving a field.
func (p ComposeProps) autosave() templ.Attributes {
	if p.fixed() {
		return nil
	}
	return templ.Attributes{
		"hx-post": p.Base + "/compose", "hx-trigger": "input delay:800ms, change", "hx-swap": "none", "hx-sync": "#compose:replace",
	}
}

// do is a button of the form that saves and then does more; with script it changes the page in place.
func (p ComposeProps) do(what string) templ.Attributes {
	return templ.Attributes{
		"name": "do", "value": what, "formaction": p.Base + "/compose", "hx-post": p.Base + "/compose",
		"hx-target": "#main", "hx-select": "#main", "hx-swap": "outerHTML", "hx-sync": "#compose:replace",
	}
}

func (p ComposeProps) chosen(excluded bool) []sms.ListName {
	ids := p.Campaign.Lists
	if excluded {
		ids = p.Campaign.Excluded
	}
	var out []sms.ListName
	for _, id := range ids {
		for _, l := range p.Lists {
			if l.ID == id {
				out = append(out, l)
			}
		}
	}
	return out
}

// others are the lists that may still be chosen.
func (p ComposeProps) others() []sms.ListName {
	var out []sms.ListName
	for _, l := range p.Lists {
		used := false
		for _, id := range append(append([]sms.ID{}, p.Campaign.Lists...), p.Campaign.Excluded...) {
			used = used || id == l.ID
		}
		if !used {
			out = append(out, l)
		}
	}
	return out
}

func (p ComposeProps) senders() []Option {
	out := []Option{}
	if p.Campaign.Sender == "" || len(p.Senders) == 0 {
		out = append(out, Option{Label: "Choose a sender"})
	}
	for _, s := range p.Senders {
		label := s.Name
		if s.ApprovedAt == nil {
			label += ", waiting for approval"
		}
		out = append(out, Option{Value: s.Name, Label: label})
	}
	return out
}

// senderState is the mark and the words beside the sender, from its check.
func (p ComposeProps) senderState() (mark, words string) {
	if p.Campaign.Sender == "" {
		return "", ""
	}
	for _, f := range p.Findings {
		if f.Code == "sender" {
			if f.Level == sms.LevelBlocking {
				return "held", f.Title
			}
			return "completed", strings.ToUpper(f.Title[len(p.Campaign.Sender)+4:len(p.Campaign.Sender)+5]) + f.Title[len(p.Campaign.Sender)+5:]
		}
	}
	return "", ""
}

func (p ComposeProps) senderHint() string {
	if n := strings.TrimSpace(sms.OptOutNotice(p.mainCountry(), sms.Marketing)); strings.HasPrefix(n, "STOP ") {
		return "A name cannot receive replies. People opt out by sending STOP to " + strings.TrimPrefix(n, "STOP ") + "."
	}
	return "A name cannot receive replies."
}

func (p ComposeProps) mainCountry() string {
	if c := p.Quote.ByCountry; len(c) > 0 {
		return c[0].Country
	}
	return p.Preview.Person.Country
}

// tail is the notice under the sheet: that of most people, and where it is different.
func (p ComposeProps) tail() (text, note string) {
	main := strings.TrimSpace(sms.OptOutNotice(p.mainCountry(), p.Campaign.Kind))
	for _, c := range p.Quote.ByCountry {
		if n := strings.TrimSpace(sms.OptOutNotice(c.Country, p.Campaign.Kind)); n != main {
			return main, phone.CountryName(c.Country) + ": " + n
		}
	}
	return main, "The law asks for it"
}

// tokens are the text as typed, in its pieces.
func (p ComposeProps) tokens() []Token {
	odd := map[rune]bool{}
	text := p.Text.String()
	list := gsm.Odd(text)
	marked := 0
	for _, o := range list {
		marked += o.Count
	}
	if marked*5 <= len([]rune(text)) { // a text in another script would be marked from end to end
		for _, o := range list {
			odd[o.Rune] = true
		}
	}
	var out []Token
	for _, x := range p.Text.Pieces() {
		if x.Field != "" {
			out = append(out, Token{Kind: FieldName, Text: x.Raw})
			continue
		}
		out = append(out, oddTokens(x.Raw, odd)...)
	}
	return out
}

func oddTokens(text string, odd map[rune]bool) []Token {
	var out []Token
	from := 0
	for i, r := range text {
		if odd[r] {
			out = append(out, Token{Text: text[from:i]}, Token{Kind: Odd, Text: string(r)})
			from = i + len(string(r))
		}
	}
	return append(out, Token{Text: text[from:]})
}

// inserts are the fields one may put in, each with the fallback that suits it.
func (p ComposeProps) inserts() []Insert {
	out := make([]Insert, 0, len(p.Fields))
	for _, f := range p.Fields {
		label := sms.FieldLabel(f)
		text := "{" + f + "}"
		if f == sms.FieldFirstName {
			text = "{" + f + "|there}"
		}
		out = append(out, Insert{Label: strings.ToUpper(label[:1]) + label[1:], Text: text})
	}
	return out
}

// cells are the parts of the message of the person who is shown. Those that the first advice would save
// have the colour of advice.
func (p ComposeProps) cells() []Part {
	size := p.Preview.Size
	alone, room := size.Encoding.Room()
	if size.Parts == 1 {
		room = alone
	}
	need := size.Parts
	if a := p.advice(); a != nil && a.Parts > 0 {
		need = a.Parts
	}
	out := make([]Part, 0, size.Parts)
	for i, n := range size.PartUnits {
		out = append(out, Part{Used: n, Of: room, Extra: i >= need})
	}
	return out
}

// advice is the one that is shown: the dearest.
func (p ComposeProps) advice() *sms.Advice {
	if len(p.Advice) == 0 || p.Text.Empty() {
		return nil
	}
	return &p.Advice[0]
}

// partsTitle says how many parts a person costs.
func (p ComposeProps) partsTitle() string {
	n := p.Preview.Size.Parts
	if p.Quote.People == 0 || len(p.Quote.ByParts) == 1 {
		return Count(n, "part", "parts") + " per person."
	}
	if usual := p.Quote.Usual(); usual != n {
		return Count(n, "part", "parts") + " for " + p.who() + ", " + Num(usual) + " for most people."
	}
	return Count(n, "part", "parts") + " for most people."
}

// counted says for whom, and how it travels.
func (p ComposeProps) counted() string {
	size := p.Preview.Size
	how := " in the standard SMS alphabet."
	if size.Encoding == gsm.UCS2 {
		how = " in Unicode" + p.because() + "."
	}
	return "Counted for " + p.who() + ", " + Count(size.Units, "character", "characters") + how
}

// because names the character that makes the message of this person Unicode.
func (p ComposeProps) because() string {
	odd := gsm.Odd(p.Preview.Message)
	if len(odd) == 0 {
		return ""
	}
	c := string(odd[0].Rune)
	if len(gsm.Odd(p.Text.String())) == 0 {
		return ", because of " + c + " in a field"
	}
	return ", because of " + c
}

// who is the person the message is counted for, in a sentence.
func (p ComposeProps) who() string {
	x := p.Preview.Person
	switch {
	case p.Preview.Nobody:
		return "a reader without a name"
	case strings.TrimSpace(x.FirstName) != "":
		return strings.TrimSpace(x.FirstName)
	case x.Name() != "":
		return x.Name()
	}
	return phone.Number(x.Number).Masked()
}

// viewLink shows another person without saving anything.
func (p ComposeProps) viewLink(pick string) string {
	return p.Base + "/compose?pick=" + pick + "&person=" + p.Preview.Person.Contact.String() + "#preview"
}

// place says which person is shown.
func (p ComposeProps) place() string {
	if p.Preview.Nobody {
		return ""
	}
	return Num(p.Preview.Place) + " of " + Num(p.Quote.People)
}

// bubble is the message of the person who is shown, with where its parts begin.
func (p ComposeProps) bubble() []Token { return PartTokens(p.Preview.Message, p.Preview.Size.Cuts) }

// PartTokens are a message with marks at the byte offsets where the second and later parts begin.
func PartTokens(message string, cuts []int) []Token {
	var out []Token
	from := 0
	for i, c := range cuts {
		out = append(out, Token{Text: message[from:c]}, Token{Kind: Cut, N: i + 2})
		from = c
	}
	return append(out, Token{Text: message[from:]})
}

func (p ComposeProps) phone() PhoneProps {
	x := p.Preview.Person
	out := PhoneProps{Sender: or(p.Campaign.Sender, "Sender"), Person: x.Name(), Country: phone.CountryName(x.Country), Message: p.bubble()}
	if p.Preview.Nobody {
		out.Person = "Nobody is chosen yet"
		out.Country = ""
		return out
	}
	out.Number = phone.Number(x.Number).Masked()
	return out
}

// receiptRows is how many countries the receipt names.
const receiptRows = 8

// receipt is the cost by country, counted person by person.
func (p ComposeProps) receipt() ReceiptProps {
	q := p.Quote
	out := ReceiptProps{Title: "Cost estimate", Note: "counted person by person", Head: []string{"Country", "People", "Parts", "Credits"}}
	rest := sms.QuoteLine{}
	for i, l := range q.ByCountry {
		if i >= receiptRows {
			rest.People, rest.Parts, rest.Price = rest.People+l.People, rest.Parts+l.Parts, rest.Price+l.Price
			continue
		}
		out.Rows = append(out.Rows, []string{phone.CountryName(l.Country) + " ×" + l.Rate.String(), Num(l.People), Num(l.Parts), l.Price.String()})
	}
	if n := len(q.ByCountry) - receiptRows; n > 0 {
		out.Rows = append(out.Rows, []string{Count(n, "other", "others"), Num(rest.People), Num(rest.Parts), rest.Price.String()})
	}
	for _, l := range q.Unpriced {
		out.Rows = append(out.Rows, []string{phone.CountryName(l.Country), Num(l.People), "–", "no price"})
	}
	out.Sums = []ReceiptSum{{Kind: "total", Label: "Total", Figure: q.Price.String()}, {Kind: "after", Label: "You can use", Figure: p.Balance.Available.String()}}
	if left := p.Balance.Available - q.Price; left < 0 {
		out.Sums = append(out.Sums, ReceiptSum{Kind: "bad", Label: "Missing", Figure: (-left).String()})
	} else {
		out.Sums = append(out.Sums, ReceiptSum{Kind: "after", Label: "Left after it", Figure: left.String()})
	}
	if a := p.advice(); a != nil && a.With != "" && a.Saves > 0 {
		out.Fine = a.With + ": " + a.Price.Words()
		if left := p.Balance.Available - a.Price; left >= 0 {
			out.Fine += ", and " + left.String() + " left."
		} else {
			out.Fine += ", and " + (-left).String() + " missing."
		}
	}
	return out
}

// problem is what is wrong with the text as it stands.
func (p ComposeProps) problem() string {
	if t := p.Problems.For("text"); t != "" {
		return t
	}
	if p.Quote.TooLong > 0 {
		return "For " + People(p.Quote.TooLong) + " the message is " + strconv.Itoa(p.Quote.MostParts) + " parts. The most is " + strconv.Itoa(sms.MaxParts)
	}
	if p.Quote.People == 0 && p.Preview.Size.Parts > sms.MaxParts {
		return strconv.Itoa(p.Preview.Size.Parts) + " parts. The most is " + strconv.Itoa(sms.MaxParts)
	}
	return ""
}

// say is what a screen reader hears after a pause in typing: counter, then advice.
func (p ComposeProps) say() string {
	if p.StaleWords() != "" {
		return p.StaleWords()
	}
	out := p.partsTitle()
	if t := p.problem(); t != "" {
		return out + " " + Plain(t)
	}
	if a := p.advice(); a != nil {
		out += " " + a.Title
	}
	return out
}

// Emphasis are the words of a sentence in which *stars* mark what matters.
func Emphasis(s string) []Phrase {
	var out []Phrase
	for i, x := range strings.Split(s, "*") {
		if x != "" {
			out = append(out, Phrase{Text: x, Strong: i%2 == 1})
		}
	}
	return out
}

// Plain is a sentence without the stars of Emphasis.
func Plain(s string) string { return strings.ReplaceAll(s, "*", "") }
