package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"tidings/web/view"
)

const (
	themeCookie = "theme" // app.js writes it too
	flashCookie = "flash"
)

// Theme is the theme a person chose: "light", "dark", or "" for the system's.
func Theme(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || (c.Value != "light" && c.Value != "dark") {
		return ""
	}
	return c.Value
}

// SetTheme is the form behind the theme switch, for browsers without script.
func SetTheme(w http.ResponseWriter, r *http.Request) error {
	theme := r.PostFormValue("theme")
	c := &http.Cookie{Name: themeCookie, Value: theme, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode, Secure: HTTPS(r.Context())}
	switch theme {
	case "light", "dark":
	case "system":
		c.MaxAge = -1
	default:
		return Status{Code: http.StatusBadRequest}
	}
	http.SetCookie(w, c)
	return Redirect(w, r, Local(r.PostFormValue("back")))
}

// Local gives path if it leads to a page of this site, else "/": an address from a form must not lead away.
func Local(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return path
}

// SetFlash leaves a message for the next page this browser opens.
func SetFlash(w http.ResponseWriter, r *http.Request, f view.Flash) {
	b, err := json.Marshal(f)
	if err != nil {
		return // a Flash of strings always encodes
	}
	http.SetCookie(w, &http.Cookie{
		Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString(b), Path: "/", MaxAge: 60,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: HTTPS(r.Context()),
	})
}

// TakeFlash gives the message left for this page, once; nil if there is none.
func TakeFlash(w http.ResponseWriter, r *http.Request) *view.Flash {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: HTTPS(r.Context())})
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return nil
	}
	var f view.Flash
	if json.Unmarshal(b, &f) != nil {
		return nil
	}
	if f.Link != nil {
		f.Link.Href = Local(f.Link.Href)
	}
	return &f
}
