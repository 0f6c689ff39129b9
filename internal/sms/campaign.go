package sms

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Campaign is what a marketer writes. It may be changed while no session of it is under way.
type Campaign struct {
	Tenant         TenantID
	ID             ID
	Name           string // only the team sees it
	Kind           string // Marketing, Service or "" while not chosen
	Sender         string // "" while not chosen
	Text           string // with merge fields
	Lists          []ID
	Excluded       []ID
	Whom           Whom        // who gets the next version, when one has left before
	ReachedBy      []SessionID // of a correction: the sendings whose people get it, and nobody else
	Started        []SessionID // its versions that have begun to leave, the oldest first
	Revision       int64       // grows with every saved change
	TestedRevision int64       // the last one somebody was sent a test of
	CreatedAt      time.Time
	UpdatedAt      time.Time
	UpdatedBy      ID
	UpdatedByName  string
	Window         Window // that saved it last
}

// Window is one page in which a draft is open, and how often it has saved it. Turns
// grow, so that a save that comes late is known to be older than one that was faster.
type Window struct {
	ID   string // "" without a page
	Turn int
}

// After reports whether w is the same page as earlier, at a later save.
func (w Window) After(earlier Window) bool {
	return w.ID != "" && w.ID == earlier.ID && w.Turn > earlier.Turn
}

// Sender is a name that a tenant may send as.
type Sender struct {
	Name       string
	Countries  []string // where it is approved; empty: everywhere
	ApprovedAt *time.Time
}

// ApprovedIn reports whether messages may leave under the name in country (D40).
func (s Sender) ApprovedIn(country string) bool {
	return s.ApprovedAt != nil && (len(s.Countries) == 0 || contains(s.Countries, country))
}

// ListName is a list to choose from.
type ListName struct {
	ID     ID
	Name   string
	People int
}

// CampaignName cleans a campaign's name, or says what to do about it in field "name".
func CampaignName(typed string) (string, error) {
	name := strings.Join(strings.FieldsFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	var p Problems
	switch {
	case name == "" || !utf8.ValidString(name):
		p.Add("name", "Enter a name for the campaign. Only your team sees it")
	case utf8.RuneCountInString(name) > 80:
		p.Add("name", "Use 80 characters or fewer. It has "+figure(utf8.RuneCountInString(name)))
	}
	return name, p.Err()
}

// TextLimit is the most characters that are kept of a text. MaxParts is reached long before.
const TextLimit = 4000

// CampaignDraft is the state, in a list of campaigns, of one without a session.
const CampaignDraft SessionState = "draft"

// CampaignLine is one campaign of a list.
type CampaignLine struct {
	ID        ID
	Name      string
	Kind      string
	Sender    string
	Text      string // of the newest session, or the draft
	State     SessionState
	Version   int // of the newest session; 0 for a draft
	People    int
	At        time.Time // when it leaves, left, ended or was last changed
	Zone      string    // of At, where a zone was chosen
	Tally     Tally
	UpdatedAt time.Time
	Revision  int64
}

// CampaignFilter chooses campaigns of a list. Empty fields choose all.
type CampaignFilter struct {
	State  SessionState   // CampaignDraft for those without a session
	States []SessionState // one of these; nil for all
	Text   string         // in the name, the text or the sender
	Before time.Time      // keyset: changed before this moment …
	ID     ID             // … or at it, with a smaller ID
	Limit  int
}

// Test is one text sent to an own phone (D41), and what became of it.
type Test struct {
	Session SessionID
	Number  int64
	Name    string // whose phone
	Person  string // as whom
	State   MessageState
	Parts   int
	Price   Credits
	At      time.Time  // when it was asked for
	FirstAt *time.Time // first hand-over
	FinalAt *time.Time
	Code    string // last answer of the carrier
}

// TestNumber is an own phone that tests may go to once it is verified (D41).
type TestNumber struct {
	Number     int64
	Name       string
	VerifiedAt *time.Time
	CodeEndsAt *time.Time
	CodeTries  int
	CodeHash   []byte
}

// The limits of tests (D41).
const (
	TestsAtOnce   = 10
	TestsADay     = 20
	CodeTries     = 5
	CodeFor       = 10 * time.Minute
	CodesADay     = 10 // for one account: codes cost credits too
	NumbersToTest = 10 // kept by an account
)

// figure writes a whole number as people read it.
func figure(n int) string { return (Credits(n) * Credit).String() }
