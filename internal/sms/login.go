package sms

import "time"

// Login is a signed-in browser. Its token is known to the browser only; we keep
// the token's SHA-256.
type Login struct {
	Hash      []byte // SHA-256 of the cookie's value
	User      ID
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	IP        string
	Agent     string
}

// How long a login lasts.
const (
	LoginLasts     = 12 * time.Hour   // at most, whatever happens
	LoginIdle      = 30 * time.Minute // without a page asked for
	LoginIdleStaff = 15 * time.Minute
)

// Alive reports whether the login still stands at now for somebody of that staff role.
func (l Login) Alive(now time.Time, staff Staff) bool {
	idle := LoginIdle
	if staff != "" {
		idle = LoginIdleStaff
	}
	return now.Before(l.ExpiresAt) && now.Sub(l.SeenAt) < idle
}

// Visit is what one request of a signed-in browser knows: who asks, and where he may go.
type Visit struct {
	Actor   Actor
	Login   Login
	Tenant  Tenant // the account of this page; zero on other pages
	Members []Member
}
