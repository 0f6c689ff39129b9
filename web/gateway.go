package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// gatewaysEvery is how often the figures of gateways are drawn (ux.md 5).
const gatewaysEvery = 2 * time.Second

// gateways is every route and how it is.
func (s *Server) gateways(w http.ResponseWriter, r *http.Request) error {
	g, err := s.App.Gateways(r.Context(), actor(r))
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, "Gateways", "gateways", view.GatewaysPage(view.GatewaysProps{Gateways: g}))
}

// gatewaysEvents streams how every route is.
func (s *Server) gatewaysEvents(w http.ResponseWriter, r *http.Request) error {
	return s.streamGateways(w, r, func(ctx context.Context) (templ.Component, error) {
		g, err := s.App.Gateways(ctx, actor(r))
		return view.GatewaysLive(view.GatewaysProps{Gateways: g}), err
	})
}

func (s *Server) streamGateways(w http.ResponseWriter, r *http.Request, draw func(context.Context) (templ.Component, error)) error {
	if _, err := draw(r.Context()); err != nil {
		return err // as a page: the stream has not begun
	}
	e, err := Stream(w, r)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	return e.Follow(ticks(ctx, gatewaysEvery), func(ctx context.Context) (templ.Component, bool, error) {
		part, err := draw(ctx)
		return part, false, err
	})
}

func gatewayName(r *http.Request) string { return chi.URLParam(r, "gateway") }

func gatewayPath(r *http.Request) string { return view.GatewayPath(gatewayName(r)) }

func (s *Server) gatewayOf(ctx context.Context, r *http.Request) (view.GatewayProps, error) {
	g, err := s.App.Gateway(ctx, actor(r), gatewayName(r))
	return view.NewGateway(g), err
}

// gateway is one route.
func (s *Server) gateway(w http.ResponseWriter, r *http.Request) error {
	p, err := s.gatewayOf(r.Context(), r)
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, p.Name, "gateways", view.GatewayPage(p))
}

// gatewayEvents streams how one route is.
func (s *Server) gatewayEvents(w http.ResponseWriter, r *http.Request) error {
	return s.streamGateways(w, r, func(ctx context.Context) (templ.Component, error) {
		p, err := s.gatewayOf(ctx, r)
		return view.GatewayLive(p), err
	})
}

// newGatewayPage is the form of a new route.
func (s *Server) newGatewayPage(w http.ResponseWriter, r *http.Request) error {
	k, ok := sms.KindOfRoute(r.URL.Query().Get("kind"))
	if !ok {
		k = sms.RouteKinds()[0]
	}
	return s.showGatewayForm(w, r, http.StatusOK, view.GatewayFormProps{RouteForm: sms.NewRouteForm(k)})
}

func (s *Server) showGatewayForm(w http.ResponseWriter, r *http.Request, status int, p view.GatewayFormProps) error {
	p.Kinds = sms.RouteKinds()
	title := "Add a route"
	if p.Changing {
		title = "Change " + p.Name
	}
	return s.page(w, r, status, title, "gateways", view.GatewayFormPage(p))
}

// gatewayForm is what every kind of route asks.
type gatewayForm struct {
	Name      string   `form:"name"`
	Kind      string   `form:"kind"`
	Countries string   `form:"countries"`
	Senders   string   `form:"senders"`
	Prefixes  string   `form:"prefixes"`
	Kinds     []string `form:"kinds"`
	Weight    string   `form:"weight"`
	Cost      string   `form:"cost"`
	Validity  string   `form:"validity"`
	Retry     string   `form:"retry"`

	OnUnknown    string `form:"on_unknown"`
	UnknownHours string `form:"unknown_hours"`
	Codes        string `form:"codes"`
}

