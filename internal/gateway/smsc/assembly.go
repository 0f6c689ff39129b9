package smsc

import (
	"strings"
	"sync"
	"time"

	"tidings/internal/sms/gsm"
)

// keepParts is how long parts wait for the rest of their message, as a telephone does.
const keepParts = 10 * time.Minute

// assembly puts the parts of long messages together, as the telephone would.
type assembly struct {
	mu   sync.Mutex
	open map[partKey]*partial
}

type partKey struct {
	account, from, to string
	ref               uint16
	total             uint8
}

type partial struct {
	texts []string
	have  []bool
	left  int
	since time.Time
}

// add takes a part that was accepted. complete reports that its message is now whole; message is
// then its text, unless it came in one piece.
func (a *assembly) add(l *Line, part gsm.Part, now time.Time) (message string, complete bool) {
	if part.Total <= 1 {
		return "", true
	}
	k := partKey{l.SystemID, l.From, l.To, part.Ref, part.Total}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[partKey]*partial{}
	}
	p := a.open[k]
	if p == nil {
		n := int(part.Total)
		p = &partial{texts: make([]string, n), have: make([]bool, n), left: n, since: now}
		a.open[k] = p
	}
	i := int(part.Number) - 1
	if i < 0 || i >= len(p.have) || p.have[i] {
		return "", false
	}
	p.texts[i], p.have[i] = l.Text, true
	if p.left--; p.left > 0 {
		return "", false
	}
	delete(a.open, k)
	return strings.Join(p.texts, ""), true
}

// forget drops what waited too long.
func (a *assembly) forget(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, p := range a.open {
		if now.Sub(p.since) > keepParts {
			delete(a.open, k)
		}
	}
}
