package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// ListsPage is the lists of an account.
type ListsPage struct {
	Tenant sms.Tenant
	Lists  []sms.List
}

// Lists shows the lists of the account, by name.
func (a *App) Lists(ctx context.Context, who sms.Actor) (ListsPage, error) {
	var out ListsPage
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if out.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		out.Lists, err = tx.Lists(ctx)
		return err
	})
	return out, err
}

// ListNames names the lists of the account, for choosing.
func (a *App) ListNames(ctx context.Context, who sms.Actor) ([]sms.ListName, error) {
	var out []sms.ListName
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		out, err = tx.ListNames(ctx)
		return err
	})
	return out, err
}

// ListHead shows a list without what is counted of it: who is left out, and when it was used.
func (a *App) ListHead(ctx context.Context, who sms.Actor, id sms.ID) (sms.List, error) {
	var out sms.List
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		out, err = tx.ListHead(ctx, id)
		return err
	})
	return out, wrap("list", id, err)
}

// ListPage is one list and a page of its people.
type ListPage struct {
	Tenant sms.Tenant
	List   sms.List
	People PeoplePage
}

// List shows a list and the people of it whom q looks for.
func (a *App) List(ctx context.Context, who sms.Actor, id sms.ID, q PeopleQuery) (ListPage, error) {
	var out ListPage
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if out.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		if out.List, err = tx.List(ctx, id); err != nil {
			return err
		}
		out.People, err = people(ctx, tx, who, q, id, out.List.Country)
		return err
	})
	return out, wrap("list", id, err)
}

// NewList makes an empty list. The same token gives the same list.
func (a *App) NewList(ctx context.Context, who sms.Actor, f sms.ListForm, token string) (sms.ID, error) {
	l, err := f.List()
	if err != nil {
		return sms.ID{}, err
	}
	l.CreatedAt = a.Now()
	l.ID = sms.NewID(l.CreatedAt)
	err = a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		return a.once(ctx, tx, token, "new_list", &l.ID, func() error {
			if err := tx.AddList(ctx, l); err != nil {
				return err
			}
			after := map[string]any{"name": l.Name, "country": l.Country, "consent": sms.ConsentWords(l.ConsentSource, l.ConsentNote)}
			return a.audit(ctx, tx, who, "new_list", "list "+l.ID.String(), nil, after, "")
		})
	})
	return l.ID, named(l.Name, err)
}

// RenameList gives a list another name.
func (a *App) RenameList(ctx context.Context, who sms.Actor, id sms.ID, typed string) error {
	name, err := sms.CleanListName(typed)
	if err != nil {
		return err
	}
	err = a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		if err := tx.LockList(ctx, id); err != nil {
			return err
		}
		l, err := tx.ListHead(ctx, id)
		if err != nil || l.Name == name {
			return err
		}
		if err := tx.RenameList(ctx, id, name); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "rename_list", "list "+id.String(), map[string]any{"name": l.Name}, map[string]any{"name": name}, "")
	})
	return wrap("rename list", id, named(name, err))
}

// named puts a name that is taken beside its field.
func named(name string, err error) error {
	if postgres.IsConstraint(err, "list_name") {
		return sms.NameTaken(name)
	}
	return err
}

// ListDeletion is what deleting a list would do, or why it cannot be.
type ListDeletion struct {
	List    sms.List
	Drafts  int    // campaigns in writing that lose it
	Refused string // in words, or ""
}

// ListDeletion looks at what deleting a list would do.
func (a *App) ListDeletion(ctx context.Context, who sms.Actor, id sms.ID) (ListDeletion, error) {
	var out ListDeletion
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) (err error) {
		out, err = deletion(ctx, tx, id)
		return err
	})
	return out, wrap("list deletion", id, err)
}

func deletion(ctx context.Context, tx *postgres.Tx, id sms.ID) (ListDeletion, error) {
	l, err := tx.ListHead(ctx, id)
	if err != nil {
		return ListDeletion{}, err
	}
	use, err := tx.ListUse(ctx, id)
	return ListDeletion{List: l, Drafts: use.Drafts, Refused: refusal(use)}, err
}

// refusal says why a list stays, or "".
func refusal(u postgres.ListUse) string {
	switch {
	case u.Session != "":
		return u.Session + " uses this list and is under way (" + strings.ToLower(u.State.Words()[:1]) + u.State.Words()[1:] +
			"). Delete the list when that is over, or cancel the sending first."
	case u.Import != "":
		return "The import of " + u.Import + " goes into this list. Finish or cancel it first."
	}
	return ""
}

// DeleteList takes a list away; its people stay. A list that a sending under way or an import uses stays, too.
func (a *App) DeleteList(ctx context.Context, who sms.Actor, id sms.ID) (sms.List, error) {
	var l sms.List
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		if err := tx.LockList(ctx, id); err != nil {
			return err
		}
		d, err := deletion(ctx, tx, id)
		if err != nil {
			return err
		}
		if d.Refused != "" {
			return sms.Conflict(d.Refused)
		}
		l = d.List
		if err := tx.DeleteList(ctx, id); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "delete_list", "list "+id.String(), map[string]any{"name": l.Name, "people": l.People}, nil, "")
	})
	return l, wrap("delete list", id, err)
}

// listsInWords names lists and says how their people agreed.
func listsInWords(lists []sms.List) (names, consent string) {
	var name, how []string
	for _, l := range lists {
		name = append(name, l.Name)
		if w := sms.ConsentWords(l.ConsentSource, l.ConsentNote); w != "" && !slices.Contains(how, w) {
			how = append(how, w)
		}
	}
	return strings.Join(name, ", "), strings.Join(how, ", ")
}

// none is nil where err says that something is not there.
func none(err error) error {
	if errors.Is(err, sms.ErrNotFound) {
		return nil
	}
	return err
}
