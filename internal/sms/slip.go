package sms

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Friction is what a confirmation asks for: more for more people (D4).
type Friction string

// The three frictions.
const (
	FrictionButton Friction = "button" // up to 50 people
	FrictionTick   Friction = "tick"   // up to 999
	FrictionType   Friction = "type"   // more, or more than a quarter of the balance: the number of people is typed
)

// FrictionFor is what confirming a sending to people at price asks for, where
// available can be used.
func FrictionFor(people int, price, available Credits) Friction {
	switch {
	case people >= 1000, price > 0 && price*4 > available:
		return FrictionType
	case people > 50:
		return FrictionTick
	}
	return FrictionButton
}

// Ceiling is the most that a sending quoted at price may cost at its start, when
// people are counted again: five in a hundred more, in whole credits (D20).
func Ceiling(price Credits) Credits {
	return max(price, (price+price/20)/Credit*Credit)
}

// Slip is what a confirmation restates: all that is being agreed to (D3).
type Slip struct {
	Session   Session // as it would be submitted
	Quote     Quote
	Available Credits // can be used now
	Short     Credits // missing on the date, if nothing is reloaded; 0 when it suffices
	Friction  Friction
}

// AtMost is the most it can cost.
func (s Slip) AtMost() Credits {
	if s.Session.FrozenAt != nil || !s.Session.Follow {
		return s.Quote.Price
	}
	return Ceiling(s.Quote.Price)
}

// Fingerprint stands for everything the slip shows. A confirmation brings it
// back, so that nobody confirms what he did not see.
func (s Slip) Fingerprint() string {
	v := s.Session
	content := digest(v.Name, v.Sender, v.MessageKind, v.Text, v.Lists, v.Excluded, v.Prices, v.Reach)
	return fmt.Sprintf("%d.%d.%s.%s", s.Quote.People, s.Quote.Price, content, digest(v.when()))
}

// when is what a person chose about the time. The moment of a send that leaves
// at once passes while he reads, so it is not part of it.
func (s Session) when() []any {
	if s.Mode == ModeNow {
		return []any{s.Mode, s.HoldAfter != nil, s.Follow, s.Departure}
	}
	return []any{s.Mode, s.StartsAt.UTC(), s.Zone, s.Fold, s.HoldAfter, s.Follow, s.Departure}
}

func digest(v ...any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings, numbers and times
	}
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%x", sum[:9])
}

// Since says what changed since the slip with the fingerprint shown was seen:
// "6 people joined the list.", or "" when it is the same.
func (s Slip) Since(shown string) string {
	now := s.Fingerprint()
	if shown == now {
		return ""
	}
	var people int
	var price Credits
	a, b := strings.Split(shown, "."), strings.Split(now, ".")
	if n, err := fmt.Sscanf(shown, "%d.%d.", &people, &price); n != 2 || err != nil || len(a) != len(b) {
		return "This page is not the newest."
	}
	switch more := s.Quote.People - people; {
	case a[2] != b[2]:
		return "The message or its lists changed."
	case a[3] != b[3]:
		return "The time or how it leaves changed."
	case more > 0:
		return People(more) + " joined the list."
	case more < 0 && len(s.Session.NotReachedBy)+len(s.Session.UnsureOf) > 0:
		return People(-more) + " left the list, or turned out to have got it."
	case more < 0:
		return People(-more) + " left the list."
	}
	return "The price changed."
}

// Confirm checks the tick or the typed number that the slip asks for (D4).
func (s Slip) Confirm(tick bool, typed string) error {
	var p Problems
	switch s.Friction {
	case FrictionTick:
		if !tick {
			p.Add("tick", "Tick the box to confirm")
		}
	case FrictionType:
		n, ok := readCount(typed)
		switch want := fmt.Sprint(s.Quote.People); {
		case strings.TrimSpace(typed) == "":
			p.Add("typed", "Type "+want+" to confirm")
		case !ok || n != want:
			p.Add("typed", "Type "+want+" to confirm. You typed "+clip(strings.TrimSpace(typed), 20))
		}
	}
	return p.Err()
}

// readCount takes spaces, dots, commas and apostrophes out of a number.
func readCount(typed string) (digits string, ok bool) {
	for _, r := range typed {
		switch {
		case r >= '0' && r <= '9':
			digits += string(r)
		case unicode.IsSpace(r), r == '.', r == ',', r == '\'', r == '’', r == '\u202f', r == '\u00a0':
		default:
			return "", false
		}
	}
	return strings.TrimLeft(digits, "0"), digits != ""
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// Local is the session's start by the clock that was chosen.
func (s Session) Local() time.Time { return In(s.StartsAt, s.Zone) }
