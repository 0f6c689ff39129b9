package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// reloadForm is what comes with an administrator's reload beside the reload itself.
type reloadForm struct {
	Look     bool   `form:"look"` // draw the page again, write nothing
	Proposal string `form:"proposal"`
	Answer   string `form:"answer"`
	Token    string `form:"token"`
	Request  string `form:"request"`
	Why      string `form:"why"`
}

func tenantPath(r *http.Request) string { return "/staff/tenants/" + chi.URLParam(r, "tenant") }

// tenantCredits is a tenant's ledger with the slip of a reload; with ?done it shows what a reload led to.
func (s *Server) tenantCredits(w http.ResponseWriter, r *http.Request) error {
	p, err := s.tenantCreditsProps(r, nil, r.URL.Query().Get("request"), s.newToken())
	if err != nil {
		return err
	}
	if token := r.URL.Query().Get("done"); token != "" {
		d, err := s.App.ReloadDone(r.Context(), actor(r), chi.URLParam(r, "tenant"), token)
		if err != nil && !errors.Is(err, sms.ErrNotFound) { // a token that nothing came of: the page as it is
			return err
		}
		if err == nil {
			p.Done, p.DoneToken = &d, token
		}
		if p.Done != nil && r.Header.Get("HX-Request") == "true" {
			return Show(w, r, http.StatusOK, view.TenantCreditsLive(p))
		}
	}
	return s.showTenantCredits(w, r, http.StatusOK, p)
}

func (s *Server) tenantCreditsProps(r *http.Request, form *sms.Reload, request, token string) (view.TenantCreditsProps, error) {
	c, err := s.App.TenantLedger(r.Context(), actor(r), chi.URLParam(r, "tenant"), form, request, before(r))
	if err != nil {
		return view.TenantCreditsProps{}, err
	}
	p := view.TenantCreditsProps{TenantCredits: c, Path: tenantPath(r) + "/credits", Token: token, Tokens: s.newToken, Me: actor(r).User}
	p.Entries, p.Older, p.Newest = ledgerEntries(r, c.Ledger, p.Path)
	return p, nil
}

func (s *Server) showTenantCredits(w http.ResponseWriter, r *http.Request, status int, p view.TenantCreditsProps) error {
	return s.page(w, r, status, "Credits, "+p.Tenant.Name, "tenants", view.TenantCreditsPage(p))
}

// reload moves credits, answers a proposal, or only draws what the form would do.
func (s *Server) reload(w http.ResponseWriter, r *http.Request) error {
	form, err := Form[sms.Reload](r)
	if err != nil {
		return err
	}
	f, err := Form[reloadForm](r)
	if err != nil {
		return err
	}
	switch {
	case f.Look:
		return s.lookReload(w, r, form)
	case f.Proposal != "":
		return s.decideReload(w, r, f)
	}
	out, err := s.App.Reload(r.Context(), actor(r), chi.URLParam(r, "tenant"), form)
	if err != nil {
		return s.notReloaded(w, r, form, err)
	}
	return s.reloaded(w, r, out, f.Token)
}

// reloaded leads to the page with the result on it.
func (s *Server) reloaded(w http.ResponseWriter, r *http.Request, out app.Reloaded, token string) error {
	if out.Already {
		SetFlash(w, r, view.Flash{Kind: view.Rest, Title: "Already done at " + out.At.UTC().Format("15:04") + " UTC.", Text: "It was written once."})
	}
	return Redirect(w, r, tenantPath(r)+"/credits?done="+url.QueryEscape(token))
}

// lookReload draws the slip for what was typed so far. The name is asked for again when the slip changed.
func (s *Server) lookReload(w http.ResponseWriter, r *http.Request, form sms.Reload) error {
	p, err := s.tenantCreditsProps(r, &form, "", form.Token)
	if err != nil {
		return err
	}
	p.Updated = true
	if p.Slip.Fingerprint() != form.Seen {
		p.Form.Confirm = ""
	}
	if r.Header.Get("HX-Request") == "true" {
		return Show(w, r, http.StatusOK, view.TenantCreditsLive(p))
	}
	return s.showTenantCredits(w, r, http.StatusOK, p)
}

func (s *Server) notReloaded(w http.ResponseWriter, r *http.Request, form sms.Reload, why error) error {
	var problems sms.Problems
	var stale *app.StaleSlip
	status := http.StatusConflict
	switch {
	case errors.As(why, &problems):
		status = http.StatusUnprocessableEntity
	case errors.As(why, &stale), errors.Is(why, sms.ErrConflict) && sms.Words(why) != "":
	default:
		return why
	}
	p, err := s.tenantCreditsProps(r, &form, "", form.Token)
	if err != nil {
		return err
	}
	p.Errors, p.Problems = problems, Summary(problems)
	switch {
	case stale != nil:
		p.Stale, p.Form.Confirm = stale.Words, ""
	case problems == nil:
		p.Stale = sms.Words(why)
	}
	return s.showTenantCredits(w, r, status, p)
}

// decideReload is the answer to a reload that waits for a second administrator.
func (s *Server) decideReload(w http.ResponseWriter, r *http.Request, f reloadForm) error {
	proposal, err := sms.ParseID(f.Proposal)
	if err != nil {
		return err
	}
	agree := f.Answer == "agree"
	out, err := s.App.AgreeReload(r.Context(), actor(r), chi.URLParam(r, "tenant"), proposal, agree, f.Token)
	switch {
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
		return Redirect(w, r, tenantPath(r)+"/credits")
	case err != nil:
		return err
	case !agree:
		SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Declined.", Text: "Nothing was moved."})
		return Redirect(w, r, tenantPath(r)+"/credits")
	}
	return s.reloaded(w, r, out, f.Token)
}

// declineReload ends a customer's ask without credits.
func (s *Server) declineReload(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[reloadForm](r)
	if err != nil {
		return err
	}
	request, err := sms.ParseID(f.Request)
	if err != nil {
		return err
	}
	err = s.App.DeclineReload(r.Context(), actor(r), chi.URLParam(r, "tenant"), request, f.Why)
	var problems sms.Problems
	flash := view.Flash{Kind: view.Sea, Title: "Declined.", Text: "They read why on their credits page."}
	switch {
	case errors.As(err, &problems):
		p, bad := s.tenantCreditsProps(r, nil, f.Request, s.newToken())
		if bad != nil {
			return bad
		}
		p.Why, p.Errors, p.Problems = f.Why, problems, Summary(problems)
		return s.showTenantCredits(w, r, http.StatusUnprocessableEntity, p)
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		flash = view.Flash{Kind: view.Wait, Title: sms.Words(err)}
	case err != nil:
		return err
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, tenantPath(r)+"/credits")
}

// exportTenantLedger is a tenant's ledger as a file.
func (s *Server) exportTenantLedger(w http.ResponseWriter, r *http.Request) error {
	slug := chi.URLParam(r, "tenant")
	return s.ledgerFile(w, r, slug, func(line func(sms.LedgerLine) error) error {
		return s.App.TenantLedgerEntries(r.Context(), actor(r), slug, line)
	})
}
