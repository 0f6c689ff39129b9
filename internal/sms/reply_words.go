package sms

import "strings"

// The words below are written as replyWords gives them: small letters, no accents,
// no apostrophes. Sources: the keywords of CTIA, of the French short codes (STOP,
// ARRET) and those that operators of the other languages list (compliance.md).

func wordsOf(lines ...string) wordSet {
	out := wordSet{}
	for _, l := range lines {
		for _, w := range strings.Fields(l) {
			out[w] = true
		}
	}
	return out
}

// stopKeys opt out alone, and as a sentence of their own at the head of a text.
var stopKeys = wordsOf(
	"stop stopp stopall stops unsubscribe unsub optout stopsms smsstop stopmarketing",
	"arret arretez desabo desabonner desabonnement desinscription desinscrire desinscrivez stoppub",
	"abmelden abmeldung abbestellen stoppen",
	"baja alto desuscribir cancelarsuscripcion",
	"disiscrivi disiscrivimi disiscrizione cancellami",
	"parar descadastrar desinscrever",
	"afmelden uitschrijven",
	"wypisz wypiszcie rezygnuje rezygnuj",
)

// weakStopKeys opt out alone; in a sentence they may mean something else ("end of
// the month").
var weakStopKeys = wordsOf(
	"end cancel quit revoke remove enough",
	"arreter annuler fin",
	"ende schluss aufhoren aufhoeren loschen loeschen",
	"cancelar basta darmedebaja eliminar",
	"cancella ferma fermati annulla rimuovi",
	"sair pare remover",
	"stopzetten einde verwijder",
	"koniec usun zatrzymaj",
)

// startKeys take an opt-out back.
var startKeys = wordsOf(
	"start unstop restart resume resubscribe subscribe optin",
	"demarrer reprendre reabonner", "anmelden starten", "alta iniciar reanudar", "iscrivi iscrivimi inizia riprendi", "comecar inscrever", "aanmelden hervatten", "wznow zapisz",
)

// helpKeys ask who writes.
var helpKeys = wordsOf("help info", "aide", "hilfe", "ayuda", "aiuto", "ajuda", "hulp", "pomoc")

// courtesies say nothing by themselves.
var courtesies = wordsOf(
	"please pls plz thanks thank thx ty you u me my the this these that now all from to of it all already immediately today hi hello dear ok sir madam sorry but i want",
	"sms smss text texts texting message messages messaging msg msgs marketing ads ad advertising promo promos spam sending contacting writing messsages number again everything",
	"merci svp stp sil vous te plait les des de la le ces cet cette ma mon pub publicite publicites bonjour tout tous toutes ce moi vos",
	"bitte danke die der das diese dieser alle werbung nachrichten nachricht hallo mir mich sofort ihre",
	"gracias por favor los las el la estos este mensajes mensaje publicidad hola todo todos ya me",
	"grazie per favore prego i gli il messaggi messaggio pubblicita ciao subito questi tutti",
	"obrigado obrigada faz favor os as o mensagens mensagem publicidade ola tudo ja",
	"dank je u alstublieft aub alsjeblieft berichten bericht reclame alle deze hallo nu",
	"dziekuje prosze dzieki wiadomosci wiadomosc reklam reklamy tych juz mnie",
)

