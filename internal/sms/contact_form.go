package sms

import (
	"errors"
	"maps"
	"strconv"
	"unicode/utf8"
)

// ContactForm is what is known of a person, as typed. Keys and Values go together.
type ContactForm struct {
	FirstName, LastName string
	Keys, Values        []string
	NewKey, NewValue    string
}

// Apply puts the form over a contact, or says what is wrong: in the fields first_name, last_name, value-0 and so
// on, new_key and new_value. An empty value takes a field away; one that the form does not have stays.
func (f ContactForm) Apply(c *Contact) error {
	var p Problems
	name := func(field, typed string) string {
		s := CleanLine(typed)
		if n := utf8.RuneCountInString(s); n > MaxName {
			p.Add(field, "Use 100 characters or fewer. It has "+figure(n))
		}
		return s
	}
	value := func(field, typed string) string {
		s := CleanLine(typed)
		if n := utf8.RuneCountInString(s); n > MaxField {
			p.Add(field, "Use 200 characters or fewer. It has "+figure(n))
		}
		return s
	}
	out := *c
	out.FirstName, out.LastName = name("first_name", f.FirstName), name("last_name", f.LastName)
	out.Fields = maps.Clone(c.Fields)
	if out.Fields == nil {
		out.Fields = map[string]string{}
	}
	for i, key := range f.Keys {
		if i >= len(f.Values) || FieldKeyProblem(key) != "" {
			continue // not of this form
		}
		if v := value("value-"+strconv.Itoa(i), f.Values[i]); v != "" {
			out.Fields[key] = v
		} else {
			delete(out.Fields, key)
		}
	}
	f.addNew(&out, &p, value)
	if err := p.Err(); err != nil {
		return err
	}
	*c = out
	return nil
}

// addNew adds the field that was named in the form.
func (f ContactForm) addNew(c *Contact, p *Problems, value func(field, typed string) string) {
	key, v := CleanLine(f.NewKey), value("new_value", f.NewValue)
	if key == "" && v == "" {
		return
	}
	switch problem := FieldKeyProblem(key); {
	case problem != "":
		p.Add("new_key", problem)
	case c.Fields[key] != "":
		p.Add("new_key", "There is a field "+key+" already. Change it above")
	case v == "":
		p.Add("new_value", "Enter a value for "+key)
	default:
		c.Fields[key] = v
	}
}

// ListForm is a new list, as typed.
type ListForm struct {
	Name, Country, Consent, Note string
}

// List cleans the form, or says what is wrong in the fields name, country, consent and note.
func (f ListForm) List() (List, error) {
	l := List{Country: f.Country, ConsentSource: f.Consent, ConsentNote: CleanLine(f.Note)}
	var p Problems
	name, err := CleanListName(f.Name)
	if err != nil {
		p.Add("name", problemOf(err, "name"))
	}
	l.Name = name
	if text := CountryProblem(f.Country); text != "" {
		p.Add("country", text)
	}
	if field, text := ConsentProblem(f.Consent, f.Note); field != "" {
		p.Add(field, text)
	}
	return l, p.Err()
}

// problemOf is the sentence of err about field.
func problemOf(err error, field string) string {
	var p Problems
	if errors.As(err, &p) {
		return p.For(field)
	}
	return ""
}

// NameTaken says that another list has the name, in field "name".
func NameTaken(name string) error {
	var p Problems
	p.Add("name", "You already have a list called "+name)
	return p
}

// ConsentWords is how people agreed, in words: "A contract", "Otherwise: asked at the desk".
func ConsentWords(source, note string) string {
	name := ConsentName(source)
	if name == "" {
		name = source
	}
	switch {
	case name == "":
		return note
	case note == "":
		return name
	}
	return name + ": " + note
}
