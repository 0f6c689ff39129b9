package torture

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"tidings/internal/gateway/smsc"
	"tidings/internal/sms"
)

// sending is a session that goes out: message n to the number base + n*step.
type sending struct {
	session sms.Session
	text    string
	base    int64
	step    int64
	people  int

	// What the witness saw of message n, at n-1. Guarded by witness.mu.
	first []int64 // when it was first submitted, whatever became of it; nanoseconds
	last  []int64
	taken []uint8 // how often the carrier took it
	heard int     // people it has heard of
	quiet *quiet  // since it was cancelled or paused
}

// quiet is a time in which nothing of a sending may leave: from is when the call
// returned that ended it.
type quiet struct {
	from, until time.Time // until is zero while it lasts
	after       int       // submits seen after from
	worst       time.Duration
}

// late is how much later than a STOP, a pause or a cancellation a message may
// leave that was marked before: it is on the wire by then, or unmarked.
const late = 2 * time.Second

func (s *sending) number(n int) int64 { return s.base + int64(n)*s.step }

func (s *sending) index(number int64) (int, bool) {
	n := (number - s.base) / s.step
	return int(n) - 1, n >= 1 && n <= int64(s.people) && s.number(int(n)) == number
}

// witness follows what the carrier writes down, while it happens.
type witness struct {
	mu      sync.Mutex
	of      map[string]*sending // by their text
	submits int
	taken   int             // of all sendings
	twice   []string        // who got a text twice
	strange map[int64]int   // taken, of no sending, by number: the confirmation of a STOP is one
	quiets  []*quiet        // of all sendings, in the order they began
	acked   map[uint64]bool // ids that were given, and whether a receipt of theirs was acknowledged
	owed    int             // ids of which none was
	acks    int
	words   map[string]int      // acknowledged receipts by state, submits by outcome
	stops   map[int64]time.Time // when a STOP was acknowledged
	done    chan struct{}
}

func newWitness() *witness {
	return &witness{of: map[string]*sending{}, acked: map[uint64]bool{}, words: map[string]int{}, strange: map[int64]int{}, stops: map[int64]time.Time{}, done: make(chan struct{})}
}

// add has the witness expect a sending.
func (w *witness) add(s *sending) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.first, s.last, s.taken = make([]int64, s.people), make([]int64, s.people), make([]uint8, s.people)
	w.of[s.text] = s
}

// follow reads the file as it grows until ctx ends, and then to its end.
func (w *witness) follow(ctx context.Context, file *os.File) {
	defer close(w.done)
	defer func() { _ = file.Close() }()
	in, part := bufio.NewReaderSize(file, 1<<20), []byte(nil)
	for {
		over := ctx.Err() != nil
		raw, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if part = append(part, raw...); over {
				return
			}
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err != nil {
			return
		}
		part = append(part, raw...)
		var l smsc.Line
		if json.Unmarshal(part, &l) == nil {
			w.line(&l)
		}
		part = part[:0]
	}
}

func (w *witness) line(l *smsc.Line) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.Event == "ack" {
		w.ack(l)
		return
	}
	w.submits++
	w.words[l.Outcome]++
	number, _ := strconv.ParseInt(l.To, 10, 64)
	took := l.Outcome == smsc.Taken || l.Outcome == smsc.Mute
	if id, err := strconv.ParseUint(l.ID, 16, 64); took && err == nil && !w.acked[id] {
		w.acked[id] = false
		w.owed++
	}
	i, ok := 0, false
	s := w.of[l.Text]
	if s != nil {
		i, ok = s.index(number)
	}
	if !ok {
		if took {
			w.strange[number]++
		}
		return
	}
	at := l.Time.UnixNano()
	if s.first[i] == 0 {
		s.first[i] = at
		s.heard++
	}
	s.last[i] = at
	if q := s.quiet; q != nil && l.Time.After(q.from) && (q.until.IsZero() || l.Time.Before(q.until)) {
		q.after++
		q.worst = max(q.worst, l.Time.Sub(q.from))
	}
	if !took {
		return
	}
	w.taken++
	if s.taken[i]++; s.taken[i] == 2 {
		w.twice = append(w.twice, l.To)
	}
}

// ack notes what the client has answered with 0: it must be in the database.
func (w *witness) ack(l *smsc.Line) {
	if l.Status != 0 {
		w.words["not acknowledged"]++
		return
	}
	w.acks++
	if l.Outcome == "text" {
		number, _ := strconv.ParseInt(l.From, 10, 64)
		if _, again := w.stops[number]; !again {
			w.stops[number] = l.Time
		}
		return
	}
	w.words[l.Outcome]++
	if id, err := strconv.ParseUint(l.ID, 16, 64); err == nil && !w.acked[id] {
		w.acked[id] = true
		w.owed--
	}
}

// hush begins a time in which nothing of s may leave; it returned at from.
func (w *witness) hush(s *sending, from time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.quiet = &quiet{from: from}
	w.quiets = append(w.quiets, s.quiet)
}

// speak ends it.
func (w *witness) speak(s *sending, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.quiet.until = at
}

// seen counts the people of one sending that the carrier has heard of.
func (w *witness) seen(s *sending) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.heard
}

// waits is how many messages the carrier still has receipts of, or texts.
func (w *witness) waits() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.owed
}

// owing lists some of the ids of which no receipt was acknowledged.
func (w *witness) owing() (out []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, acked := range w.acked {
		if !acked && len(out) < 5 {
			out = append(out, strconv.FormatUint(id, 16))
		}
	}
	return out
}

func (w *witness) counts() (submits, taken, twice int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.submits, w.taken, len(w.twice)
}
