package app_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

const password = "a ferry leaves at noon"

// hashed is made once: a hash is slow on purpose.
var hashed = sync.OnceValues(func() (string, error) { return app.HashPassword(context.Background(), password) })

// withPassword gives the world's people a password.
func withPassword(t *testing.T) *apptest.TheWorld {
	t.Helper()
	w := apptest.World(t)
	hash, err := hashed()
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []sms.Actor{w.Owner, w.Author, w.Moderator, w.Admin} {
		w.Exec(`update users set password_hash = $2 where id = $1`, who.User.String(), hash)
	}
	return w
}

// ip gives each test an address of its own: throttles are shared.
func ip(w *apptest.TheWorld) string {
	h := sha256.Sum256([]byte(w.Tenant.Slug))
	return fmt.Sprintf("10.%d.%d.%d", h[0], h[1], h[2])
}

func signIn(t *testing.T, w *apptest.TheWorld, who sms.Actor) string {
	t.Helper()
	token, _, err := w.App.SignIn(t.Context(), who.Email, password, ip(w), "a browser")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestSignIn(t *testing.T) {
	w := withPassword(t)
	token, v, err := w.App.SignIn(t.Context(), "  "+strings.ToUpper(w.Owner.Email)+" ", password, ip(w), "a browser")
	if err != nil {
		t.Fatal(err)
	}
	if v.Actor.User != w.Owner.User || len(v.Members) != 1 || v.Members[0].Role != sms.RoleOwner {
		t.Errorf("signed in as %+v", v)
	}
	if len(token) != 43 {
		t.Errorf("a token of %d characters, want the 43 of 256 bits", len(token))
	}
	// Only the token's hash is in the database.
	if n := pgtest.Value[int](t, w.DSN, `select count(*) from logins where encode(token_hash, 'escape') like '%' || $1 || '%'`, token); n != 0 {
		t.Error("the token itself is in the database")
	}
	sum := sha256.Sum256([]byte(token))
	if n := pgtest.Value[int](t, w.DSN, `select count(*) from logins where token_hash = $1`, sum[:]); n != 1 {
		t.Errorf("%d logins with the token's hash", n)
	}
	// D44
	if n := pgtest.Value[int](t, w.DSN, `select count(*) from audit where tenant_id = 0 and deed = 'sign_in' and actor_id = $1`, w.Owner.User.String()); n != 1 {
		t.Errorf("%d audit entries of the sign-in", n)
	}
}

// An unknown address, a wrong password and a person who was shut out get the
// same answer.
func TestSignInSameAnswer(t *testing.T) {
	w := withPassword(t)
	w.Exec(`update users set disabled_at = now() where id = $1`, w.Author.User.String())
	var answers []string
	for _, x := range []struct{ email, password string }{
		{"nobody-" + w.Owner.Email, password},
		{w.Owner.Email, "something else entirely"},
		{w.Author.Email, password},
		{w.Owner.Email, strings.Repeat("x", 10_000)},
		{w.Owner.Email, password + "\x00"},
	} {
		_, _, err := w.App.SignIn(t.Context(), x.email, x.password, ip(w), "")
		var p sms.Problems
		if !errors.As(err, &p) {
			t.Fatalf("%s: %v", x.email, err)
		}
		answers = append(answers, p.Error())
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answers differ: %q and %q", answers[0], a)
		}
	}
}

func TestSignInEmpty(t *testing.T) {
	w := withPassword(t)
	_, _, err := w.App.SignIn(t.Context(), " ", "", ip(w), "")
	var p sms.Problems
	if !errors.As(err, &p) || p.For("email") == "" || p.For("password") == "" {
		t.Errorf("got %v", err)
	}
}

// Ten tries at once, then one a minute; never for ever, and a success gives all back.
func TestSignInThrottled(t *testing.T) {
	w := withPassword(t)
	try := func(email, pass string) error {
		_, _, err := w.App.SignIn(t.Context(), email, pass, ip(w), "")
		return err
	}
	for _, email := range []string{w.Owner.Email, "nobody-" + w.Owner.Email} {
		for i := range 10 {
			if err := try(email, "wrong"); errors.Is(err, sms.ErrUnavailable) {
				t.Fatalf("%s: try %d was refused", email, i+1)
			}
		}
		err := try(email, password)
		if !errors.Is(err, sms.ErrUnavailable) || !strings.Contains(sms.Words(err), "Try again in a minute.") {
			t.Fatalf("%s: the eleventh try: %v", email, err)
		}
	}
	w.Clock.Add(61 * time.Second)
	if err := try(w.Owner.Email, password); err != nil {
		t.Fatalf("a minute later: %v", err)
	}
	for i := range 10 {
		if err := try(w.Owner.Email, "wrong"); errors.Is(err, sms.ErrUnavailable) {
			t.Fatalf("after a success, try %d was refused", i+1)
		}
	}
}

