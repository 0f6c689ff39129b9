package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// The rates of sign-in: so many at once, then one each interval. Never a lock:
// a stranger must not be able to keep somebody out.
const (
	accountBurst, accountEach = 10, time.Minute
	addressBurst, addressEach = 60, 10 * time.Second
	networkBurst, networkEach = 300, 2 * time.Second // all of an IPv6 /48
)

// seenEach is how often a login's last use is written down.
const seenEach = time.Minute

const noMatch = "That email and password do not match."

// ErrSignedOut says that there is no such login, or that it has ended.
var ErrSignedOut = errors.New("signed out")

// SignIn makes a login for a person who knows the password, and returns its
// token, which only the browser keeps. Problems: they do not match, in the same
// words and after the same work whether or not the address is known.
// ErrUnavailable: too many tries, with how long to wait.
func (a *App) SignIn(ctx context.Context, email, password, ip, agent string) (token string, visit sms.Visit, err error) {
	email = emailKey(email)
	var p sms.Problems
	if email == "" {
		p.Add("email", "Enter your email address.")
	}
	if password == "" {
		p.Add("password", "Enter your password.")
	}
	if err := p.Err(); err != nil {
		return "", visit, err
	}
	account := "sign-in:" + shortHash(email)
	user, err := a.whoSignsIn(ctx, email, account, ip)
	if err != nil {
		return "", visit, fmt.Errorf("sign in: %w", err)
	}
	match, old, err := a.knows(ctx, user, password)
	if err != nil {
		return "", visit, fmt.Errorf("sign in: %w", err)
	}
	if !match {
		a.Log.InfoContext(ctx, "a sign-in failed", "ip", ip)
		return "", visit, sms.Problems{{Field: "", Text: noMatch}}
	}
	fresh := ""
	if old {
		if fresh, err = HashPassword(ctx, password); err != nil {
			return "", visit, fmt.Errorf("sign in: %w", err)
		}
	}
	token = newToken()
	visit, err = a.addLogin(ctx, user, token, account, fresh, ip, agent)
	if err != nil {
		return "", visit, fmt.Errorf("sign in: %w", err)
	}
	return token, visit, nil
}

// whoSignsIn takes the throttles' cells and finds the user, who is zero if
// nobody can sign in with that address.
func (a *App) whoSignsIn(ctx context.Context, email, account, ip string) (sms.User, error) {
	var user sms.User
	var wait time.Duration
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		user, wait = sms.User{}, 0
		for _, r := range append(addressRates(ip), rate{account, accountBurst, accountEach}) {
			w, err := tx.Throttle(ctx, r.key, a.Now(), r.burst, r.each)
			if err != nil {
				return err
			}
			wait = max(wait, w)
		}
		u, err := tx.UserByEmail(ctx, email)
		if err == nil && u.DisabledAt == nil {
			user = u
		}
		if errors.Is(err, sms.ErrNotFound) {
			return nil
		}
		return err
	})
	if err == nil && wait > 0 {
		err = sms.Unavailable("Too many tries. " + tryAgainIn(wait))
	}
	return user, err
}

// knows compares the password, with a stand-in for nobody.
func (a *App) knows(ctx context.Context, user sms.User, password string) (match, old bool, err error) {
	hash := user.PasswordHash
	if user.ID.IsZero() {
		hash = nobodysHash
	}
	if len(password) > maxPassword {
		password = password[:maxPassword]
		_, _, err = checkPassword(ctx, password, hash)
		return false, false, err
	}
	match, old, err = checkPassword(ctx, password, hash)
	return match && !user.ID.IsZero(), old, err
}

func (a *App) addLogin(ctx context.Context, user sms.User, token, account, fresh, ip, agent string) (sms.Visit, error) {
	now := a.Now()
	v := sms.Visit{
		Actor: actorOf(user, ip),
		Login: sms.Login{Hash: hashToken(token), User: user.ID, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sms.LoginLasts), IP: ip, Agent: cut(agent, 300)},
	}
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		if err := tx.AddLogin(ctx, v.Login); err != nil {
			return err
		}
		if fresh != "" {
			if err := tx.SavePasswordHash(ctx, user.ID, fresh); err != nil {
				return err
			}
		}
		if err := tx.ForgetThrottle(ctx, account); err != nil {
			return err
		}
		if v.Members, err = tx.Memberships(ctx, user.ID); err != nil {
			return err
		}
		return a.auditPlatform(ctx, tx, v.Actor, "sign_in", "user "+user.ID.String(), nil, map[string]string{"agent": v.Login.Agent}, "")
	})
	return v, err
}

