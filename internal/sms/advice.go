package sms

import (
	"sort"
	"strconv"
	"strings"

	"tidings/internal/sms/gsm"
)

// Advice is one thing that would make a message better or cheaper, and where possible the text that
// follows it.
type Advice struct {
	Code  string // "unfilled", "odd", "double", "over", "long", "stop"
	Title string
	Body  string
	Fix   string  // words of the button; empty: nothing can be done by one press
	Text  string  // the text after the press
	Saves Credits // for the whole audience
	With  string  // "With the straight apostrophe"
	Price Credits // of the whole audience after the press
	Parts int     // that most people get after the press
}

// advisor counts what other texts would cost for the same people.
type advisor struct {
	text   Text
	kind   string
	prices map[string]Credits
	groups []Group
	quote  Quote
	out    []Advice
}

// Advise says what could be better about a text: first what leaves a hole in somebody's message, then
// what costs most. quote is that of the text itself.
func Advise(t Text, kind string, prices map[string]Credits, groups []Group, quote Quote) []Advice {
	a := &advisor{text: t, kind: kind, prices: prices, groups: groups, quote: quote}
	a.unfilled()
	a.odd()
	a.double()
	a.over()
	a.longNames()
	a.ownStop()
	sort.SliceStable(a.out, func(i, j int) bool {
		hi, hj := a.out[i].Code == "unfilled", a.out[j].Code == "unfilled"
		if hi != hj {
			return hi
		}
		return a.out[i].Saves > a.out[j].Saves
	})
	return a.out
}

// FixText is the text after one press on the advice with that code, for the text as it is now; ok is
// false when there is nothing of the kind to do any more.
func FixText(list []Advice, code string) (string, bool) {
	for _, x := range list {
		if x.Code == code && x.Fix != "" {
			return x.Text, true
		}
	}
	return "", false
}

// try adds x if its text makes the audience cheaper.
func (a *advisor) try(x Advice) {
	t, _ := ParseText(x.Text)
	after := NewQuote(t, a.kind, a.prices, a.groups)
	if after.Price >= a.quote.Price && len(a.groups) > 0 {
		return
	}
	x.Saves, x.Price, x.Parts = a.quote.Price-after.Price, after.Price, after.Usual()
	a.out = append(a.out, x)
}

// unfilled: somebody would read a hole.
func (a *advisor) unfilled() {
	fields := make([]string, 0, len(a.quote.Unfilled))
	for f := range a.quote.Unfilled {
		fields = append(fields, f)
	}
	sort.Slice(fields, func(i, j int) bool { return a.quote.Unfilled[fields[i]] > a.quote.Unfilled[fields[j]] })
	for _, f := range fields[:min(len(fields), 1)] {
		n := a.quote.Unfilled[f]
		x := Advice{
			Code:  "unfilled",
			Title: People(n) + " " + has(n) + " no " + FieldLabel(f) + ".",
			Body:  "They will read *" + around(a.text, f) + "*. Write what they should read instead, like {" + f + "|" + example(f) + "}.",
		}
		if f == FieldFirstName {
			x.Fix, x.Text = "Say “there” to them", a.text.withFallback(f, "there")
		}
		a.out = append(a.out, x)
	}
}

func example(field string) string {
	if field == FieldFirstName {
		return "there"
	}
	return "a word"
}

// around is what somebody without the field reads in that place.
func around(t Text, field string) string {
	for i, p := range t.pieces {
		if p.Field != field {
			continue
		}
		before, after := "", ""
		if i > 0 {
			before = endOf(t.pieces[i-1].Raw)
		}
		if i+1 < len(t.pieces) {
			after = startOf(t.pieces[i+1].Raw)
		}
		return strings.TrimSpace(before + after)
	}
	return ""
}

func endOf(s string) string {
	r := []rune(s)
	if len(r) > 12 {
		r = r[len(r)-12:]
		if i := strings.IndexByte(string(r), ' '); i >= 0 {
			return string(r)[i+1:]
		}
	}
	return string(r)
}

func startOf(s string) string {
	r := []rune(s)
	if len(r) > 14 {
		cut := string(r[:14])
		if i := strings.LastIndexByte(cut, ' '); i > 0 {
			return cut[:i] + " …"
		}
		return cut + "…"
	}
	return s
}

// withFallback gives every use of the field that has none the fallback.
func (t Text) withFallback(field, fallback string) string {
	var b strings.Builder
	for _, p := range t.pieces {
		if p.Field == field && !p.HasFallback {
			b.WriteString("{" + field + "|" + fallback + "}")
			continue
		}
		b.WriteString(p.Raw)
	}
	return b.String()
}

// odd: a character outside the SMS alphabet makes the whole message Unicode.
func (a *advisor) odd() {
	text := a.text.String()
	list := gsm.Odd(text)
	if len(list) == 0 {
		return
	}
	fixed, known := replaceOdd(text, list)
	if strings.TrimSpace(fixed) == "" {
		return // a message in another script: nothing to repair
	}
	letters := 0
	for _, o := range list {
		if !o.Known && !isPicture(o.Rune) {
			letters++
		}
	}
	if letters > 0 {
		return
	}
	x := Advice{Code: "odd", Text: fixed, Fix: oddFix(list, known), With: oddWith(list)}
	n := len(a.out)
	a.try(x)
	if len(a.out) > n {
		a.out[n].Title = oddTitle(list, a.quote, a.out[n])
		a.out[n].Body = oddBody(text, list)
	}
}

