package web

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"tidings/internal/app"
	"tidings/web/view"
)

// logins is where one is signed in.
func (s *Server) logins(w http.ResponseWriter, r *http.Request) error {
	v, now := visit(r), s.App.Now()
	all, err := s.App.Logins(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	p := view.LoginsProps{Name: v.Actor.Name, Email: v.Actor.Email, Lasts: "30 minutes without use, and after 12 hours in any case"}
	if v.Actor.Staff != "" {
		p.Lasts = "15 minutes without use, and after 12 hours in any case"
	}
	for _, m := range v.Members {
		if v.Actor.Staff == "" && (len(v.Members) == 1 || m.Slug == r.URL.Query().Get("from")) {
			p.Crumbs = []view.Link{{Label: m.TenantName, Href: "/a/" + m.Slug}}
		}
	}
	for _, l := range all {
		p.Logins = append(p.Logins, view.LoginLine{
			Ref: app.LoginRef(l), Browser: browserName(l.Agent), From: l.IP,
			Since: view.When(l.CreatedAt.UTC()) + " UTC", Seen: view.Ago(l.SeenAt, now), This: string(l.Hash) == string(v.Login.Hash),
		})
	}
	frame := Page(w, r, "Where you are signed in", s.shell(r, v, ""))
	frame.Wide = true
	return Show(w, r, http.StatusOK, within(view.Page(frame), view.Logins(p)))
}

// endLogin signs one of one's own browsers out.
func (s *Server) endLogin(w http.ResponseWriter, r *http.Request) error {
	if err := s.App.EndLogin(r.Context(), actor(r), chi.URLParam(r, "login")); err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Signed out there."})
	return Redirect(w, r, "/me/logins")
}

// endOtherLogins signs all other browsers out.
func (s *Server) endOtherLogins(w http.ResponseWriter, r *http.Request) error {
	n, err := s.App.EndOtherLogins(r.Context(), actor(r), visit(r).Login)
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Signed out in " + view.Count(n, "other browser", "other browsers") + "."})
	return Redirect(w, r, "/me/logins")
}

// browserName makes of a browser's own description what people call it: "Firefox
// on Windows". Whoever it is, it may say what it likes.
func browserName(agent string) string {
	name := firstOf(agent, "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	system := firstOf(agent, "iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Macintosh", "a Mac", "Linux", "Linux")
	switch {
	case name != "" && system != "":
		return name + " on " + system
	case name != "" || system != "":
		return name + system
	}
	if first, _, _ := strings.Cut(agent, " "); first != "" {
		return first
	}
	return "An unnamed browser"
}

// firstOf takes pairs of a sign and its words and returns the words of the first sign in s.
func firstOf(s string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.Contains(s, pairs[i]) {
			return pairs[i+1]
		}
	}
	return ""
}
