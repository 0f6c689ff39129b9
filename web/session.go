package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// status is the page of a campaign: its draft, or where its newest sending is.
func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	p, err := s.statusProps(r, campaign)
	if err != nil {
		return err
	}
	if p.Draft {
		return Redirect(w, r, p.Base+"/compose")
	}
	return s.showStatus(w, r, http.StatusOK, p)
}

func (s *Server) showStatus(w http.ResponseWriter, r *http.Request, code int, p view.StatusProps) error {
	return s.page(w, r, code, p.Campaign.Name, "campaigns", view.StatusPage(p))
}

func (s *Server) statusProps(r *http.Request, campaign sms.ID) (view.StatusProps, error) {
	st, err := s.App.Status(r.Context(), actor(r), campaign)
	if err != nil {
		return view.StatusProps{}, err
	}
	return s.fillStatus(r, campaign, st)
}

func (s *Server) fillStatus(r *http.Request, campaign sms.ID, st app.Status) (view.StatusProps, error) {
	base := campaignPath(r, campaign)
	p := view.StatusProps{Status: st, Base: base, Account: accountPath(r), Events: base + "/events", Tokens: s.newToken, MaySend: actor(r).Can(sms.RightSend), MayWrite: actor(r).Can(sms.RightCompose)}
	if st.Draft || st.Session.StartedAt == nil {
		return p, nil
	}
	var err error
	p.Progress, err = s.App.Progress(r.Context(), actor(r), campaign, st.Session.Number)
	return p, err
}

// events streams the page of a campaign: every change of state, and the figures while it sends.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	if _, err := s.App.Status(r.Context(), actor(r), campaign); err != nil {
		return err
	}
	wake, stop := s.App.Watch(actor(r), campaign)
	defer stop()
	e, err := Stream(w, r)
	if err != nil {
		return err
	}
	return e.Follow(wake, func(ctx context.Context) (templ.Component, bool, error) {
		p, err := s.statusProps(r.WithContext(ctx), campaign)
		if err != nil || p.Draft {
			return templ.NopComponent, true, err
		}
		return view.StatusLive(p), p.Session.SettledAt != nil, nil
	})
}

// sessionForm reads which sending a form is about.
func sessionForm(c confirmForm) (app.SessionForm, error) {
	n, err := strconv.Atoi(c.Number)
	if err != nil {
		return app.SessionForm{}, sms.Conflict("This page is too old to act on. Reload it and try again.")
	}
	return app.SessionForm{Number: n, Token: c.Token}, nil
}

// act does a deed on a sending and goes back to its page. A deed that came too late is told there.
func (s *Server) act(w http.ResponseWriter, r *http.Request, deed func(campaign sms.ID, f app.SessionForm) (view.Flash, error)) error {
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
	flash, err := deed(campaign, f)
	if errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		flash, err = view.Flash{Kind: view.Wait, Title: sms.Words(err)}, nil
	}
	if err != nil {
		return err
	}
	if flash.Title != "" {
		SetFlash(w, r, flash)
	}
	return Redirect(w, r, campaignPath(r, campaign))
}

// pausePage asks before a sending is paused.
func (s *Server) pausePage(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	p, err := s.statusProps(r, campaign)
	if err != nil {
		return err
	}
	if p.Draft || p.Session.State != sms.SessionSending {
		return Redirect(w, r, p.Base)
	}
	return s.page(w, r, http.StatusOK, "Pause "+p.Campaign.Name, "campaigns", view.PausePage(p))
}

func (s *Server) pause(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, func(campaign sms.ID, f app.SessionForm) (view.Flash, error) {
		return view.Flash{}, s.App.PauseSession(r.Context(), actor(r), campaign, f)
	})
}

// release lets the rest of a sending follow those who went first.
func (s *Server) release(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, func(campaign sms.ID, f app.SessionForm) (view.Flash, error) {
		return view.Flash{Kind: view.Sea, Title: "The rest follows now."}, s.App.ReleaseRest(r.Context(), actor(r), campaign, f)
	})
}

func (s *Server) resume(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, func(campaign sms.ID, f app.SessionForm) (view.Flash, error) {
		return view.Flash{}, s.App.ResumeSession(r.Context(), actor(r), campaign, f)
	})
}

// cancelPage asks before a sending, or its rest, is cancelled.
func (s *Server) cancelPage(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	st, c, err := s.App.Stoppable(r.Context(), actor(r), campaign)
	if err != nil {
		return err
	}
	p, err := s.fillStatus(r, campaign, st)
	if err != nil {
		return err
	}
	if p.Draft || !p.Session.CanCancel() || p.Locked() {
		return Redirect(w, r, p.Base)
	}
	return s.page(w, r, http.StatusOK, "Cancel "+p.Campaign.Name, "campaigns", view.CancelPage(p, c))
}

