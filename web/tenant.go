package web

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// tenants is every account, those that wait for credits first.
func (s *Server) tenants(w http.ResponseWriter, r *http.Request) error {
	f := sms.TenantFilter{Find: r.URL.Query().Get("q"), Show: r.URL.Query().Get("show")}
	list, more, err := s.App.Tenants(r.Context(), actor(r), f)
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, "Tenants", "tenants", view.TenantsPage(view.TenantsProps{Lines: list, Filter: f, More: more}))
}

// tenant leads to what is done most with a tenant.
func (s *Server) tenant(w http.ResponseWriter, r *http.Request) error {
	return Redirect(w, r, tenantPath(r)+"/credits")
}

// tenantOverview is a tenant's last campaigns and people.
func (s *Server) tenantOverview(w http.ResponseWriter, r *http.Request) error {
	t, err := s.App.Tenant(r.Context(), actor(r), chi.URLParam(r, "tenant"))
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, t.Tenant.Name, "tenants", view.TenantPage(view.TenantProps{TenantPage: t}))
}

// validation is where automatic validation is switched.
func (s *Server) validation(w http.ResponseWriter, r *http.Request) error {
	return s.showValidation(w, r, http.StatusOK, "", nil)
}

func (s *Server) showValidation(w http.ResponseWriter, r *http.Request, status int, reason string, p sms.Problems) error {
	v, err := s.App.Validation(r.Context(), actor(r), chi.URLParam(r, "tenant"))
	if err != nil {
		return err
	}
	return s.page(w, r, status, "Validation, "+v.Tenant.Name, "tenants", view.ValidationPage(view.ValidationProps{Validation: v, Reason: reason, Problems: Summary(p), Errors: p}))
}

// setValidation switches automatic validation, with a reason (D6).
func (s *Server) setValidation(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[app.ValidationForm](r)
	if err != nil {
		return err
	}
	err = s.App.SetAutoValidation(r.Context(), actor(r), chi.URLParam(r, "tenant"), f)
	var p sms.Problems
	flash := view.Flash{Kind: view.Sea, Title: "Automatic validation is off.", Text: "A person reads what they submit from now on."}
	if f.On {
		flash = view.Flash{Kind: view.Sea, Title: "Automatic validation is on.", Text: "It holds for what they submit from now on."}
	}
	switch {
	case errors.As(err, &p):
		return s.showValidation(w, r, http.StatusUnprocessableEntity, f.Reason, p)
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		flash = view.Flash{Kind: view.Wait, Title: sms.Words(err)}
	case err != nil:
		return err
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, tenantPath(r)+"/validation")
}
