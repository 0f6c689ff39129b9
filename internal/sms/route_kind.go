package sms

import (
	"encoding/json"
	"strconv"
	"strings"
)

// SettingType says how a setting of a gateway is written.
type SettingType string

// The ways in which settings are written.
const (
	SettingText   SettingType = "text"
	SettingWords  SettingType = "words"  // several, apart by spaces, commas or lines
	SettingNumber SettingType = "number" // a whole number
	SettingSwitch SettingType = "switch"
	SettingChoice SettingType = "choice"
	SettingLines  SettingType = "lines" // a text of several lines
	SettingJSON   SettingType = "json"
	SettingSecret SettingType = "secret" // written, never read
)

// RouteField is one setting of a kind of gateway.
type RouteField struct {
	Name, Label, Hint string
	Type              SettingType
	Needed            bool
	Rare              bool // few carriers ask for it
	Default           string
	Min, Max          int // of a number
	Choices           [][2]string
}

// RouteKind is a kind of gateway: what it is called, and its settings.
type RouteKind struct {
	Kind, Label, Hint string
	Validity          bool // the hours that the carrier may try can be told to it
	Fields            []RouteField
}

// RouteKinds are the kinds of gateways there are.
func RouteKinds() []RouteKind { return []RouteKind{smppKind} }

// KindOfRoute finds a kind by its name.
func KindOfRoute(kind string) (RouteKind, bool) {
	for _, k := range RouteKinds() {
		if k.Kind == kind {
			return k, true
		}
	}
	return RouteKind{}, false
}

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
		{Name: "rate", Label: "Parts a second", Hint: "Over all connections. 0: no limit of ours", Type: SettingNumber, Default: "0", Min: 0, Max: 1_000_000},
		{Name: "enquire", Label: "Ask for life after", Hint: "Seconds of silence", Type: SettingNumber, Rare: true, Default: "15", Min: 1, Max: 600},
		{Name: "response", Label: "Wait for an answer", Hint: "Seconds; then a message is unknown", Type: SettingNumber, Rare: true, Default: "30", Min: 1, Max: 300},
		{
			Name: "ids", Label: "Ids in receipts", Type: SettingChoice, Rare: true, Default: "same",
			Choices: [][2]string{{"same", "As in the answer"}, {"hex_to_dec", "Hexadecimal in the answer, decimal in receipts"}, {"dec_to_hex", "Decimal in the answer, hexadecimal in receipts"}},
		},
		{Name: "service_type", Label: "Service type", Hint: "Only where the carrier asks for one", Type: SettingText, Rare: true},
		{Name: "short_code_network", Label: "Short senders are network specific", Hint: "Type of number 3 instead of 0", Type: SettingSwitch, Rare: true},
		{Name: "latin1", Label: "Answers of people come as Latin-1", Type: SettingSwitch, Rare: true},
		{Name: "user_reference", Label: "Send user_message_reference", Hint: "The carrier may echo it in receipts", Type: SettingSwitch, Rare: true},
		{Name: "text_receipts", Label: "Receipts come as plain texts", Hint: "For carriers that do not mark them", Type: SettingSwitch, Rare: true},
		{Name: "statuses", Label: "Codes of this carrier", Hint: "One a line: 0x45 temporary 60. The words: temporary, throttled, recipient, content, route, opted-out; the number is the seconds to wait.", Type: SettingLines, Rare: true},
	},
}

// Secrets are the settings of the kind that are never shown.
func (k RouteKind) Secrets() []RouteField {
	var out []RouteField
	for _, f := range k.Fields {
		if f.Type == SettingSecret {
			out = append(out, f)
		}
	}
	return out
}

// Values reads saved settings back as they are written in a form.
func (k RouteKind) Values(settings json.RawMessage) map[string]string {
	out := map[string]string{}
	var saved map[string]json.RawMessage
	_ = json.Unmarshal(settings, &saved) // what cannot be read is empty, and is written anew
	for _, f := range k.Fields {
		if raw, ok := saved[f.Name]; ok && f.Type != SettingSecret {
			out[f.Name] = f.text(raw)
		}
	}
	return out
}

// Defaults are the settings of the kind before anybody has written one.
func (k RouteKind) Defaults() map[string]string {
	out := map[string]string{}
	for _, f := range k.Fields {
		out[f.Name] = f.Default
	}
	return out
}

// text is a saved value as it is written in a form.
func (f RouteField) text(raw json.RawMessage) string {
	switch f.Type {
	case SettingWords:
		var words []string
		if json.Unmarshal(raw, &words) == nil {
			return strings.Join(words, " ")
		}
	case SettingJSON, SettingNumber:
		return string(raw)
	case SettingSwitch:
		if string(raw) == "true" {
			return "on"
		}
		return ""
	}
	var s string
	_ = json.Unmarshal(raw, &s) // as in Values
	return s
}

// value reads what was written: the JSON to save, or what to put right.
func (f RouteField) value(s string) (v any, problem string) {
	s = strings.TrimSpace(s)
	if s == "" && f.Needed {
		return nil, "Enter " + strings.ToLower(f.Label[:1]) + f.Label[1:]
	}
	switch f.Type {
	case SettingWords:
		return listed(s), ""
	case SettingSwitch:
		return s == "on" || s == "true" || s == "yes", ""
	case SettingNumber:
		if s == "" {
			s = f.Default
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < f.Min || n > f.Max {
			return nil, "Enter a whole number from " + figure(f.Min) + " to " + figure(f.Max)
		}
		return n, ""
	case SettingChoice:
		if s == "" {
			s = f.Default
		}
		for _, c := range f.Choices {
			if c[0] == s {
				return s, ""
			}
		}
		return nil, "Choose one of the answers"
	case SettingJSON:
		if s == "" {
			return nil, ""
		}
		if !json.Valid([]byte(s)) {
			return nil, "Use JSON: this cannot be read"
		}
		return json.RawMessage(s), ""
	}
	return s, ""
}

func listed(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\n' || r == '\t' })
}
