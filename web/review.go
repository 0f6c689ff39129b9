package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"tidings/internal/sms"
	"tidings/internal/sms/phone"
	"tidings/internal/sms/sendtime"
	"tidings/web/view"
)

// queue is what waits for a decision.
func (s *Server) queue(w http.ResponseWriter, r *http.Request) error {
	q, err := s.App.Queue(r.Context(), actor(r))
	if err != nil {
		return err
	}
	now := s.App.Now()
	p := view.QueueProps{Entries: s.queueEntries(q.Items, now, 0, sms.ID{}), Usual: q.Usual}
	if len(q.Items) > 0 {
		p.First = reviewPath(q.Items[0].Session.ID)
	}
	if len(q.Decided) > 0 && q.Decided[0].Review.DecidedAt != nil {
		p.LastDecided = view.Clock(q.Decided[0].Review.DecidedAt.UTC()) + " UTC"
	}
	return s.page(w, r, http.StatusOK, "Queue", "queue", view.QueuePage(p))
}

// mine is what I hold.
func (s *Server) mine(w http.ResponseWriter, r *http.Request) error {
	q, err := s.App.Queue(r.Context(), actor(r))
	if err != nil {
		return err
	}
	now, me := s.App.Now(), actor(r).User
	var held []sms.QueueItem
	for _, x := range q.Items {
		if x.Review.ClaimedBy != nil && *x.Review.ClaimedBy == me && x.Review.ClaimedUntil.After(now) {
			held = append(held, x)
		}
	}
	return s.page(w, r, http.StatusOK, "Held by me", "mine", view.QueuePage(view.QueueProps{Mine: true, Entries: s.queueEntries(held, now, 0, me)}))
}

// decided is what was decided, the newest first.
func (s *Server) decided(w http.ResponseWriter, r *http.Request) error {
	q, err := s.App.Queue(r.Context(), actor(r))
	if err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, "Decided", "decided", view.DecidedPage(q.Decided))
}

func reviewPath(id sms.SessionID) string { return "/staff/reviews/" + strconv.FormatInt(int64(id), 10) }

func (s *Server) queueEntries(items []sms.QueueItem, now time.Time, current sms.SessionID, me sms.ID) []view.QueueEntry {
	var out []view.QueueEntry
	for _, x := range items {
		e := view.QueueEntry{
			Href: reviewPath(x.Session.ID), Tenant: x.Tenant.Name, Waiting: shortSpan(now.Sub(x.Session.SubmittedAt)), Late: now.After(x.Review.DueAt),
			Line: x.Session.Text, People: int64(x.Session.People), Version: x.Session.Number, Risk: x.Review.Risk, Current: x.Session.ID == current,
		}
		if name, held := x.Review.HeldBy(now, me); held {
			e.Holder = name + " has it"
		}
		out = append(out, e)
	}
	return out
}

func sessionID(r *http.Request) (sms.SessionID, error) {
	n, err := strconv.ParseInt(chi.URLParam(r, "session"), 10, 64)
	if err != nil {
		return 0, sms.ErrNotFound
	}
	return sms.SessionID(n), nil
}

// verdictForm is a decision as typed.
type verdictForm struct {
	Decision    string   `form:"decision"`
	Reasons     []string `form:"reasons"`
	Instruction string   `form:"instruction"`
	Note        string   `form:"note"`
	Shown       string   `form:"shown"`
}

// review shows one session to decide on; opening it claims it (D13).
func (s *Server) review(w http.ResponseWriter, r *http.Request) error {
	return s.showReview(w, r, http.StatusOK, verdictForm{}, nil)
}

func (s *Server) showReview(w http.ResponseWriter, r *http.Request, status int, f verdictForm, p sms.Problems) error {
	id, err := sessionID(r)
	if err != nil {
		return err
	}
	c, err := s.App.OpenCase(r.Context(), actor(r), id)
	if err != nil {
		return err
	}
	q, err := s.App.Queue(r.Context(), actor(r))
	if err != nil {
		return err
	}
	now := s.App.Now()
	x := c.Item
	props := view.ReviewProps{
		Item: x, Before: c.Before, Asked: c.Asked, Checks: c.Checks, Alike: c.Alike, ListName: c.ListName, Consent: c.Consent, Done: c.Done,
		Queue: s.queueEntries(q.Items, now, id, actor(r).User), Now: now, HeldBy: c.HeldBy, Path: reviewPath(id), Shown: fmt.Sprintf("%x", x.Session.ContentHash),
		Decision: f.Decision, Reasons: f.Reasons, Instruction: f.Instruction, Note: f.Note, Problems: Summary(p), Errors: p, Balance: c.Balance,
		Country: phone.CountryName, Quote: c.Quote,
	}
	for _, p := range c.People {
		props.People = append(props.People, view.ReviewPerson{
			Label: p.Label, Name: p.Person.Name(), Number: phone.Number(p.Person.Number).Masked(), Country: phone.CountryName(p.Person.Country), Text: p.Text, Parts: p.Parts,
		})
	}
	if x.Session.Mode == sms.ModeScheduled {
		props.Starts = sendtime.Sentence(x.Session.StartsAt, x.Session.Zone)
	}
	for i, other := range q.Items {
		if other.Session.ID == id && i+1 < len(q.Items) {
			props.Next = q.Items[i+1].Tenant.Name
		}
	}
	return s.page(w, r, status, "Review "+x.Tenant.Name, "queue", view.ReviewPage(props))
}

// decideReview approves or refuses, and goes on to the next.
func (s *Server) decideReview(w http.ResponseWriter, r *http.Request) error {
	id, err := sessionID(r)
	if err != nil {
		return err
	}
	f, err := Form[verdictForm](r)
	if err != nil {
		return err
	}
	done, err := s.App.Decide(r.Context(), actor(r), id, f.Shown, sms.Verdict{Decision: f.Decision, Reasons: f.Reasons, Instruction: f.Instruction, Note: f.Note})
	var p sms.Problems
	switch {
	case errors.As(err, &p):
		return s.showReview(w, r, http.StatusUnprocessableEntity, f, p)
	case errors.Is(err, sms.ErrConflict) && sms.Words(err) != "":
		return s.showReview(w, r, http.StatusConflict, f, sms.Problems{{Field: "decision", Text: sms.Words(err)}})
	case err != nil:
		return err
	}
	word := "Approved"
	if f.Decision == "refuse" {
		word = "Refused"
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: fmt.Sprintf("%s: %s, version %d.", word, done.Name, done.Number)})
	q, err := s.App.Queue(r.Context(), actor(r))
	if err != nil {
		return err
	}
	for _, x := range q.Items {
		if _, held := x.Review.HeldBy(s.App.Now(), actor(r).User); !held {
			return Redirect(w, r, reviewPath(x.Session.ID))
		}
	}
	return Redirect(w, r, "/staff/queue")
}

// releaseReview gives an item back.
func (s *Server) releaseReview(w http.ResponseWriter, r *http.Request) error {
	id, err := sessionID(r)
	if err != nil {
		return err
	}
	if err := s.App.ReleaseCase(r.Context(), actor(r), id); err != nil {
		return err
	}
	return Redirect(w, r, "/staff/queue")
}
