package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"tidings/internal/sms"
	"tidings/web/view"
)

func testFaults(log io.Writer) *Faults {
	return &Faults{Log: slog.New(slog.NewTextHandler(log, nil))}
}

// ask sends one request through the whole stack around h.
func ask(t *testing.T, h Handler, change func(*http.Request)) (*http.Response, string, string) {
	t.Helper()
	var log strings.Builder
	f := testFaults(&log)
	r := httptest.NewRequest(http.MethodGet, "/a/nordfare/campaigns", nil)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	Stack(f, false, f.Handle(h)).ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body), log.String()
}

func TestFaultPages(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		says   []string
	}{
		{"not found", fmt.Errorf("campaign 7: %w", sms.ErrNotFound), 404, []string{"There is nothing at this address.", "Nothing was sent or charged."}},
		{"forbidden names who can help", sms.Forbidden("It needs the Sender role. Ask Maren Lund."), 403, []string{"You cannot do this.", "Ask Maren Lund."}},
		{"conflict", sms.Conflict("Jonas confirmed it at 11:31."), 409, []string{"Jonas confirmed it at 11:31.", "Nothing was sent or charged by this page."}},
		{"unavailable", sms.Unavailable("The database is away."), 503, []string{"The database is away.", "Nothing was sent or charged."}},
		{"problems", sms.Problems{{Field: "name", Text: "Enter a name"}}, 422, []string{"Enter a name."}},
		{"too many", TooMany(90 * time.Second), 429, []string{"Wait 2 minutes and try"}},
		{"too large", &http.MaxBytesError{Limit: 200 << 20}, 413, []string{"200 MB at most"}},
		{"method", Status{Code: 405}, 405, []string{"does not work that way"}},
		{"ours", errors.New("pq: secret detail"), 500, []string{"Something broke on our side.", "Nothing was sent by this page. Check the campaign’s status."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res, body, log := ask(t, func(http.ResponseWriter, *http.Request) error { return test.err }, nil)
			if res.StatusCode != test.status {
				t.Fatalf("status %d, want %d", res.StatusCode, test.status)
			}
			for _, s := range append(test.says, "<!doctype html>") {
				if !strings.Contains(body, s) {
					t.Errorf("page lacks %q", s)
				}
			}
			if strings.Contains(body, "secret detail") {
				t.Error("the page shows the error itself")
			}
			if test.status == 500 {
				ref := regexp.MustCompile(`[A-Z2-7]{4}-[A-Z2-7]{4}`).FindString(body)
				if ref == "" || !strings.Contains(log, ref) || !strings.Contains(log, "secret detail") {
					t.Errorf("reference %q does not lead to the error in the log: %s", ref, log)
				}
			}
			if test.status == 429 && res.Header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

func TestFaultToScriptIsANote(t *testing.T) {
	res, body, _ := ask(t, func(http.ResponseWriter, *http.Request) error { return sms.ErrConflict }, func(r *http.Request) { r.Header.Set("HX-Request", "true") })
	if res.StatusCode != http.StatusConflict || res.Header.Get("HX-Retarget") != "#flash" || strings.Contains(body, "<html") || !strings.Contains(body, `role="alert"`) {
		t.Errorf("status %d, retarget %q, body %s", res.StatusCode, res.Header.Get("HX-Retarget"), body)
	}
}

func TestPanicIsAPage(t *testing.T) {
	res, body, log := ask(t, func(http.ResponseWriter, *http.Request) error { panic("boom") }, nil)
	if res.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "Something broke") || !strings.Contains(log, "boom") {
		t.Errorf("status %d, log %s", res.StatusCode, log)
	}
}

func TestReaderWhoLeftGetsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, body, log := ask(t, func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() },
		func(r *http.Request) { *r = *r.WithContext(ctx) })
	if body != "" || strings.Contains(log, "fault") {
		t.Errorf("body %q, log %s", body, log)
	}
}

