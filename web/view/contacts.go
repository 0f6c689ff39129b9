package view

import (
	"net/url"
	"slices"
	"time"

	"tidings/internal/app"
	"tidings/internal/sms"
	"tidings/internal/sms/phone"
)

// ContactsProps is the page of lists, or of the people found in a search.
type ContactsProps struct {
	app.ListsPage
	Base    string // "/a/nordfare/contacts"
	OptOuts string // where they are listed
	Text    string // searched for
	People  PeopleProps
	Imports []sms.Import // the newest; nil for who may not import
	MayEdit bool
}

// PeopleProps is a page of a list of people.
type PeopleProps struct {
	app.PeoplePage
	Base    string // of the contacts
	Here    string // address of the list, without query
	Text    string // searched for
	Numbers bool   // seen in full
	Note    string // "18,214 people"
}

// query is the address of this list with the search.
func (p PeopleProps) query(more url.Values) string {
	q := url.Values{}
	if p.Text != "" {
		q.Set("q", p.Text)
	}
	for k, v := range more {
		q[k] = v
	}
	if len(q) == 0 {
		return p.Here
	}
	return p.Here + "?" + q.Encode()
}

func (p PeopleProps) pager() PagerProps {
	out := PagerProps{NewerLabel: "Previous", OlderLabel: "Next", Note: p.Note}
	if len(p.Found) == 0 {
		if p.Prev {
			out.Newer, out.NewerLabel = p.query(nil), "First page"
		}
		return out
	}
	at := func(dir string, x sms.ContactPlace) url.Values {
		q := url.Values{dir: {x.ID.String()}}
		if x.Key != "" {
			q.Set("key", x.Key)
		}
		return q
	}
	if p.Prev {
		out.Newer = p.query(at("before", p.Found[0].Place))
	}
	if p.Next {
		out.Older = p.query(at("after", p.Found[len(p.Found)-1].Place))
	}
	return out
}

func (p PeopleProps) person(c sms.ListedContact) string { return p.Base + "/people/" + c.ID.String() }

// nameOf is what a person is called, or his number.
func (p PeopleProps) nameOf(c sms.Contact) string { return or(c.Name(), c.Shown(p.Numbers)) }

func (p ContactsProps) list(l sms.List) string { return p.Base + "/lists/" + l.ID.String() }

// day writes a day in the zone of the account.
func (p ContactsProps) day(t time.Time) string { return Date(sms.In(t, p.Tenant.Zone)) }

func (p ContactsProps) used(l sms.List) string {
	if l.UsedAt == nil {
		return "Never"
	}
	return p.day(*l.UsedAt)
}

// short is the rest of a list's line on a small screen.
func (p ContactsProps) short(l sms.List) string {
	if l.LeftOut == 0 {
		return People(l.People)
	}
	return People(l.People) + ", " + Num(l.Reachable()) + " can be reached"
}

// ListProps is the page of a list.
type ListProps struct {
	app.ListPage
	Base       string // of the contacts
	Here       string // of the list
	Campaigns  string // where a campaign to it is begun
	People     PeopleProps
	Name       string // as typed
	Mistakes   sms.Problems
	MayEdit    bool
	MayCompose bool
}

func (p ListProps) facts() []Fact {
	day := func(t time.Time) string { return Date(sms.In(t, p.Tenant.Zone)) }
	used := "Never"
	if p.List.UsedAt != nil {
		used = day(*p.List.UsedAt)
	}
	return []Fact{
		{"Country", phone.CountryName(p.List.Country)},
		{"How they agreed", or(sms.ConsentWords(p.List.ConsentSource, p.List.ConsentNote), "Nobody said")},
		{"Last used", used},
		{"Created", day(p.List.CreatedAt)},
	}
}

// NewListProps is the form of a new list.
type NewListProps struct {
	Base, Token string
	Form        sms.ListForm
	Mistakes    sms.Problems
	Problems    []Problem
}

// DeleteListProps is the list that is asked about.
type DeleteListProps struct {
	app.ListDeletion
	Base, Here string
}

func (p DeleteListProps) sentence() []Phrase {
	s := []Phrase{T("Delete the list "), B(p.List.Name), T("? ")}
	if p.List.People == 0 {
		return append(s, T("Nobody is in it."))
	}
	return append(s, T("Its "), B(People(p.List.People)), T(" "+Plural(p.List.People, "stays", "stay")+" in your contacts, and in other lists."))
}

// countries are the choices of a country, the account's first.
func countries() []Option {
	out := []Option{{Value: "", Label: "Choose a country"}}
	for _, c := range phone.Countries() {
		out = append(out, Option{Value: c.Code, Label: c.Name + " (+" + plainInt(c.Calling) + ")"})
	}
	return out
}

// consents are the choices of how people agreed.
func consents() []Option {
	out := []Option{{Value: "", Label: "Choose how they agreed"}}
	for _, c := range sms.Consents() {
		out = append(out, Option{Value: c.Key, Label: c.Name})
	}
	return out
}

// ContactProps is the page of a person.
type ContactProps struct {
	app.ContactPage
	Base, Here string // of the contacts, of the person
	Campaigns  string // address of the campaigns
	Form       sms.ContactForm
	Mistakes   sms.Problems
	Problems   []Problem
	MayEdit    bool
	Numbers    bool
}

// ContactForm is what is known of a person, as a form has it.
func ContactForm(c sms.Contact) sms.ContactForm {
	f := sms.ContactForm{FirstName: c.FirstName, LastName: c.LastName}
	for k := range c.Fields {
		f.Keys = append(f.Keys, k)
	}
	slices.Sort(f.Keys)
	for _, k := range f.Keys {
		f.Values = append(f.Values, c.Fields[k])
	}
	return f
}

func (p ContactProps) number() string { return p.Contact.Shown(p.Numbers) }

// Title is what a person is called, or the number.
func (p ContactProps) Title() string { return or(p.Contact.Name(), p.number()) }

func (p ContactProps) at(t time.Time) string { return When(sms.In(t, p.Tenant.Zone)) }

func (p ContactProps) facts() []Fact {
	return []Fact{
		{"Country", phone.CountryName(p.Contact.Country)},
		{"Added", Date(sms.In(p.Contact.CreatedAt, p.Tenant.Zone))},
		{"Changed", Date(sms.In(p.Contact.UpdatedAt, p.Tenant.Zone))},
	}
}

// leftOut says why and since when a person gets no messages.
func (p ContactProps) leftOut() string {
	s := p.LeftOut
	out := "Since " + LongWhen(sms.In(s.At, p.Tenant.Zone))
	if s.Source != "" {
		out += ", " + s.Source
	}
	return out + "."
}

// when is when a message left, or its session began.
func (p ContactProps) when(m sms.SentMessage) string {
	if m.First != nil {
		return p.at(*m.First)
	}
	return p.at(m.Began)
}

// messageMark is the drawing of a message's state.
func messageMark(s sms.MessageState) string {
	switch s {
	case sms.MessageDelivered:
		return "completed"
	case sms.MessageUndelivered, sms.MessageExpired, sms.MessageRejected, sms.MessageMissed:
		return "refused"
	case sms.MessageSuppressed, sms.MessageCancelled, sms.MessagePresumedUnsent:
		return "cancelled"
	case sms.MessagePending:
		return "scheduled"
	}
	return "sending"
}

// RemoveProps asks before a person leaves a list.
type RemoveProps struct {
	Base, Here, Name string
	List             sms.ListName
}

// ExcludeProps asks before a person is excluded.
type ExcludeProps struct {
	Base, Here, Name string
}
