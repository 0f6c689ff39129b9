package sms

import "strings"

// stopWords are the keywords by which people opt out, in the languages of the
// trade. CTIA's list (STOP, END, CANCEL, UNSUBSCRIBE, QUIT) and its kin.
var stopWords = map[string]bool{
	"stop": true, "stopp": true, "stopall": true, "end": true, "cancel": true, "unsubscribe": true, "quit": true, "optout": true,
	"arret": true, "arrêt": true, "arreter": true, "arrêter": true, "desabo": true, "désabo": true, "abmelden": true, "ende": true,
	"baja": true, "alto": true, "parar": true, "cancella": true, "ferma": true, "afmelden": true, "koniec": true, "rezygnuj": true,
}

// firstWords opt out even at the head of a sentence ("stop. thank you"); the
// other keywords only alone, since "end of the month" is no opt-out.
var firstWords = map[string]bool{
	"stop": true, "stopp": true, "stopall": true, "unsubscribe": true, "optout": true, "arret": true, "arrêt": true, "abmelden": true, "desabo": true, "désabo": true,
}

// IsStop reports whether a text asks to get no more (D38).
func IsStop(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r <= ' ' || strings.ContainsRune(".,;:!?\"'()-–—…", r)
	})
	return len(words) == 1 && stopWords[words[0]] || len(words) > 1 && firstWords[words[0]]
}
