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

// Initials are the one or two letters of the avatar.
func Initials(name string) string {
	var out []rune
	start := true
	for _, r := range name {
		if r == ' ' || r == '-' {
			start = true
			continue
		}
		if start {
			out = append(out, r)
			start = false
		}
	}
	if len(out) > 2 {
		out = []rune{out[0], out[len(out)-1]}
	}
	return string(out)
}
