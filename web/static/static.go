// Package static holds the files a browser keeps: the style sheet, the script, icons and fonts.
// Each is served under a name that contains a hash of its bytes, so a browser may keep it for ever.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed app.js tidings.css icons.svg favicon.svg fonts/*.woff2 vendor/*.js
var files embed.FS

// Prefix is the path under which Handler expects to be mounted.
const Prefix = "/static/"

// types are written out because the system's table of types differs from machine to machine.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

type asset struct {
	body, packed []byte
	kind, etag   string
	hashed       bool // asked for under its hashed name
}

var (
	served = map[string]asset{}  // by path after Prefix, hashed and plain
	urls   = map[string]string{} // plain name to full hashed path
)

var cssURL = regexp.MustCompile(`url\(([^)"']+)\)`)

// The style sheet names fonts, so it is read last and given their hashed names.
func init() {
	var sheets []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(name) == ".css" {
			sheets = append(sheets, name)
			return nil
		}
		return add(name, nil)
	})
	for _, name := range sheets {
		if err == nil {
			err = add(name, hashedFonts)
		}
	}
	if err != nil {
		panic(err) // embedded files are there or the build is broken
	}
}

func hashedFonts(body []byte) []byte {
	return cssURL.ReplaceAllFunc(body, func(m []byte) []byte {
		name := string(m[len("url(") : len(m)-1])
		return []byte("url(" + URL(name) + ")")
	})
}

func add(name string, change func([]byte) []byte) error {
	body, err := files.ReadFile(name)
	if err != nil {
		return err
	}
	if change != nil {
		body = change(body)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:6])
	ext := path.Ext(name)
	a := asset{body: body, kind: types[ext], etag: `"` + hash + `"`}
	if ext != ".woff2" {
		a.packed = pack(body)
	}
	served[name] = a
	long := strings.TrimSuffix(name, ext) + "." + hash + ext
	a.hashed = true
	served[long] = a
	urls[name] = Prefix + long
	return nil
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(body) // a bytes.Buffer does not fail
	_ = w.Close()
	return b.Bytes()
}

// URL gives the hashed address of a file by its plain name, such as "tidings.css".
// An unknown name is a mistake in the program, so it panics.
func URL(name string) string {
	u, ok := urls[name]
	if !ok {
		panic(fmt.Sprintf("static: no file %q", name))
	}
	return u
}

// Handler serves the files under Prefix: hashed names for a year, plain names with a check by ETag.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := served[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "no-cache")
		if a.hashed {
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		body, etag := a.body, a.etag
		if a.packed != nil {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				body, etag = a.packed, strings.TrimSuffix(a.etag, `"`)+`-gz"`
			}
		}
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(body) // a reader who left needs no answer
		}
	})
}
