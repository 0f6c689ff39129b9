package web

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// download sends a CSV file as fn writes it. An error before the first byte is
// a page; a later one breaks the connection off, since half a file must not
// look whole.
func (s *Server) download(w http.ResponseWriter, r *http.Request, name string, fn func(io.Writer) error) error {
	out := &file{w: w, name: name}
	err := fn(out)
	if err != nil && out.begun {
		s.log.WarnContext(r.Context(), "a download broke off", "file", name, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// fileStem is a file's name without its ending, and without what no name may have.
func fileStem(name string) string {
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		name = name[:at]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`"\/:*?<>|;`, r) || r > '~' {
			return '-'
		}
		return r
	}, name)
}

// file is one on its way; its headers go out with the first byte.
type file struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

// Write sends the next bytes. Each piece has its own deadline, since a long file may take long.
func (d *file) Write(b []byte) (int, error) {
	if err := http.NewResponseController(d.w).SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	if !d.begun {
		d.begun = true
		h := d.w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	}
	return d.w.Write(b)
}
