package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/sms"
	"tidings/web/view"
)

// Handler answers a request, or says why it could not. An error becomes a page in one place, Faults.Write.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Faults turns errors into pages.
type Faults struct {
	Log *slog.Logger
	// Shell gives the navigation around an error page; nil, or a nil shell, is a page without navigation.
	Shell func(*http.Request) *view.Shell
}

// Handle makes a Handler an http.HandlerFunc.
func (f *Faults) Handle(h Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			f.Write(w, r, err)
		}
	}
}

// NotFound and MethodNotAllowed are for the router.
func (f *Faults) NotFound(w http.ResponseWriter, r *http.Request) { f.Write(w, r, sms.ErrNotFound) }

// MethodNotAllowed answers a method that an address does not have.
func (f *Faults) MethodNotAllowed(w http.ResponseWriter, r *http.Request) {
	f.Write(w, r, Status{Code: http.StatusMethodNotAllowed})
}

// Status is an error that only the web knows: a method, a limit, a form that did not arrive. Text replaces the
// usual words; After is when to try again.
type Status struct {
	Code  int
	Text  string
	After time.Duration
}

// Error names the status.
func (s Status) Error() string { return strconv.Itoa(s.Code) + " " + http.StatusText(s.Code) }

// TooMany asks someone to wait before the next try.
func TooMany(after time.Duration) error {
	return Status{Code: http.StatusTooManyRequests, After: after}
}

// Write answers with the page for err, or for a request by script with a note that goes to the top of the page.
// A fault of ours is logged in full under the reference number that the page shows.
func (f *Faults) Write(w http.ResponseWriter, r *http.Request, err error) {
	ctx := r.Context()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return // the reader has left
	}
	if w.Header().Get("Content-Type") == "text/event-stream" {
		f.Log.ErrorContext(ctx, "fault", "reference", Reference(ctx), "path", r.URL.Path, "error", err)
		return // no page fits into a stream; the browser connects again
	}
	p := fault(err, r)
	if p.Status >= http.StatusInternalServerError {
		p.Reference = Reference(ctx)
		f.Log.ErrorContext(ctx, "fault", "reference", p.Reference, "method", r.Method, "path", r.URL.Path, "error", err)
	}
	var status Status
	if errors.As(err, &status) && status.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(status.After.Seconds()+1)))
	}
	page := f.page(r, p)
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Retarget", "#flash")
		w.Header().Set("HX-Reswap", "innerHTML show:top")
		page = view.FaultNote(p)
	}
	if err := Show(w, r, p.Status, page); err != nil {
		f.Log.ErrorContext(ctx, "draw the page of a fault", "reference", Reference(ctx), "error", err)
		plain(w, p.Status, p.Title+" "+p.Text)
	}
}

func (f *Faults) page(r *http.Request, p view.FaultProps) templ.Component {
	props := view.PageProps{Title: p.Title, Theme: Theme(r), Here: "/"}
	if f.Shell != nil {
		props.Shell = f.Shell(r)
	}
	home := view.Link{Label: "Go to the start", Href: "/"}
	if props.Shell != nil {
		home = view.Link{Label: "Go to the start", Href: props.Shell.Home}
	}
	if safe(r.Method) && p.Status >= http.StatusInternalServerError {
		p.Links = append(p.Links, view.Link{Label: "Try again", Href: r.URL.RequestURI()})
	}
	p.Links = append(p.Links, home)
	return view.FaultPage(props, p)
}

const (
	nothingSent  = "Nothing was sent or charged."
	checkOnFault = "Nothing was sent by this page. Check the campaign’s status."
)

