package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/static"
	"tidings/web/view"
)

// Server is the pages of Tidings: every address, and what answers there.
type Server struct {
	App    *app.App
	log    *slog.Logger
	https  bool // people reach the pages over https
	faults *Faults
}

// New makes the pages of a. base is where people reach them; only its scheme
// matters.
func New(a *app.App, base *url.URL, log *slog.Logger) *Server {
	s := &Server{App: a, log: log, https: base != nil && base.Scheme == "https"}
	s.faults = &Faults{Log: log, Shell: func(r *http.Request) *view.Shell {
		if v, ok := visitOf(r); ok {
			return s.shell(r, v, "")
		}
		return nil
	}}
	return s
}

// Handler answers every request.
func (s *Server) Handler() http.Handler {
	mux := chi.NewRouter()
	mux.NotFound(s.faults.NotFound)
	mux.MethodNotAllowed(s.faults.MethodNotAllowed)
	mux.Handle("/static/*", static.Handler())
	mux.Get("/healthz", Health)
	mux.Post("/gateways/{gateway}/receipts", s.receipts)
	mux.Get("/gateways/{gateway}/receipts", s.receipts) // some carriers fetch an address to tell
	mux.Get("/readyz", Ready(s.log, s.App.Ready))
	for _, x := range s.routes() {
		mux.Method(x.method, x.path, s.faults.Handle(s.guard(x)))
	}
	return Stack(s.faults, s.https, mux)
}

// access says who may ask for an address.
type access struct {
	public bool      // anybody, signed in or not
	tenant bool      // a member of the account in the address
	staff  bool      // our own people
	right  sms.Right // what the role must allow; "" for any signed-in person
}

// The kinds of access, as the table of routes names them.
var (
	anybody  = access{public: true}
	signedIn = access{}
)

func member(r sms.Right) access { return access{tenant: true, right: r} }

func staff(r sms.Right) access { return access{staff: true, right: r} }

// guard finds out who asks and lets in who may. Another account is not there;
// a right that lacks is a 403 that names who can help (D42).
func (s *Server) guard(x route) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		slug := ""
		if x.access.tenant {
			slug = chi.URLParam(r, "slug")
		}
		counts := r.Header.Get("Accept") != "text/event-stream"
		v, err := s.App.Visit(r.Context(), s.token(r), slug, clientIP(r), counts)
		switch {
		case errors.Is(err, app.ErrSignedOut) && x.access.public:
			return x.handler(w, r)
		case errors.Is(err, app.ErrSignedOut):
			return s.askToSignIn(w, r)
		case err != nil:
			return err
		}
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
		if !x.access.public {
			if err := s.may(r.Context(), v, x.access); err != nil {
				return err
			}
		}
		return x.handler(w, r)
	}
}

func (s *Server) may(ctx context.Context, v sms.Visit, a access) error {
	if a.staff && v.Actor.Staff == "" {
		return sms.ErrNotFound // customers do not learn what staff have
	}
	if a.right == "" {
		return nil
	}
	return s.App.Require(ctx, v.Actor, a.right)
}

type visitKey struct{}

func visitOf(r *http.Request) (sms.Visit, bool) {
	v, ok := r.Context().Value(visitKey{}).(sms.Visit)
	return v, ok
}

// visit is who asks, on a page that only signed-in people see.
func visit(r *http.Request) sms.Visit {
	v, _ := visitOf(r)
	return v
}

// actor is who asks.
func actor(r *http.Request) sms.Actor { return visit(r).Actor }

// clientIP is the address of the other end of the connection.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// page sends a whole page: body in the frame of who asks, with the navigation
// item current marked.
func (s *Server) page(w http.ResponseWriter, r *http.Request, status int, title, current string, body templ.Component) error {
	var shell *view.Shell
	if v, ok := visitOf(r); ok {
		shell = s.shell(r, v, current)
	}
	return Show(w, r, status, within(view.Page(Page(w, r, title, shell)), body))
}

// within puts body where frame has its children.
func within(frame, body templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return frame.Render(templ.WithChildren(ctx, body), w)
	})
}

// id reads an ID of the address; what names nothing is not there.
func id(r *http.Request, name string) (sms.ID, error) { return sms.ParseID(chi.URLParam(r, name)) }
