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
	SettingLines  SettingType = "lines"  // a text of several lines
	SettingRest   SettingType = "rest"   // everything that has no field of its own, as JSON
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
func RouteKinds() []RouteKind { return []RouteKind{smppKind, twilioKind, httpKind} }

// KindOfRoute finds a kind by its name.
func KindOfRoute(kind string) (RouteKind, bool) {
	for _, k := range RouteKinds() {
		if k.Kind == kind {
			return k, true
		}
	}
	return RouteKind{}, false
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
	rest := ""
	for _, f := range k.Fields {
		if f.Type == SettingRest {
			rest = f.Name
		}
		if raw, ok := saved[f.Name]; ok && f.Type != SettingSecret {
			out[f.Name] = f.text(raw)
		}
		delete(saved, f.Name)
	}
	if rest != "" && len(saved) > 0 {
		b, err := json.MarshalIndent(saved, "", "  ")
		if err == nil {
			out[rest] = string(b)
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
	case SettingNumber:
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

// value reads what was written: what to save, nil for nothing, or what to put right.
func (f RouteField) value(s string) (v any, problem string) {
	s = strings.TrimSpace(s)
	if s == "" && f.Needed {
		return nil, "Enter " + strings.ToLower(f.Label[:1]) + f.Label[1:]
	}
	switch f.Type {
	case SettingWords:
		if s == "" {
			return nil, ""
		}
		return listed(s), ""
	case SettingSwitch:
		return s == "on" || s == "true" || s == "yes", ""
	case SettingNumber:
		if s == "" {
			s = f.Default
		}
		if s == "" {
			return nil, ""
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
		if s == "" {
			return nil, ""
		}
		for _, c := range f.Choices {
			if c[0] == s {
				return s, ""
			}
		}
		return nil, "Choose one of the answers"
	}
	if s == "" {
		return nil, ""
	}
	return s, ""
}

func listed(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\n' || r == '\t' })
}
