package web

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"tidings/internal/sms"
	"tidings/web/view"
)

// tenantSpeed is how fast a tenant and its senders may send.
func (s *Server) tenantSpeed(w http.ResponseWriter, r *http.Request) error {
	return s.showSpeed(w, r, http.StatusOK, nil, nil)
}

// showSpeed shows the limits as they are, or as they were typed.
func (s *Server) showSpeed(w http.ResponseWriter, r *http.Request, status int, typed *sms.SpeedForm, p sms.Problems) error {
	t, err := s.App.TenantSpeed(r.Context(), actor(r), chi.URLParam(r, "tenant"))
	if err != nil {
		return err
	}
	return s.page(w, r, status, "Speed, "+t.Tenant.Name, "tenants", view.SpeedPage(view.NewSpeed(t, typed, Summary(p), p)))
}

// mostSpeedFields is how many values the form may have: two for each sender.
const mostSpeedFields = 4000

// setTenantSpeed sets how fast a tenant and its senders may send, with a reason.
func (s *Server) setTenantSpeed(w http.ResponseWriter, r *http.Request) error {
	f, err := form[sms.SpeedForm](r, mostSpeedFields)
	if err != nil {
		return err
	}
	err = s.App.SetTenantSpeed(r.Context(), actor(r), chi.URLParam(r, "tenant"), f)
	var p sms.Problems
	flash := view.Flash{Kind: view.Sea, Title: "Saved.", Text: "Workers go by it from now on."}
	switch {
	case errors.As(err, &p):
		return s.showSpeed(w, r, http.StatusUnprocessableEntity, &f, p)
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		flash = view.Flash{Kind: view.Wait, Title: sms.Words(err)}
	case err != nil:
		return err
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, tenantPath(r)+"/speed")
}
