package web

import (
	"errors"
	"net/http"

	"tidings/internal/sms"
	"tidings/web/view"
)

// list is a list and its people.
func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	return s.showList(w, r, http.StatusOK, nil, nil)
}

func (s *Server) showList(w http.ResponseWriter, r *http.Request, status int, name *string, mistakes sms.Problems) error {
	list, err := id(r, "list")
	if err != nil {
		return err
	}
	q, err := peopleQuery(r)
	if err != nil {
		return err
	}
	l, err := s.App.List(r.Context(), actor(r), list, q)
	if err != nil {
		return err
	}
	p := view.ListProps{
		ListPage: l, Base: contactsPath(r), Here: r.URL.Path, Campaigns: accountPath(r) + "/campaigns", Name: l.List.Name, Mistakes: mistakes,
		People: s.peopleProps(r, r.URL.Path, q, l.People), MayEdit: actor(r).Can(sms.RightContacts), MayCompose: actor(r).Can(sms.RightCompose),
	}
	if q.Text == "" {
		p.People.Note = view.People(l.List.People)
	}
	if name != nil {
		p.Name = *name
	}
	return s.page(w, r, status, l.List.Name, "contacts", view.ListPage(p))
}

// renameForm is the name of a list, as typed.
type renameForm struct {
	Name string `form:"name"`
}

func (s *Server) renameList(w http.ResponseWriter, r *http.Request) error {
	list, err := id(r, "list")
	if err != nil {
		return err
	}
	f, err := Form[renameForm](r)
	if err != nil {
		return err
	}
	err = s.App.RenameList(r.Context(), actor(r), list, f.Name)
	var mistakes sms.Problems
	if errors.As(err, &mistakes) {
		return s.showList(w, r, http.StatusUnprocessableEntity, &f.Name, mistakes)
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Renamed."})
	return Redirect(w, r, r.URL.Path)
}

// newListForm is a new list, as typed.
type newListForm struct {
	Name    string `form:"name"`
	Country string `form:"country"`
	Consent string `form:"consent"`
	Note    string `form:"note"`
	Token   string `form:"token"`
}

func (s *Server) newListPage(w http.ResponseWriter, r *http.Request) error {
	return s.showNewList(w, r, http.StatusOK, newListForm{Country: visit(r).Tenant.Country, Token: s.newToken()}, nil)
}

func (s *Server) showNewList(w http.ResponseWriter, r *http.Request, status int, f newListForm, mistakes sms.Problems) error {
	body := view.NewListPage(view.NewListProps{Base: contactsPath(r), Token: f.Token, Form: f.list(), Mistakes: mistakes, Problems: Summary(mistakes)})
	return s.page(w, r, status, "New list", "contacts", body)
}

func (f newListForm) list() sms.ListForm {
	return sms.ListForm{Name: f.Name, Country: f.Country, Consent: f.Consent, Note: f.Note}
}

func (s *Server) newList(w http.ResponseWriter, r *http.Request) error {
	f, err := Form[newListForm](r)
	if err != nil {
		return err
	}
	list, err := s.App.NewList(r.Context(), actor(r), f.list(), f.Token)
	var mistakes sms.Problems
	if errors.As(err, &mistakes) {
		return s.showNewList(w, r, http.StatusUnprocessableEntity, f, mistakes)
	}
	if err != nil {
		return err
	}
	return Redirect(w, r, contactsPath(r)+"/lists/"+list.String())
}

// deleteListPage asks before a list is deleted.
func (s *Server) deleteListPage(w http.ResponseWriter, r *http.Request) error {
	list, err := id(r, "list")
	if err != nil {
		return err
	}
	d, err := s.App.ListDeletion(r.Context(), actor(r), list)
	if err != nil {
		return err
	}
	p := view.DeleteListProps{ListDeletion: d, Base: contactsPath(r), Here: contactsPath(r) + "/lists/" + list.String()}
	return s.page(w, r, http.StatusOK, "Delete "+d.List.Name, "contacts", view.DeleteListPage(p))
}

// deleteList takes a list away; one in use stays, and the page says why.
func (s *Server) deleteList(w http.ResponseWriter, r *http.Request) error {
	list, err := id(r, "list")
	if err != nil {
		return err
	}
	l, err := s.App.DeleteList(r.Context(), actor(r), list)
	if errors.Is(err, sms.ErrConflict) && sms.Words(err) != "" {
		SetFlash(w, r, view.Flash{Kind: view.Wait, Title: "The list stays.", Text: sms.Words(err)})
		return Redirect(w, r, contactsPath(r)+"/lists/"+list.String())
	}
	if err != nil {
		return err
	}
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "The list " + l.Name + " is deleted.", Text: "Its people stay in your contacts."})
	return Redirect(w, r, contactsPath(r))
}
