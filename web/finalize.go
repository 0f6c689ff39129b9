package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/sendtime"
	"tidings/web/view"
)

// confirmForm is what a confirmation brings beside the schedule.
type confirmForm struct {
	Pick        string `form:"pick"` // a button that sets date and time: "2026-11-30 08:00"
	Token       string `form:"token"`
	Fingerprint string `form:"fingerprint"`
	Tick        bool   `form:"tick"`
	Typed       string `form:"typed"`
	Answer      string `form:"answer"`
	Number      string `form:"number"`
	Start       bool   `form:"start"`
	Do          string `form:"do"`
}

// scheduleForm reads when a session leaves, and the rest of a confirmation.
func scheduleForm(r *http.Request) (sms.ScheduleForm, confirmForm, error) {
	f, err := Form[sms.ScheduleForm](r)
	if err != nil {
		return f, confirmForm{}, err
	}
	c, err := Form[confirmForm](r)
	if date, clock, ok := strings.Cut(c.Pick, " "); ok {
		f.Date, f.Time = date, clock
	}
	return f, c, err
}

// newToken is a fresh one-time token for a form.
func (s *Server) newToken() string { return sms.NewID(s.App.Now()).String() }

// accountPath and campaignPath are addresses of the account and campaign of r.
func accountPath(r *http.Request) string { return "/a/" + visit(r).Tenant.Slug }

func campaignPath(r *http.Request, campaign sms.ID) string {
	return accountPath(r) + "/campaigns/" + campaign.String()
}

// finalizePage shows the confirmation of a campaign: by GET as it is offered, by POST as it was changed. Neither
// submits anything (D2).
func (s *Server) finalizePage(w http.ResponseWriter, r *http.Request) error {
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
	f, err := s.App.Finalize(r.Context(), actor(r), campaign, form)
	if err != nil {
		return err
	}
	p := s.finalizeProps(r, f)
	p.Answer = c.Answer
	p.Updated = r.Method == http.MethodPost
	if r.Header.Get("HX-Request") == "true" {
		return Show(w, r, http.StatusOK, view.FinalizeForm(p))
	}
	return s.showFinalize(w, r, http.StatusOK, p)
}

func (s *Server) finalizeProps(r *http.Request, f app.Finalize) view.FinalizeProps {
	base := campaignPath(r, f.Campaign.ID)
	p := view.FinalizeProps{Finalize: f, Base: base, Account: accountPath(r), Look: base + "/finalize", Token: s.newToken()}
	if !actor(r).Can(sms.RightSend) {
		p.MayAsk = "You cannot confirm it. " + sms.Words(s.App.Require(r.Context(), actor(r), sms.RightSend)) + " They find it at this address."
	}
	return p
}

func (s *Server) showFinalize(w http.ResponseWriter, r *http.Request, status int, p view.FinalizeProps) error {
	return s.page(w, r, status, "Finalize "+p.Campaign.Name, "campaigns", view.FinalizePage(p))
}

// confirm submits a campaign. What is wrong or changed brings the page back with everything that was chosen.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	f, c, err := scheduleForm(r)
	if err != nil {
		return err
	}
	got, err := s.App.SubmitSession(r.Context(), actor(r), campaign, app.SubmitForm{
		Schedule: f, Token: c.Token, Fingerprint: c.Fingerprint, Tick: c.Tick, Typed: c.Typed, Answer: c.Answer,
	})
	if err != nil {
		return s.notConfirmed(w, r, campaign, f, c, err)
	}
	clock := sms.In(got.At, visit(r).Tenant.Zone).Format("15:04")
	flash := view.Flash{Kind: view.Sea, Title: "Submitted at " + clock + ".", Text: "Nothing leaves before it is approved."}
	if got.Already {
		flash = view.Flash{Kind: view.Rest, Title: "Already done at " + clock + ".", Text: "It was submitted once."}
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, campaignPath(r, campaign))
}

func (s *Server) notConfirmed(w http.ResponseWriter, r *http.Request, campaign sms.ID, form sms.ScheduleForm, c confirmForm, why error) error {
	var problems sms.Problems
	var stale *app.StaleSlip
	status := http.StatusUnprocessableEntity
	switch {
	case errors.As(why, &problems):
	case errors.As(why, &stale), errors.Is(why, sms.ErrConflict):
		status = http.StatusConflict
	default:
		return why
	}
	f, err := s.App.Finalize(r.Context(), actor(r), campaign, &form)
	if err != nil {
		return err
	}
	p := s.finalizeProps(r, f)
	p.Mistakes, p.Answer = problems, c.Answer
	switch {
	case stale != nil:
		p.Stale = stale.Words
	case status == http.StatusConflict:
		p.Stale = sms.Words(why)
	default:
		p.Tick, p.Typed = c.Tick, c.Typed // a wrong number is shown, to be put right
	}
	return s.showFinalize(w, r, status, p)
}

// toFinalize leads from the address of a confirmation to its page.
func (s *Server) toFinalize(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	return Redirect(w, r, campaignPath(r, campaign)+"/finalize")
}

// zones answers a search for a time zone by city, for the list under its field.
func (s *Server) zones(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	at := s.App.Now()
	if day, err := time.Parse(time.DateOnly, q.Get("on")); err == nil {
		at = day.Add(12 * time.Hour)
	}
	typed := q.Get("zone_text")
	if len(typed) > 64 {
		typed = typed[:64]
	}
	return Show(w, r, http.StatusOK, zoneOptions(sendtime.SearchZones(typed, at, 12)))
}

func zoneOptions(found []sendtime.Zone) templ.Component {
	var out []view.ComboOption
	for _, z := range found {
		o := view.ComboOption{Value: z.Name, Label: z.City, Sub: z.Offset}
		if z.Also != "" {
			o.Label = z.Also
		}
		if z.Country != "" {
			o.Sub = z.Country + ", " + z.Offset
		}
		out = append(out, o)
	}
	return view.ComboOptions("zone", out)
}
