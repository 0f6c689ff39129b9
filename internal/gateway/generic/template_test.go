package generic

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"tidings/internal/gateway"
	"tidings/internal/sms"
)

// A template with a place that escaping could not hold is not taken.
func TestTemplatesRefused(t *testing.T) {
	for _, tt := range []struct{ field, kind, text string }{
		{"body", "json", `{"t":{{.Text}}}`},
		{"body", "json", `{"to":{{.To}}}`},
		{"body", "json", `{"{{.Text}}":"x"}`},
		{"body", "json", `{"t":"{{.Text}}"`},
		{"body", "json", `{{.Text}}`},
		{"body", "json", `{"t":"{{.Secret}}"}`},
		{"body", "json", `{"t":"{{printf "%s" .Text}}"}`},
		{"body", "json", `{"t":"{{if .Text}}x{{end}}"}`},
		{"body", "json", `{"t":"{{range .Text}}x{{end}}"}`},
		{"body", "json", `{"t":"{{.Text.X}}"}`},
		{"body", "json", `{"t":"{{$x := .Text}}"}`},
		{"body", "json", `{"t":"{{.}}"}`},
		{"body", "json", `{"t":"{{"}`},
		{"body", "json", `{"t":"{{define "x"}}{{end}}"}`},
		{"body", "form", `{{.Text}}=1`},
		{"body", "form", `a=1&{{.Text}}`},
		{"body", "form", `a;b={{.Text}}`},
		{"path", "", `{{.Text}}`},
		{"path", "", `/{{.Text}}`},
		{"path", "", `/send/{{.To}}?x=1`},
		{"path", "", `/send?{{.Text}}=1`},
		{"path", "", `/send#{{.Text}}`},
		{"path", "", `//other.example/?t={{.Text}}`},
		{"path", "", `@other.example/?t={{.Text}}`},
		{"path", "", ``},
		{"headers", "", `{{.Text}}`},
		{"headers", "", `{{.Password}}`},
		{"headers", "", `{{.From}}`},
	} {
		set := map[string]any{"base_url": "https://a.example", "path": "/", "answer": map[string]any{"id": "id"}}
		set[tt.field] = tt.text
		if tt.field == "headers" {
			set["headers"] = map[string]string{"X-A": tt.text}
		}
		if tt.kind != "" {
			set["body_kind"] = tt.kind
		}
		b, _ := json.Marshal(set)
		_, err := New("x", b, testSecrets, Options{})
		var p sms.Problems
		if !errors.As(err, &p) || p.For(tt.field) == "" {
			t.Errorf("%s %q: %v", tt.field, tt.text, err)
		}
	}
}

const (
	jsonBody = `{"base_url":"https://a.example","path":"/send?to={{.To}}&text={{.Text}}&z=1","answer":{"id":"id"},
		"headers":{"X-To":"{{.To}} {{.ID}}"},"body":"{\"a\":[\"<{{.Text}}>\",{\"b\":\"{{.Text}}\"}],\"n\":{{.Seconds}},\"from\":\"{{.From}}\"}"}`
	formBody = `{"base_url":"https://a.example","path":"/send","answer":{"id":"id"},"body_kind":"form",
		"body":"text={{.Text}}&from={{.From}}&z=pre{{.Text}}post"}`
)

// Whatever a text says, it is the value of its place and nothing else changes.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"Hello", `"}],"to":"+447700900009`, `\`, `\"`, "a&to=1", "a=b#c?d/e", "\r\nX-Evil: 1", "\x00\x1f\x7f", "é€😀", "\u2028</script>",
		"%22%7d", "+ +", "{{.Password}}", "\xff\xfe", "../..", ";", strings.Repeat("x", 5000),
	} {
		f.Add(s, "TIDINGS")
		f.Add("Hello", s)
	}
	j, form := newGateway(f, jsonBody, ""), newGateway(f, formBody, "")
	f.Fuzz(func(t *testing.T, text, from string) {
		if !utf8.ValidString(text) || !utf8.ValidString(from) {
			text, from = strings.ToValidUTF8(text, "\uFFFD"), strings.ToValidUTF8(from, "\uFFFD")
		}
		m := gateway.Outbound{To: "447700900001", Text: text, From: from}
		r, body := request(t, j, m)
		var got any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%q: %v in %s", text, err, body)
		}
		sender := strings.TrimPrefix(from, "+")
		want := map[string]any{"a": []any{"<" + text + ">", map[string]any{"b": text}}, "n": 172800.0, "from": sender}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %s", text, body)
		}
		if q := (url.Values{"to": {"447700900001"}, "text": {text}, "z": {"1"}}); !reflect.DeepEqual(r.URL.Query(), q) || r.URL.Path != "/send" || r.URL.Host != "a.example" {
			t.Fatalf("%q became %s", text, r.URL)
		}
		_, body = request(t, form, m)
		values, err := url.ParseQuery(body)
		if q := (url.Values{"text": {text}, "from": {sender}, "z": {"pre" + text + "post"}}); err != nil || !reflect.DeepEqual(values, q) {
			t.Fatalf("%q became %s", text, body)
		}
	})
}

// A header cannot be ended by what is put into it.
func TestHeaders(t *testing.T) {
	r, _ := request(t, newGateway(t, jsonBody, ""), gateway.Outbound{To: "44\r\nX-Evil: 1", Tenant: 1, Session: 2, N: 3, Attempt: 4})
	if got := r.Header.Get("X-To"); got != "44X-Evil: 1 t1-2-3-4" || r.Header.Get("X-Evil") != "" {
		t.Errorf("%q", got)
	}
}
