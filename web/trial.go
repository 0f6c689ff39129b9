package web

import (
	"errors"
	"net/http"

	"tidings/internal/sms"
	"tidings/web/view"
)

// tryGatewayPage is where staff send one text by a route.
func (s *Server) tryGatewayPage(w http.ResponseWriter, r *http.Request) error {
	return s.showTrial(w, r, http.StatusOK, view.TrialProps{Form: sms.TrialForm{
		Sender: "TIDINGS", Text: "A test of the route " + gatewayName(r) + ".",
	}})
}

func (s *Server) showTrial(w http.ResponseWriter, r *http.Request, status int, p view.TrialProps) error {
	g, err := s.gatewayOf(r.Context(), r)
	if err != nil {
		return err
	}
	p.GatewayProps, p.Token = g, s.newToken()
	if p.Trials, err = s.App.Trials(r.Context(), actor(r), g.Name); err != nil {
		return err
	}
	if r.Header.Get("HX-Request") == "true" && r.Method == http.MethodGet {
		return Show(w, r, http.StatusOK, view.TrialsLive(p))
	}
	return s.page(w, r, status, "Test message by "+g.Name, "gateways", view.TrialPage(p))
}

// tryGateway sends it.
func (s *Server) tryGateway(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[sms.TrialForm](r)
	if err != nil {
		return err
	}
	err = s.App.TryGateway(r.Context(), actor(r), gatewayName(r), f)
	var p sms.Problems
	switch {
	case errors.As(err, &p):
		return s.showTrial(w, r, http.StatusUnprocessableEntity, view.TrialProps{Form: f, Problems: Summary(p), Errors: p})
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		return s.showTrial(w, r, http.StatusConflict, view.TrialProps{Form: f, Stale: sms.Words(err)})
	case err != nil:
		return err
	}
	return Redirect(w, r, gatewayPath(r)+"/try")
}
