package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
)

// sentence restates what is being agreed to (D3).
func (p FinalizeProps) sentence() []Phrase {
	s := p.Slip
	when := []Phrase{T(", "), B("as soon as it is approved"), T(",")}
	if p.scheduled() {
		when = []Phrase{T(", on "), B(sendtime.Sentence(s.Session.StartsAt, s.Session.Zone)), T(" (" + sendtime.UTC(s.Session.StartsAt, s.Session.Zone) + "),")}
	}
	out := []Phrase{T("Send one message to "), B(sms.People(s.Quote.People))}
	out = append(append(out, p.whom()...), T(" as "), B(s.Session.Sender))
	out = append(out, when...)
	return append(out, T(" for at most "), B(s.AtMost().Words()), T("."))
}

func (p FinalizeProps) version() string { return "Version " + strconv.Itoa(p.Slip.Session.Number) }

// tokens are the message with its fields, and the opt-out notice that most people get.
func (p FinalizeProps) tokens() []Token {
	country := p.Tenant.Country
	if c := p.Slip.Quote.ByCountry; len(c) > 0 {
		country = c[0].Country
	}
	return MessageTokens(p.Campaign.Text, sms.OptOutNotice(country, p.Campaign.Kind))
}

// MessageTokens are a text with its merge fields by their names, and what is added to it.
func MessageTokens(text, tail string) []Token {
	t, err := sms.ParseText(text)
	if err != nil {
		return []Token{{Kind: Text, Text: text + tail}}
	}
	var out []Token
	for _, x := range t.Pieces() {
		if x.Field == "" {
			out = append(out, Token{Kind: Text, Text: x.Raw})
			continue
		}
		out = append(out, Token{Kind: FieldName, Text: strings.ReplaceAll(x.Field, "_", " ")})
	}
	if tail != "" {
		out = append(out, Token{Kind: Text, Text: tail})
	}
	return out
}

func (p FinalizeProps) button() string {
	if p.scheduled() {
		return "Schedule for " + sms.People(p.Slip.Quote.People)
	}
	return "Send to " + sms.People(p.Slip.Quote.People)
}

// why the slip cannot be confirmed as it is; "" when it can.
func (p FinalizeProps) why() string {
	switch {
	case p.MayAsk != "":
		return p.MayAsk
	case p.Open():
		return p.openWords()
	case len(p.Problems) > 0:
		return p.Problems[0].Text + "."
	}
	for _, f := range p.Findings {
		if f.Level == sms.LevelBlocking {
			return f.Title + "."
		}
	}
	if !p.Ready() {
		return p.shortTitle() + " Reload, or schedule it."
	}
	return ""
}

func (p FinalizeProps) openWords() string {
	s := p.Before
	return fmt.Sprintf("Version %d is %s since %s. Cancel sending to change it or to send another.", s.Number, lower(s.State.Words()), sms.In(s.SubmittedAt, p.Tenant.Zone).Format("15:04"))
}

func (p FinalizeProps) next() string {
	if p.Tenant.AutoValidation {
		return "It is checked at once. You can cancel until the first message goes."
	}
	return "It goes to validation now. Nothing leaves before it is approved, and you can cancel until the first message goes."
}

// atMost explains the difference between what it costs now and the most it can cost.
func (p FinalizeProps) atMost() string {
	if p.Slip.AtMost() == p.Slip.Quote.Price {
		return ""
	}
	return p.Slip.Quote.Price.Words() + " for the people on the list now. It may grow by 5% until it starts, no further."
}

// frictionID is the id of what the slip asks for.
func frictionID(s sms.Slip) string {
	return "confirm-" + strings.ReplaceAll(s.Fingerprint(), ".", "-")
}

func (p FinalizeProps) say() string {
	if !p.Updated {
		return ""
	}
	words := "Slip updated. "
	for _, x := range p.sentence() {
		words += x.Text
	}
	if why := p.why(); why != "" {
		words = "Slip updated. " + why
	}
	return words
}

func (p FinalizeProps) dockUnder() string {
	switch {
	case p.scheduled() && p.timed():
		return sendtime.Short(p.at(), p.Schedule.Zone)
	case p.scheduled():
		return "Time to be chosen"
	default:
		return "As soon as it is approved"
	}
}

// rebuild are the attributes of a button that changes the form and asks for the slip again.
func (p FinalizeProps) rebuild() templ.Attributes {
	return templ.Attributes{"hx-post": p.Look, "hx-target": "#choices", "hx-swap": "innerMorph", "formnovalidate": true}
}

func firstSentence(s string) string {
	first, _, _ := strings.Cut(s, ". ")
	return strings.TrimSuffix(first, ".") + "."
}

func restOf(s string) string {
	_, rest, _ := strings.Cut(s, ". ")
	return rest
}