// One address has sixty tries at once, whatever the accounts; of IPv6 the /64 is one.
func TestSignInThrottledByAddress(t *testing.T) {
	w := withPassword(t)
	h := sha256.Sum256([]byte(w.Tenant.Slug))
	site := fmt.Sprintf("2001:db8:%x%02x:%x%02x", h[0], h[1], h[2], h[3])
	for _, x := range []struct{ key, ip string }{
		{"sign-in-ip:" + ip(w), ip(w)},
		{"sign-in-ip:" + ip(w), "::ffff:" + ip(w)},
		{"sign-in-ip:" + site + "::/64", site + ":1:2:3:4"},
	} {
		w.Exec(`insert into throttles(key, tat) values ($1, $2) on conflict (key) do update set tat = excluded.tat`, x.key, w.Clock.Now().Add(59*10*time.Second))
		for i, refused := range []bool{false, true} {
			_, _, err := w.App.SignIn(t.Context(), w.Author.Email, password, x.ip, "")
			if errors.Is(err, sms.ErrUnavailable) != refused {
				t.Errorf("%s, try %d: %v", x.ip, 60+i, err)
			}
		}
	}
}

func TestVisit(t *testing.T) {
	w := withPassword(t)
	other := w.Other()
	token := signIn(t, w, w.Author)
	v, err := w.App.Visit(t.Context(), token, w.Tenant.Slug, "192.0.2.7", true)
	if err != nil {
		t.Fatal(err)
	}
	if v.Actor.Role != sms.RoleAuthor || v.Actor.Tenant != w.Tenant.ID || v.Actor.IP != "192.0.2.7" || v.Tenant.Name != w.Tenant.Name {
		t.Errorf("got %+v", v)
	}
	// D42: another tenant is the same as none.
	for _, slug := range []string{other.Tenant.Slug, "no-such-account"} {
		if _, err := w.App.Visit(t.Context(), token, slug, "", true); !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("%s: %v, want not found", slug, err)
		}
	}
	// The role is read each time.
	w.Exec(`update members set role = 'viewer' where user_id = $1`, w.Author.User.String())
	if v, err = w.App.Visit(t.Context(), token, w.Tenant.Slug, "", true); err != nil || v.Actor.Role != sms.RoleViewer {
		t.Errorf("after the change: %v, %v", v.Actor.Role, err)
	}
	w.Exec(`delete from members where user_id = $1`, w.Author.User.String())
	if _, err = w.App.Visit(t.Context(), token, w.Tenant.Slug, "", true); !errors.Is(err, sms.ErrNotFound) {
		t.Errorf("no longer a member: %v", err)
	}
	w.Exec(`update users set disabled_at = now() where id = $1`, w.Author.User.String())
	if _, err = w.App.Visit(t.Context(), token, "", "", true); !errors.Is(err, app.ErrSignedOut) {
		t.Errorf("shut out: %v", err)
	}
}

// A staff person who belongs to an account has nothing of staff in it.
func TestVisitStaffInAccount(t *testing.T) {
	w := withPassword(t)
	w.Exec(`insert into members(tenant_id, user_id, role) values ($1, $2, 'viewer')`, int64(w.Tenant.ID), w.Admin.User.String())
	v, err := w.App.Visit(t.Context(), signIn(t, w, w.Admin), w.Tenant.Slug, "", true)
	if err != nil {
		t.Fatal(err)
	}
	if v.Actor.Staff != "" || v.Actor.Can(sms.RightAdmin) || v.Actor.Can(sms.RightSend) || !v.Actor.Can(sms.RightSee) {
		t.Errorf("got %+v", v.Actor)
	}
}

