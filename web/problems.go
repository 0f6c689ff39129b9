package web

import (
	"tidings/internal/sms"
	"tidings/web/view"
)

// Summary is the list of mistakes for the top of a form that comes back.
func Summary(problems sms.Problems) []view.Problem {
	out := make([]view.Problem, len(problems))
	for i, p := range problems {
		out[i] = view.Problem{Field: p.Field, Text: p.Text}
	}
	return out
}
