package generic

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"text/template/parse"
)

// template is a text with places for fields, in the notation of text/template and with nothing of
// it but {{.Field}}. What is put into a place is escaped for where it stands, always: whatever a
// message says, it stays a value.
type template []piece

type piece struct {
	text  string
	field string // or this
}

// The fields of a request. Those in freeFields are written by people and can hold anything.
var (
	requestFields = []string{
		"To", "From", "FromPlus", "Text", "ID", "Message", "ReceiptURL", "Seconds", "Minutes",
		"Encoding", "Timestamp", "Username", "Password",
	}
	headerFields  = []string{"To", "ID", "Message", "Timestamp", "Username"}
	signedFields  = []string{"Body", "Timestamp", "Method", "Path"}
	webhookFields = []string{"Body", "Timestamp"}
	numberFields  = []string{"Seconds", "Minutes", "Timestamp"}
)

var errTemplate = errors.New("only {{.Field}} with the fields that are offered")

// compile reads a template that may use these fields.
func compile(text string, fields []string) (template, error) {
	trees, err := parse.Parse("t", text, "", "")
	if err != nil {
		return nil, errTemplate
	}
	tree := trees["t"]
	if len(trees) > 1 || tree == nil || tree.Root == nil {
		if text != "" && len(trees) != 0 {
			return nil, errTemplate
		}
		return nil, nil
	}
	var out template
	for _, n := range tree.Root.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			out = append(out, piece{text: string(n.Text)})
		case *parse.ActionNode:
			f, ok := fieldOf(n)
			if !ok || !slices.Contains(fields, f) {
				return nil, errTemplate
			}
			out = append(out, piece{field: f})
		default:
			return nil, errTemplate
		}
	}
	return out, nil
}

func fieldOf(n *parse.ActionNode) (string, bool) {
	if len(n.Pipe.Decl) != 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 1 {
		return "", false
	}
	f, ok := n.Pipe.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(f.Ident) != 1 {
		return "", false
	}
	return f.Ident[0], true
}

// render fills the places; escape is that of where the template stands.
func (t template) render(escape func(string) string, value func(field string) string) string {
	var b strings.Builder
	for _, p := range t {
		if p.field == "" {
			b.WriteString(p.text)
		} else {
			b.WriteString(escape(value(p.field)))
		}
	}
	return b.String()
}

// raw is for what is hashed.
func raw(s string) string { return s }

// inJSON escapes for the inside of a JSON string.
func inJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string can always be written
	return strings.TrimSuffix(b.String(), "\n")[1 : b.Len()-2]
}

// inURL escapes for a value of a query or a form: all but letters, digits, - _ . ~ is coded.
func inURL(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// inHeader drops what would end a header.
func inHeader(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// probe is a value that breaks out of any place where it is not escaped right.
func probe(field string) string {
	if slices.Contains(numberFields, field) {
		return "7"
	}
	return `"}],&=?#/ \` + field
}

// keepsJSON reports whether every place of a JSON template is inside a string (or takes a number):
// then escaping holds whatever stands there.
func (t template) keepsJSON() bool {
	var v any
	if json.Unmarshal([]byte(t.render(inJSON, probe)), &v) != nil {
		return false
	}
	want := 0
	for _, p := range t {
		if p.field != "" && !slices.Contains(numberFields, p.field) {
			want++
		}
	}
	return probes(v) == want
}

// probes counts the probes in the string values of v, but not in the names of objects.
func probes(v any) (n int) {
	switch v := v.(type) {
	case string:
		return strings.Count(v, probe(""))
	case []any:
		for _, x := range v {
			n += probes(x)
		}
	case map[string]any:
		for _, x := range v {
			n += probes(x)
		}
	}
	return n
}

// keepsForm reports whether every place of a form or query is a value or a part of one.
func (t template) keepsForm() bool {
	form, err := url.ParseQuery(t.render(inURL, probe))
	if err != nil {
		return false
	}
	for name := range form {
		if name == "" || strings.Contains(name, probe("")) {
			return false
		}
	}
	return true
}

// keepsPath reports whether every place of an address is in a value of its query.
func (t template) keepsPath() bool {
	if len(t) == 0 || slices.ContainsFunc(t, func(p piece) bool { return strings.Contains(p.text, "#") }) {
		return false
	}
	before, query, asks := strings.Cut(t[0].text, "?")
	if !strings.HasPrefix(before, "/") || strings.HasPrefix(before, "//") || len(t) > 1 && !asks {
		return false
	}
	if _, err := url.ParseRequestURI(before); err != nil {
		return false
	}
	return append(template{{text: query}}, t[1:]...).keepsForm()
}
