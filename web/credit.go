package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
	"tidings/web/view"
)

// before is the last entry of the page before, from the address.
func before(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // anything else: the newest
	return max(n, 0)
}

// credits is what an account has, will need, and how it came to that.
func (s *Server) credits(w http.ResponseWriter, r *http.Request) error {
	l, err := s.App.Ledger(r.Context(), actor(r), before(r))
	if err != nil {
		return err
	}
	p := s.ledgerProps(l, accountPath(r)+"/credits")
	p.MayAsk = actor(r).Can(sms.RightReload)
	return s.page(w, r, http.StatusOK, "Credits", "credits", view.CreditsPage(p))
}

func (s *Server) ledgerProps(l app.Ledger, path string) view.LedgerProps {
	p := view.LedgerProps{Tenant: l.Tenant, Balance: l.Balance, Forecast: l.Forecast, Requests: l.Requests, Path: path, Now: s.App.Now()}
	for _, x := range l.Lines {
		p.Entries = append(p.Entries, view.LedgerEntry(x, l.Tenant.Zone))
	}
	if n := len(l.Lines); n > 0 && l.Lines[n-1].Version > 1 {
		p.Older = fmt.Sprintf("%s?before=%d", path, l.Lines[n-1].Version)
	}
	for country, price := range l.Prices {
		p.Prices = append(p.Prices, view.PriceRow{Country: phone.CountryName(country), Price: price})
	}
	slices.SortFunc(p.Prices, func(a, b view.PriceRow) int { return strings.Compare(a.Country, b.Country) })
	return p
}

func (s *Server) askReloadPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAskReload(w, r, http.StatusOK, sms.ReloadAsk{Token: s.newToken(), Amount: r.URL.Query().Get("amount")}, nil)
}

func (s *Server) showAskReload(w http.ResponseWriter, r *http.Request, status int, f sms.ReloadAsk, p sms.Problems) error {
	return s.page(w, r, status, "Ask for credits", "credits", view.AskReloadPage(view.AskReloadProps{
		Path: accountPath(r) + "/credits", Amount: f.Amount, Reference: f.Reference, Note: f.Note, Token: f.Token, Problems: Summary(p), Errors: p,
	}))
}

func (s *Server) askReload(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[sms.ReloadAsk](r)
	if err != nil {
		return err
	}
	_, err = s.App.AskReload(r.Context(), actor(r), f)
	var p sms.Problems
	if errors.As(err, &p) {
		return s.showAskReload(w, r, http.StatusUnprocessableEntity, f, p)
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Asked for " + strings.TrimSpace(f.Amount) + " credits.", Text: "We usually answer within 2 hours. What waits for credits goes on by itself."})
	return Redirect(w, r, accountPath(r)+"/credits")
}

// tenants is every account, those that wait for credits first.
func (s *Server) tenants(w http.ResponseWriter, r *http.Request) error {
	list, _, err := s.App.Tenants(r.Context(), actor(r), sms.TenantFilter{})
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, "Tenants", "tenants", view.TenantsPage(list))
}

// reloadForm is an administrator's reload, as typed.
type reloadForm struct {
	Amount       string `form:"amount"`
	Kind         string `form:"kind"`
	Reference    string `form:"reference"`
	Note         string `form:"note"`
	Confirm      string `form:"confirm"`
	Again        bool   `form:"again"`
	StartWaiting bool   `form:"start"`
	Request      string `form:"request"`
	Token        string `form:"token"`
	Proposal     string `form:"proposal"`
	Answer       string `form:"answer"`
}

func (s *Server) tenantCredits(w http.ResponseWriter, r *http.Request) error {
	return s.showTenantCredits(w, r, http.StatusOK, reloadForm{Kind: string(sms.TransferTopup), StartWaiting: true, Token: s.newToken()}, nil)
}

func (s *Server) showTenantCredits(w http.ResponseWriter, r *http.Request, status int, f reloadForm, p sms.Problems) error {
	slug := chi.URLParam(r, "tenant")
	l, err := s.App.TenantLedger(r.Context(), actor(r), slug, nil, "", before(r))
	if err != nil {
		return err
	}
	props := view.TenantCreditsProps{
		Ledger: s.ledgerProps(l.Ledger, "/staff/tenants/"+slug+"/credits"), Proposals: l.Proposals, Amount: f.Amount, Kind: f.Kind, Reference: f.Reference, Note: f.Note, Confirm: f.Confirm,
		Again: f.Again, StartWaiting: f.StartWaiting, Token: f.Token, Request: f.Request, Problems: Summary(p), Errors: p, Me: actor(r).User,
	}
	if len(l.Requests) > 0 && f.Amount == "" && p == nil {
		q := l.Requests[0]
		props.Amount, props.Reference, props.Request = strings.ReplaceAll(q.Amount.String(), ",", ""), q.Reference, q.ID.String()
	}
	return s.page(w, r, status, "Credits, "+l.Tenant.Name, "tenants", view.TenantCreditsPage(props))
}

// reload moves credits, or answers a proposal that waits for a second administrator.
func (s *Server) reload(w http.ResponseWriter, r *http.Request) error {
	slug := chi.URLParam(r, "tenant")
	f, err := Form[reloadForm](r)
	if err != nil {
		return err
	}
	var out app.Reloaded
	if f.Proposal != "" {
		id, bad := sms.ParseID(f.Proposal)
		if bad != nil {
			return bad
		}
		out, err = s.App.AgreeReload(r.Context(), actor(r), slug, id, f.Answer == "agree", f.Token)
	} else {
		out, err = s.App.Reload(r.Context(), actor(r), slug, sms.Reload{
			Amount: f.Amount, Kind: f.Kind, Reference: f.Reference, Note: f.Note, Confirm: f.Confirm, Again: f.Again,
			StartWaiting: f.StartWaiting, Request: f.Request, Token: f.Token,
		})
	}
	var p sms.Problems
	if errors.As(err, &p) {
		return s.showTenantCredits(w, r, http.StatusUnprocessableEntity, f, p)
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, reloadedFlash(out, f))
	return Redirect(w, r, "/staff/tenants/"+slug+"/credits")
}

func reloadedFlash(out app.Reloaded, f reloadForm) view.Flash {
	switch {
	case out.Already:
		return view.Flash{Kind: view.Sea, Title: "Already done.", Text: "Nothing happened twice. They can use " + out.Balance.Available.String() + "."}
	case out.Proposed:
		return view.Flash{Kind: view.Wait, Title: out.Amount.String() + " credits wait for a second administrator.", Text: "Nothing was moved yet."}
	case f.Proposal != "" && f.Answer != "agree":
		return view.Flash{Kind: view.Sea, Title: "Declined.", Text: "Nothing was moved."}
	}
	text := "They can use " + out.Balance.Available.String() + "."
	if len(out.Woken) > 0 {
		text += " " + view.Count(len(out.Woken), "campaign that waited tries", "campaigns that waited try") + " again now."
	}
	return view.Flash{Kind: view.Sea, Title: out.Kind.Words() + " of " + out.Amount.String() + " credits written.", Text: text}
}
