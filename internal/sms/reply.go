package sms

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Reading is what a text that a person sent means (D38).
type Reading string

// The readings of a text.
const (
	ReadingStop     Reading = "stop"     // no more messages
	ReadingStart    Reading = "start"    // messages again
	ReadingHelp     Reading = "help"     // who are you
	ReadingDoubtful Reading = "doubtful" // perhaps no more: a person decides
	ReadingOther    Reading = "other"
)

// Reply is a text that a person sent, at the tenant it is for (D38).
type Reply struct {
	ID      int64
	Inbound int64  // the text as it came
	Number  int64  // E.164 digits; 0 once the person was erased
	Hash    []byte // of the number, for this tenant
	Session *SessionID
	Text    string
	Reading Reading
	At      time.Time
	Answer  string // what we said, or why nothing; "" where nothing is said

	Decision  string // of a doubtful one: "", DecisionStop or DecisionNothing
	DecidedAt *time.Time
	DecidedBy string // name

	Campaign     ID     // that it answers, as far as is known
	CampaignName string // ""
	Contact      *ID
	ContactName  string
}

// What a person decides about a doubtful reply.
const (
	DecisionStop    = "stop"    // it is an opt-out
	DecisionNothing = "nothing" // it is none
)

// ReadReply reads a text in English, French, German, Spanish, Italian, Portuguese,
// Dutch and Polish: keywords alone, with courtesies ("stop. thank you"), and in
// sentences ("please stop texting me"). Where it is not sure that somebody wants no
// more, it says so and decides nothing.
func ReadReply(text string) Reading {
	sentences := replyWords(text)
	words := slices.Concat(sentences...)
	if len(words) == 0 {
		return ReadingOther
	}
	if one := strings.Join(words, ""); len(words) > 1 && len(one) == len(words) { // s t o p
		sentences, words = [][]string{{one}}, []string{one}
	}
	switch {
	case stops(sentences, words):
		return ReadingStop
	case only(words, startKeys):
		return ReadingStart
	case only(words, helpKeys):
		return ReadingHelp
	case holds(words, stopKeys), holds(words, weakStopKeys) && len(words) <= 3, saysAny(words, annoyed), saysAny(words, stopPhrases):
		return ReadingDoubtful
	}
	return ReadingOther
}

// stops reports whether a text surely asks for no more.
func stops(sentences [][]string, words []string) bool {
	if saysAny(words, notStop) {
		return false
	}
	if only(words, stopKeys) || only(words, weakStopKeys) || saysAny(words, stopPhrases) {
		return true
	}
	// "STOP. I never asked for this": a whole sentence of its own, the first.
	return len(sentences) > 1 && only(sentences[0], stopKeys)
}

// only reports whether words are keys and courtesies, with one key at least.
func only(words []string, keys wordSet) bool {
	found := false
	for _, w := range words {
		switch {
		case keys.has(w):
			found = true
		case !courtesies[w]:
			return false
		}
	}
	return found
}

func holds(words []string, keys wordSet) bool { return slices.ContainsFunc(words, keys.has) }

// saysAny reports whether one of the phrases stands in words, word for word.
func saysAny(words []string, phrases []string) bool {
	line := " " + strings.Join(words, " ") + " "
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(line, " "+p+" ") })
}

// wordSet is a set of words without accents.
type wordSet map[string]bool

// has reports whether w is in the set, also written with a letter held down ("stoppp").
func (s wordSet) has(w string) bool { return s[w] || s[squeeze(w)] }

// squeeze leaves one of each letter that stands three times or more in a row.
func squeeze(w string) string {
	var b strings.Builder
	for i := 0; i < len(w); {
		n := 1
		for i+n < len(w) && w[i+n] == w[i] {
			n++
		}
		if n >= 3 {
			b.WriteByte(w[i])
		} else {
			b.WriteString(w[i : i+n])
		}
		i += n
	}
	return b.String()
}

// replyWords are the words of each sentence, small and without accents. An
// apostrophe joins ("don't" is dont), everything else that is no letter and no
// digit divides.
func replyWords(text string) [][]string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == '\u200b', r == '\ufeff', r == '\u00ad':
			return -1
		}
		return unicode.ToLower(r)
	}, strings.ToValidUTF8(text, " "))
	text = unaccented.Replace(text)
	var out [][]string
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(".!?;,\n\r…", r) }) {
		words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if len(words) > 0 {
			out = append(out, words)
		}
	}
	return out
}
