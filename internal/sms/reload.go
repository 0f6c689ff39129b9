package sms

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ReloadLimit is above which a second administrator must agree (D27).
const ReloadLimit = 100_000 * Credit

// MostCredits is the most that one reload, or one request for one, can be.
const MostCredits = 1_000_000 * Credit

// ReloadRequest is a customer asking for credits.
type ReloadRequest struct {
	ID           ID
	Amount       Credits
	Reference    string
	Note         string
	AskedBy      ID
	AskedName    string
	AskedAt      time.Time
	AnsweredAt   *time.Time
	AnsweredName string
	Answer       string  // why it was declined or taken back
	Transfer     *int64  // that answered it
	Added        Credits // by that transfer
}

// Open reports whether nobody has answered it.
func (r ReloadRequest) Open() bool { return r.AnsweredAt == nil }

// Words is where the request stands, as customers read it.
func (r ReloadRequest) Words() string {
	switch {
	case r.Open():
		return "Requested"
	case r.Transfer != nil:
		return "Added"
	}
	return "Closed"
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

// TenantRequest is an ask for credits, and whose it is.
type TenantRequest struct {
	Tenant Tenant
	ReloadRequest
}

// TenantProposal is a reload that waits for a second administrator, and whose
// it is.
type TenantProposal struct {
	Tenant Tenant
	ReloadProposal
}

// Reload is an administrator's wish to move a tenant's credits, as typed.
type Reload struct {
	Preset       string `form:"preset"` // a common amount, as a button
	Amount       string `form:"amount"` // whole credits
	Was          string `form:"was"`    // the amount that the form was drawn with
	Kind         string `form:"kind"`   // a TransferKind of reloads
	Reference    string `form:"reference"`
	Note         string `form:"note"`
	Confirm      string `form:"confirm"` // the tenant's name
	Again        bool   `form:"again"`   // use a reference a second time
	StartWaiting bool   `form:"start"`
	Request      string `form:"request"` // the ReloadRequest it answers, or ""
	Seen         string `form:"seen"`    // the fingerprint of the slip that was shown
	Token        string `form:"token"`
}

// Tidy cleans what was typed, and lets the exact amount or the common one count,
// whichever was touched last.
func (r Reload) Tidy() Reload {
	r.Reference, r.Note = oneLine(r.Reference), strings.TrimSpace(r.Note)
	r.Confirm = oneLine(r.Confirm)
	r.Amount = strings.TrimSpace(r.Amount)
	if r.Preset != "" && (r.Amount == "" || r.Amount == r.Was) {
		r.Amount = r.Preset
	}
	if c, ok := ParseCredits(r.Amount); ok {
		r.Amount = c.String()
	}
	return r
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// ParseCredits reads a whole number of credits as people write it: "50000",
// "50,000", "50 000", "50.000", "50'000". A separator stands between groups of
// three digits; anything else, such as "1.5" or "-3", is no whole number.
func ParseCredits(s string) (Credits, bool) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '\u00a0', '\u202f', '\u2009', '.', '\'', '’':
			return ','
		}
		return r
	}, strings.TrimSpace(s))
	groups := strings.FieldsFunc(strings.ReplaceAll(s, " ", ","), func(r rune) bool { return r == ',' })
	if len(groups) == 0 || strings.Join(groups, ",") != strings.ReplaceAll(s, " ", ",") {
		return 0, false
	}
	for i, g := range groups {
		if i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && len(g) > 3 {
			return 0, false
		}
	}
	digits := strings.Join(groups, "")
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > 1_000_000_000 {
		return 0, false
	}
	return Credits(n) * Credit, true
}

