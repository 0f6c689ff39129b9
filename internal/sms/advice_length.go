package sms

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"tidings/internal/sms/gsm"
)

// brackets are the characters of two that have a plain one which says the same.
var brackets = strings.NewReplacer("[", "(", "]", ")", "^", "", "~", "-", "|", "/", "\\", "/")

// double: characters that count as two push the message over the edge of a part.
func (a *advisor) double() {
	text := a.text.String()
	list := gsm.Double(text)
	if len(list) == 0 || gsm.Measure(text).Encoding != gsm.GSM7 {
		return
	}
	var b strings.Builder
	var seen []string
	for _, p := range a.text.pieces {
		raw := p.Raw
		if p.Field == "" {
			raw = brackets.Replace(raw)
		}
		b.WriteString(raw)
	}
	fixed := b.String()
	for _, c := range list {
		if strings.Count(fixed, string(c.Rune)) < c.Count {
			seen = append(seen, string(c.Rune))
		}
	}
	if len(seen) == 0 {
		return
	}
	n := len(a.out)
	a.try(Advice{Code: "double", Text: fixed, Fix: "Use plain ones instead", With: "With plain characters"})
	if len(a.out) > n {
		a.out[n].Title = strings.Join(seen, " ") + " " + countsAs(len(seen)) + " as two characters."
		a.out[n].Body = "Each of them takes the room of two in a standard SMS. With plain ones in their place the message needs fewer parts."
	}
}

func countsAs(n int) string {
	if n == 1 {
		return "counts"
	}
	return "count"
}

// fillers are words that a message often loses nothing without, the longest first.
var fillers = []string{"actually", "absolutely", "definitely", "really", "simply", "please", "today", "very", "just", "now", "the", "our", "that", "and"}

// overBy is the most units over a part's end that are worth a word of advice.
const overBy = 40

// over: a few characters cost a whole part for most people.
func (a *advisor) over() {
	usual := a.quote.Usual()
	if usual < 2 || len(a.groups) == 0 {
		return
	}
	most, people, wide := 0, 0, false
	var save Credits
	for _, g := range a.groups {
		m := Price(a.text, g.Person, a.kind, a.prices)
		if m.Size.Parts != usual {
			continue
		}
		alone, part := m.Size.Encoding.Room()
		room := part * (usual - 1)
		if usual == 2 {
			room = alone
		}
		over := m.Size.Units - room
		if over > overBy {
			continue
		}
		most, people, wide = max(most, over), people+g.People, wide || m.Size.Encoding == gsm.UCS2
		save += m.Price / Credits(usual) * Credits(g.People)
	}
	if people*2 < a.quote.ByParts[usual] || wide && len(gsm.Odd(a.text.String())) > 0 {
		return // few of them, or a repair of the characters gains more
	}
	x := Advice{
		Code: "over", Saves: save,
		Title: characters(most) + " over " + partsWord(usual-1) + ".",
		Body:  "Make the text " + characters(most) + " shorter and " + figurePeople(people, a.quote.People) + " one part less.",
	}
	if words, text := without(a.text, most); len(words) > 0 && !wide {
		t, _ := ParseText(text)
		after := NewQuote(t, a.kind, a.prices, a.groups)
		if after.Price < a.quote.Price {
			x.Body += " Taking out *" + strings.Join(words, "*, *") + "* is enough."
			x.Fix, x.Text, x.With = "Take "+itOrThem(len(words))+" out", text, "Without "+itOrThem(len(words))
			x.Saves, x.Price, x.Parts = a.quote.Price-after.Price, after.Price, after.Usual()
		}
	}
	a.out = append(a.out, x)
}

func figurePeople(n, all int) string {
	if n == all {
		return "everybody gets"
	}
	return People(n) + " get"
}

func itOrThem(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return strconv.Itoa(n) + " characters"
}

func partsWord(n int) string {
	if n == 1 {
		return "1 part"
	}
	return strconv.Itoa(n) + " parts"
}

// without takes filler words out of the text until it is n characters shorter; no words: it cannot.
func without(t Text, n int) (words []string, text string) {
	list := make([]Piece, len(t.pieces))
	copy(list, t.pieces)
	for _, w := range fillers {
		if n <= 0 {
			break
		}
		for i, p := range list {
			if p.Field != "" {
				continue
			}
			at := strings.Index(p.Raw, " "+w+" ")
			if at < 0 {
				continue
			}
			list[i].Raw = p.Raw[:at] + p.Raw[at+len(w)+1:]
			words, n = append(words, w), n-len(w)-1
			break
		}
	}
	if n > 0 || len(words) > 3 {
		return nil, ""
	}
	return words, Text{list}.String()
}

// longNames: a few people's names cost a part more.
func (a *advisor) longNames() {
	usual := a.quote.Usual()
	n := a.quote.Over(usual)
	if n == 0 || n*2 >= a.quote.People || len(a.text.Fields()) == 0 {
		return
	}
	var extra Credits
	unicode := 0
	byParts := map[int]bool{}
	for _, g := range a.groups {
		m := Price(a.text, g.Person, a.kind, a.prices)
		if m.Size.Parts <= usual {
			continue
		}
		byParts[m.Size.Parts] = true
		extra += m.Price / Credits(m.Size.Parts) * Credits((m.Size.Parts-usual)*g.People)
		if m.Size.Encoding == gsm.UCS2 {
			unicode += g.People
		}
	}
	x := Advice{Code: "long", Body: "It costs " + extra.String() + " credits more. You can leave it so, or shorten the text."}
	get := " get " + partsList(byParts) + "."
	if n == 1 {
		get = " gets " + partsList(byParts) + "."
	}
	what := FieldLabel(a.text.Fields()[0])
	if len(a.text.Fields()) > 1 {
		what = "name or field"
	}
	x.Title = People(n) + " " + has(n) + " a long " + what + " and" + get
	if unicode*2 > n && gsm.Measure(a.text.String()).Encoding == gsm.GSM7 {
		x.Title = People(n) + " " + has(n) + " a letter outside the SMS alphabet in the " + what + " and" + get
	}
	a.out = append(a.out, x)
}

func partsList(set map[int]bool) string {
	var list []int
	for n := range set {
		list = append(list, n)
	}
	sort.Ints(list)
	if len(list) == 1 {
		return partsWord(list[0])
	}
	return strconv.Itoa(list[0]) + " to " + partsWord(list[len(list)-1])
}

// stopAtEnd is an opt-out as one types it at the end of a message.
var stopAtEnd = regexp.MustCompile(`(?i)[\s.,;:-]*\bstop\b[^\d\n]{0,12}\d{3,6}\.?$`)

// ownStop: the writer added an opt-out by hand, and the message says it twice.
func (a *advisor) ownStop() {
	text := strings.TrimSpace(a.text.String())
	at := stopAtEnd.FindStringIndex(text)
	if a.kind != Marketing || at == nil {
		return
	}
	a.out = append(a.out, Advice{
		Code: "stop", Fix: "Take mine out", Text: text[:at[0]],
		Title: "The opt-out is in the message twice.",
		Body:  "“" + strings.TrimSpace(text[at[0]:]) + "” stands in the text, and the notice is added to every message.",
	})
}
