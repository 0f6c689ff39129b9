package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tidings/internal/sms"
	"tidings/web/view"
)

// cookieName is the login's cookie. Over https it is a host cookie; its plain
// name serves a loopback http address, where Safari refuses Secure.
func (s *Server) cookieName() string {
	if s.https {
		return "__Host-sid"
	}
	return "sid"
}

// token is the login's token, "" if there is none.
func (s *Server) token(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Server) setToken(w http.ResponseWriter, token string, lasts time.Duration) {
	c := &http.Cookie{
		Name: s.cookieName(), Value: token, Path: "/", MaxAge: int(lasts.Seconds()), HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// askToSignIn sends who is not signed in to the sign-in page, and back after it.
// What a form carried is kept; a script's page stays as it is.
func (s *Server) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	switch {
	case r.Header.Get("Accept") == "text/event-stream":
		plain(w, http.StatusUnauthorized, "signed out")
		return nil
	case r.Header.Get("HX-Request") == "true":
		w.Header().Set("HX-Retarget", "#flash")
		w.Header().Set("HX-Reswap", "innerHTML show:top")
		return Show(w, r, http.StatusUnauthorized, view.SignedOutNote())
	case safe(r.Method):
		return Redirect(w, r, "/sign-in?next="+url.QueryEscape(r.URL.RequestURI()))
	}
	next := Local(pathOf(r.Referer()))
	if kept := keep(r); kept != "" {
		return s.showSignIn(w, r, http.StatusUnauthorized, signInForm{Next: next, Kept: kept}, nil)
	}
	return Redirect(w, r, "/sign-in?next="+url.QueryEscape(next))
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "/"
	}
	return u.RequestURI()
}

// signInForm is what is typed at sign-in.
type signInForm struct {
	Email    string `form:"email"`
	Password string `form:"password"`
	Next     string `form:"next"`
	Kept     string `form:"kept"`
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request) error {
	next := Local(r.URL.Query().Get("next"))
	if _, ok := visitOf(r); ok {
		return Redirect(w, r, next)
	}
	return s.showSignIn(w, r, http.StatusOK, signInForm{Next: next}, nil)
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[signInForm](r)
	if err != nil {
		return err
	}
	token, v, err := s.App.SignIn(r.Context(), f.Email, f.Password, clientIP(r), r.UserAgent())
	var p sms.Problems
	switch {
	case errors.As(err, &p):
		return s.showSignIn(w, r, http.StatusUnprocessableEntity, f, p)
	case errors.Is(err, sms.ErrUnavailable) && sms.Words(err) != "":
		return s.showSignIn(w, r, http.StatusTooManyRequests, f, sms.Problems{{Field: "password", Text: sms.Words(err)}})
	case err != nil:
		return err
	}
	if old := s.token(r); old != "" { // a new sign-in has a new token, and the old one ends
		if err := s.App.SignOut(r.Context(), old, clientIP(r)); err != nil {
			return err
		}
	}
	s.setToken(w, token, sms.LoginLasts)
	if path, fields, ok := kept(f.Kept); ok {
		return Show(w, r, http.StatusOK, within(view.Page(Page(w, r, "Signed in again", nil)), view.KeptForm(path, fields)))
	}
	if next := Local(f.Next); next != "/" && !strings.HasPrefix(next, "/sign-in") {
		return Redirect(w, r, next)
	}
	return Redirect(w, r, homeOf(v))
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, status int, f signInForm, p sms.Problems) error {
	return s.page(w, r, status, "Sign in", "", view.SignIn(view.SignInProps{
		Email: f.Email, Next: f.Next, Kept: f.Kept, Problems: Summary(p), EmailError: p.For("email"), PasswordError: p.For("password"),
	}))
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.App.SignOut(r.Context(), s.token(r), clientIP(r)); err != nil {
		return err
	}
	s.setToken(w, "", 0)
	w.Header().Set("Clear-Site-Data", `"cache"`)
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "You are signed out."})
	return Redirect(w, r, "/sign-in")
}

// signedInAgain is where a tab ends that was opened to sign in for another one.
func (s *Server) signedInAgain(w http.ResponseWriter, r *http.Request) error {
	return Show(w, r, http.StatusOK, within(view.Page(Page(w, r, "Signed in", nil)), view.SignedInAgain()))
}

// home sends everybody to where he works.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	v, ok := visitOf(r)
	if !ok {
		return Redirect(w, r, "/sign-in")
	}
	return Redirect(w, r, homeOf(v))
}

func homeOf(v sms.Visit) string {
	switch {
	case v.Actor.Staff == sms.StaffModerator:
		return "/staff/queue"
	case v.Actor.Staff == sms.StaffAdmin:
		return "/staff/tenants"
	case len(v.Members) == 1:
		return "/a/" + v.Members[0].Slug
	}
	return "/accounts"
}

// accounts lets a person of several accounts choose.
func (s *Server) accounts(w http.ResponseWriter, r *http.Request) error {
	if len(visit(r).Members) == 1 {
		return Redirect(w, r, "/a/"+visit(r).Members[0].Slug)
	}
	var list []view.AccountLine
	for _, m := range visit(r).Members {
		list = append(list, view.AccountLine{Name: m.TenantName, Role: m.Role.Words(), Href: "/a/" + m.Slug})
	}
	return Show(w, r, http.StatusOK, within(view.Page(Page(w, r, "Choose an account", nil)), view.Accounts(visit(r).Actor.Name, list)))
}
