package web

import (
	"errors"
	"net/http"
	"strconv"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// testForm is what the forms of "Test and send" bring.
type testForm struct {
	Numbers []string `form:"numbers"` // phones to send a test to
	As      string   `form:"as"`
	Token   string   `form:"token"`
	Number  string   `form:"number"` // the phone that is added, verified or removed
	Name    string   `form:"name"`
	Code    string   `form:"code"`
}

// testPage is "Test and send".
func (s *Server) testPage(w http.ResponseWriter, r *http.Request) error {
	return s.showTest(w, r, http.StatusOK, testForm{}, nil)
}

func (s *Server) showTest(w http.ResponseWriter, r *http.Request, status int, f testForm, mistakes sms.Problems) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	t, err := s.App.TestPage(r.Context(), actor(r), campaign)
	if err != nil {
		return err
	}
	who := actor(r)
	p := view.TestProps{
		TestPage: t, Base: campaignPath(r, campaign), Account: accountPath(r), Now: s.App.Now(), Token: s.newToken,
		MayWrite: who.Can(sms.RightCompose), Full: who.Can(sms.RightNumbers),
		Mistakes: mistakes, Chosen: f.Numbers, As: f.As,
	}
	switch {
	case mistakes.For("code") != "":
		p.Code, p.CodeOf = f.Code, f.Number
	case mistakes.For("number") != "" || mistakes.For("name") != "":
		p.Typed, p.Name = f.Number, f.Name
	}
	return s.page(w, r, status, "Test "+t.Campaign.Name, "campaigns", view.TestPage(p))
}

// testDeed does one thing of the page and comes back to it: with what is wrong, or with a message.
func (s *Server) testDeed(w http.ResponseWriter, r *http.Request, deed func(campaign sms.ID, f testForm) (view.Flash, error)) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	f, err := Form[testForm](r)
	if err != nil {
		return err
	}
	flash, err := deed(campaign, f)
	var problems sms.Problems
	switch {
	case errors.As(err, &problems):
		return s.showTest(w, r, http.StatusUnprocessableEntity, f, problems)
	case (errors.Is(err, sms.ErrConflict) || errors.Is(err, sms.ErrUnavailable)) && sms.Words(err) != "":
		flash = view.Flash{Kind: view.Wait, Title: sms.Words(err)}
	case err != nil:
		return err
	}
	SetFlash(w, r, flash)
	return Redirect(w, r, campaignPath(r, campaign)+"/test")
}

// sendTest sends the message to own phones.
func (s *Server) sendTest(w http.ResponseWriter, r *http.Request) error {
	return s.testDeed(w, r, func(campaign sms.ID, f testForm) (view.Flash, error) {
		sent, err := s.App.SendTest(r.Context(), actor(r), campaign, app.TestForm{Numbers: f.Numbers, As: f.As, Token: f.Token})
		return view.Flash{
			Kind: view.Sea, Title: "Sent to " + view.Count(sent.People, "phone", "phones") + ".", Text: sent.Price.Words() + " at most.",
		}, err
	})
}

// addPhone sends a code to an own phone.
func (s *Server) addPhone(w http.ResponseWriter, r *http.Request) error {
	return s.testDeed(w, r, func(_ sms.ID, f testForm) (view.Flash, error) {
		err := s.App.AddTestNumber(r.Context(), actor(r), f.Number, f.Name, f.Token)
		return view.Flash{Kind: view.Sea, Title: "A code is on its way.", Text: "Type it here within " + strconv.Itoa(int(sms.CodeFor.Minutes())) + " minutes."}, err
	})
}

// verifyPhone compares the code.
func (s *Server) verifyPhone(w http.ResponseWriter, r *http.Request) error {
	return s.testDeed(w, r, func(_ sms.ID, f testForm) (view.Flash, error) {
		return view.Flash{Kind: view.Sea, Title: "The phone is verified."}, s.App.VerifyTestNumber(r.Context(), actor(r), f.Number, f.Code)
	})
}

// removePhone forgets an own phone.
func (s *Server) removePhone(w http.ResponseWriter, r *http.Request) error {
	return s.testDeed(w, r, func(_ sms.ID, f testForm) (view.Flash, error) {
		return view.Flash{Kind: view.Sea, Title: "The phone is removed."}, s.App.RemoveTestNumber(r.Context(), actor(r), f.Number)
	})
}

// sentTests is the part of the page that is live.
func (s *Server) sentTests(w http.ResponseWriter, r *http.Request) error {
	campaign, err := id(r, "campaign")
	if err != nil {
		return err
	}
	if r.Header.Get("HX-Request") != "true" {
		return Redirect(w, r, campaignPath(r, campaign)+"/test")
	}
	tests, zone, err := s.App.Tests(r.Context(), actor(r), campaign)
	if err != nil {
		return err
	}
	who := actor(r)
	return Show(w, r, http.StatusOK, view.SentTests(view.SentProps{
		Tests: tests, Zone: zone, Base: campaignPath(r, campaign), Now: s.App.Now(), Full: who.Can(sms.RightNumbers) || who.Can(sms.RightCompose),
	}))
}
