package web

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// composeForm is the draft as typed, and which button was pressed.
type composeForm struct {
	Name     string   `form:"name"`
	Sender   string   `form:"sender"`
	Kind     string   `form:"kind"`
	Text     string   `form:"text"`
	Lists    []string `form:"list"`
	Excluded []string `form:"exclude"`
	Whom     string   `form:"whom"`
	Revision string   `form:"revision"`
	Window   string   `form:"window"`
	Turn     string   `form:"turn"`
	Person   string   `form:"person"`
	Place    string   `form:"place"`
	Do       string   `form:"do"` // deed, or deed:what
}

// draft reads the form as app takes it, with what the pressed button adds.
func (f composeForm) draft() app.CampaignForm {
	out := app.CampaignForm{Name: f.Name, Sender: f.Sender, Kind: f.Kind, Text: f.Text, Lists: f.Lists, Excluded: f.Excluded, Whom: sms.Whom(f.Whom)}
	out.Revision, _ = strconv.ParseInt(f.Revision, 10, 64)
	if len(f.Window) <= 64 {
		out.Window.ID = f.Window
		out.Window.Turn, _ = strconv.Atoi(f.Turn)
	}
	out.View.Person, _ = sms.ParseID(f.Person)
	out.View.Place, _ = strconv.Atoi(f.Place)
	switch deed, what, _ := strings.Cut(f.Do, ":"); deed {
	case "list":
		out.Lists, out.View.Place = append(out.Lists, what), 0
	case "exclude":
		out.Excluded, out.View.Place = append(out.Excluded, what), 0
	case "drop":
		drop := func(s string) bool { return s == what }
		out.Lists, out.Excluded = slices.DeleteFunc(out.Lists, drop), slices.DeleteFunc(out.Excluded, drop)
		out.View.Place = 0
	case "fix":
		out.Fix = what
	case "view":
		out.View.Pick = what
	case "keep":
		out.Revision, _ = strconv.ParseInt(what, 10, 64) // over the version that was shown, and no other
	}
	return out
}

// anchor is the part of the page that the pressed button belongs to.
func (f composeForm) anchor() string {
	switch deed, _, _ := strings.Cut(f.Do, ":"); deed {
	case "list", "exclude", "drop":
		return "#lists"
	case "fix":
		return "#text"
	case "view":
		return "#preview"
	}
	return ""
}

// composePage shows a draft, or a campaign that is under way, to be read.
func (s *Server) composePage(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	v := app.View{Pick: r.URL.Query().Get("pick")}
	v.Person, _ = sms.ParseID(r.URL.Query().Get("person"))
	d, err := s.App.Draft(r.Context(), actor(r), campaign, v)
	if err != nil {
		return err
	}
	d.Campaign.Window = sms.Window{ID: rand.Text()}
	return s.showCompose(w, r, http.StatusOK, s.composeProps(r, d))
}

func (s *Server) composeProps(r *http.Request, d app.Draft) view.ComposeProps {
	return view.ComposeProps{Draft: d, Base: campaignPath(r, d.Campaign.ID), Account: accountPath(r), ReadOnly: !actor(r).Can(sms.RightCompose)}
}

func (s *Server) showCompose(w http.ResponseWriter, r *http.Request, status int, p view.ComposeProps) error {
	return s.page(w, r, status, "Compose "+p.Campaign.Name, "campaigns", view.ComposePage(p))
}

// compose keeps a draft. By script it answers with what follows from the typed text; by a button with the page, or
// where the button leads.
func (s *Server) compose(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	f, err := Form[composeForm](r)
	if err != nil {
		return err
	}
	d, err := s.App.SaveDraft(r.Context(), actor(r), campaign, f.draft())
	status := http.StatusOK
	if errors.Is(err, sms.ErrConflict) && (d.Open != nil || d.Stale != nil) {
		status, err = http.StatusConflict, nil
	}
	if err != nil {
		return err
	}
	p := s.composeProps(r, d)
	byScript := r.Header.Get("HX-Request") == "true"
	if byScript && f.Do == "" {
		return Show(w, r, status, view.ComposeUpdate(p))
	}
	if d.Problems.For("name") != "" && status == http.StatusOK {
		status = http.StatusUnprocessableEntity
		p.Mistakes.Add("name", d.Problems.For("name"))
	}
	switch {
	case status != http.StatusOK:
	case f.Do == "continue":
		return s.onToTest(w, r, p)
	case f.Do == "close":
		SetFlash(w, r, view.Flash{Kind: view.Sea, Title: d.Campaign.Name + " is saved as a draft."})
		return Redirect(w, r, accountPath(r)+"/campaigns")
	case !byScript:
		q := url.Values{"person": {d.Preview.Person.Contact.String()}}
		if d.Preview.Which != "" {
			q = url.Values{"pick": {d.Preview.Which}}
		}
		return Redirect(w, r, p.Base+"/compose?"+q.Encode()+f.anchor())
	}
	return s.showCompose(w, r, status, p)
}

// onToTest leads to the test page if nothing keeps the draft from being sent; else it says what does.
func (s *Server) onToTest(w http.ResponseWriter, r *http.Request, p view.ComposeProps) error {
	p.Mistakes = sms.DraftProblems(p.Findings)
	if len(p.Mistakes) > 0 {
		return s.showCompose(w, r, http.StatusUnprocessableEntity, p)
	}
	return Redirect(w, r, p.Base+"/test")
}
