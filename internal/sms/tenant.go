package sms

import "time"

// Tenant is a customer's isolated space; customers read "account".
type Tenant struct {
	ID             TenantID
	Slug           string // in addresses, a-z 0-9 -
	Name           string
	Country        string // ISO 3166-1 alpha-2, default for lists
	Zone           string // IANA, default for schedules
	AutoValidation bool   // D6
	CreatedAt      time.Time
}

// TenantLine is one row of the administrators' list of tenants.
type TenantLine struct {
	Tenant
	Available Credits
	Reserved  Credits
	Need      Credits // of sendings due within seven days
	Waiting   int     // sessions that wait for credits
	Missing   Credits // of those, together
	Requests  int     // asks for a reload that nobody has answered
	Proposals int     // reloads that wait for a second administrator
}

// Short reports whether what can be used does not cover the next seven days.
func (l TenantLine) Short() bool { return l.Need > l.Available }

// TenantFilter is which tenants an administrator looks at.
type TenantFilter struct {
	Find string // part of the name or address
	Show string // one of TenantViews, "" for all
}

// The views of the list of tenants.
const (
	TenantsShort   = "short"   // not covered for seven days
	TenantsWaiting = "waiting" // a sending waits for credits
	TenantsAsked   = "asked"   // asked for a reload
	TenantsAuto    = "auto"    // automatic validation is on
	TenantsNew     = "new"     // a week old or younger
)

// ValidationSwitch is one change of automatic validation (D6).
type ValidationSwitch struct {
	At        time.Time
	Automatic bool
	By        ID
	ByName    string
	Reason    string
}

// ReviewRecord is what is known of a tenant's sendings when automatic
// validation is considered.
type ReviewRecord struct {
	Age       time.Duration
	Approved  int // in a row, the newest decisions
	Refused   int // in the last 30 days
	Delivered int // messages, in the last 30 days
	OptedOut  int // people, in the last 30 days
}

// User is a person who signs in.
type User struct {
	ID           ID
	Email        string // lower case
	Name         string
	PasswordHash string // argon2id, PHC string
	Staff        Staff
	CreatedAt    time.Time
	DisabledAt   *time.Time
}

// Member is a user in a tenant, with a role.
type Member struct {
	User       ID
	Name       string
	Email      string
	Tenant     TenantID
	Slug       string
	TenantName string
	Role       Role
}