// routeForm reads the form of a route, with the settings of its kind.
func routeForm(r *http.Request) (sms.RouteForm, error) {
	f, err := Form[gatewayForm](r)
	if err != nil {
		return sms.RouteForm{}, err
	}
	out := sms.RouteForm{
		Name: f.Name, Kind: f.Kind, Countries: f.Countries, Senders: f.Senders, Prefixes: f.Prefixes, Kinds: f.Kinds,
		Weight: f.Weight, Cost: f.Cost, Validity: f.Validity, Retry: f.Retry,
		OnUnknown: f.OnUnknown, UnknownHours: f.UnknownHours, Codes: f.Codes, Set: map[string]string{},
	}
	k, _ := sms.KindOfRoute(f.Kind)
	for _, x := range k.Fields {
		out.Set[x.Name] = clean(r.Form.Get(x.Input()))
	}
	return out, nil
}

// addGateway adds a route.
func (s *Server) addGateway(w http.ResponseWriter, r *http.Request) error {
	f, err := routeForm(r)
	if err != nil {
		return err
	}
	on := r.Form.Get("do") == "on"
	route, err := s.App.AddGateway(r.Context(), actor(r), f, on)
	var p sms.Problems
	if errors.As(err, &p) {
		return s.showGatewayForm(w, r, http.StatusUnprocessableEntity, view.GatewayFormProps{RouteForm: f, Again: true, Problems: Summary(p), Errors: p})
	}
	if err != nil {
		return err
	}
	flash := view.Flash{Kind: view.Sea, Title: "The route " + route.Name + " is added.", Text: "It is off until you turn it on."}
	if on {
		flash.Text = "Workers connect to it now."
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, view.GatewayPath(route.Name))
}

// gatewaySettingsPage is the form of a route that is there.
func (s *Server) gatewaySettingsPage(w http.ResponseWriter, r *http.Request) error {
	g, err := s.App.Gateway(r.Context(), actor(r), gatewayName(r))
	if err != nil {
		return err
	}
	if g.Environment {
		return sms.Conflict("This route comes from the environment of the program. It is changed there.")
	}
	return s.showGatewayForm(w, r, http.StatusOK, view.GatewayFormProps{RouteForm: g.Form(), Changing: true})
}

// changeGateway changes a route.
func (s *Server) changeGateway(w http.ResponseWriter, r *http.Request) error {
	f, err := routeForm(r)
	if err != nil {
		return err
	}
	err = s.App.ChangeGateway(r.Context(), actor(r), gatewayName(r), f)
	var p sms.Problems
	if errors.As(err, &p) {
		g, err := s.App.Gateway(r.Context(), actor(r), gatewayName(r))
		if err != nil {
			return err
		}
		f.Name, f.Kind, f.Sealed = g.Name, g.Kind, g.Sealed
		return s.showGatewayForm(w, r, http.StatusUnprocessableEntity, view.GatewayFormProps{RouteForm: f, Changing: true, Again: true, Problems: Summary(p), Errors: p})
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Saved.", Text: "Workers wait for their answers and go on with the new settings."})
	return Redirect(w, r, gatewayPath(r))
}

// stopForm is how a route is to stop, and why.
type stopForm struct {
	How    string `form:"how"`
	Reason string `form:"reason"`
}

// stopGatewayPage asks how a route is to stop, and why.
func (s *Server) stopGatewayPage(w http.ResponseWriter, r *http.Request) error {
	return s.showStop(w, r, http.StatusOK, stopForm{How: "drain"}, nil)
}

func (s *Server) showStop(w http.ResponseWriter, r *http.Request, status int, f stopForm, p sms.Problems) error {
	g, err := s.gatewayOf(r.Context(), r)
	if err != nil {
		return err
	}
	return s.page(w, r, status, "Stop "+g.Name, "gateways", view.GatewayStopPage(view.GatewayStopProps{
		GatewayProps: g, How: f.How, Reason: f.Reason, Problems: Summary(p), Errors: p,
	}))
}

// stopGateway drains a route or turns it off.
func (s *Server) stopGateway(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[stopForm](r)
	if err != nil {
		return err
	}
	why := app.RouteReason{Reason: f.Reason}
	flash := view.Flash{Kind: view.Sea, Title: "Nothing leaves by " + gatewayName(r) + " any more."}
	switch f.How {
	case "drain":
		flash.Text = "It drains, and still takes receipts."
		err = s.App.DrainGateway(r.Context(), actor(r), gatewayName(r), why)
	case "off":
		flash.Text = "Its connections close when the answers have come."
		err = s.App.PauseGateway(r.Context(), actor(r), gatewayName(r), why)
	default:
		err = sms.Problems{{Field: "how", Text: "Choose how it stops"}}
	}
	var p sms.Problems
	if errors.As(err, &p) {
		return s.showStop(w, r, http.StatusUnprocessableEntity, f, p)
	}
	return s.toGateway(w, r, flash, err)
}

// toGateway leads back to the route, with what was done or why it was not.
func (s *Server) toGateway(w http.ResponseWriter, r *http.Request, flash view.Flash, err error) error {
	if errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		flash, err = view.Flash{Kind: view.Wait, Title: sms.Words(err)}, nil
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, gatewayPath(r))
}

