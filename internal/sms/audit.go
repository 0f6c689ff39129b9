package sms

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Audit is one change as it is written down for ever (D44): who, what, before
// and after, from where, why. Entries of a tenant form a hash chain.
type Audit struct {
	Seq    int64
	At     time.Time
	Actor  string // name at that time
	Deed   string // as in the code: "submit_session"
	Object string // what it was done to: "campaign 0198…"
	Before string // JSON or empty
	After  string // JSON or empty
	Reason string
	IP     string
	Hash   []byte
}

// Words is the deed as people read it: "Confirmed a sending".
func (a Audit) Words() string {
	if w, ok := deedWords[a.Deed]; ok {
		return w
	}
	words := strings.ReplaceAll(a.Deed, "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

var deedWords = map[string]string{
	"sign_in":            "Signed in",
	"end_login":          "Signed a browser out",
	"end_other_logins":   "Signed all other browsers out",
	"seed":               "Wrote the demo data",
	"new_campaign":       "Began a campaign",
	"duplicate_campaign": "Copied a campaign",
	"save_draft":         "Changed a campaign",
	"delete_draft":       "Deleted a draft",
	"send_test":          "Sent a test",
	"add_test_number":    "Added an own phone",
	"verify_test_number": "Verified an own phone",
	"remove_test_number": "Removed an own phone",
	"new_list":           "Made a list",
	"rename_list":        "Renamed a list",
	"delete_list":        "Deleted a list",
	"change_contact":     "Changed a person",
	"remove_from_list":   "Removed a person from a list",
	"exclude_contact":    "Excluded a person",
	"submit_session":     "Confirmed a sending",
	"approve_session":    "Approved",
	"refuse_session":     "Refused",
	"schedule_session":   "Scheduled",
	"move_session":       "Moved to another time",
	"hold_session":       "Asked for a decision",
	"wait_for_credits":   "Waits for credits",
	"start_session":      "Started sending",
	"pause_session":      "Paused",
	"resume_session":     "Resumed",
	"cancel_session":     "Cancelled",
	"stop_session":       "Stopped a campaign",
	"release_session":    "Released a stopped campaign",
	"stop_sending":       "Pressed the kill switch",
	"lift_stop":          "Lifted a stop",
	"confirm_database":   "Confirmed the database after a restore",
	"complete_session":   "Completed",
	"ask_reload":         "Asked for a reload",
	"propose_reload":     "Proposed a reload",
	"decide_reload":      "Decided on a reload",
	"reload_credits":     "Reloaded credits",
	"start_import":       "Uploaded a file of people",
	"set_import_columns": "Said what the columns of a file are",
	"confirm_import":     "Confirmed an import",
	"cancel_import":      "Cancelled an import",
	"finish_import":      "Imported people",
	"fail_import":        "Gave an import up",
	"add_gateway":        "Added a route",
	"change_gateway":     "Changed a route",
	"drain_gateway":      "Drained a route",
	"pause_gateway":      "Turned a route off",
	"resume_gateway":     "Turned a route on",
	"move_waiting":       "Moved what waited to other routes",
	"release_rest":       "Let the rest follow those who went first",
	"try_gateway":        "Sent a test by a route",
	"decide_unknown":     "Decided about messages without an answer",
	"presume_unsent":     "Presumed messages without an answer unsent",
	"look_at_trace":      "Looked at the protocol of a route",
}

// AuditChange is one value that a deed changed, as it was and as it is.
type AuditChange struct {
	Name, Was, Is string
}

// Changes are the values of an entry that differ, by name.
func (a Audit) Changes() []AuditChange {
	before, after := auditFields(a.Before), auditFields(a.After)
	names := map[string]bool{}
	for k := range before {
		names[k] = true
	}
	for k := range after {
		names[k] = true
	}
	var out []AuditChange
	for _, k := range slices.Sorted(maps.Keys(names)) {
		if before[k] != after[k] {
			out = append(out, AuditChange{strings.ReplaceAll(k, "_", " "), before[k], after[k]})
		}
	}
	return out
}

// auditFields reads a JSON object into texts; anything else is one value without a name.
func auditFields(s string) map[string]string {
	if s == "" {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(s), &fields) != nil {
		return map[string]string{"": s}
	}
	out := make(map[string]string, len(fields))
	for k, raw := range fields {
		var text string
		switch {
		case string(raw) == "null":
		case json.Unmarshal(raw, &text) == nil:
			out[k] = text
		default:
			out[k] = string(raw)
		}
	}
	return out
}
