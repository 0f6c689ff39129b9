package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// peoplePage is how many people a page shows.
const peoplePage = 50

// mostMessages is how many messages the page of a person shows.
const mostMessages = 20

// PeopleQuery is whom somebody looks for, and from where in the list.
type PeopleQuery struct {
	Text string
	From sms.ContactPlace
	Back bool
}

// PeoplePage is a page of people, and whether others stand before and after it.
type PeoplePage struct {
	Found      []sms.ListedContact
	Prev, Next bool
}

// People shows the people of the account whom q looks for, by name or number.
func (a *App) People(ctx context.Context, who sms.Actor, q PeopleQuery) (PeoplePage, error) {
	var out PeoplePage
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) error {
		tenant, err := tx.OwnTenant(ctx)
		if err != nil {
			return err
		}
		out, err = people(ctx, tx, who, q, sms.ID{}, tenant.Country)
		return err
	})
	return out, err
}

// people reads one person more than a page, to know whether another follows.
func people(ctx context.Context, tx *postgres.Tx, who sms.Actor, q PeopleQuery, list sms.ID, country string) (PeoplePage, error) {
	f := sms.ContactFilter{
		List: list, Search: sms.ParseContactSearch(q.Text, country, who.Can(sms.RightNumbers)), From: q.From, Back: q.Back, Limit: peoplePage + 1,
	}
	found, err := tx.Contacts(ctx, f)
	if err != nil {
		return PeoplePage{}, err
	}
	started := q.From != sms.ContactPlace{}
	more := len(found) > peoplePage
	switch {
	case !q.Back:
		return PeoplePage{Found: found[:min(len(found), peoplePage)], Prev: started, Next: more}, nil
	case more:
		found = found[1:] // the farthest from where we come
	}
	return PeoplePage{Found: found, Prev: more, Next: true}, nil
}

// ContactPage is all that is known of a person.
type ContactPage struct {
	Tenant   sms.Tenant
	Contact  sms.Contact
	Lists    []sms.ListName
	LeftOut  *sms.Suppression // nil: gets messages
	Messages []sms.SentMessage
	More     bool // there are older messages
}

// Contact shows a person.
func (a *App) Contact(ctx context.Context, who sms.Actor, id sms.ID) (ContactPage, error) {
	var out ContactPage
	err := a.as(ctx, who, sms.RightSee, func(tx *postgres.Tx) (err error) {
		if out.Contact, err = tx.Contact(ctx, id); err != nil {
			return err
		}
		if out.Tenant, err = tx.OwnTenant(ctx); err != nil {
			return err
		}
		if out.Lists, err = tx.ContactLists(ctx, id); err != nil {
			return err
		}
		if out.Messages, err = tx.ContactMessages(ctx, out.Contact.Hash, mostMessages+1); err != nil {
			return err
		}
		if out.More = len(out.Messages) > mostMessages; out.More {
			out.Messages = out.Messages[:mostMessages]
		}
		s, err := tx.Suppression(ctx, out.Contact.Hash)
		if err == nil {
			out.LeftOut = &s
		}
		return none(err)
	})
	return out, wrap("contact", id, err)
}

// ChangeContact writes a person's names and fields.
func (a *App) ChangeContact(ctx context.Context, who sms.Actor, id sms.ID, f sms.ContactForm) error {
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		was, err := tx.LockContact(ctx, id)
		if err != nil {
			return err
		}
		is := was
		if err := f.Apply(&is); err != nil {
			return err
		}
		if is.FirstName == was.FirstName && is.LastName == was.LastName && maps.Equal(is.Fields, was.Fields) {
			return nil
		}
		is.UpdatedAt = a.Now()
		if err := tx.SaveContact(ctx, is); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "change_contact", "contact "+id.String(), auditContact(was), auditContact(is), "")
	})
	return wrap("change contact", id, err)
}

// auditContact is what the audit keeps of a person: no number.
func auditContact(c sms.Contact) map[string]any {
	out := map[string]any{"first_name": c.FirstName, "last_name": c.LastName}
	for k, v := range c.Fields {
		out["field "+k] = v
	}
	return out
}

// RemoveFromList takes a person out of one list. Who is not in it any more is left alone.
func (a *App) RemoveFromList(ctx context.Context, who sms.Actor, contact, list sms.ID) (sms.ListName, error) {
	var out sms.ListName
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		if _, err := tx.Contact(ctx, contact); err != nil {
			return err
		}
		lists, err := tx.ContactLists(ctx, contact)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(lists, func(l sms.ListName) bool { return l.ID == list })
		if at < 0 {
			l, err := tx.ListHead(ctx, list)
			out = sms.ListName{ID: l.ID, Name: l.Name}
			return err
		}
		out = lists[at]
		gone, err := tx.RemoveMember(ctx, list, contact)
		if err != nil || !gone {
			return err
		}
		return a.audit(ctx, tx, who, "remove_from_list", "contact "+contact.String(), map[string]any{"list": out.Name}, nil, "")
	})
	return out, wrap("remove from list", contact, err)
}

// ExcludeContact suppresses a person by hand: no message goes to the number any more, also after another import.
// Who is left out already stays so, for the first reason.
func (a *App) ExcludeContact(ctx context.Context, who sms.Actor, id sms.ID) error {
	err := a.as(ctx, who, sms.RightContacts, func(tx *postgres.Tx) error {
		c, err := tx.LockContact(ctx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Suppression(ctx, c.Hash); err == nil {
			return nil
		} else if none(err) != nil {
			return err
		}
		source := fmt.Sprintf("by hand, %s", who.Name)
		if _, err := tx.AddSuppression(ctx, sms.Suppression{Hash: c.Hash, Kind: sms.SuppressionExcluded, Number: c.Number, Source: source, By: &who.User}); err != nil {
			return err
		}
		return a.audit(ctx, tx, who, "exclude_contact", "contact "+id.String(), nil, map[string]any{"left_out": "excluded"}, "")
	})
	return wrap("exclude contact", id, err)
}
