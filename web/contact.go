package web

import (
	"errors"
	"net/http"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/web/view"
)

// newestImports is how many imports the page of lists shows.
const newestImports = 8

func contactsPath(r *http.Request) string { return accountPath(r) + "/contacts" }

// peopleQuery reads whom the address looks for, and from where in the list.
func peopleQuery(r *http.Request) (app.PeopleQuery, error) {
	v := r.URL.Query()
	q := app.PeopleQuery{Text: clean(v.Get("q"))}
	if text := []rune(q.Text); len(text) > 64 {
		q.Text = string(text[:64])
	}
	from := v.Get("after")
	if before := v.Get("before"); before != "" {
		from, q.Back = before, true
	}
	if from == "" {
		return q, nil
	}
	at, err := sms.ParseID(from)
	q.From = sms.ContactPlace{ID: at, Key: clean(v.Get("key"))}
	return q, err
}

func (s *Server) peopleProps(r *http.Request, here string, q app.PeopleQuery, p app.PeoplePage) view.PeopleProps {
	return view.PeopleProps{PeoplePage: p, Base: contactsPath(r), Here: here, Text: q.Text, Numbers: actor(r).Can(sms.RightNumbers)}
}

// contacts is the lists of the account, or the people who are looked for.
func (s *Server) contacts(w http.ResponseWriter, r *http.Request) error {
	q, err := peopleQuery(r)
	if err != nil {
		return err
	}
	lists, err := s.App.Lists(r.Context(), actor(r))
	if err != nil {
		return err
	}
	p := view.ContactsProps{ListsPage: lists, Base: contactsPath(r), OptOuts: optOutsPath(r), Text: q.Text, MayEdit: actor(r).Can(sms.RightContacts)}
	if q.Text != "" {
		found, err := s.App.People(r.Context(), actor(r), q)
		if err != nil {
			return err
		}
		p.People = s.peopleProps(r, p.Base, q, found)
	} else if p.MayEdit {
		all, err := s.App.Imports(r.Context(), actor(r))
		if err != nil {
			return err
		}
		p.Imports = all[:min(len(all), newestImports)]
	}
	return s.page(w, r, http.StatusOK, "Contacts", "contacts", view.ContactsPage(p))
}

// person is the page of a person.
func (s *Server) person(w http.ResponseWriter, r *http.Request) error {
	return s.showPerson(w, r, http.StatusOK, nil, nil)
}

func (s *Server) showPerson(w http.ResponseWriter, r *http.Request, status int, typed *sms.ContactForm, mistakes sms.Problems) error {
	person, err := id(r, "person")
	if err != nil {
		return err
	}
	c, err := s.App.Contact(r.Context(), actor(r), person)
	if err != nil {
		return err
	}
	p := view.ContactProps{
		ContactPage: c, Base: contactsPath(r), Here: r.URL.Path, Campaigns: accountPath(r) + "/campaigns", Form: view.ContactForm(c.Contact),
		Mistakes: mistakes, Problems: Summary(mistakes), MayEdit: actor(r).Can(sms.RightContacts), Numbers: actor(r).Can(sms.RightNumbers),
	}
	if typed != nil {
		p.Form = *typed
	}
	return s.page(w, r, status, p.Title(), "contacts", view.ContactPage(p))
}

// personForm is what is known of a person, as typed.
type personForm struct {
	First    string   `form:"first_name"`
	Last     string   `form:"last_name"`
	Keys     []string `form:"key"`
	Values   []string `form:"value"`
	NewKey   string   `form:"new_key"`
	NewValue string   `form:"new_value"`
}

func (s *Server) changePerson(w http.ResponseWriter, r *http.Request) error {
	person, err := id(r, "person")
	if err != nil {
		return err
	}
	f, err := Form[personForm](r)
	if err != nil {
		return err
	}
	if len(f.Keys) != len(f.Values) {
		return Status{Code: http.StatusBadRequest}
	}
	form := sms.ContactForm{FirstName: f.First, LastName: f.Last, Keys: f.Keys, Values: f.Values, NewKey: f.NewKey, NewValue: f.NewValue}
	err = s.App.ChangeContact(r.Context(), actor(r), person, form)
	var mistakes sms.Problems
	if errors.As(err, &mistakes) {
		return s.showPerson(w, r, http.StatusUnprocessableEntity, &form, mistakes)
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Saved."})
	return Redirect(w, r, r.URL.Path)
}

// named reads a person and what the pages that ask about him call him.
func (s *Server) named(r *http.Request) (app.ContactPage, string, error) {
	person, err := id(r, "person")
	if err != nil {
		return app.ContactPage{}, "", err
	}
	c, err := s.App.Contact(r.Context(), actor(r), person)
	if err != nil {
		return c, "", err
	}
	name := c.Contact.Name()
	if name == "" {
		name = c.Contact.Shown(actor(r).Can(sms.RightNumbers))
	}
	return c, name, nil
}

func personPath(r *http.Request, c sms.Contact) string {
	return contactsPath(r) + "/people/" + c.ID.String()
}

// removePage asks before a person leaves a list.
func (s *Server) removePage(w http.ResponseWriter, r *http.Request) error {
	c, name, err := s.named(r)
	if err != nil {
		return err
	}
	for _, l := range c.Lists {
		if l.ID.String() == r.URL.Query().Get("list") {
			body := view.RemovePage(view.RemoveProps{Base: contactsPath(r), Here: personPath(r, c.Contact), Name: name, List: l})
			return s.page(w, r, http.StatusOK, "Remove "+name, "contacts", body)
		}
	}
	return sms.NotFound("This person is in no such list.")
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) error {
	person, err := id(r, "person")
	if err != nil {
		return err
	}
	list, err := sms.ParseID(r.PostFormValue("list"))
	if err != nil {
		return err
	}
	l, err := s.App.RemoveFromList(r.Context(), actor(r), person, list)
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Removed from " + l.Name + "."})
	return Redirect(w, r, contactsPath(r)+"/people/"+person.String())
}

// excludePage asks before a person is excluded.
func (s *Server) excludePage(w http.ResponseWriter, r *http.Request) error {
	c, name, err := s.named(r)
	if err != nil {
		return err
	}
	here := personPath(r, c.Contact)
	if c.LeftOut != nil {
		return Redirect(w, r, here)
	}
	body := view.ExcludePage(view.ExcludeProps{Base: contactsPath(r), Here: here, Name: name})
	return s.page(w, r, http.StatusOK, "Exclude "+name, "contacts", body)
}

func (s *Server) exclude(w http.ResponseWriter, r *http.Request) error {
	person, err := id(r, "person")
	if err != nil {
		return err
	}
	if err := s.App.ExcludeContact(r.Context(), actor(r), person); err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Excluded.", Text: "No message goes to this number any more."})
	return Redirect(w, r, contactsPath(r)+"/people/"+person.String())
}
