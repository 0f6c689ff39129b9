package sms

// Answer is what we say to a STOP, a START or a HELP, in the language of the
// person's country: once, without advertising, and short enough for one part. The
// Polish, Spanish and Portuguese ones do without the letters that would make them
// Unicode. "" for other readings.
func Answer(r Reading, name, country string) string {
	words := answers[languages[country]]
	switch r {
	case ReadingStop:
		return name + words.stop
	case ReadingStart:
		return name + words.start
	case ReadingHelp:
		return name + words.help
	}
	return ""
}

type answerWords struct{ stop, start, help string }

var answers = map[string]answerWords{
	"": {
		": you will get no more messages from us. Reply START to get them again.",
		": you will get our messages again. Reply STOP to get no more.",
		" writes to people who agreed to it. Reply STOP to get no more messages.",
	},
	"fr": {
		" : vous ne recevrez plus nos messages. Répondez START pour les recevoir à nouveau.",
		" : vous recevrez à nouveau nos messages. Répondez STOP pour ne plus les recevoir.",
		" écrit aux personnes qui ont donné leur accord. Répondez STOP pour ne plus recevoir de messages.",
	},
	"de": {
		": Sie erhalten keine Nachrichten mehr von uns. Mit START erhalten Sie sie wieder.",
		": Sie erhalten unsere Nachrichten wieder. Mit STOP enden sie.",
		" schreibt Menschen, die zugestimmt haben. Mit STOP erhalten Sie keine Nachrichten mehr.",
	},
	"es": {
		": ya no le enviaremos mensajes. Responda START para volver a recibirlos.",
		": le enviaremos mensajes de nuevo. Responda STOP para no recibir más.",
		" escribe a personas que dieron su acuerdo. Responda STOP para dejar de recibir mensajes.",
	},
	"it": {
		": non riceverà più i nostri messaggi. Risponda START per riceverli di nuovo.",
		": riceverà di nuovo i nostri messaggi. Risponda STOP per non riceverne più.",
		" scrive a chi ha dato il consenso. Risponda STOP per non ricevere più messaggi.",
	},
	"pt": {
		": deixamos de lhe enviar mensagens. Responda START para voltar a receber.",
		": voltamos a enviar mensagens. Responda STOP para deixar de receber.",
		" escreve a quem deu o seu acordo. Responda STOP para deixar de receber mensagens.",
	},
	"nl": {
		": u krijgt geen berichten meer van ons. Antwoord START om ze weer te krijgen.",
		": u krijgt onze berichten weer. Antwoord STOP om ze niet meer te krijgen.",
		" schrijft aan mensen die dat goed vonden. Antwoord STOP om geen berichten meer te krijgen.",
	},
	"pl": {
		": nie bedziemy juz pisac. Odpisz START, aby znowu otrzymywac wiadomosci.",
		": znowu bedziemy pisac. Odpisz STOP, aby nie otrzymywac wiadomosci.",
		" pisze tylko za zgoda odbiorcy. Odpisz STOP, aby nie otrzymywac wiadomosci.",
	},
}

// languages are those of the countries where an answer is not in English.
var languages = map[string]string{
	"FR": "fr", "MC": "fr", "LU": "fr", "GP": "fr", "MQ": "fr", "GF": "fr", "RE": "fr", "YT": "fr", "SN": "fr", "CI": "fr",
	"DE": "de", "AT": "de", "CH": "de", "LI": "de",
	"ES": "es", "MX": "es", "AR": "es", "CO": "es", "CL": "es", "PE": "es", "UY": "es", "EC": "es", "CR": "es", "PA": "es", "GT": "es", "DO": "es",
	"IT": "it", "SM": "it", "PT": "pt", "BR": "pt", "AO": "pt", "MZ": "pt", "NL": "nl", "BE": "nl", "SR": "nl", "PL": "pl",
}
