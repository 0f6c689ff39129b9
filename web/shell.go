package web

import (
	"net/http"
	"strings"

	"tidings/internal/sms"
	"tidings/web/view"
)

// shell is the navigation for who asks: by role, and by where he is.
func (s *Server) shell(r *http.Request, v sms.Visit, current string) *view.Shell {
	who := v.Actor
	person := view.Person{Name: who.Name}
	if who.Staff != "" && !strings.HasPrefix(r.URL.Path, "/a/") {
		return s.staffShell(r, v, person, current)
	}
	person.Sub = v.Tenant.Name
	if len(v.Members) > 1 {
		person.Links = append(person.Links, view.Link{Label: "Other accounts", Href: "/accounts"})
	}
	if v.Tenant.Slug == "" {
		return nil
	}
	return view.CustomerShell(v.Tenant.Slug, current, person, s.creditGauge(r, v))
}

func (s *Server) staffShell(r *http.Request, v sms.Visit, person view.Person, current string) *view.Shell {
	if v.Actor.Staff == sms.StaffAdmin {
		person.Sub = "Administrator"
		return view.AdminShell(current, nil, person, nil)
	}
	person.Sub = "Moderator"
	return view.ModeratorShell(current, nil, person, nil, 0, false, 0)
}

// creditGauge is the figure at the foot of a customer's column.
func (s *Server) creditGauge(r *http.Request, v sms.Visit) *view.Gauge {
	b, open, err := s.App.Balance(r.Context(), v.Actor)
	if err != nil {
		s.log.Warn("balance for the navigation", "error", err)
		return nil
	}
	g := &view.Gauge{Label: "Credits you can use", Figure: b.Available.String(), Unit: "credits", Share: -1}
	if total := b.Available + b.Reserved; total > 0 {
		g.Share = float64(b.Available) / float64(total)
	}
	if b.Reserved > 0 {
		g.Note = b.Reserved.String() + " set aside for " + view.Count(open, "campaign", "campaigns")
	}
	if v.Actor.Can(sms.RightReload) {
		g.Link = &view.Link{Label: "Reload", Href: "/a/" + v.Tenant.Slug + "/credits/reload"}
	}
	return g
}

// more is the page that lists every place, for small screens.
func (s *Server) more(w http.ResponseWriter, r *http.Request) error {
	shell := s.shell(r, visit(r), "more")
	return Show(w, r, http.StatusOK, within(view.Page(Page(w, r, "More", shell)), view.More(Page(w, r, "More", shell))))
}
