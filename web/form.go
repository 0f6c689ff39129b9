package web

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
)

// mostFields is how many values a form may have (security.md, limits).
const mostFields = 200

// Form reads a form into a struct whose fields are string, []string or bool, named by the tag form:"name". Text
// is kept as typed, with line ends as \n and without what no text has (broken UTF-8, NUL). A missing field is
// empty; a bool is whether the box was ticked. What values mean is for sms to say.
func Form[T any](r *http.Request) (T, error) { return form[T](r, mostFields) }

// form is Form with another limit, for forms that have a question for each part of something.
func form[T any](r *http.Request, most int) (T, error) {
	var out T
	if err := r.ParseForm(); err != nil {
		return out, badForm(err)
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := r.ParseMultipartForm(bodyLimit); err != nil {
			return out, badForm(err)
		}
	}
	n := 0
	for _, v := range r.Form {
		n += len(v)
	}
	if n > most {
		return out, Status{Code: http.StatusBadRequest, Text: "The form has too many fields."}
	}
	v := reflect.ValueOf(&out).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("form")
		if name == "" {
			continue
		}
		fill(v.Field(i), r.Form[name])
	}
	return out, nil
}

// badForm keeps the error of a body that is too large, which has a page of its own.
func badForm(err error) error {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return err
	}
	return Status{Code: http.StatusBadRequest}
}

func fill(field reflect.Value, values []string) {
	switch field.Kind() {
	case reflect.String:
		if len(values) > 0 {
			field.SetString(clean(values[0]))
		}
	case reflect.Bool:
		field.SetBool(len(values) > 0 && values[0] != "" && values[0] != "false")
	case reflect.Slice:
		for _, s := range values {
			field.Set(reflect.Append(field, reflect.ValueOf(clean(s))))
		}
	default:
		panic("web.Form: a field is neither string, []string nor bool")
	}
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "")

func clean(s string) string { return lineEnds.Replace(strings.ToValidUTF8(s, "\uFFFD")) }