func (s *Server) cancel(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, func(campaign sms.ID, f app.SessionForm) (view.Flash, error) {
		c, err := s.App.CancelSession(r.Context(), actor(r), campaign, f)
		if err != nil {
			return view.Flash{}, err
		}
		if !c.Started {
			return view.Flash{Kind: view.Sea, Title: "Sending cancelled.", Text: "Nothing was sent or charged. It is a draft again."}, nil
		}
		return view.Flash{
			Kind: view.Sea, Title: view.Count(c.Kept, "message", "messages") + " cancelled.",
			Text: view.Num(c.Handed) + " had left. " + c.Returned.Words() + " are back in your balance.",
		}, nil
	})
}

// movePage gives a scheduled or held sending another time: by GET as it is, by POST as it was changed, and with
// do=move for good.
func (s *Server) movePage(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	var form *sms.ScheduleForm
	var c confirmForm
	if r.Method == http.MethodPost {
		f, rest, err := scheduleForm(r)
		if err != nil {
			return err
		}
		form, c = &f, rest
	}
	if c.Do == "move" {
		return s.move(w, r, campaign, *form, c)
	}
	f, err := s.App.Reschedule(r.Context(), actor(r), campaign, form)
	if errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
		return Redirect(w, r, campaignPath(r, campaign))
	}
	if err != nil {
		return err
	}
	p := s.moveProps(r, f)
	p.Updated = form != nil
	if r.Header.Get("HX-Request") == "true" {
		return Show(w, r, http.StatusOK, view.MoveForm(p))
	}
	return s.showMove(w, r, http.StatusOK, p)
}

func (s *Server) moveProps(r *http.Request, f app.Finalize) view.FinalizeProps {
	p := s.finalizeProps(r, f)
	p.Look = p.Base + "/move"
	return p
}

func (s *Server) showMove(w http.ResponseWriter, r *http.Request, status int, p view.FinalizeProps) error {
	return s.page(w, r, status, "Change the time of "+p.Campaign.Name, "campaigns", view.MovePage(p))
}

func (s *Server) move(w http.ResponseWriter, r *http.Request, campaign sms.ID, form sms.ScheduleForm, c confirmForm) error {
	f, err := sessionForm(c)
	if err == nil {
		err = s.App.MoveSession(r.Context(), actor(r), campaign, f, form)
	}
	return s.moved(w, r, campaign, form, c, err)
}

// decide is the answer to a sending that could not start: now, or at another time.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	form, c, err := scheduleForm(r)
	if err != nil {
		return err
	}
	f, err := sessionForm(c)
	if err == nil {
		err = s.App.DecideHeld(r.Context(), actor(r), campaign, app.HeldForm{
			SessionForm: f, Start: c.Start, Schedule: form, Fingerprint: c.Fingerprint, Tick: c.Tick, Typed: c.Typed,
		})
	}
	if !c.Start {
		return s.moved(w, r, campaign, form, c, err)
	}
	return s.started(w, r, campaign, c, err)
}

// moved ends the choice of another time: back to the status, or to the form with what is wrong.
func (s *Server) moved(w http.ResponseWriter, r *http.Request, campaign sms.ID, form sms.ScheduleForm, c confirmForm, err error) error {
	var problems sms.Problems
	var stale *app.StaleSlip
	code := http.StatusUnprocessableEntity
	switch {
	case err == nil:
		SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "The time was changed."})
		return Redirect(w, r, campaignPath(r, campaign))
	case errors.As(err, &problems):
	case errors.As(err, &stale):
		code = http.StatusConflict
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
		return Redirect(w, r, campaignPath(r, campaign))
	default:
		return err
	}
	f, err := s.App.Reschedule(r.Context(), actor(r), campaign, &form)
	if err != nil {
		return err
	}
	p := s.moveProps(r, f)
	p.Mistakes = problems
	if stale != nil {
		p.Stale = stale.Words
	} else {
		p.Tick, p.Typed = c.Tick, c.Typed
	}
	return s.showMove(w, r, code, p)
}

// started ends the choice to start at once.
func (s *Server) started(w http.ResponseWriter, r *http.Request, campaign sms.ID, c confirmForm, why error) error {
	var problems sms.Problems
	var stale *app.StaleSlip
	switch {
	case why == nil:
		return Redirect(w, r, campaignPath(r, campaign))
	case errors.As(why, &problems), errors.As(why, &stale):
	case errors.Is(why, sms.ErrConflict) && sms.Words(why) != "":
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(why)})
		return Redirect(w, r, campaignPath(r, campaign))
	default:
		return why
	}
	p, err := s.statusProps(r, campaign)
	if err != nil {
		return err
	}
	if p.Draft || p.Slip == nil {
		return why
	}
	p.Mistakes = problems
	if stale != nil {
		p.Stale = stale.Words
		return s.showStatus(w, r, http.StatusConflict, p)
	}
	p.Tick, p.Typed = c.Tick, c.Typed
	return s.showStatus(w, r, http.StatusUnprocessableEntity, p)
}
