package web

import (
	"errors"
	"io"
	"net/http"

	"github.com/go-chi/chi/v5"

	"tidings/internal/sms"
)

// receipts takes what a carrier posts about messages (or, with some carriers, puts
// into an address): 204 only once it is durable. Anything but that is tried again
// by the carrier, except what is not its own.
func (s *Server) receipts(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var tooBig *http.MaxBytesError
	switch {
	case errors.As(err, &tooBig):
		plain(w, http.StatusRequestEntityTooLarge, "too large")
		return
	case err != nil:
		plain(w, http.StatusBadRequest, "it did not arrive whole")
		return
	}
	hook, err := s.App.Webhook(r.Context(), chi.URLParam(r, "gateway"))
	if errors.Is(err, sms.ErrNotFound) {
		plain(w, http.StatusNotFound, "no such gateway")
		return
	}
	if err != nil {
		s.log.ErrorContext(r.Context(), "receipts", "path", r.URL.Path, "error", err)
		plain(w, http.StatusServiceUnavailable, "try again")
		return
	}
	receipts, texts, err := hook.ParseWebhook(r, body)
	switch {
	case hook.Forged(err):
		plain(w, http.StatusForbidden, "the signature is not right")
		return
	case err != nil:
		s.log.WarnContext(r.Context(), "receipts that cannot be read", "path", r.URL.Path, "error", err)
		plain(w, http.StatusBadRequest, "this cannot be read")
		return
	}
	if err := hook.Keep(r.Context(), receipts, texts); err != nil {
		s.log.ErrorContext(r.Context(), "receipts", "path", r.URL.Path, "error", err)
		plain(w, http.StatusServiceUnavailable, "try again")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