func TestLoginEnds(t *testing.T) {
	w := withPassword(t)
	begun := w.Clock.Now()
	alive := func(token string, counts bool) bool {
		_, err := w.App.Visit(t.Context(), token, "", "", counts)
		if err != nil && !errors.Is(err, app.ErrSignedOut) {
			t.Fatal(err)
		}
		return err == nil
	}
	customer, moderator := signIn(t, w, w.Owner), signIn(t, w, w.Moderator)
	w.Clock.Add(14 * time.Minute)
	if !alive(customer, true) || !alive(moderator, false) {
		t.Fatal("ended too early")
	}
	w.Clock.Add(time.Minute)
	if alive(moderator, true) {
		t.Error("staff idle for 15 minutes is still signed in: what follows a stream is no use of it")
	}
	w.Clock.Add(28 * time.Minute)
	if !alive(customer, true) {
		t.Error("29 minutes after the last page: signed out")
	}
	w.Clock.Add(30 * time.Minute)
	if alive(customer, true) {
		t.Error("30 minutes idle and still signed in")
	}
	w.Clock.Set(begun)
	customer = signIn(t, w, w.Owner)
	for range 24*2 - 1 {
		w.Clock.Add(15 * time.Minute)
		if !alive(customer, true) {
			t.Fatalf("ended after %s", w.Clock.Now().Sub(begun))
		}
	}
	w.Clock.Add(15 * time.Minute)
	if alive(customer, true) {
		t.Error("12 hours and still signed in")
	}
}

// The last use is written at most once a minute.
func TestSeenEachMinute(t *testing.T) {
	w := withPassword(t)
	token := signIn(t, w, w.Owner)
	sum := sha256.Sum256([]byte(token))
	seen := func() time.Time {
		return pgtest.Value[time.Time](t, w.DSN, `select seen_at from logins where token_hash = $1`, sum[:]).UTC()
	}
	begun := seen()
	for _, step := range []struct {
		after time.Duration
		want  time.Time
	}{{59 * time.Second, begun}, {time.Second, begun.Add(time.Minute)}} {
		w.Clock.Add(step.after)
		if _, err := w.App.Visit(t.Context(), token, "", "", true); err != nil {
			t.Fatal(err)
		}
		if got := seen(); !got.Equal(step.want) {
			t.Errorf("seen at %s, want %s", got, step.want)
		}
	}
}

func TestSignOut(t *testing.T) {
	w := withPassword(t)
	token := signIn(t, w, w.Owner)
	for range 2 { // twice is no mistake
		if err := w.App.SignOut(t.Context(), token, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.App.Visit(t.Context(), token, "", "", true); !errors.Is(err, app.ErrSignedOut) {
		t.Errorf("after sign-out: %v", err)
	}
}

func TestEndLogin(t *testing.T) {
	w := withPassword(t)
	laptop, phone, tablet := signIn(t, w, w.Owner), signIn(t, w, w.Owner), signIn(t, w, w.Owner)
	foreign := signIn(t, w, w.Admin)
	v, err := w.App.Visit(t.Context(), laptop, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	all, err := w.App.Logins(t.Context(), v.Actor)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d logins, %v", len(all), err)
	}
	f, err := w.App.Visit(t.Context(), foreign, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{app.LoginRef(f.Login), "", "zz", "00"} {
		if err := w.App.EndLogin(t.Context(), v.Actor, ref); !errors.Is(err, sms.ErrNotFound) {
			t.Errorf("end %q: %v, want not found", ref, err)
		}
	}
	p, err := w.App.Visit(t.Context(), phone, "", "", true)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.App.EndLogin(t.Context(), v.Actor, app.LoginRef(p.Login)); err != nil {
		t.Fatal(err)
	}
	if n, err := w.App.EndOtherLogins(t.Context(), v.Actor, v.Login); err != nil || n != 1 {
		t.Errorf("ended %d others, %v; want 1", n, err)
	}
	for token, want := range map[string]bool{laptop: true, phone: false, tablet: false, foreign: true} {
		if _, err := w.App.Visit(t.Context(), token, "", "", true); (err == nil) != want {
			t.Errorf("signed in %v, want %v", err == nil, want)
		}
	}
}

func TestSweepLogins(t *testing.T) {
	w := withPassword(t)
	signIn(t, w, w.Owner)
	w.Clock.Add(40 * time.Minute)
	fresh := signIn(t, w, w.Owner)
	if err := w.App.RunSweepLogins(t.Context(), app.SweepLoginsJob{}); err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Value[int](t, w.DSN, `select count(*) from logins where user_id = $1`, w.Owner.User.String()); n != 1 {
		t.Errorf("%d logins are left, want 1", n)
	}
	if _, err := w.App.Visit(t.Context(), fresh, "", "", true); err != nil {
		t.Error(err)
	}
}

// An older, cheaper hash is made anew at sign-in.
func TestRehash(t *testing.T) {
	w := withPassword(t)
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	w.Exec(`update users set password_hash = $2 where id = $1`, w.Owner.User.String(), hash)
	signIn(t, w, w.Owner)
	got := pgtest.Value[string](t, w.DSN, `select password_hash from users where id = $1`, w.Owner.User.String())
	if !strings.HasPrefix(got, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %s", got)
	}
	signIn(t, w, w.Owner)
}
