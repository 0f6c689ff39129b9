package web

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

const (
	beatEvery   = 4 * time.Second        // app.js calls ten seconds of silence a lost connection
	drawAtMost  = time.Second            // figures change at most this often; D30 allows two seconds
	writeWithin = 10 * time.Second       // a browser that takes nothing for so long is gone
	retryAfter  = 500 * time.Millisecond // told to the browser
)

// Events is a stream of server-sent events to one browser. One goroutine uses it.
type Events struct {
	LastID string // of the last event this browser got, if it is coming back

	w    http.ResponseWriter
	c    *http.ResponseController
	ctx  context.Context
	stop <-chan struct{}
	id   int
}

// Stream opens an event stream: no overall deadline, no buffering on the way, no compression.
func Stream(w http.ResponseWriter, r *http.Request) (*Events, error) {
	e := &Events{LastID: r.Header.Get("Last-Event-ID"), w: w, c: http.NewResponseController(w), ctx: r.Context(), stop: stopping(r.Context())}
	e.id, _ = strconv.Atoi(e.LastID) // a browser that is new, or sends nonsense, begins at nothing
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	// The server's deadline for reading a request would also end a long answer to it.
	if err := e.c.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("read deadline of a stream: %w", err)
	}
	return e, e.write(fmt.Sprintf("retry: %d\n\n", retryAfter.Milliseconds()))
}

// Swap sends a part of the page; htmx puts it into the target of the element that listens.
func (e *Events) Swap(part templ.Component) error {
	var b bytes.Buffer
	if err := part.Render(e.ctx, &b); err != nil {
		return fmt.Errorf("draw event: %w", err)
	}
	return e.send("", b.String())
}

// Signal sends a named event, which becomes a DOM event on the element that listens.
func (e *Events) Signal(name, data string) error { return e.send(name, data) }

func (e *Events) send(name, data string) error {
	e.id++
	var b strings.Builder
	fmt.Fprintf(&b, "id: %d\n", e.id)
	if name != "" {
		fmt.Fprintf(&b, "event: %s\n", strings.NewReplacer("\n", "", "\r", "").Replace(name))
	}
	for line := range strings.SplitSeq(lineEnds.Replace(data), "\n") {
		fmt.Fprintf(&b, "data: %s\n", line)
	}
	b.WriteString("\n")
	return e.write(b.String())
}

// write gives each piece its own deadline, since the stream as a whole has none.
func (e *Events) write(s string) error {
	if err := e.c.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := e.w.Write([]byte(s)); err != nil {
		return err
	}
	return e.c.Flush()
}

// Follow sends a part of the page now and whenever wake fires, at most once a second, and beats in between so
// that the browser knows the line is open. It ends when draw says that this was the last one (the browser then
// gets "done", for hx-sse:close), when the browser leaves, when wake closes or when the server stops.
func (e *Events) Follow(wake <-chan struct{}, draw func(context.Context) (part templ.Component, last bool, err error)) error {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		part, last, err := draw(e.ctx)
		if err != nil {
			return err
		}
		if err := e.Swap(part); err != nil {
			return nil // the browser has left
		}
		if last {
			_ = e.Signal("done", "") // as above
			return nil
		}
		if !e.pause() || !e.wait(wake, beat.C) {
			return nil
		}
	}
}

// pause keeps two drawings apart.
func (e *Events) pause() bool {
	t := time.NewTimer(drawAtMost)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.ctx.Done():
	case <-e.stop:
	}
	return false
}

// wait says whether there is something new to draw; it is false when the stream is over.
func (e *Events) wait(wake <-chan struct{}, beat <-chan time.Time) bool {
	for {
		select {
		case _, ok := <-wake:
			return ok
		case <-beat:
			if e.write("event: beat\n\n") != nil {
				return false
			}
		case <-e.ctx.Done():
			return false
		case <-e.stop:
			return false
		}
	}
}
