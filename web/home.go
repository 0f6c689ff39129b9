package web

import (
	"net/http"

	"tidings/internal/sms"
	"tidings/web/view"
)

// accountHome is the first page of an account: what needs somebody, what is happening, what comes next.
func (s *Server) accountHome(w http.ResponseWriter, r *http.Request) error {
	h, err := s.App.Home(r.Context(), actor(r))
	if err != nil {
		return err
	}
	p := view.HomeProps{Home: h, Account: accountPath(r), MayWrite: actor(r).Can(sms.RightCompose), MayAsk: actor(r).Can(sms.RightReload)}
	if r.Header.Get("HX-Request") == "true" && !p.None {
		return Show(w, r, http.StatusOK, view.HomeLive(p))
	}
	return s.page(w, r, http.StatusOK, h.Tenant.Name, "home", view.HomePage(p))
}
