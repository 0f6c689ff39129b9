package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

const killPath = "/staff/kill"

// killForm is what comes with the kill switch beside the stop itself.
type killForm struct {
	Look    bool   `form:"look"` // draw the page again, stop nothing
	Stop    string `form:"stop"`
	Reason  string `form:"reason"`
	Tenant  string `form:"tenant"`
	Session string `form:"session"`
	Answer  string `form:"answer"`
	Token   string `form:"token"`
}

// killSwitch is what does not leave, and the slip that stops more.
func (s *Server) killSwitch(w http.ResponseWriter, r *http.Request) error {
	p, err := s.killProps(r, sms.StopForm{Token: s.newToken()})
	if err != nil {
		return err
	}
	return s.showKill(w, r, http.StatusOK, p)
}

func (s *Server) killProps(r *http.Request, form sms.StopForm) (view.KillProps, error) {
	page, err := s.App.Stops(r.Context(), actor(r), form)
	if err != nil {
		return view.KillProps{}, err
	}
	p := view.KillProps{StopPage: page, Path: killPath, Tokens: s.newToken, Me: actor(r).User}
	p.Rates = (&view.StopRates{}).Add(page.Holding, page.Pulses)
	return p, nil
}

func (s *Server) showKill(w http.ResponseWriter, r *http.Request, status int, p view.KillProps) error {
	return s.page(w, r, status, "Kill switch", "kill", view.KillPage(p))
}

// pressKillSwitch stops, or only draws what the form would stop.
func (s *Server) pressKillSwitch(w http.ResponseWriter, r *http.Request) error {
	form, err := Form[sms.StopForm](r)
	if err != nil {
		return err
	}
	f, err := Form[killForm](r)
	if err != nil {
		return err
	}
	if f.Look {
		return s.lookKill(w, r, form)
	}
	err = s.App.StopSending(r.Context(), actor(r), form)
	if err != nil {
		return s.notStopped(w, r, form, err)
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Stopped.", Text: "No worker hands over what it covers any more. Below you see it."})
	return Redirect(w, r, killPath)
}

// lookKill draws the slip for what was typed so far. STOP is asked for again when it would stop something else.
func (s *Server) lookKill(w http.ResponseWriter, r *http.Request, form sms.StopForm) error {
	if form.Tidy().Key() != form.Seen {
		form.Typed = ""
	}
	p, err := s.killProps(r, form)
	if err != nil {
		return err
	}
	p.Updated = true
	if r.Header.Get("HX-Request") == "true" {
		return Show(w, r, http.StatusOK, view.KillSlip(p))
	}
	return s.showKill(w, r, http.StatusOK, p)
}

func (s *Server) notStopped(w http.ResponseWriter, r *http.Request, form sms.StopForm, why error) error {
	var problems sms.Problems
	var stale *app.StaleSlip
	status := http.StatusConflict
	switch {
	case errors.As(why, &problems):
		status = http.StatusUnprocessableEntity
	case errors.As(why, &stale):
		form.Typed = ""
	default:
		return why
	}
	p, err := s.killProps(r, form)
	if err != nil {
		return err
	}
	p.Errors, p.Problems = problems, Summary(problems)
	for i, x := range p.Problems {
		if x.Field == "typed" {
			p.Problems[i].Field = p.TypedID()
		}
	}
	if stale != nil {
		p.Stale = stale.Words
	}
	return s.showKill(w, r, status, p)
}

// killEvents streams the proof: how many are handed over, second by second.
func (s *Server) killEvents(w http.ResponseWriter, r *http.Request) error {
	if _, _, err := s.App.StopProof(r.Context(), actor(r)); err != nil {
		return err
	}
	e, err := Stream(w, r)
	if err != nil {
		return err
	}
	rates := &view.StopRates{}
	return e.Follow(seconds(r.Context()), func(ctx context.Context) (templ.Component, bool, error) {
		holding, pulses, err := s.App.StopProof(ctx, actor(r))
		if err != nil {
			return templ.NopComponent, true, err
		}
		return view.KillProof(rates.Add(holding, pulses)), false, nil
	})
}

// seconds fires every second until ctx ends.
func seconds(ctx context.Context) <-chan struct{} {
	out := make(chan struct{})
	go func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			select {
			case out <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// liftStop ends a stop; another administrator than the one who pressed it does.
func (s *Server) liftStop(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[killForm](r)
	if err != nil {
		return err
	}
	stop, err := sms.ParseID(f.Stop)
	if err != nil {
		return err
	}
	return s.settleKill(w, r, s.App.LiftStop(r.Context(), actor(r), stop, f.Reason), "Lifted.", "Campaigns stay stopped until you release them.", func(p *view.KillProps) {
		p.LiftStop, p.LiftReason = f.Stop, f.Reason
	})
}

// releaseSession ends the stop of one campaign.
func (s *Server) releaseSession(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[killForm](r)
	if err != nil {
		return err
	}
	tenant, err1 := strconv.ParseInt(f.Tenant, 10, 64)
	session, err2 := strconv.ParseInt(f.Session, 10, 64)
	if err1 != nil || err2 != nil {
		return Status{Code: http.StatusBadRequest}
	}
	form := app.ReleaseForm{Tenant: sms.TenantID(tenant), Session: sms.SessionID(session), Cancel: f.Answer == "cancel", Token: f.Token}
	title, text := "Released.", "It is paused. Its own people may resume it."
	if form.Cancel {
		title, text = "The rest is cancelled.", "What had not left goes to nobody, and its credits are back with the tenant."
	}
	return s.settleKill(w, r, s.App.ReleaseSession(r.Context(), actor(r), form), title, text, nil)
}

// confirmDatabase opens the restore guard.
func (s *Server) confirmDatabase(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[app.ConfirmForm](r)
	if err != nil {
		return err
	}
	return s.settleKill(w, r, s.App.ConfirmDatabase(r.Context(), actor(r), f), "Confirmed.", "Messages leave again from this database.", func(p *view.KillProps) {
		p.Confirm = f
	})
}

// settleKill ends a deed of this page: back to it, or with what is wrong and everything typed kept.
func (s *Server) settleKill(w http.ResponseWriter, r *http.Request, err error, title, text string, keep func(*view.KillProps)) error {
	var problems sms.Problems
	switch {
	case errors.As(err, &problems) && keep != nil:
		p, err := s.killProps(r, sms.StopForm{Token: s.newToken()})
		if err != nil {
			return err
		}
		keep(&p)
		p.OtherErrors, p.OtherProblems = problems, view.KillProblems(p, problems)
		return s.showKill(w, r, http.StatusUnprocessableEntity, p)
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "", errors.Is(err, sms.ErrForbidden) && sms.Words(err) != "":
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: sms.Words(err)})
	case err != nil:
		return err
	default:
		SetFlash(w, r, view.Flash{Kind: view.Sea, Title: title, Text: text})
	}
	return Redirect(w, r, killPath)
}
