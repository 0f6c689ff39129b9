package web

import (
	"net/http"
	"strings"
	"time"

	"tidings/internal/app"
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
	if v.Tenant.Slug == "" {
		return nil
	}
	person.Links = append(person.Links, view.Link{Label: "Where you are signed in", Href: "/me/logins?from=" + v.Tenant.Slug})
	if len(v.Members) > 1 {
		person.Links = append(person.Links, view.Link{Label: "Other accounts", Href: "/accounts"})
	}
	return view.CustomerShell(v.Tenant.Slug, current, person, s.creditGauge(r, v))
}

func (s *Server) staffShell(r *http.Request, v sms.Visit, person view.Person, current string) *view.Shell {
	c, err := s.App.StaffCounts(r.Context(), v.Actor)
	if err != nil {
		s.log.WarnContext(r.Context(), "counts for the navigation", "error", err)
	}
	person.Links = append(person.Links, view.Link{Label: "Where you are signed in", Href: "/me/logins"})
	if len(v.Members) > 0 {
		person.Links = append(person.Links, view.Link{Label: "Your accounts", Href: "/accounts"})
	}
	if v.Actor.Staff == sms.StaffAdmin {
		person.Sub = "Administrator"
		return view.AdminShell(current, nil, person, s.routesGauge(r, v), c.Requests, c.Stops)
	}
	person.Sub = "Moderator"
	late := c.Waiting > 0 && c.Due < promise/5
	return view.ModeratorShell(current, nil, person, queueGauge(c), c.Waiting, late, c.Held)
}

// routesGauge is the figure at the foot of an administrator's column: what leaves,
// and how many routes can take it.
func (s *Server) routesGauge(r *http.Request, v sms.Visit) *view.Gauge {
	p, err := s.App.RoutesPulse(r.Context(), v.Actor)
	if err != nil {
		s.log.WarnContext(r.Context(), "routes for the navigation", "error", err)
		return nil
	}
	g := &view.Gauge{
		Label: "Leaving now", Figure: view.PerSecond(p.Out), Unit: "parts/s", Share: -1, Kind: view.Sea,
		Note: view.Num(p.Up) + " of " + view.Count(p.On, "gateway", "gateways") + " up", Link: &view.Link{Label: "See", Href: "/staff/gateways"},
	}
	if p.Up < p.On {
		g.Kind = view.Bad
	}
	if p.On > 0 {
		g.Share = float64(p.Up) / float64(p.On)
	}
	return g
}

// promise is how soon staff decides (D13).
const promise = 30 * time.Minute

// queueGauge is the figure at the foot of a moderator's column.
func queueGauge(c app.StaffCounts) *view.Gauge {
	g := &view.Gauge{Label: "Oldest in the queue", Figure: "none", Unit: "waiting", Share: 0, Kind: view.Sea, Note: "Nothing waits."}
	if c.Waiting == 0 {
		return g
	}
	g.Figure = shortSpan(c.Oldest)
	g.Share = min(float64(c.Oldest)/float64(promise), 1)
	g.Note = "The first is due in " + view.Span(c.Due.Truncate(time.Minute)) + "."
	switch {
	case c.Due < 0:
		g.Kind, g.Note = view.Bad, "The first is overdue."
	case c.Due < time.Minute:
		g.Kind, g.Note = view.Bad, "The first is due now."
	case c.Due < promise/5:
		g.Kind = view.Wait
	}
	return g
}

// shortSpan is a time in its largest unit, for a large figure: "21 min", "3 h".
func shortSpan(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return view.Num(int(d/(24*time.Hour))) + " days"
	case d >= 2*time.Hour:
		return view.Num(int(d/time.Hour)) + " h"
	}
	if d < time.Minute {
		return "< 1 min"
	}
	return view.Num(int(d/time.Minute)) + " min"
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
	return Show(w, r, http.StatusOK, view.More(Page(w, r, "More", s.shell(r, visit(r), "more"))))
}
