package sms

import (
	"errors"
	"sort"
	"strings"
)

// The kinds of errors that are not faults of ours. Everything else is a fault:
// logged in full and shown to people as a reference number.
var (
	// ErrNotFound: it is not there, or it is another tenant's, which is the same.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: the actor's role does not allow it.
	ErrForbidden = errors.New("forbidden")
	// ErrConflict: it was true a moment ago and is no longer, or somebody was faster.
	ErrConflict = errors.New("conflict")
	// ErrUnavailable: something outside us is away; trying again later may work.
	ErrUnavailable = errors.New("unavailable")
)

// Sentence is an error of one of the kinds above with words for people.
type Sentence struct {
	Kind error
	Text string
}

// Error returns the sentence and its kind.
func (s *Sentence) Error() string { return s.Text + ": " + s.Kind.Error() }

// Unwrap returns the kind, so that errors.Is(err, ErrConflict) holds.
func (s *Sentence) Unwrap() error { return s.Kind }

// Conflict is an ErrConflict that says in plain words what happened.
func Conflict(text string) error { return &Sentence{Kind: ErrConflict, Text: text} }

// Forbidden is an ErrForbidden that says in plain words who can help.
func Forbidden(text string) error { return &Sentence{Kind: ErrForbidden, Text: text} }

// NotFound is an ErrNotFound that says in plain words what is missing.
func NotFound(text string) error { return &Sentence{Kind: ErrNotFound, Text: text} }

// Unavailable is an ErrUnavailable that says in plain words what is away.
func Unavailable(text string) error { return &Sentence{Kind: ErrUnavailable, Text: text} }

// Words returns the sentence for people inside err, or "" when there is none.
func Words(err error) string {
	var s *Sentence
	if errors.As(err, &s) {
		return s.Text
	}
	return ""
}

// Problem is one mistake in a form: the field's name and what to do about it.
type Problem struct {
	Field string
	Text  string
}

// Problems are the mistakes of one form, in the order of the form. It is an
// error; a page shows it with status 422 and everything typed kept.
type Problems []Problem

// Error lists the mistakes.
func (p Problems) Error() string {
	parts := make([]string, len(p))
	for i, x := range p {
		parts[i] = x.Field + ": " + x.Text
	}
	sort.Strings(parts)
	return "problems: " + strings.Join(parts, "; ")
}

// Add notes a mistake in field.
func (p *Problems) Add(field, text string) { *p = append(*p, Problem{field, text}) }

// For returns the words for field, or "".
func (p Problems) For(field string) string {
	for _, x := range p {
		if x.Field == field {
			return x.Text
		}
	}
	return ""
}

// Err returns p as an error, or nil when there are no mistakes.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
