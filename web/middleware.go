package web

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// CSP is the content security policy of every page: scripts, styles, images and fonts from this server alone,
// nothing inline, nothing evaluated, no framing.
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// bodyLimit is how much a request may carry unless its handler calls AllowUpload.
const bodyLimit = 1 << 20

// Stack puts what every request needs around the routes: a reference number, a log line, recovery, the security
// headers, the same-origin rule, a limit to bodies and compression.
func Stack(f *Faults, https bool, routes http.Handler) http.Handler {
	h := middleware.Compress(5)(routes)
	h = sameOrigin(f, h)
	h = limitBody(h)
	h = recovery(f, h)
	h = SecurityHeaders(h)
	if https {
		h = strictTransport(h)
	}
	return identify(f.Log, https, h)
}

// SecurityHeaders puts the headers of security.md on every answer. Pages are not kept by browsers; static files
// say otherwise for themselves.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", CSP)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func strictTransport(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		next.ServeHTTP(w, r)
	})
}

// about is what is known of a request beside itself.
type about struct {
	reference string
	https     bool
}

type aboutKey struct{}

func aboutOf(ctx context.Context) about {
	a, _ := ctx.Value(aboutKey{}).(about)
	return a
}

// Reference is the number under which this request stands in the log, short enough to read out: K7QF-2MXD.
func Reference(ctx context.Context) string { return aboutOf(ctx).reference }

// HTTPS says whether people reach the pages over https, so that cookies can be marked Secure.
func HTTPS(ctx context.Context) bool { return aboutOf(ctx).https }

func newReference() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail since Go 1.24
	s := base32.StdEncoding.EncodeToString(b[:])
	return s[:4] + "-" + s[4:]
}

// identify gives each request its number and writes its line in the log.
func identify(log *slog.Logger, https bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		a := about{reference: newReference(), https: https}
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		next.ServeHTTP(ww, r.WithContext(context.WithValue(r.Context(), aboutKey{}, a)))
		level := slog.LevelDebug
		if ww.Status() >= http.StatusInternalServerError {
			level = slog.LevelWarn
		}
		log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path, "status", ww.Status(),
			"bytes", ww.BytesWritten(), "took", time.Since(began).Round(time.Microsecond), "reference", a.reference)
	})
}

// recovery turns a panic into the page for faults of ours.
func recovery(f *Faults, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler:
				panic(v)
			default:
				f.Write(w, r, fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses changes asked for by other sites. A request with cookies that changes something must also
// say where it comes from: every browser of the last years does.
func sameOrigin(f *Faults, next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	refuse := func(w http.ResponseWriter, r *http.Request) {
		f.Write(w, r, Status{Code: http.StatusForbidden, Text: "This request came from another site, so we did not follow it. Open the page here and try again."})
	}
	guard.SetDenyHandler(http.HandlerFunc(refuse))
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !safe(r.Method) && r.Header.Get("Cookie") != "" && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
			refuse(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
	return guard.Handler(inner)
}

// safe methods change nothing.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// limited is a body with the usual limit, and the body itself for AllowUpload.
type limited struct {
	io.ReadCloser
	whole io.ReadCloser
}

func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &limited{http.MaxBytesReader(w, r.Body, bodyLimit), r.Body}
		}
		next.ServeHTTP(w, r)
	})
}

// uploadRate is the slowest upload that is waited for, in bytes a second (security.md).
const uploadRate = 50_000

// AllowUpload lets this request carry up to most bytes, and gives it the time that takes at 50 kB a second.
// Call it before reading the body.
func AllowUpload(w http.ResponseWriter, r *http.Request, most int64) error {
	if l, ok := r.Body.(*limited); ok {
		r.Body = http.MaxBytesReader(w, l.whole, most)
	}
	size := most
	if r.ContentLength > 0 {
		size = min(size, r.ContentLength)
	}
	until := time.Now().Add(readTimeout + time.Duration(size/uploadRate)*time.Second)
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(until); err != nil {
		return fmt.Errorf("read deadline of an upload: %w", err)
	}
	if err := c.SetWriteDeadline(until.Add(writeTimeout)); err != nil {
		return fmt.Errorf("write deadline of an upload: %w", err)
	}
	return nil
}
