package app

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/sms"
)

// ring counts by unit of time, for as many units as it has places.
type ring struct {
	n  [60]int
	at int64 // the newest unit
}

// to moves the ring on to a unit.
func (r *ring) to(unit int64) {
	if unit-r.at >= int64(len(r.n)) {
		r.n = [60]int{}
		r.at = unit
	}
	for r.at < unit {
		r.at++
		r.n[r.at%60] = 0
	}
}

func (r *ring) add(unit int64, n int) {
	r.to(unit)
	r.n[unit%60] += n
}

func (r *ring) sum(unit int64) (all int) {
	r.to(unit)
	for _, n := range r.n {
		all += n
	}
	return all
}

// list is every unit, the oldest first; nil when there is nothing in it.
func (r *ring) list(unit int64) []int {
	if r.sum(unit) == 0 {
		return nil
	}
	out := make([]int, 0, len(r.n))
	for i := range int64(len(r.n)) {
		out = append(out, r.n[(unit+1+i)%60])
	}
	return out
}

// mostCodes is how many different errors are told apart.
const mostCodes = 40

// meter counts what goes through one gateway in this process.
type meter struct {
	mu       sync.Mutex
	out, in  ring // by second
	minutes  ring // parts handed over
	codes    map[string]*ring
	receipts int64
	last     time.Time

	minute       int64 // in which the newer of the two readings was taken
	older, newer gateway.Latency
}

// answer counts what became of a message.
func (m *meter) answer(r gateway.Result, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Outcome == gateway.Accepted {
		n := max(len(r.Parts), 1)
		m.out.add(now.Unix(), n)
		m.minutes.add(now.Unix()/60, n)
		return
	}
	code := cmp.Or(r.Code, "no code")
	if m.codes == nil {
		m.codes = map[string]*ring{}
	}
	c := m.codes[code]
	if c == nil {
		if len(m.codes) >= mostCodes {
			return
		}
		c = &ring{}
		m.codes[code] = c
	}
	c.add(now.Unix()/60, 1)
}

// arrived counts what came in; receipts of them are receipts.
func (m *meter) arrived(receipts, texts int, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.in.add(now.Unix(), receipts+texts)
	if receipts > 0 {
		m.receipts += int64(receipts)
		m.last = now
	}
}

// read writes what was counted into a status.
func (m *meter) read(s *sms.GatewayStatus, f *gateway.Figures, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Out, s.In, s.Receipts = m.out.sum(now.Unix()), m.in.sum(now.Unix()), m.receipts
	s.Second = m.out.n[(now.Unix()+59)%60]
	s.Minutes = m.minutes.list(now.Unix() / 60)
	if !m.last.IsZero() {
		last := m.last.Truncate(time.Second)
		s.LastReceipt = &last
	}
	for code, r := range m.codes {
		if n := r.sum(now.Unix() / 60); n > 0 {
			s.Codes = append(s.Codes, sms.CodeCount{Code: code, Count: n})
		} else {
			delete(m.codes, code)
		}
	}
	sortCodes(s.Codes)
	if f == nil {
		return
	}
	s.Used = f.Used
	// Of the last one to two minutes.
	if minute := now.Unix() / 60; minute != m.minute {
		m.older, m.newer, m.minute = m.newer, f.Latency, minute
	}
	recent := f.Latency.Since(&m.older)
	s.P50, s.P95 = millis(recent.Within(0.5)), millis(recent.Within(0.95))
}

// sortCodes puts the commonest errors first.
func sortCodes(list []sms.CodeCount) {
	slices.SortFunc(list, func(a, b sms.CodeCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code))
	})
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()/10) / 100 }
