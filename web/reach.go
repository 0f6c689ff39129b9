package web

import (
	"errors"
	"net/http"
	"strconv"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// sendRest leads to the confirmation of the next version, for those who got none.
func (s *Server) sendRest(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	err = s.App.SendRest(r.Context(), actor(r), campaign)
	if errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
		return Redirect(w, r, campaignPath(r, campaign))
	}
	if err != nil {
		return err
	}
	return Redirect(w, r, campaignPath(r, campaign)+"/finalize")
}

// writeCorrection makes a draft for the people whom a sending reached, and opens it.
func (s *Server) writeCorrection(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	c, err := Form[confirmForm](r)
	if err != nil {
		return err
	}
	f, err := sessionForm(c)
	if err != nil {
		return err
	}
	made, err := s.App.WriteCorrection(r.Context(), actor(r), campaign, f)
	if errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
		return Redirect(w, r, campaignPath(r, campaign))
	}
	if err != nil {
		return err
	}
	return Redirect(w, r, campaignPath(r, made)+"/compose")
}

// resendForm is the decision to send again what was never answered.
type resendForm struct {
	Shown  string `form:"shown"`
	Reason string `form:"reason"`
}

// resendPage asks before unknown messages are sent again.
func (s *Server) resendPage(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	return s.showResend(w, r, http.StatusOK, campaign, view.ResendProps{})
}

// showResend shows the question as it stands now, with what was typed; where nothing is unknown any more it leads
// back to the campaign.
func (s *Server) showResend(w http.ResponseWriter, r *http.Request, status int, campaign sms.ID, p view.ResendProps) error {
	now, err := s.statusProps(r, campaign)
	if err != nil {
		return err
	}
	now.Mistakes, now.Stale = p.Mistakes, p.Stale
	p.StatusProps = now
	if now.Draft || !p.Any() {
		return Redirect(w, r, now.Base)
	}
	return s.page(w, r, status, "Resend "+now.Campaign.Name, "campaigns", view.ResendPage(p))
}

// resend has them sent again, or says what is wrong with everything kept.
func (s *Server) resend(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	c, err := Form[confirmForm](r)
	if err != nil {
		return err
	}
	f, err := sessionForm(c)
	if err != nil {
		return err
	}
	typed, err := Form[resendForm](r)
	if err != nil {
		return err
	}
	shown, _ := strconv.Atoi(typed.Shown) // 0 is no number that was shown: then the page is shown again
	got, err := s.App.Resend(r.Context(), actor(r), campaign, app.ResendForm{SessionForm: f, Shown: shown, Reason: typed.Reason})
	p := view.ResendProps{Reason: typed.Reason}
	var stale *app.StaleSlip
	switch {
	case errors.As(err, &p.Mistakes):
		return s.showResend(w, r, http.StatusUnprocessableEntity, campaign, p)
	case errors.As(err, &stale):
		p.Stale = stale.Words
		return s.showResend(w, r, http.StatusConflict, campaign, p)
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
		return Redirect(w, r, campaignPath(r, campaign))
	case err != nil:
		return err
	case got.Version:
		SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Nothing was sent yet.", Text: "Confirm the version for " + sms.People(got.Messages) + " here."})
		return Redirect(w, r, campaignPath(r, campaign)+"/finalize")
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: view.Count(got.Messages, "message is", "messages are") + " sent again.", Text: "You see below what becomes of them."})
	return Redirect(w, r, campaignPath(r, campaign))
}
