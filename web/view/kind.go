package view

import "strings"

// fill is the class that colours a bar; neutral is ink.
func (k Kind) fill() string {
	switch k {
	case Sea, Move, Wait, Bad:
		return "f-" + string(k)
	}
	return "f-ink"
}

// icon is what stands beside a note of this kind when nothing better is named.
func (k Kind) icon() string {
	switch k {
	case Sea:
		return "check"
	case Wait:
		return "warn"
	case Bad:
		return "stop"
	}
	return "info"
}

func (f Flash) icon() string { return f.Kind.icon() }

// role makes bad news interrupt, and good news wait its turn.
func (f Flash) role() string {
	if f.Kind == Bad {
		return "alert"
	}
	return "status"
}

// mark is how a state is drawn: silhouette, colour, word.
type mark struct {
	icon, label string
	kind        Kind
}

// marks are the states of a campaign and its sessions (ux.md 6.1), and the short moments between them.
var marks = map[string]mark{
	"draft":           {"m-draft", "Draft", Rest},
	"validating":      {"m-validating", "In validation", Move},
	"refused":         {"m-refused", "Refused", Bad},
	"approved":        {"m-completed", "Approved", "done"},
	"scheduled":       {"m-scheduled", "Scheduled", Rest},
	"starting":        {"m-sending", "Starting", Move},
	"waiting_credits": {"m-credits", "Waiting for credits", Wait},
	"held":            {"m-credits", "Needs your decision", Wait},
	"sending":         {"m-sending", "Sending", Move},
	"paused":          {"m-paused", "Paused", Wait},
	"stopped":         {"m-paused", "Stopped by Tidings", Bad},
	"cancelled":       {"m-cancelled", "Cancelled", Rest},
	"completed":       {"m-completed", "Completed", "done"},
	// An import of people.
	"import_uploading": {"m-draft", "Uploading", Rest},
	"import_columns":   {"m-credits", "Needs its columns", Wait},
	"import_checking":  {"m-validating", "Checking", Move},
	"import_checked":   {"m-credits", "Ready to import", Wait},
	"import_running":   {"m-sending", "Importing", Move},
	"import_done":      {"m-completed", "Imported", "done"},
	"import_failed":    {"m-refused", "Failed", Bad},
	"import_cancelled": {"m-cancelled", "Cancelled", Rest},
	// A route.
	"gateway_ready":    {"m-completed", "Ready", "done"},
	"gateway_slow":     {"m-credits", "Slowed by the carrier", Wait},
	"gateway_starting": {"m-sending", "Connecting", Move},
	"gateway_draining": {"m-paused", "Draining", Wait},
	"gateway_off":      {"m-cancelled", "Off", Rest},
	"gateway_down":     {"m-refused", "Down", Bad},
	// People.
	"left_out": {"m-cancelled", "Left out", Rest},
}

// markOf never fails: a state without a drawing is shown by its name.
func markOf(key string) mark {
	if m, ok := marks[key]; ok {
		return m
	}
	return mark{"m-draft", strings.ReplaceAll(key, "_", " "), Rest}
}

// StateLabel gives the words for a state: "waiting_credits" is "Waiting for credits".
func StateLabel(key string) string { return markOf(key).label }

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
