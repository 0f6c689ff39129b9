package web

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"tidings/internal/sms"
	"tidings/web/view"
)

// campaigns is the list of campaigns, filtered and paged by the address.
func (s *Server) campaigns(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := sms.CampaignFilter{State: sms.SessionState(q.Get("state")), Text: q.Get("q")}
	if len([]rune(f.Text)) > 64 {
		f.Text = string([]rune(f.Text)[:64])
	}
	if at, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil {
		f.Before = time.UnixMicro(at)
		f.ID, _ = sms.ParseID(q.Get("id"))
	}
	page, err := s.App.Campaigns(r.Context(), actor(r), f)
	if err != nil {
		return err
	}
	p := view.CampaignsProps{
		CampaignPage: page, Filter: f, Account: accountPath(r), Now: s.App.Now(), MayWrite: actor(r).Can(sms.RightCompose), Token: s.newToken,
	}
	return s.page(w, r, http.StatusOK, "Campaigns", "campaigns", view.CampaignsPage(p))
}

// newCampaignForm is the name of a new campaign.
type newCampaignForm struct {
	Name  string `form:"name"`
	List  string `form:"list"` // whom it is for, or ""
	Token string `form:"token"`
}

func (s *Server) newCampaignPage(w http.ResponseWriter, r *http.Request) error {
	return s.showNewCampaign(w, r, http.StatusOK, newCampaignForm{List: r.URL.Query().Get("list"), Token: s.newToken()}, nil)
}

func (s *Server) showNewCampaign(w http.ResponseWriter, r *http.Request, status int, f newCampaignForm, mistakes sms.Problems) error {
	p := view.NewCampaignProps{Account: accountPath(r), Name: f.Name, Token: f.Token, Mistakes: mistakes}
	if f.List != "" {
		list, err := sms.ParseID(f.List)
		if err != nil {
			return err
		}
		l, err := s.App.ListHead(r.Context(), actor(r), list)
		if err != nil {
			return err
		}
		p.List = &l
	}
	body := view.NewCampaignPage(p)
	return s.page(w, r, status, "New campaign", "campaigns", body)
}

// newCampaign begins a draft and leads to where it is written.
func (s *Server) newCampaign(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[newCampaignForm](r)
	if err != nil {
		return err
	}
	var lists []sms.ID
	if f.List != "" {
		list, err := sms.ParseID(f.List)
		if err != nil {
			return err
		}
		lists = append(lists, list)
	}
	campaign, err := s.App.NewCampaign(r.Context(), actor(r), f.Name, f.Token, lists...)
	var problems sms.Problems
	if errors.As(err, &problems) {
		return s.showNewCampaign(w, r, http.StatusUnprocessableEntity, f, problems)
	}
	if err != nil {
		return err
	}
	return Redirect(w, r, campaignPath(r, campaign)+"/compose")
}

// duplicate begins a draft from another campaign.
func (s *Server) duplicate(w http.ResponseWriter, r *http.Request) error {
	of, err := id(r, "campaign")
	if err != nil {
		return err
	}
	campaign, err := s.App.DuplicateCampaign(r.Context(), actor(r), of, r.PostFormValue("token"))
	if err != nil {
		return err
	}
	return Redirect(w, r, campaignPath(r, campaign)+"/compose")
}

// deletePage asks before a draft is deleted.
func (s *Server) deletePage(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	st, err := s.App.Status(r.Context(), actor(r), campaign)
	if err != nil {
		return err
	}
	body := view.DeleteDraftPage(view.DeleteDraftProps{Name: st.Campaign.Name, Base: campaignPath(r, campaign), Account: accountPath(r)})
	return s.page(w, r, http.StatusOK, "Delete "+st.Campaign.Name, "campaigns", body)
}

// deleteDraft takes a draft away.
func (s *Server) deleteDraft(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	flash := view.Flash{Kind: view.Sea, Title: "The draft is deleted."}
	if err := s.App.DeleteDraft(r.Context(), actor(r), campaign); errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		flash = view.Flash{Kind: view.Wait, Title: sms.Words(err)}
	} else if err != nil {
		return err
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, accountPath(r)+"/campaigns")
}