// replaceOdd writes every odd character in the alphabet, and leaves out those that have no place in it.
func replaceOdd(text string, list []gsm.OddRune) (fixed string, known bool) {
	pairs := make([]string, 0, 2*len(list))
	known = true
	for _, o := range list {
		pairs = append(pairs, string(o.Rune), o.Replacement)
		known = known && o.Known
	}
	fixed = strings.NewReplacer(pairs...).Replace(text)
	for strings.Contains(fixed, "  ") && !strings.Contains(text, "  ") {
		fixed = strings.ReplaceAll(fixed, "  ", " ")
	}
	return strings.TrimSpace(fixed), known
}

// isPicture reports whether r is an emoji or another picture, which a message can do without.
func isPicture(r rune) bool {
	return r >= 0x1F000 || r >= 0x2190 && r <= 0x2BFF || r == 0x3030 || r == 0x303D
}

// names are what people call the characters that most often slip in.
var names = map[rune]struct{ name, instead string }{
	'’': {"curly apostrophe", "a straight '"}, '‘': {"curly apostrophe", "a straight '"},
	'“': {"curly quotation mark", `a straight "`}, '”': {"curly quotation mark", `a straight "`}, '„': {"low quotation mark", `a straight "`},
	'–': {"long dash", "a plain -"}, '—': {"long dash", "a plain -"}, '−': {"minus sign", "a plain -"},
	'…': {"ellipsis", "three dots"}, '\u00a0': {"fixed space", "an ordinary space"}, '\u202f': {"narrow space", "an ordinary space"},
	'•': {"bullet", "a plain -"}, '`': {"backtick", "a straight '"}, '«': {"French quotation mark", `a straight "`}, '»': {"French quotation mark", `a straight "`},
}

func oddName(o gsm.OddRune) string {
	if n, ok := names[o.Rune]; ok {
		return n.name
	}
	switch {
	case isPicture(o.Rune):
		return "emoji"
	case o.Known && o.Replacement == "":
		return "invisible character"
	case o.Known:
		return "letter " + string(o.Rune)
	}
	return "character " + string(o.Rune)
}

// oddKinds counts the different names, so that a pair of curly quotation marks is one thing.
func oddKinds(list []gsm.OddRune) (kinds []string, times int) {
	for _, o := range list {
		times += o.Count
		if n := oddName(o); !contains(kinds, n) {
			kinds = append(kinds, n)
		}
	}
	return kinds, times
}

func oddFix(list []gsm.OddRune, known bool) string {
	kinds, times := oddKinds(list)
	first := list[0]
	switch {
	case len(kinds) > 1 && known:
		return "Replace all " + strconv.Itoa(times)
	case len(kinds) > 1:
		return "Repair all " + strconv.Itoa(times)
	case !first.Known || first.Replacement == "":
		return "Take the " + kinds[0] + " out"
	}
	if n, ok := names[first.Rune]; ok {
		return "Use " + n.instead + " instead"
	}
	return "Use " + first.Replacement + " instead"
}

func oddWith(list []gsm.OddRune) string {
	kinds, _ := oddKinds(list)
	first := list[0]
	if len(kinds) > 1 {
		return "With all of them repaired"
	}
	if n, ok := names[first.Rune]; ok {
		return "With " + n.instead
	}
	if !first.Known || first.Replacement == "" {
		return "Without the " + kinds[0]
	}
	return "With " + first.Replacement
}

func oddTitle(list []gsm.OddRune, now Quote, x Advice) string {
	kinds, times := oddKinds(list)
	what := "One " + kinds[0]
	switch {
	case len(kinds) > 1:
		what = strconv.Itoa(times) + " characters"
	case times > 1:
		what = strconv.Itoa(times) + " " + kinds[0] + "s"
		if strings.HasPrefix(kinds[0], "letter ") || strings.HasPrefix(kinds[0], "character ") || kinds[0] == "emoji" {
			what = strconv.Itoa(times) + " times the " + kinds[0]
		}
	}
	verb := "raise"
	switch {
	case x.Price <= 0:
	case now.Price*10 >= x.Price*29:
		verb = "triple"
	case now.Price*10 >= x.Price*19:
		verb = "double"
	}
	if times == 1 {
		verb += "s"
	}
	if x.Price > 0 && (now.Price*10 > x.Price*31 || now.Price*10 > x.Price*21 && now.Price*10 < x.Price*29) {
		verb = "more than " + verb
	}
	return what + " " + verb + " the price."
}

func oddBody(text string, list []gsm.OddRune) string {
	first := list[0]
	what := "The *" + string(first.Rune) + "* in “" + wordAt(text, first.Offset) + "”"
	if oddName(first) == "invisible character" || first.Rune == '\u00a0' || first.Rune == '\u202f' {
		what = "The " + oddName(first) + " at “" + wordAt(text, first.Offset) + "”"
	}
	return what + " is not in the standard SMS alphabet, so the whole message switches to Unicode and a part holds 67 characters instead of 153 or 160."
}

// wordAt is the word that the byte at offset belongs to.
func wordAt(text string, offset int) string {
	from := strings.LastIndexAny(text[:offset], " \n") + 1
	to := len(text)
	if i := strings.IndexAny(text[offset:], " \n"); i > 0 {
		to = offset + i
	}
	word := []rune(strings.Trim(text[from:to], ".,;:!?()"))
	if len(word) > 24 {
		word = append(word[:24], '…')
	}
	return string(word)
}

func has(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// FieldLabel is the key of a merge field as words: "first name".
func FieldLabel(key string) string { return strings.ReplaceAll(key, "_", " ") }