func TestSecurityHeaders(t *testing.T) {
	res, _, _ := ask(t, func(w http.ResponseWriter, r *http.Request) error {
		return Show(w, r, 200, view.Page(view.PageProps{Title: "x"}))
	}, nil)
	for name, want := range map[string]string{
		"Content-Security-Policy":    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":     "nosniff",
		"Cache-Control":              "no-store",
		"Referrer-Policy":            "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestSameOrigin(t *testing.T) {
	tests := []struct {
		name    string
		headers map[string]string
		want    int
	}{
		{"own page", map[string]string{"Cookie": "a=b", "Sec-Fetch-Site": "same-origin"}, 200},
		{"own page without Sec-Fetch-Site", map[string]string{"Cookie": "a=b", "Origin": "http://example.com"}, 200},
		{"another site", map[string]string{"Cookie": "a=b", "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		{"a sister site", map[string]string{"Cookie": "a=b", "Sec-Fetch-Site": "same-site"}, 403},
		{"another origin", map[string]string{"Origin": "https://evil.example"}, 403},
		{"cookie and silence", map[string]string{"Cookie": "a=b"}, 403},
		{"a program without cookies", nil, 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			res, _, _ := ask(t, func(w http.ResponseWriter, _ *http.Request) error { w.WriteHeader(http.StatusOK); return nil }, func(r *http.Request) {
				r.Method = http.MethodPost
				for k, v := range test.headers {
					r.Header.Set(k, v)
				}
			})
			if res.StatusCode != test.want {
				t.Errorf("status %d, want %d", res.StatusCode, test.want)
			}
		})
	}
}

type typed struct {
	Text string   `form:"text"`
	Tags []string `form:"tag"`
	Tick bool     `form:"tick"`
	None string   `form:"none"`
}

func post(body string) func(*http.Request) {
	return func(r *http.Request) {
		r.Method = http.MethodPost
		r.Body = io.NopCloser(strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
}

func TestForm(t *testing.T) {
	var got typed
	read := func(w http.ResponseWriter, r *http.Request) (err error) {
		got, err = Form[typed](r)
		return err
	}
	res, _, _ := ask(t, read, post("text=+two%0D%0Alines%00+%ff&tag=a&tag=b&tick=on"))
	if res.StatusCode != http.StatusOK || got.Text != " two\nlines \uFFFD" || strings.Join(got.Tags, "") != "ab" || !got.Tick || got.None != "" {
		t.Errorf("status %d, got %+v", res.StatusCode, got)
	}
	if res, _, _ := ask(t, read, post(strings.Repeat("a=b&", 201))); res.StatusCode != http.StatusBadRequest {
		t.Errorf("201 fields: status %d", res.StatusCode)
	}
	if res, _, _ := ask(t, read, post("text="+strings.Repeat("a", 2<<20))); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("2 MB: status %d", res.StatusCode)
	}
	if res, _, _ := ask(t, read, post("text=%zz")); res.StatusCode != http.StatusBadRequest {
		t.Errorf("broken form: status %d", res.StatusCode)
	}
}

func TestFlashIsShownOnce(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	SetFlash(w, r, view.Flash{Kind: view.Sea, Title: "Added.", Link: &view.Link{Label: "x", Href: "//evil.example"}})
	r.AddCookie(w.Result().Cookies()[0])
	w = httptest.NewRecorder()
	f := TakeFlash(w, r)
	if f == nil || f.Title != "Added." || f.Link.Href != "/" {
		t.Fatalf("flash %+v", f)
	}
	if c := w.Result().Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("the cookie stays: %v", c)
	}
}

func TestLocal(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b?c=d": "/a/b?c=d", "//evil.example": "/", "https://evil.example": "/", "": "/", "/\\evil.example": "/", "/a\r\nb": "/",
	} {
		if got := Local(path); got != want {
			t.Errorf("Local(%q) = %q, want %q", path, got, want)
		}
	}
}
