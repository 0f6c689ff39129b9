package sms

import (
	"strings"
	"testing"
)

// D38: STOP and its kin in eight languages and in sentences; what is not sure goes to a person.
func TestReadReply(t *testing.T) {
	for want, texts := range map[Reading][]string{
		ReadingStop: {
			"STOP", "stop", " Stop. ", "stop!!!", "STOPPP", "S T O P", "s.t.o.p", "\"STOP\"", "stop. thank you", "Stop please", "please stop", "please stop texting me", "STOP ALL", "Stop 🛑",
			"stop sms", "Unsubscribe", "unsubscribe me from this list", "opt out", "opt-out", "OPTOUT", "END", "Cancel", "quit", "remove me please", "No more texts!!", "Don't text me", "Don’t contact me again",
			"STOP. I never asked for this", "Stop, this is my work phone", "stop texting me, I moved to Berlin", "I no longer want these", "take me off your list", "please remove my number", "Leave me alone",
			"ARRET", "Arrêt", "arrêt svp", "STOP SVP", "Je ne veux plus recevoir vos messages", "Désabonnez-moi", "Stop s'il vous plaît", "ne m'envoyez plus de SMS", "arretez de m'ecrire", "desinscription merci",
			"Abmelden", "bitte abmelden", "Keine SMS mehr!", "Bitte keine Werbung mehr", "STOPP", "Hören Sie auf", "Ende", "Meine Nummer löschen bitte",
			"BAJA", "baja por favor", "No quiero recibir más mensajes", "ALTO", "Quiero darme de baja", "no más sms",
			"CANCELLAMI", "Basta messaggi", "basta", "Non voglio più ricevere sms", "Stop grazie", "disiscrivimi",
			"PARAR", "parar por favor", "Não quero receber mais mensagens", "SAIR", "não envie mais",
			"AFMELDEN", "geen sms meer aub", "schrijf me uit", "Stop aub", "Stop met sms sturen", "uitschrijven",
			"WYPISZ", "koniec", "Proszę nie pisać", "nie chcę otrzymywać wiadomości", "STOP dziękuję", "Rezygnuję",
			"cafe\u0301 desabonnez-moi",
		},
		ReadingStart: {"START", "Start please", "UNSTOP", "start again", "anmelden", "ALTA", "Iscrivimi", "wznów", "I want to resubscribe"},
		ReadingHelp:  {"HELP", "help?", "Help me please", "INFO", "aide", "Hilfe bitte", "AYUDA", "aiuto", "pomoc"},
		ReadingDoubtful: {
			"I'll stop by the shop tomorrow", "which bus stop is it?", "don't stop!", "Please don't stop the messages", "wrong number", "Who is this?", "spam", "Faux numéro", "kein Interesse", "No me interesa",
			"can I cancel", "cancel my booking", "non smettete di scrivere basta messaggi", "I will call my lawyer", "did you stop sending the offers?",
		},
		ReadingOther: {
			"", "  ", "👍", "Thanks, see you at the end of the month", "Is there a table for two at 8?", "ok", "merci", "Yes", "We cancel the trip of Friday at noon, can you help?", "A la fin du mois", "1", "Danke",
		},
	} {
		for _, text := range texts {
			if got := ReadReply(text); got != want {
				t.Errorf("%q is read as %s, not as %s", text, got, want)
			}
		}
	}
}

// Whatever people send, the reading is one of the five, and capitals or space change nothing.
func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"STOP", "s t o p", "please stop texting me", "don’t stop", "\xff\xfe", "ÅRRÊT", "stop\u200b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := ReadReply(s)
		switch got {
		case ReadingStop, ReadingStart, ReadingHelp, ReadingDoubtful, ReadingOther:
		default:
			t.Fatalf("%q is read as %q", s, got)
		}
		if again := ReadReply("  " + s + "\n"); again != got {
			t.Errorf("%q is read as %s, with space around it as %s", s, got, again)
		}
		if strings.EqualFold(strings.ToUpper(s), s) {
			if again := ReadReply(strings.ToUpper(s)); again != got {
				t.Errorf("%q is read as %s, in capitals as %s", s, got, again)
			}
		}
	})
}
