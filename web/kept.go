package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"tidings/internal/sms"
	"tidings/web/view"
)

// mostKept is the largest form that is kept over a sign-in, in bytes.
const mostKept = 200 << 10

// keptForm is a form that came while signed out.
type keptForm struct {
	Path   string
	Fields []view.KeptField
}

// keep packs the form of a request for the sign-in page, so that nothing typed is
// lost. It is "" for files and for what is too large.
func keep(r *http.Request) string {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.ParseForm() != nil {
		return ""
	}
	k := keptForm{Path: r.URL.RequestURI()}
	size := 0
	for name, values := range r.PostForm {
		if strings.HasPrefix(name, sms.SecretInput) {
			continue // it would stand in a page
		}
		for _, v := range values {
			k.Fields = append(k.Fields, view.KeptField{Name: name, Value: v})
			size += len(name) + len(v)
		}
	}
	if len(k.Fields) == 0 || len(k.Fields) > mostFields || size > mostKept || r.URL.Path == "/sign-out" {
		return ""
	}
	// Values of one name keep their order; names are sorted, as a map has none.
	slices.SortStableFunc(k.Fields, func(a, b view.KeptField) int { return strings.Compare(a.Name, b.Name) })
	b, err := json.Marshal(k)
	if err != nil {
		return "" // strings always encode
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// kept unpacks what keep packed. It has been in a browser since, so it may only
// lead to a page of this site, and a person presses the button.
func kept(s string) (path string, fields []view.KeptField, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || s == "" {
		return "", nil, false
	}
	var k keptForm
	if json.Unmarshal(b, &k) != nil || len(k.Fields) == 0 || len(k.Fields) > mostFields || Local(k.Path) != k.Path || k.Path == "/" {
		return "", nil, false
	}
	return k.Path, k.Fields, true
}