// stopPhrases opt out wherever they stand, whatever else is said.
var stopPhrases = []string{
	"stop texting", "stop messaging", "stop sending", "stop contacting", "stop writing", "stop spamming", "stop sms", "stop all messages", "stop these messages", "stop messages",
	"stop the messages", "stop the texts", "stop this spam", "opt out", "opt me out", "unsubscribe me", "take me off", "remove me", "remove my number", "delete my number", "no more messages", "no more texts",
	"no more sms", "dont text me", "do not text me", "dont message me", "do not message me", "dont contact me", "do not contact me", "dont write to me", "do not write to me", "leave me alone",
	"dont want to receive", "do not want to receive", "dont want your messages", "no longer want", "dont send me", "do not send me",
	"ne plus recevoir", "plus recevoir", "ne menvoyez plus", "nenvoyez plus", "menvoyez plus", "ne mecrivez plus", "ne me contactez plus", "plus de sms", "plus de messages", "plus de pub", "arretez de",
	"arreter de menvoyer", "desabonnez moi", "desinscrivez moi", "retirez moi", "supprimez mon numero", "supprimez moi", "fichez moi la paix", "laissez moi tranquille",
	"keine sms mehr", "keine nachrichten mehr", "keine werbung mehr", "nicht mehr schreiben", "nicht mehr erhalten", "nicht mehr kontaktieren", "mich abmelden", "melden sie mich ab", "meine nummer loschen",
	"meine nummer loeschen", "nummer loschen", "hort auf", "horen sie auf", "lasst mich in ruhe",
	"no mas mensajes", "no mas sms", "no quiero recibir", "no quiero mas", "no me envien", "no me escriban", "no me manden", "dar de baja", "darme de baja", "deme de baja", "denme de baja",
	"dejen de", "deje de enviar", "borren mi numero", "quiten mi numero", "quitenme", "dejenme en paz",
	"non voglio piu", "non voglio ricevere", "basta messaggi", "basta sms", "basta pubblicita", "niente piu messaggi", "non mandatemi", "non scrivetemi", "non inviatemi", "smettetela",
	"smettete di", "cancellate il mio numero", "cancella il mio numero", "toglietemi", "rimuovetemi", "lasciatemi in pace",
	"nao quero receber", "nao quero mais", "nao envie mais", "nao enviem mais", "nao me envie", "nao me enviem", "parem de", "pare de enviar", "pare de mandar", "remova meu numero", "remova o meu numero",
	"tire meu numero", "retirem o meu numero", "cancelar inscricao", "cancelar subscricao", "me deixem em paz", "deixem me em paz", "mais mensagens nao",
	"geen sms meer", "geen berichten meer", "geen reclame meer", "wil geen", "niet meer ontvangen", "niet meer sturen", "schrijf me uit", "schrijf mij uit", "meld me af", "meld mij af",
	"verwijder mijn nummer", "stop met", "hou op met", "laat me met rust",
	"nie chce otrzymywac", "nie chce wiecej", "nie chce sms", "nie wysylajcie", "nie wysylaj", "prosze nie pisac", "nie piszcie", "wypisz mnie", "wypiszcie mnie", "usun moj numer", "usuncie moj numer",
	"przestancie", "dajcie mi spokoj", "koniec z sms",
}

// notStop turn a stop word into its opposite.
var notStop = []string{
	"dont stop", "do not stop", "never stop", "dont want to stop", "without stop", "non stop", "not stop", "dont unsubscribe", "dont remove me", "didnt unsubscribe", "didnt say stop",
	"dont take me off", "do not remove me", "do not unsubscribe", "why did you stop", "did you stop", "cant stop", "wont stop",
	"narretez pas", "ne pas arreter", "pas stop", "nicht stop", "nicht stoppen", "nicht abmelden", "nicht aufhoren", "no paren", "no parar", "no pares", "non smettete", "nao parem", "nao pare", "niet stoppen", "niet afmelden", "nie przestawajcie",
}

// annoyed make a person look: perhaps no more, perhaps something else.
var annoyed = []string{
	"wrong number", "who is this", "who are you", "spam", "harassment", "harassing", "scam", "fraud", "lawyer", "police", "complaint", "report you", "not interested", "unwanted",
	"mauvais numero", "faux numero", "qui etes vous", "harcelement", "arnaque", "plainte", "pas interesse", "pas interessee",
	"falsche nummer", "wer sind sie", "wer ist das", "belastigung", "betrug", "anwalt", "anzeige", "kein interesse", "nicht interessiert",
	"numero equivocado", "quien es", "quien eres", "acoso", "estafa", "denuncia", "no me interesa",
	"numero sbagliato", "chi sei", "chi siete", "truffa", "denuncio", "non mi interessa", "non interessa",
	"numero errado", "quem e", "fraude", "nao tenho interesse", "nao interessa",
	"verkeerd nummer", "wie is dit", "wie bent u", "oplichting", "geen interesse",
	"zly numer", "pomylka", "kto to", "oszustwo", "nie jestem zainteresowany", "nie jestem zainteresowana", "nekanie",
}
