package web

import (
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// mostLeftOutFile is the largest file of numbers to be left out, in bytes.
const mostLeftOutFile = 5 << 20

func optOutsPath(r *http.Request) string { return accountPath(r) + "/opt-outs" }

// optOuts is who is never written to.
func (s *Server) optOuts(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q := app.OptOutQuery{Kind: sms.SuppressionKind(v.Get("kind")), Text: clean(v.Get("q"))}
	if q.Kind != "" && q.Kind.Words() == "" {
		q.Kind = ""
	}
	if at, err := strconv.ParseInt(v.Get("before"), 10, 64); err == nil {
		if hash, err := hex.DecodeString(v.Get("number")); err == nil {
			q.From = sms.LeftOutPlace{At: time.UnixMicro(at), Hash: hash}
		}
	}
	p, err := s.App.OptOuts(r.Context(), actor(r), q)
	if err != nil {
		return err
	}
	props := view.OptOutsProps{OptOutsPage: p, Base: optOutsPath(r), Account: accountPath(r), Kind: q.Kind, Text: q.Text, Numbers: actor(r).Can(sms.RightNumbers), MayEdit: actor(r).Can(sms.RightContacts)}
	return s.page(w, r, http.StatusOK, "Opt-outs", "contacts", view.OptOutsPage(props))
}

// leaveOutForm is numbers to be left out, as typed.
type leaveOutForm struct {
	Kind  string `form:"kind"`
	How   string `form:"how"`
	Text  string `form:"text"`
	Token string `form:"token"`
}

func (s *Server) leaveOutPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLeaveOut(w, r, http.StatusOK, view.LeaveOutProps{Form: sms.LeftOutForm{Token: s.newToken()}})
}

func (s *Server) showLeaveOut(w http.ResponseWriter, r *http.Request, status int, p view.LeaveOutProps) error {
	p.Base = optOutsPath(r)
	p.Problems = Summary(p.Mistakes)
	return s.page(w, r, status, "Add numbers", "contacts", view.LeaveOutPage(p))
}

// leaveOut has numbers left out. What cannot be read comes back to be repaired; the rest is done.
func (s *Server) leaveOut(w http.ResponseWriter, r *http.Request) error {
	if err := AllowUpload(w, r, mostLeftOutFile+1<<20); err != nil {
		return err
	}
	f, err := Form[leaveOutForm](r)
	if err != nil {
		return err
	}
	form := sms.LeftOutForm{Kind: f.Kind, How: f.How, Text: f.Text, Token: f.Token}
	if form.File, err = uploaded(r, "file"); err != nil {
		return err
	}
	done, err := s.App.LeaveOut(r.Context(), actor(r), form)
	var mistakes sms.Problems
	switch {
	case errors.As(err, &mistakes):
		if mistakes.For("file") == "" && len(form.File) > 0 {
			mistakes.Add("file", "Choose the file once more. Browsers forget it")
		}
		return s.showLeaveOut(w, r, http.StatusUnprocessableEntity, view.LeaveOutProps{Form: form, Mistakes: mistakes})
	case err != nil:
		return err
	case len(done.Bad) > 0:
		form.Text, form.File, form.Token = view.BadCells(done.Bad), nil, s.newToken()
		return s.showLeaveOut(w, r, http.StatusUnprocessableEntity, view.LeaveOutProps{Form: form, Done: &done})
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: view.LeftOutWords(done)})
	return Redirect(w, r, optOutsPath(r))
}

// uploaded is the whole of a small file of a form; nil if none was chosen.
func uploaded(r *http.Request, field string) ([]byte, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	files := r.MultipartForm.File[field]
	if len(files) == 0 || files[0].Size == 0 {
		return nil, nil
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(f)
}

// leftOut is one number that is never written to.
func (s *Server) leftOut(w http.ResponseWriter, r *http.Request) error {
	return s.showLeftOut(w, r, http.StatusOK, "", nil)
}

func (s *Server) showLeftOut(w http.ResponseWriter, r *http.Request, status int, proof string, mistakes sms.Problems) error {
	hash, err := numberHash(r)
	if err != nil {
		return err
	}
	x, tenant, err := s.App.LeftOut(r.Context(), actor(r), hash)
	if err != nil {
		return err
	}
	p := view.LeftOutProps{
		LeftOut: x, Tenant: tenant, Base: optOutsPath(r), Here: r.URL.Path, Account: accountPath(r), Numbers: actor(r).Can(sms.RightNumbers), MayReadmit: actor(r).Can(sms.RightSend),
		Now: s.App.Now(), Proof: proof, Mistakes: mistakes, Problems: Summary(mistakes),
	}
	return s.page(w, r, status, p.Title(), "contacts", view.LeftOutPage(p))
}

// numberHash reads of which number the address speaks: pages never name the number itself.
func numberHash(r *http.Request) ([]byte, error) {
	hash, err := hex.DecodeString(chi.URLParam(r, "number"))
	if err != nil {
		return nil, sms.NotFound("This number is not left out.")
	}
	return hash, nil
}

// readmitForm is the proof that somebody wants messages again.
type readmitForm struct {
	Proof string `form:"proof"`
}

func (s *Server) readmit(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[readmitForm](r)
	if err != nil {
		return err
	}
	hash, err := numberHash(r)
	if err != nil {
		return err
	}
	err = s.App.Readmit(r.Context(), actor(r), hash, f.Proof)
	var mistakes sms.Problems
	if errors.As(err, &mistakes) {
		return s.showLeftOut(w, r, http.StatusUnprocessableEntity, f.Proof, mistakes)
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Taken back in.", Text: "The next campaign reaches this number again."})
	return Redirect(w, r, optOutsPath(r))
}

// replies is what people answered: the doubtful ones first asked for, or all.
func (s *Server) replies(w http.ResponseWriter, r *http.Request) error {
	all := r.URL.Query().Get("show") == "all"
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // no number: the first page
	p, err := s.App.Replies(r.Context(), actor(r), !all, before)
	if err != nil {
		return err
	}
	props := view.RepliesProps{RepliesPage: p, All: all, Base: optOutsPath(r), Account: accountPath(r), Numbers: actor(r).Can(sms.RightNumbers), MayEdit: actor(r).Can(sms.RightContacts)}
	return s.page(w, r, http.StatusOK, "Replies", "contacts", view.RepliesPage(props))
}

// decideReplyForm is what somebody decided about a text.
type decideReplyForm struct {
	Decision string `form:"decision"`
}

func (s *Server) decideReply(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[decideReplyForm](r)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(chi.URLParam(r, "reply"), 10, 64)
	if err != nil {
		return sms.NotFound("There is no such reply.")
	}
	d, err := s.App.DecideReply(r.Context(), actor(r), id, strings.TrimSpace(f.Decision))
	if err != nil {
		return err
	}
	title := "It stays as it is. This number gets messages."
	if d.Decision == sms.DecisionStop {
		title = "Opted out. This number gets no more messages."
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: title})
	return Redirect(w, r, optOutsPath(r)+"/replies")
}