// resumeGateway turns a route on again.
func (s *Server) resumeGateway(w http.ResponseWriter, r *http.Request) error {
	err := s.App.ResumeGateway(r.Context(), actor(r), gatewayName(r))
	return s.toGateway(w, r, view.Flash{Kind: view.Sea, Title: gatewayName(r) + " is on.", Text: "Workers connect to it now."}, err)
}

// moveWaitingPage asks whether what waits is to leave by other routes.
func (s *Server) moveWaitingPage(w http.ResponseWriter, r *http.Request) error {
	return s.showMoveWaiting(w, r, http.StatusOK, "", nil)
}

func (s *Server) showMoveWaiting(w http.ResponseWriter, r *http.Request, status int, reason string, p sms.Problems) error {
	g, err := s.gatewayOf(r.Context(), r)
	if err != nil {
		return err
	}
	return s.page(w, r, status, "Move what waits", "gateways", view.GatewayMovePage(view.GatewayStopProps{
		GatewayProps: g, Reason: reason, Problems: Summary(p), Errors: p,
	}))
}

// moveWaiting has what waits leave by other routes.
func (s *Server) moveWaiting(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[app.RouteReason](r)
	if err != nil {
		return err
	}
	m, err := s.App.MoveWaiting(r.Context(), actor(r), gatewayName(r), f)
	var p sms.Problems
	if errors.As(err, &p) {
		return s.showMoveWaiting(w, r, http.StatusUnprocessableEntity, f.Reason, p)
	}
	flash := view.Flash{Kind: view.Sea, Title: view.Count(m.Messages, "message leaves", "messages leave") + " by other routes."}
	if m.Left > 0 {
		flash.Text = view.Count(m.Left, "message waits", "messages wait") + " on: no other route that is on takes them."
	}
	return s.toGateway(w, r, flash, err)
}

// gatewayTrace is what went over the connections of a route.
func (s *Server) gatewayTrace(w http.ResponseWriter, r *http.Request) error {
	g, err := s.gatewayOf(r.Context(), r)
	if err != nil {
		return err
	}
	_, traces, err := s.App.GatewayTraces(r.Context(), actor(r), g.Name)
	if err != nil {
		return err
	}
	p := view.GatewayTraceProps{GatewayProps: g, Traces: traces, Asked: r.URL.Query().Has("asked")}
	if r.Header.Get("HX-Request") == "true" {
		return Show(w, r, http.StatusOK, view.GatewayTraceLive(p))
	}
	return s.page(w, r, http.StatusOK, "Protocol of "+g.Name, "gateways", view.GatewayTracePage(p))
}

// askTrace has the workers write down what went over their connections.
func (s *Server) askTrace(w http.ResponseWriter, r *http.Request) error {
	if err := s.App.AskTrace(r.Context(), actor(r), gatewayName(r)); err != nil {
		return err
	}
	return Redirect(w, r, gatewayPath(r)+"/trace?asked")
}