// Visit finds who asks with a token, and in which account: slug is the account's
// in the address, "" elsewhere. The role is read each time. ErrSignedOut: the
// login has ended. ErrNotFound: the account is not there, or not theirs.
// A visit that is not counted does not keep the login from idling out.
func (a *App) Visit(ctx context.Context, token, slug, ip string, counts bool) (sms.Visit, error) {
	var v sms.Visit
	if token == "" {
		return v, ErrSignedOut
	}
	hash, now := hashToken(token), a.Now()
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		v = sms.Visit{}
		login, user, err := tx.Login(ctx, hash)
		if errors.Is(err, sms.ErrNotFound) {
			return ErrSignedOut
		}
		if err != nil {
			return err
		}
		if user.DisabledAt != nil || !login.Alive(now, user.Staff) {
			return ErrSignedOut
		}
		v.Actor, v.Login = actorOf(user, ip), login
		if v.Members, err = tx.Memberships(ctx, user.ID); err != nil {
			return err
		}
		if counts && now.Sub(login.SeenAt) >= seenEach {
			if err := tx.SeeLogin(ctx, hash, now); err != nil {
				return err
			}
		}
		if slug == "" {
			return nil
		}
		for _, m := range v.Members {
			if m.Slug == slug {
				v.Actor = v.Actor.In(m)
				v.Tenant, err = tx.In(m.Tenant).OwnTenant(ctx)
				return err
			}
		}
		return sms.ErrNotFound
	})
	return v, err
}

// SignOut ends the login of a token. It is no mistake if there is none.
func (a *App) SignOut(ctx context.Context, token, ip string) error {
	v, err := a.Visit(ctx, token, "", ip, false)
	if errors.Is(err, ErrSignedOut) {
		return nil
	}
	if err != nil {
		return err
	}
	return a.EndLogin(ctx, v.Actor, LoginRef(v.Login))
}

// Logins lists the browsers in which who is signed in, the last used first.
func (a *App) Logins(ctx context.Context, who sms.Actor) ([]sms.Login, error) {
	var all []sms.Login
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		all, err = tx.Logins(ctx, who.User)
		return err
	})
	alive := all[:0]
	for _, l := range all {
		if l.Alive(a.Now(), who.Staff) {
			alive = append(alive, l)
		}
	}
	return alive, err
}

// LoginRef names a login in an address: not a secret, and no way to sign in.
func LoginRef(l sms.Login) string { return hex.EncodeToString(l.Hash) }

// EndLogin signs one of one's own browsers out. ErrNotFound: there is no such.
func (a *App) EndLogin(ctx context.Context, who sms.Actor, ref string) error {
	hash, err := hex.DecodeString(ref)
	if err != nil {
		return sms.ErrNotFound
	}
	err = a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		there, err := tx.EndLogin(ctx, who.User, hash)
		if err != nil {
			return err
		}
		if !there {
			return sms.ErrNotFound
		}
		return a.auditPlatform(ctx, tx, who, "end_login", "user "+who.User.String(), map[string]string{"login": ref[:min(len(ref), 12)]}, nil, "")
	})
	if err != nil {
		return fmt.Errorf("end login: %w", err)
	}
	return nil
}

// EndOtherLogins signs all other browsers out and returns how many they were.
func (a *App) EndOtherLogins(ctx context.Context, who sms.Actor, keep sms.Login) (int, error) {
	var n int
	err := a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) (err error) {
		if n, err = tx.EndOtherLogins(ctx, who.User, keep.Hash); err != nil || n == 0 {
			return err
		}
		return a.auditPlatform(ctx, tx, who, "end_other_logins", "user "+who.User.String(), nil, map[string]int{"logins": n}, "")
	})
	if err != nil {
		return 0, fmt.Errorf("end other logins: %w", err)
	}
	return n, nil
}

// SweepLoginsJob removes, each hour, what nobody can use any more.
type SweepLoginsJob struct{}

// Kind names the job.
func (SweepLoginsJob) Kind() string { return "sweep_logins" }

// RunSweepLogins removes what has ended: logins nobody can use and throttles
// that are full again.
func (a *App) RunSweepLogins(ctx context.Context, _ SweepLoginsJob) error {
	return a.DB.InPlatform(ctx, func(tx *postgres.PlatformTx) error {
		_, err := tx.SweepLogins(ctx, a.Now(), a.Now().Add(-sms.LoginIdle))
		return err
	})
}

type rate struct {
	key   string
	burst int
	each  time.Duration
}

// addressRates are the throttles of an IP address. Who has one IPv6 address has
// the whole /64, and often a /48.
func addressRates(ip string) []rate {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return nil
	}
	addr = addr.Unmap()
	if addr.Is4() {
		return []rate{{"sign-in-ip:" + addr.String(), addressBurst, addressEach}}
	}
	near, _ := addr.Prefix(64)
	wide, _ := addr.Prefix(48)
	return []rate{
		{"sign-in-ip:" + near.String(), addressBurst, addressEach},
		{"sign-in-net:" + wide.String(), networkBurst, networkEach},
	}
}

func actorOf(u sms.User, ip string) sms.Actor {
	return sms.Actor{User: u.ID, Name: u.Name, Email: u.Email, Staff: u.Staff, IP: ip}
}

func tryAgainIn(d time.Duration) string {
	if d <= time.Minute {
		return "Try again in a minute."
	}
	return fmt.Sprintf("Try again in %d minutes.", int((d+time.Minute-1)/time.Minute))
}

// newToken is 256 random bits in 43 characters.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// cut shortens s to at most n bytes of whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
