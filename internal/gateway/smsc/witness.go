package smsc

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// Line is one line of the witness: what the carrier saw, from outside.
type Line struct {
	Time     time.Time `json:"time"`
	Event    string    `json:"event"` // "submit"; "ack": a receipt or text of ours was answered
	SystemID string    `json:"system_id"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	Text     string    `json:"text,omitempty"` // of this part
	Coding   byte      `json:"coding,omitempty"`
	Ref      uint16    `json:"ref,omitempty"`
	Part     uint8     `json:"part,omitempty"`  // from 1; 0 for a message of one part
	Total    uint8     `json:"total,omitempty"` // parts of the message
	ID       string    `json:"id,omitempty"`
	UserRef  uint16    `json:"user_ref,omitempty"`
	Validity string    `json:"validity,omitempty"`
	Status   uint32    `json:"status,omitempty"` // the answer given, or got
	Outcome  string    `json:"outcome,omitempty"`
	// Complete marks the line with which a whole message was there; Message is then its text
	// if it came in parts.
	Complete bool   `json:"complete,omitempty"`
	Message  string `json:"message,omitempty"`
}

// The words of Line.Outcome.
const (
	Taken   = "accepted"   // taken and answered
	Refused = "refused"    // answered with Status
	Mute    = "unanswered" // taken, and never answered
	Lost    = "dropped"    // neither taken nor answered
)

// flushEvery is how long a line may wait in memory.
const flushEvery = 50 * time.Millisecond

// witness writes lines in order, many at a time.
type witness struct {
	mu   sync.Mutex
	buf  []byte
	w    io.Writer
	err  error
	stop chan struct{}
	done chan struct{}
}

func newWitness(w io.Writer) *witness {
	out := &witness{w: w, stop: make(chan struct{}), done: make(chan struct{})}
	go out.run()
	return out
}

func (w *witness) run() {
	defer close(w.done)
	t := time.NewTicker(flushEvery)
	defer t.Stop()
	var spare []byte
	for {
		last := false
		select {
		case <-t.C:
		case <-w.stop:
			last = true
		}
		w.mu.Lock()
		spare, w.buf = w.buf, spare[:0]
		w.mu.Unlock()
		if len(spare) > 0 {
			if _, err := w.w.Write(spare); err != nil {
				w.mu.Lock()
				w.err = errors.Join(w.err, err)
				w.mu.Unlock()
			}
		}
		if last {
			return
		}
	}
}

// close writes what is left and says what went wrong.
func (w *witness) close() error {
	close(w.stop)
	<-w.done
	return w.err
}

func (w *witness) write(l *Line) {
	w.mu.Lock()
	w.buf = l.append(w.buf)
	w.mu.Unlock()
}

// append writes a line as encoding/json reads it, at the pace of the wire.
func (l *Line) append(b []byte) []byte {
	b = append(b, `{"time":"`...)
	b = l.Time.AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendText(b, "event", l.Event)
	b = appendText(b, "system_id", l.SystemID)
	b = appendText(b, "from", l.From)
	b = appendText(b, "to", l.To)
	b = appendText(b, "text", l.Text)
	b = appendNumber(b, "coding", uint64(l.Coding))
	b = appendNumber(b, "ref", uint64(l.Ref))
	b = appendNumber(b, "part", uint64(l.Part))
	b = appendNumber(b, "total", uint64(l.Total))
	b = appendText(b, "id", l.ID)
	b = appendNumber(b, "user_ref", uint64(l.UserRef))
	b = appendText(b, "validity", l.Validity)
	b = appendNumber(b, "status", uint64(l.Status))
	b = appendText(b, "outcome", l.Outcome)
	if l.Complete {
		b = append(b, `,"complete":true`...)
	}
	b = appendText(b, "message", l.Message)
	return append(b, '}', '\n')
}

func appendNumber(b []byte, key string, n uint64) []byte {
	if n == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":`...)
	return strconv.AppendUint(b, n, 10)
}

func appendText(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	b = append(append(append(b, `,"`...), key...), `":"`...)
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		case r == utf8.RuneError:
			b = utf8.AppendRune(b, utf8.RuneError)
		case r < utf8.RuneSelf:
			b = append(b, s[i])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// ReadWitness calls f for every line of a witness. A last line that was cut off is left out.
func ReadWitness(r io.Reader, f func(Line) error) error {
	in := bufio.NewReader(r)
	for {
		raw, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var l Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return err
		}
		if err := f(l); err != nil {
			return err
		}
	}
}
