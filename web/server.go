// Package web is what a browser receives: the server, the routes, and one handler per address. It translates
// requests into calls of app and answers into pages; it decides nothing.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long a connection may take (security.md, HTTP server). Uploads and event streams move their own deadlines.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 60 * time.Second
	maxHeader     = 16 << 10
	closeTimeout  = 15 * time.Second
)

type stoppingKey struct{}

// Serve answers on l until ctx ends, then lets requests in flight finish for up to 15 seconds. Event streams end
// at once: browsers connect again by themselves. The error is nil after an orderly end.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	stopping, stop := context.WithCancel(context.Background())
	defer stop()
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), stoppingKey{}, stopping.Done())
		},
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop()
	late, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.Shutdown(late)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	return err
}

// stopping is closed when the server is about to stop; nil, which never fires, outside Serve.
func stopping(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return c
}

// Health answers that the process is alive.
func Health(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "ok")
}

// Ready answers whether the process can do its work; check asks what it needs, and its error is only logged.
func Ready(log *slog.Logger, check func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := check(ctx); err != nil {
			log.WarnContext(ctx, "not ready", "error", err)
			plain(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		plain(w, http.StatusOK, "ok")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // a reader who left needs no answer
}
