package sms

var smppKind = RouteKind{
	Kind: "smpp", Label: "SMPP 3.4", Hint: "A carrier or an aggregator, over a connection that stays open", Validity: true,
	Fields: []RouteField{
		{Name: "addresses", Label: "Addresses", Hint: "host:port, several apart by spaces. They are tried in turn.", Type: SettingWords, Needed: true},
		{Name: "system_id", Label: "System id", Hint: "The user name, at most 15 characters", Type: SettingText, Needed: true},
		{Name: "password", Label: "Password", Type: SettingSecret, Needed: true},
		{Name: "system_type", Label: "System type", Hint: "Only where the carrier asks for one", Type: SettingText, Rare: true},
		{Name: "tls", Label: "Encrypted connection (TLS)", Type: SettingSwitch},
		{Name: "tls_name", Label: "Name in the certificate", Hint: "Only where it differs from the host", Type: SettingText, Rare: true},
		{Name: "pair", Label: "Send and receive over two connections", Hint: "For carriers that take no transceiver", Type: SettingSwitch, Rare: true},
		{Name: "binds", Label: "Connections", Hint: "As many as the carrier allows", Type: SettingNumber, Default: "1", Min: 1, Max: 32},
		{Name: "window", Label: "Window", Hint: "Unanswered messages on one connection. What is in it when a connection breaks is unknown.", Type: SettingNumber, Default: "10", Min: 1, Max: 1000},
		{Name: "rate", Label: "Parts a second", Hint: "All connections of all workers together. 0: no limit of ours", Type: SettingNumber, Default: "0", Min: 0, Max: 1_000_000},
		{Name: "enquire", Label: "Ask for life after", Hint: "Seconds of silence", Type: SettingNumber, Rare: true, Default: "15", Min: 1, Max: 600},
		{Name: "response", Label: "Wait for an answer", Hint: "Seconds; then a message is unknown", Type: SettingNumber, Rare: true, Default: "30", Min: 1, Max: 300},
		{
			Name: "ids", Label: "Ids in receipts", Type: SettingChoice, Rare: true, Default: "auto",
			Choices: [][2]string{{"auto", "Learn it from the first receipts"}, {"same", "As in the answer"}, {"hex_to_dec", "Hexadecimal in the answer, decimal in receipts"}, {"dec_to_hex", "Decimal in the answer, hexadecimal in receipts"}},
		},
		{Name: "service_type", Label: "Service type", Hint: "Only where the carrier asks for one", Type: SettingText, Rare: true},
		{Name: "short_code_network", Label: "Short senders are network specific", Hint: "Type of number 3 instead of 0", Type: SettingSwitch, Rare: true},
		{Name: "latin1", Label: "Answers of people come as Latin-1", Type: SettingSwitch, Rare: true},
		{Name: "user_reference", Label: "Send user_message_reference", Hint: "The carrier may echo it in receipts", Type: SettingSwitch, Rare: true},
		{Name: "text_receipts", Label: "Receipts come as plain texts", Hint: "For carriers that do not mark them", Type: SettingSwitch, Rare: true},
	},
}

var twilioKind = RouteKind{
	Kind: "twilio", Label: "Twilio", Hint: "The Messages API, with receipts posted to Tidings and their signature checked",
	Fields: []RouteField{
		{Name: "account_sid", Label: "Account SID", Hint: "AC and 32 more", Type: SettingText, Needed: true},
		{Name: "auth_token", Label: "Auth token", Type: SettingSecret, Needed: true},
		{Name: "messaging_service_sid", Label: "Messaging service SID", Hint: "MG and 32 more. It sends in place of the sender.", Type: SettingText},
		{Name: "parts_per_second", Label: "Parts a second", Hint: "All workers together. 0: no limit of ours", Type: SettingNumber, Default: "0", Min: 0, Max: 10_000},
		{Name: "in_flight", Label: "Requests at once", Type: SettingNumber, Default: "10", Min: 1, Max: 500},
		{Name: "response_seconds", Label: "Wait for an answer", Hint: "Seconds; then a message is unknown", Type: SettingNumber, Rare: true, Default: "30", Min: 1, Max: 300},
		{Name: "max_parts", Label: "Most parts of a message", Type: SettingNumber, Rare: true, Default: "10", Min: 1, Max: 10},
		{Name: "base_url", Label: "Address", Hint: "Only where it is not https://api.twilio.com", Type: SettingText, Rare: true},
	},
}

var httpKind = RouteKind{
	Kind: "http", Label: "Any carrier over HTTP", Hint: "One request for each message; receipts are posted to Tidings. What is known of a carrier is its preset.",
	Fields: []RouteField{
		{
			Name: "preset", Label: "Carrier", Type: SettingChoice,
			Choices: [][2]string{{"", "Another: all settings below"}, {"infobip", "Infobip"}, {"kannel", "Kannel"}, {"sms-gate", "SMS Gate"}, {"telnyx", "Telnyx"}, {"vonage", "Vonage"}},
		},
		{Name: "base_url", Label: "Address", Hint: "Where the preset does not say it: https://api.carrier.example", Type: SettingText},
		{Name: "username", Label: "User name", Hint: "Only where the carrier asks for one", Type: SettingText},
		{Name: "password", Label: "Password", Type: SettingSecret},
		{Name: "token", Label: "Token", Hint: "Of requests", Type: SettingSecret},
		{Name: "signing_key", Label: "Signing key", Hint: "Of requests", Type: SettingSecret},
		{Name: "webhook_secret", Label: "Secret of receipts", Hint: "What proves that a receipt is the carrier’s", Type: SettingSecret},
		{Name: "parts_per_second", Label: "Parts a second", Hint: "All workers together. 0: no limit of ours", Type: SettingNumber, Default: "0", Min: 0, Max: 10_000},
		{Name: "in_flight", Label: "Requests at once", Type: SettingNumber, Default: "10", Min: 1, Max: 500},
		{Name: "plain", Label: "HTTP without encryption", Hint: "Only for a carrier in the same network", Type: SettingSwitch, Rare: true},
		{Name: "response_seconds", Label: "Wait for an answer", Hint: "Seconds; then a message is unknown", Type: SettingNumber, Rare: true, Default: "30", Min: 1, Max: 300},
		{Name: "max_parts", Label: "Most parts of a message", Type: SettingNumber, Rare: true, Default: "10", Min: 1, Max: 10},
		{Name: "key_header", Label: "Header of the idempotency key", Hint: "Only where the carrier’s reference promises that a key is never taken twice: Idempotency-Key", Type: SettingText, Rare: true},
		{Name: "key_hours", Label: "A key is good for", Hint: "Hours, as the carrier says", Type: SettingNumber, Rare: true, Default: "24", Min: 1, Max: 168},
		{Name: "more", Label: "All other settings", Hint: "As JSON: the request, what answers and receipts mean. They replace those of the preset.", Type: SettingRest, Rare: true},
	},
}
