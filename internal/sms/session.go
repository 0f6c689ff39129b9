package sms

import (
	"crypto/sha256"
	"encoding/json"
	"time"
)

// SessionState is where one sending of a campaign is.
type SessionState string

// The states of a session. Refused, cancelled and completed are final.
const (
	SessionValidating     SessionState = "validating"
	SessionRefused        SessionState = "refused"
	SessionApproved       SessionState = "approved"
	SessionScheduled      SessionState = "scheduled"
	SessionStarting       SessionState = "starting"
	SessionWaitingCredits SessionState = "waiting_credits"
	SessionHeld           SessionState = "held" // needs the marketer's decision
	SessionSending        SessionState = "sending"
	SessionPaused         SessionState = "paused"
	SessionStopped        SessionState = "stopped" // by staff
	SessionCancelled      SessionState = "cancelled"
	SessionCompleted      SessionState = "completed"
)

// SessionStates are all of them, in the order of a session's life.
var SessionStates = []SessionState{
	SessionValidating, SessionRefused, SessionApproved, SessionScheduled, SessionStarting, SessionWaitingCredits,
	SessionHeld, SessionSending, SessionPaused, SessionStopped, SessionCancelled, SessionCompleted,
}

// Final reports whether nothing can follow.
func (s SessionState) Final() bool {
	return s == SessionRefused || s == SessionCancelled || s == SessionCompleted
}

// Words is the state as customers read it.
func (s SessionState) Words() string {
	switch s {
	case SessionValidating:
		return "In validation"
	case SessionRefused:
		return "Refused"
	case SessionApproved:
		return "Approved"
	case SessionScheduled:
		return "Scheduled"
	case SessionStarting:
		return "Starting"
	case SessionWaitingCredits:
		return "Waiting for credits"
	case SessionHeld:
		return "Needs your decision"
	case SessionSending:
		return "Sending"
	case SessionPaused:
		return "Paused"
	case SessionStopped:
		return "Stopped by Tidings"
	case SessionCancelled:
		return "Cancelled"
	case SessionCompleted:
		return "Completed"
	}
	return string(s)
}

// Mode is how a session leaves (D1).
type Mode string

// The two modes.
const (
	ModeNow       Mode = "now"
	ModeScheduled Mode = "scheduled"
)

// SessionKind tells a campaign's sending from a test on one's own phones (D41).
type SessionKind string

// The kinds of sessions.
const (
	KindCampaign SessionKind = "campaign"
	KindTest     SessionKind = "test"
	KindReply    SessionKind = "reply" // the answer to a STOP, START or HELP
)

// Session is one sending of a campaign: an immutable copy of everything that
// decides what goes out, plus schedule, validation, money and progress.
type Session struct {
	Tenant   TenantID
	ID       SessionID
	Campaign ID // zero for a code that verifies a number
	Kind     SessionKind
	Number   int // 1, 2, 3 … within the campaign: people read "version"
	State    SessionState
	Reason   string

	Name        string
	MessageKind string // marketing or service
	Sender      string
	Text        string // with merge fields
	Lists       []ID
	Excluded    []ID
	Reach            // what earlier sendings make of the lists
	Follow      bool // D20: counted again at start
	FrozenAt    *time.Time
	Departure

	Mode      Mode
	WallTime  *time.Time // in UTC fields: the local time as chosen (D16)
	Zone      string
	Fold      string // "", "first" or "second" of an hour that happens twice
	TZData    string
	StartsAt  time.Time
	HoldAfter *time.Time // D21

	People  int
	Parts   int64
	Price   Credits
	Prices  map[string]Credits // country to the price of one part, pinned (D25)
	Missing Credits            // while waiting for credits

	ContentHash  []byte
	ApprovedHash []byte
	ApprovedAt   *time.Time
	ApprovedBy   *ID
	SubmittedBy  *ID
	SubmittedAt  time.Time
	Token        string
	StartedAt    *time.Time
	FirstPeople  int        // who went first; 0: nobody
	ReleasedAt   *time.Time // the rest follows them
	PausedAt     *time.Time // while it is paused or stopped
	EndedAt      *time.Time
	SettledAt    *time.Time
}

// Hash is what an approval is bound to (D10): text, sender, kind, audience,
// schedule and prices. Any change of these needs a new decision. It is the same
// before and after the database kept it, which rounds times to the microsecond.
func (s Session) Hash() []byte {
	if s.FrozenAt != nil {
		at := s.FrozenAt.UTC().Truncate(time.Microsecond)
		s.FrozenAt = &at
	}
	b, err := json.Marshal(struct {
		Campaign                  ID
		Kind                      SessionKind
		MessageKind, Sender, Text string
		Lists, Excluded           []ID
		Follow                    bool
		FrozenAt                  *time.Time
		Prices                    map[string]Credits
		Reach                     // nothing, where no earlier sending matters
	}{s.Campaign, s.Kind, s.MessageKind, s.Sender, s.Text, append([]ID{}, s.Lists...), append([]ID{}, s.Excluded...), s.Follow, s.FrozenAt, s.Prices, s.Reach})
	if err != nil {
		panic(err) // only strings, numbers and times
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// arrows are the changes of state that exist (domain.md, States of a session).
// Anything else is a conflict.
var arrows = map[SessionState][]SessionState{
	SessionValidating:     {SessionRefused, SessionApproved, SessionCancelled},
	SessionApproved:       {SessionScheduled, SessionStarting, SessionHeld, SessionCancelled},
	SessionScheduled:      {SessionStarting, SessionHeld, SessionCancelled},
	SessionStarting:       {SessionWaitingCredits, SessionHeld, SessionSending, SessionCancelled},
	SessionWaitingCredits: {SessionStarting, SessionSending, SessionHeld, SessionCancelled},
	SessionHeld:           {SessionStarting, SessionScheduled, SessionCancelled},
	SessionSending:        {SessionPaused, SessionStopped, SessionCancelled, SessionCompleted},
	SessionPaused:         {SessionSending, SessionStopped, SessionCancelled, SessionCompleted},
	SessionStopped:        {SessionPaused, SessionCancelled},
}

// To changes the state, or says in plain words why it cannot.
func (s *Session) To(next SessionState) error {
	for _, ok := range arrows[s.State] {
		if ok == next {
			s.State = next
			return nil
		}
	}
	if s.State == next {
		return Conflict("It is " + lowerFirst(s.State.Words()) + " already. Nothing was changed.")
	}
	return Conflict("It is " + lowerFirst(s.State.Words()) + " now, so nothing was changed.")
}

// CanCancel reports whether the rest can still be kept back.
func (s Session) CanCancel() bool { return !s.State.Final() }

// Editable reports whether the campaign may be changed while this is its newest session.
func (s Session) Editable() bool { return s.State.Final() }

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]|0x20) + s[1:]
}

// SessionEvent is one line of "What happened".
type SessionEvent struct {
	At    time.Time
	Actor string
	State SessionState
	Title string
	Note  string
}
