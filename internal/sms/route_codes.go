package sms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CodeClass is what a route may say that a code of its carrier means.
type CodeClass string

// The classes of codes.
const (
	CodeTemporary CodeClass = "temporary" // tried again after a wait
	CodeThrottled CodeClass = "throttled" // slower, and again soon; no try is counted
	CodeRoute     CodeClass = "route"     // the route or the sender is at fault: messages are kept
	CodeRecipient CodeClass = "recipient" // this number, for good
	CodePermanent CodeClass = "permanent" // this message, for good
	CodeOptedOut  CodeClass = "opted-out" // this person, for good, and kept out of later sendings
	CodeUnknown   CodeClass = "unknown"   // the carrier itself does not know whether it sent it (D34)
)

// CodeClasses are all of them.
var CodeClasses = []CodeClass{CodeTemporary, CodeThrottled, CodeRoute, CodeRecipient, CodePermanent, CodeOptedOut, CodeUnknown}

// Again reports whether a message is tried again after such a code.
func (c CodeClass) Again() bool {
	return c == CodeTemporary || c == CodeThrottled || c == CodeRoute
}

// CodeRule is what a route says that a code of its carrier means (smpp.md 1.8).
type CodeRule struct {
	Code  string    `json:"code"` // as answers are kept: "smpp:0x45", "twilio:21610", "http:429"
	Class CodeClass `json:"class"`
	Wait  int       `json:"wait,omitempty"`  // seconds before the next try; 0: as usual
	Tries int       `json:"tries,omitempty"` // after so many the message is not accepted; 0: as long as the route tries
}

// String writes the rule as a line of a form.
func (c CodeRule) String() string {
	out := c.Code + " " + string(c.Class)
	if c.Wait > 0 || c.Tries > 0 {
		out += " " + strconv.Itoa(c.Wait)
	}
	if c.Tries > 0 {
		out += " " + strconv.Itoa(c.Tries)
	}
	return out
}

// After is how long to wait before the next try.
func (c CodeRule) After() time.Duration { return time.Duration(c.Wait) * time.Second }

// CodeLines writes rules as a form has them.
func CodeLines(rules []CodeRule) string {
	lines := make([]string, len(rules))
	for i, r := range rules {
		lines[i] = r.String()
	}
	return strings.Join(lines, "\n")
}

// mostCodes is how many rules a route may have.
const mostCodes = 200

// ReadCodes reads rules, one a line: code, class, seconds to wait, tries. A
// code may be written without the word of its kind. The problem is in words.
func ReadCodes(kind, typed string) (rules []CodeRule, problem string) {
	seen := map[string]bool{}
	for line := range strings.SplitSeq(typed, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		r, problem := readCode(kind, f)
		if problem != "" {
			return nil, problem
		}
		if seen[r.Code] {
			return nil, "Use one line for " + r.Code
		}
		if seen[r.Code] = true; len(rules) == mostCodes {
			return nil, "Use " + figure(mostCodes) + " lines or fewer"
		}
		rules = append(rules, r)
	}
	return rules, ""
}

func readCode(kind string, f []string) (r CodeRule, problem string) {
	bad := "Use lines such as " + codeExample(kind) + " temporary 60: " + short(strings.Join(f, " ")) + " is none"
	if len(f) < 2 || len(f) > 4 {
		return r, bad
	}
	r.Code, r.Class = wholeCode(kind, f[0]), CodeClass(f[1])
	known := false
	for _, c := range CodeClasses {
		known = known || c == r.Class
	}
	if r.Code == "" || !known {
		return r, bad
	}
	for i, into := range []*int{&r.Wait, &r.Tries} {
		if len(f) > 2+i {
			n, err := strconv.Atoi(f[2+i])
			if err != nil || n < 0 || n > []int{86_400, 100}[i] {
				return r, bad
			}
			*into = n
		}
	}
	switch {
	case !r.Class.Again() && (r.Wait > 0 || r.Tries > 0):
		return r, "Use no wait with " + string(r.Class) + ": nothing is tried again"
	case r.Tries > 0 && r.Class != CodeTemporary:
		return r, "Use a number of tries with temporary only"
	case inDoubt(r.Code) && r.Class != CodeUnknown:
		return r, r.Code + " does not say whether the carrier sends: such a message stays unknown, whatever a line says"
	}
	return r, ""
}

func codeExample(kind string) string {
	switch kind {
	case smppKind.Kind:
		return "0x45"
	case twilioKind.Kind:
		return "30003"
	}
	return "http:429"
}

// wholeCode writes a code as answers are kept; "" if it is none.
func wholeCode(kind, typed string) string {
	before, rest, ok := strings.Cut(typed, ":")
	if !ok {
		before, rest = "", typed
	}
	switch {
	case kind == smppKind.Kind && (before == "smpp" || before == ""):
		n, err := strconv.ParseUint(rest, 0, 32)
		switch {
		case err != nil || n == 0:
			return ""
		case n <= 0xFF:
			return fmt.Sprintf("smpp:0x%02X", n)
		}
		return fmt.Sprintf("smpp:0x%x", n)
	case kind == smppKind.Kind, len(typed) > 40 || rest == "":
		return ""
	case before != "":
		return typed
	case kind == twilioKind.Kind:
		return kind + ":" + rest
	}
	return "http:" + rest
}

// inDoubt reports whether a status of HTTP leaves it open whether a message was
// taken (F12): no rule may make anybody send it again.
func inDoubt(code string) bool {
	s, ok := strings.CutPrefix(code, "http:")
	n, err := strconv.Atoi(s)
	return ok && err == nil && (n >= 500 || n == 408 || n == 425 || n == 499)
}

// codes reads the rules of a form.
func (f RouteForm) codes(r *Route, p *Problems) {
	rules, problem := ReadCodes(r.Kind, f.Codes)
	if problem != "" {
		p.Add("codes", problem)
		return
	}
	r.Codes = rules
}