// Read gives the amount and the kind, or what must be mended in the order of the
// form, in words (ux.md 9.3). It does not look at the name.
func (r Reload) Read() (Credits, TransferKind, Problems) {
	var p Problems
	amount, ok := ParseCredits(r.Amount)
	if !ok || amount < Credit || amount > MostCredits {
		p.Add("amount", "Enter a whole number from 1 to 1,000,000")
		amount = 0
	}
	kind := TransferKind(r.Kind)
	reference, note := utf8.RuneCountInString(r.Reference), utf8.RuneCountInString(r.Note)
	switch {
	case !kind.ByStaff():
		p.Add("kind", "Choose a reason")
	case kind == TransferTopup && reference < 3:
		p.Add("reference", "Enter the order reference, 3 to 40 characters")
	}
	if reference > 40 {
		p.Add("reference", "Use 40 characters or fewer")
	}
	switch {
	case note > 500:
		p.Add("note", "Use 500 characters or fewer")
	case kind.ByStaff() && kind != TransferTopup && note < 10:
		p.Add("note", "Say why, in 10 to 500 characters")
	}
	return amount, kind, p
}

// Check is Read and the tenant's name, which confirms: what must be right
// before anything is written.
func (r Reload) Check(name string) (Credits, TransferKind, error) {
	amount, kind, p := r.Read()
	if !strings.EqualFold(r.Confirm, oneLine(name)) {
		p.Add("confirm", "Type "+name+" to confirm")
	}
	return amount, kind, p.Err()
}

// ReloadAsk is a customer's request for credits, as typed.
type ReloadAsk struct {
	Amount    string `form:"amount"`
	Reference string `form:"reference"`
	Note      string `form:"note"`
	Token     string `form:"token"`
}

// Check gives the amount and the cleaned texts, or what must be mended.
func (r ReloadAsk) Check() (Credits, ReloadAsk, error) {
	var p Problems
	r.Reference, r.Note = oneLine(r.Reference), strings.TrimSpace(r.Note)
	amount, ok := ParseCredits(r.Amount)
	if !ok || amount < 100*Credit || amount > MostCredits {
		p.Add("amount", "Enter a whole number from 100 to 1,000,000")
	}
	if utf8.RuneCountInString(r.Reference) > 40 {
		p.Add("reference", "Use 40 characters or fewer")
	}
	if utf8.RuneCountInString(r.Note) > 500 {
		p.Add("note", "Use 500 characters or fewer")
	}
	return amount, r, p.Err()
}

// ReloadSlip is what a reload would do, from the values as they are now.
type ReloadSlip struct {
	Amount   Credits // 0 while it is not known
	Kind     TransferKind
	Start    bool // sendings that wait go on, else their people are asked
	Forecast Forecast
}

// Change is the amount with its sign.
func (s ReloadSlip) Change() Credits {
	if s.Kind.Takes() {
		return -s.Amount
	}
	return s.Amount
}

// After is what could be used after it.
func (s ReloadSlip) After() Credits { return s.Forecast.Now + s.Change() }

// TooMuch reports that it would take more than can be used.
func (s ReloadSlip) TooMuch() bool { return s.After() < 0 }

// Second reports whether a second administrator must agree (D27).
func (s ReloadSlip) Second() bool { return s.Amount > ReloadLimit }

// Starts are the waiting sendings that the balance would cover, in the order
// they are due, and those that would go on waiting. One that is too dear does
// not stop a later cheaper one (D23).
func (s ReloadSlip) Starts() (starts, waits []ForecastStep) {
	left := s.After()
	for _, x := range s.Forecast.Waiting() {
		if x.Price <= left && s.Change() > 0 {
			left -= x.Price
			starts = append(starts, x)
			continue
		}
		waits = append(waits, x)
	}
	return starts, waits
}

// Fingerprint is what the sentence on the slip was built from: when it differs
// from the one that was shown, the slip is shown again.
func (s ReloadSlip) Fingerprint() string {
	out := string(s.Kind) + " " + s.Change().String() + " " + s.Forecast.Now.String() + " " + strconv.FormatBool(s.Start)
	for _, x := range s.Forecast.Waiting() {
		out += " " + strconv.FormatInt(int64(x.Session), 10)
	}
	return out
}
