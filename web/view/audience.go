package view

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"tidings/internal/sms"
)

// leftOut says in words who is subtracted; the opted out come first, since they have a page.
func (p ComposeProps) leftOut() []string {
	c := p.Quote.LeftOut
	var out []string
	for _, x := range []struct {
		n   int
		say string
	}{
		{c.Duplicates, Plural(c.Duplicates, "duplicate", "duplicates")},
		{c.Unreachable, "unreachable before"},
		{c.Excluded, "in a list you left out"},
		{c.Complained, "complained"},
		{c.Blocked, "blocked by you"},
		{c.Before, "got " + p.Earlier + ", or may have"},
	} {
		if x.n > 0 {
			out = append(out, Num(x.n)+" "+x.say)
		}
	}
	return out
}

// leftOutLine writes the subtraction without a space too many.
func leftOutLine(p ComposeProps) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		parts := p.leftOut()
		for i, x := range parts {
			parts[i] = templ.EscapeString(x)
		}
		if n := p.Quote.LeftOut.OptedOut; n > 0 {
			parts = append([]string{`<a href="` + templ.EscapeString(p.Account) + `/opt-outs">` + Num(n) + ` opted out</a>`}, parts...)
		}
		_, err := io.WriteString(w, "Left out: "+strings.Join(parts, ", ")+".")
		return err
	})
}

// whoms are the choices of who gets the next version, where one has left before.
func (p ComposeProps) whoms() []Choice {
	c := p.Quote.LeftOut
	out := []Choice{
		{Value: string(sms.WhomNew), Label: "Only people who got none", Hint: "Whoever got " + p.Earlier + ", or may have, is left out."},
		{Value: string(sms.WhomAgain), Label: "Also people who got it already", Hint: "They get a message of this campaign a second time."},
	}
	if n := c.Before; n > 0 {
		out[0].Hint = People(n) + " who got " + p.Earlier + ", or may have, " + Plural(n, "is", "are") + " left out."
	}
	if n := max(c.Again, c.Before); n > 0 && p.Campaign.Whom != sms.WhomUnsure {
		out[1].Hint = People(n) + " " + Plural(n, "gets", "get") + " a message of this campaign a second time."
	}
	if p.Campaign.Whom == sms.WhomUnsure {
		out = append(out, Choice{Value: string(sms.WhomUnsure), Label: "Only those without an answer", Hint: "Nobody knows whether they got it. Some may get it twice."})
	}
	return out
}

// whom says which people they are, where earlier sendings decide it (D32).
func (p FinalizeProps) whom() []Phrase {
	switch s := p.Slip.Session; {
	case len(s.UnsureOf) > 0:
		return []Phrase{T(" of whom nobody knows whether they got it")}
	case s.Again && p.Slip.Quote.LeftOut.Again > 0:
		return []Phrase{T(", "), B(Num(p.Slip.Quote.LeftOut.Again) + " of them for the second time"), T(",")}
	case len(s.NotReachedBy) > 0:
		return []Phrase{T(" who did not get " + p.Earlier)}
	case len(s.ReachedBy) > 0:
		return []Phrase{T(" whom " + p.For + " reached")}
	}
	return nil
}

// twice warns of people who get it a second time, or may; "" where nobody does.
func (p FinalizeProps) twice() string {
	n := p.Slip.Quote.LeftOut.Again
	switch {
	case len(p.Slip.Session.UnsureOf) > 0:
		return "Some of them may get it twice."
	case n > 0:
		return Count(n, "person", "people") + " already got " + p.Earlier + ", or may have."
	}
	return ""
}

// without says who is left out since an earlier version reached them; "" where nobody is.
func (p FinalizeProps) without() string {
	n := p.Slip.Quote.LeftOut.Before
	if n == 0 {
		return ""
	}
	return Count(n, "person", "people") + " who got " + p.Earlier + ", or may have, " + Plural(n, "is", "are") + " left out."
}
