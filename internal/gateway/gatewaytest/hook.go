package gatewaytest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"tidings/internal/gateway"
)

// Hook is the address that carriers post to, as the program serves it: 204 only after the sink has
// kept everything, 503 if it has not, 403 for a bad signature.
type Hook struct {
	URL string

	mu    sync.Mutex
	gw    gateway.WebhookParser
	sink  gateway.Sink
	words strings.Builder
}

// NewHook starts one for the time of a test.
func NewHook(t *testing.T) *Hook {
	h := &Hook{}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.URL = s.URL + "/gateways/test/receipts"
	return h
}

// Serve says whose webhooks they are and who takes what is in them.
func (h *Hook) Serve(gw gateway.WebhookParser, s gateway.Sink) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gw, h.sink = gw, s
}

func (h *Hook) said() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.words.String()
}

// ServeHTTP takes one webhook.
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20+1))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	gw, s := h.gw, h.sink
	h.mu.Unlock()
	receipts, texts, err := gw.ParseWebhook(r, body)
	if err != nil {
		h.mu.Lock()
		h.words.WriteString(err.Error() + "\n")
		h.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if len(receipts) > 0 {
		err = s.Receipts(r.Context(), receipts)
	}
	if len(texts) > 0 {
		err = errors.Join(err, s.Inbound(r.Context(), texts))
	}
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
