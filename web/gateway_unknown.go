package web

import (
	"errors"
	"net/http"
	"strconv"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// decideUnknownPage asks what becomes of the messages of a route that wait for a person.
func (s *Server) decideUnknownPage(w http.ResponseWriter, r *http.Request) error {
	return s.showUnknown(w, r, http.StatusOK, view.GatewayUnknownProps{})
}

func (s *Server) showUnknown(w http.ResponseWriter, r *http.Request, status int, p view.GatewayUnknownProps) error {
	g, err := s.gatewayOf(r.Context(), r)
	if err != nil {
		return err
	}
	p.GatewayProps = g
	if _, p.Lines, err = s.App.Undecided(r.Context(), actor(r), g.Name); err != nil {
		return err
	}
	return s.page(w, r, status, "Decide about messages", "gateways", view.GatewayUnknownPage(p))
}

type unknownForm struct {
	How    string `form:"how"`
	Shown  string `form:"shown"`
	Reason string `form:"reason"`
}

// decideUnknown settles them.
func (s *Server) decideUnknown(w http.ResponseWriter, r *http.Request) error {
	typed, err := Form[unknownForm](r)
	if err != nil {
		return err
	}
	f := app.UnknownForm{How: typed.How, Reason: typed.Reason}
	f.Shown, _ = strconv.Atoi(typed.Shown) // no number is none: the page is shown again
	n, err := s.App.DecideUnknown(r.Context(), actor(r), gatewayName(r), f)
	p := view.GatewayUnknownProps{How: f.How, Reason: f.Reason}
	var problems sms.Problems
	var stale *app.StaleSlip
	switch {
	case errors.As(err, &problems):
		p.Problems, p.Errors = Summary(problems), problems
		return s.showUnknown(w, r, http.StatusUnprocessableEntity, p)
	case errors.As(err, &stale):
		p.Stale = stale.Words
		return s.showUnknown(w, r, http.StatusConflict, p)
	}
	flash := view.Flash{Kind: view.Sea, Title: view.Count(n, "message is", "messages are") + " presumed unsent.", Text: "Their credits come back."}
	if f.How == app.UnknownAgain {
		flash = view.Flash{Kind: view.Sea, Title: view.Count(n, "message is", "messages are") + " sent again."}
	}
	return s.toGateway(w, r, flash, err)
}
