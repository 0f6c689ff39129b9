package generic

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

var errBody = errors.New("this is not what the settings of this gateway describe")

// decode reads one JSON value; numbers stay as they were written, since ids are among them.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errBody
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errBody
	}
	return v, nil
}

// fromForm makes of a form what decode makes of JSON.
func fromForm(forms ...url.Values) any {
	out := map[string]any{}
	for _, form := range forms {
		for k, vs := range form {
			out[k] = vs[0]
		}
	}
	return out
}

// at finds the value at a path; nil if there is none. The empty path is the value itself.
func at(v any, path string) any {
	for path != "" && v != nil {
		var name string
		name, path, _ = strings.Cut(path, ".")
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// text is the value at a path as a text; empty for what is none. An unset path finds nothing.
func text(v any, path string) string {
	if path == "" {
		return ""
	}
	return scalar(at(v, path))
}

func scalar(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	}
	return ""
}

// each lists the entries at a path; without one the value is the only entry.
func each(v any, path string) []any {
	if path == "" {
		return []any{v}
	}
	list, _ := at(v, path).([]any)
	return list
}

func (c *Condition) holds(v any) bool {
	found := at(v, c.Path)
	s := scalar(found)
	switch {
	case len(c.Is) == 0 && len(c.Prefix) == 0:
		return found != nil
	case slices.Contains(c.Is, s):
		return true
	}
	return slices.ContainsFunc(c.Prefix, func(p string) bool { return strings.HasPrefix(s, p) })
}

func all(cs []Condition, v any) bool {
	for i := range cs {
		if !cs[i].holds(v) {
			return false
		}
	}
	return true
}

// instant reads a time that names its zone; zero for any other.
func instant(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999-0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 1e9 && n < 1e10 {
		return time.Unix(n, 0)
	}
	return time.Time{}
}

// word is a carrier's code as it may be kept: short, and with no run of digits that could be a
// telephone number.
func word(s string) string {
	if len(s) == 0 || len(s) > 48 {
		return ""
	}
	run := 0
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			if run++; run > 6 {
				return ""
			}
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-', c == '.':
			run = 0
		default:
			return ""
		}
	}
	return s
}