// fault finds the words for an error: what happened, whether anything was sent or charged, what to do.
func fault(err error, r *http.Request) view.FaultProps {
	var status Status
	var tooBig *http.MaxBytesError
	var problems sms.Problems
	words := func(usual string) string {
		if s := sms.Words(err); s != "" {
			return s
		}
		return usual
	}
	switch {
	case errors.As(err, &status):
		return statusFault(status)
	case errors.As(err, &tooBig):
		return view.FaultProps{Status: 413, Title: "That is too large.", Text: "It may have " + megabytes(tooBig.Limit) + " at most. Split it and try again.", Sent: nothingSent}
	case errors.As(err, &problems):
		text := ""
		for _, p := range problems {
			text += p.Text + ". "
		}
		return view.FaultProps{Status: 422, Title: "Something in the form needs putting right.", Text: text + "Go back, change it and send the form again.", Sent: nothingSent}
	case errors.Is(err, sms.ErrNotFound):
		return view.FaultProps{Status: 404, Title: "There is nothing at this address.", Text: words("It may have been deleted, or the address is not quite right."), Sent: nothingSent}
	case errors.Is(err, sms.ErrForbidden):
		return view.FaultProps{Status: 403, Title: "You cannot do this.", Text: words("Your role does not allow it. Ask an owner of the account."), Sent: nothingSent}
	case errors.Is(err, sms.ErrConflict):
		return view.FaultProps{Status: 409, Title: "This has changed since you opened it.", Text: words("Somebody was faster, or it moved on by itself. Open it again to see how it stands."), Sent: "Nothing was sent or charged by this page."}
	case errors.Is(err, sms.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return view.FaultProps{Status: 503, Title: "Part of Tidings is away for a moment.", Text: words("Try again in a minute. Campaigns that are being sent go on by themselves."), Sent: sent(r)}
	}
	return view.FaultProps{Status: 500, Title: "Something broke on our side.", Text: "We have written it down. Try again in a moment.", Sent: checkOnFault}
}

// sent is what to say where a change was asked for and its end is not known here.
func sent(r *http.Request) string {
	if safe(r.Method) {
		return nothingSent
	}
	return checkOnFault
}

func statusFault(s Status) view.FaultProps {
	p := view.FaultProps{Status: s.Code, Sent: nothingSent}
	switch s.Code {
	case http.StatusForbidden:
		p.Title, p.Text = "You cannot do this.", "Your role does not allow it."
	case http.StatusMethodNotAllowed:
		p.Title, p.Text = "This address does not work that way.", "Go back to the page you came from and use its buttons."
	case http.StatusTooManyRequests:
		p.Title, p.Text = "That was too often.", "Wait a little and try again."
		if s.After > 0 {
			p.Text = "Wait " + view.Span(atLeast(s.After)) + " and try again."
		}
	default:
		p.Title, p.Text = "The form did not arrive whole.", "Go back and send it again."
	}
	if s.Text != "" {
		p.Text = s.Text
	}
	return p
}

// atLeast rounds a wait up to what view.Span shows of it: whole seconds, from a minute on whole minutes.
func atLeast(d time.Duration) time.Duration {
	unit := time.Second
	if d > time.Minute {
		unit = time.Minute
	}
	return (d + unit - 1).Truncate(unit)
}

func megabytes(n int64) string {
	if n < 1<<20 {
		return view.Num(n>>10) + " kB"
	}
	return view.Num(n>>20) + " MB"
}

// Show draws a page whole and then sends it, so that a mistake while drawing cannot leave half a page.
func Show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) error {
	var b bytes.Buffer
	if err := page.Render(r.Context(), &b); err != nil {
		return fmt.Errorf("draw page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "HX-Request")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a reader who left needs no answer
	return nil
}

// Redirect sends the browser to a path of this site after something was done (303), also out of a request by script.
func Redirect(w http.ResponseWriter, r *http.Request, path string) error {
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", path)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// Page is the frame of a page for this request: its theme, where it is, and the message left by the last one.
func Page(w http.ResponseWriter, r *http.Request, title string, shell *view.Shell) view.PageProps {
	return view.PageProps{Title: title, Theme: Theme(r), Shell: shell, Here: r.URL.RequestURI(), Flash: TakeFlash(w, r)}
}
