package view

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// TokenKind says what a piece of a message is.
type TokenKind int

// The pieces of a message. Cut marks where part N begins and has no text of its own; Del and Ins are a difference.
const (
	Text TokenKind = iota
	FieldName
	Odd
	LinkText
	Cut
	Del
	Ins
)

// Token is a piece of a message text.
type Token struct {
	Kind TokenKind
	Text string
	N    int // of a Cut: which part begins
}

// tokens writes pieces without any space between them, since every space in a message counts.
func tokens(list []Token) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for _, t := range list {
			if _, err := io.WriteString(w, t.html()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t Token) html() string {
	text := templ.EscapeString(t.Text)
	switch t.Kind {
	case FieldName:
		return `<span class="tok">` + text + `</span>`
	case Odd:
		return `<mark class="odd">` + text + `</mark>`
	case LinkText:
		return `<span class="lnk">` + text + `</span>`
	case Cut:
		n := plainInt(t.N)
		return `<span class="cut" title="Part ` + n + ` starts here"><span class="vh">part </span>` + n + `</span>`
	case Del:
		return `<del><span class="vh">removed: </span>` + text + `</del>`
	case Ins:
		return `<ins><span class="vh">added: </span>` + text + `</ins>`
	}
	return text
}

// isDiff says whether any piece was added or removed.
func isDiff(list []Token) bool {
	for _, t := range list {
		if t.Kind == Del || t.Kind == Ins {
			return true
		}
	}
	return false
}

// plainText is the message as one types it.
func plainText(list []Token) string {
	var s string
	for _, t := range list {
		s += t.Text
	}
	return s
}

// oddOnes are the characters marked as odd, for the script that keeps the marks in place while one types.
func oddOnes(list []Token) string {
	var s string
	for _, t := range list {
		if t.Kind == Odd {
			s += t.Text
		}
	}
	return s
}

// Phrase is a run of a sentence; the strong ones are what is being agreed to.
type Phrase struct {
	Text   string
	Strong bool
}

// T is ordinary words of a sentence, B the ones that count:
// []Phrase{T("Send one message to "), B("18,214 people"), T(".")}.
func T(s string) Phrase { return Phrase{Text: s} }

// B is the words of a sentence that are agreed to.
func B(s string) Phrase { return Phrase{Text: s, Strong: true} }

// phrases writes a sentence without changing its spaces.
func phrases(list []Phrase) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		for _, p := range list {
			s := templ.EscapeString(p.Text)
			if p.Strong {
				s = "<b>" + s + "</b>"
			}
			if _, err := io.WriteString(w, s); err != nil {
				return err
			}
		}
		return nil
	})
}
