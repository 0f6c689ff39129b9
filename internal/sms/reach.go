package sms

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Reach is how earlier sendings decide who gets the next one (D32). It names sendings, never people: a
// receipt that comes late still counts. Somebody is reached by a sending that a carrier accepted for him,
// that is on its way, or of which nobody knows: he got it, or may have.
type Reach struct {
	ReachedBy    []SessionID `json:",omitempty"` // not the lists, but the people whom these reached: a correction
	UnsureOf     []SessionID `json:",omitempty"` // not the lists, but those of whom nobody knows whether these reached them
	NotReachedBy []SessionID `json:",omitempty"` // whom these reached is left out …
	Again        bool        `json:",omitempty"` // … or, by a deliberate choice, is counted and gets it again
}

// Whom is the choice of who gets the next version of a campaign that has begun to leave before.
type Whom string

// The choices. Only the first needs no deed of its own.
const (
	WhomNew    Whom = ""       // those who got no version
	WhomAgain  Whom = "again"  // everybody, also who has got it
	WhomUnsure Whom = "unsure" // only those of whom nobody knows whether they got the newest that left (D34)
)

// Audience is who the campaign is for, now. Whoever got an earlier version, or may have, is left out
// unless somebody chose otherwise.
func (c Campaign) Audience() Audience {
	a := Audience{Lists: c.Lists, Excluded: c.Excluded}
	a.ReachedBy = c.ReachedBy
	if len(c.Started) == 0 {
		return a
	}
	if c.Whom == WhomUnsure {
		newest := len(c.Started) - 1
		a.ReachedBy, a.UnsureOf, a.NotReachedBy = nil, c.Started[newest:], c.Started[:newest]
		return a
	}
	a.NotReachedBy, a.Again = c.Started, c.Whom == WhomAgain
	return a
}

// Audience is who the session is for: as the lists are at its start, or without those who joined after it
// was confirmed.
func (s Session) Audience() Audience {
	return Audience{Lists: s.Lists, Excluded: s.Excluded, FrozenAt: s.FrozenAt, Reach: s.Reach}
}

// Reached is how many people a sending reached, and of how many nobody knows.
type Reached struct {
	People int // reached, or may be
	Unsure int // of them: no answer ever came
	Rest   int // not reached, and not left out as opted out
}

// ResendAfter is how long an answer or a receipt may still come before a person may have a message sent
// again of which nobody knows (D34).
const ResendAfter = 10 * time.Minute

// SentVersion names an earlier sending to people.
type SentVersion struct {
	Session  SessionID
	Campaign ID
	Name     string
	Number   int
}

// VersionWords names sendings of one campaign in a sentence: "version 1", "versions 1 and 3".
func VersionWords(list []SentVersion) string {
	switch n := len(list); n {
	case 0:
		return "an earlier version"
	case 1:
		return fmt.Sprintf("version %d", list[0].Number)
	default:
		out := "versions "
		for i, v := range list {
			switch i {
			case 0:
			case n - 1:
				out += " and "
			default:
				out += ", "
			}
			out += fmt.Sprint(v.Number)
		}
		return out
	}
}

// Resend is the decision of a person to send messages again of which nobody knows whether they arrived (D34).
type Resend struct {
	ID       int64
	Session  SessionID
	At       time.Time
	Actor    string
	ActorID  *ID
	Reason   string
	Messages int
	Before   time.Time // only what was marked before

	Policy   OnUnknown // by the rule of a route instead of a person
	Gateway  int16     // of that route
	Hours    int       // without a receipt, of UnknownAfter
	KeySince time.Time // of UnknownKey: keys first used before are no longer good
}

// ResendReason is the reason for sending again, cleaned, or says what is wrong with it in field "reason".
func ResendReason(typed string) (string, error) {
	reason := strings.TrimSpace(typed)
	var p Problems
	switch n := utf8.RuneCountInString(reason); {
	case n < 10:
		p.Add("reason", "Enter why they are sent again, in 10 to 500 characters")
	case n > 500:
		p.Add("reason", "Use 500 characters or fewer. It has "+figure(n))
	}
	return reason, p.Err()
}
