package static

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(t *testing.T, path string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(b)
}

func TestHashedNamesAreKeptForEver(t *testing.T) {
	for name := range urls {
		res, _ := get(t, URL(name), nil)
		if res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || res.Header.Get("Content-Type") == "" {
			t.Errorf("%s: status %d, headers %v", name, res.StatusCode, res.Header)
		}
		if res, _ := get(t, Prefix+name, nil); res.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s under its plain name: %q", name, res.Header.Get("Cache-Control"))
		}
	}
}

func TestEverythingTheStyleSheetNamesIsThere(t *testing.T) {
	_, css := get(t, URL("tidings.css"), nil)
	found := cssURL.FindAllStringSubmatch(css, -1)
	if len(found) < 3 {
		t.Fatalf("only %d addresses in the style sheet", len(found))
	}
	for _, m := range found {
		if res, _ := get(t, m[1], nil); res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d", m[1], res.StatusCode)
		}
	}
}

func TestETagAndGzip(t *testing.T) {
	plain, body := get(t, Prefix+"app.js", nil)
	packed, small := get(t, Prefix+"app.js", map[string]string{"Accept-Encoding": "gzip, br"})
	if packed.Header.Get("Content-Encoding") != "gzip" || len(small) >= len(body) || packed.Header.Get("ETag") == plain.Header.Get("ETag") {
		t.Errorf("gzip: %v, %d of %d bytes", packed.Header, len(small), len(body))
	}
	if res, b := get(t, Prefix+"app.js", map[string]string{"If-None-Match": plain.Header.Get("ETag")}); res.StatusCode != http.StatusNotModified || b != "" {
		t.Errorf("known ETag: status %d", res.StatusCode)
	}
	if res, _ := get(t, Prefix+"../static.go", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("a file that is not served: status %d", res.StatusCode)
	}
}
