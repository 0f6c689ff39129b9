package sms

import (
	"strconv"
	"strings"
	"time"
)

// ReloadLimit is above which a second administrator must agree (D27).
const ReloadLimit = 100_000 * Credit

// ReloadRequest is a customer asking for credits.
type ReloadRequest struct {
	ID         ID
	Amount     Credits
	Reference  string
	Note       string
	AskedBy    ID
	AskedName  string
	AskedAt    time.Time
	AnsweredAt *time.Time
	Transfer   *int64
}

// ReloadProposal is a reload above the limit that waits for a second administrator.
type ReloadProposal struct {
	ID           ID
	Kind         TransferKind
	Amount       Credits
	Reference    string
	Note         string
	StartWaiting bool
	Request      *ID
	By           ID
	ByName       string
	At           time.Time
}

// Reload is an administrator's wish to move a tenant's credits, as typed.
type Reload struct {
	Amount       string // whole credits
	Kind         string // a TransferKind of reloads
	Reference    string
	Note         string
	Confirm      string // the tenant's name
	Again        bool   // use a reference a second time
	StartWaiting bool
	Request      string // the ReloadRequest it answers, or ""
	Token        string
}

// ParseCredits reads a whole number of credits; spaces, commas and dots between
// digits are ignored.
func ParseCredits(s string) (Credits, bool) {
	s = strings.NewReplacer(" ", "", ",", "", ".", "", "\u00a0", "", "\u202f", "", "'", "").Replace(strings.TrimSpace(s))
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > 1_000_000_000 || n < -1_000_000_000 {
		return 0, false
	}
	return Credits(n) * Credit, true
}

// Check reads what was typed for the tenant named name: the amount, the kind,
// or what must be mended, in words (ux.md 9.3).
func (r Reload) Check(name string) (Credits, TransferKind, error) {
	var p Problems
	amount, ok := ParseCredits(r.Amount)
	if !ok || amount < Credit || amount > 1_000_000*Credit {
		p.Add("amount", "Enter a whole number from 1 to 1,000,000")
	}
	kind := TransferKind(r.Kind)
	switch kind {
	case TransferTopup:
		if n := len([]rune(strings.TrimSpace(r.Reference))); n < 3 || n > 40 {
			p.Add("reference", "Enter the order reference, 3 to 40 characters")
		}
	case TransferGift, TransferCorrectUp, TransferCorrectDown, TransferExpire:
		if n := len([]rune(strings.TrimSpace(r.Note))); n < 10 || n > 500 {
			p.Add("note", "Say why, in 10 to 500 characters")
		}
	default:
		p.Add("kind", "Choose a reason")
	}
	if !strings.EqualFold(strings.TrimSpace(r.Confirm), name) {
		p.Add("confirm", "Type "+name+" to confirm")
	}
	return amount, kind, p.Err()
}

// LedgerLine is one entry of a tenant's ledger in plain words, with the
// credits that could be used after it.
type LedgerLine struct {
	Version   int64
	At        time.Time
	Kind      TransferKind
	Amount    Credits // signed
	After     Credits
	Actor     string
	Reason    string
	Reference string
	Note      string
	Session   *SessionID
	Campaign  *ID
	Charged   Credits // of a session: charged so far
}

// TenantLine is one row of the administrators' list of tenants.
type TenantLine struct {
	Tenant
	Available Credits
	Reserved  Credits
	Waiting   int     // sessions that wait for credits
	Missing   Credits // of those, together
	Requests  int     // asks for a reload that nobody has answered
}

// ForecastStep is one scheduled sending and what can be used after it.
type ForecastStep struct {
	At       time.Time
	Name     string
	Campaign ID
	Session  SessionID
	State    SessionState
	Price    Credits
	After    Credits
}

// Forecast is what a tenant can use now, and after each sending that is
// scheduled or waits, in the order they are due (D22).
type Forecast struct {
	Now   Credits
	Steps []ForecastStep
}

// NewForecast lays the sessions, in due order, over what can be used now.
func NewForecast(now Credits, sessions []Session) Forecast {
	f := Forecast{Now: now}
	left := now
	for _, s := range sessions {
		left -= s.Price
		f.Steps = append(f.Steps, ForecastStep{At: s.StartsAt, Name: s.Name, Campaign: s.Campaign, Session: s.ID, State: s.State, Price: s.Price, After: left})
	}
	return f
}

// Before is what can be used just before at, when every earlier sending took
// its part.
func (f Forecast) Before(at time.Time) Credits {
	left := f.Now
	for _, s := range f.Steps {
		if !s.At.After(at) {
			left = s.After
		}
	}
	return left
}

// Short is the lowest point below zero, as a positive amount, and when; 0 when
// the credits suffice.
func (f Forecast) Short() (Credits, time.Time) {
	var short Credits
	var at time.Time
	for _, s := range f.Steps {
		if s.After < -short {
			if short == 0 {
				at = s.At
			}
			short = -s.After
		}
	}
	return short, at
}
