package torture

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// verdict is what a run comes to.
type verdict struct {
	violations []string

	unsent, twofold int             // people whom nobody is sure about after two days; those of them who got two texts
	unknown         []int           // made by each killed process
	strays          int             // unknowns made by burials of processes that lived
	worker          []time.Duration // from the start of a killed worker's next life to its first submit
	app, postgres   []time.Duration // from the kill to the next submit of what was marked after it
}

func (v *verdict) violated(format string, args ...any) {
	if len(v.violations) < 50 {
		v.violations = append(v.violations, fmt.Sprintf(format, args...))
	}
}

// judge asks every invariant, of the database and of the witness.
func (r *run) judge() *verdict {
	v := &verdict{}
	broken, err := r.world.App.Check(context.WithoutCancel(r.t.Context()))
	if err != nil {
		v.violated("the invariants could not be asked: %v", err)
	}
	for _, b := range broken {
		v.violated("%s", b)
	}
	for _, s := range append([]*sending{r.hello, r.main}, r.cancelled...) {
		r.compare(v, s)
		y := r.tally(s)
		v.unsent += y.PresumedUnsent
		if y.Final() != s.people {
			v.violated("I8: %d of %d people of %q have a final answer: %+v", y.Final(), s.people, s.text, y)
		}
	}
	if n := r.value(`select count(*) from sessions where settled_at is null`); n != "0" {
		v.violated("I17: %s sendings are not settled", n)
	}
	r.judgeQuiet(v)
	r.judgeStops(v)
	r.judgeReceipts(v)
	for number, n := range r.seen.strange {
		if _, stopped := r.said[number]; n > 1 || !stopped {
			v.violated("the carrier took %d messages of no sending to %d", n, number)
		}
	}
	r.judgeKills(v)
	return v
}

// compare holds the database's word against the witness's (I10): what it calls
// accepted the carrier took, what it calls unsent the carrier never took.
func (r *run) compare(v *verdict, s *sending) {
	var states []int16
	// A message that was refused for its number is undelivered without having been taken.
	err := r.scan(`select array_agg(case when state = 11 and not exists (select from attempts a where a.tenant_id = m.tenant_id
			and a.session_id = m.session_id and a.n = m.n and a.outcome = 1) then 12 else state end order by n)
		from messages m where session_id = $1`, []any{&states}, int64(s.session.ID))
	if err != nil || len(states) != s.people {
		v.violated("I10: %d messages of %q: %v", len(states), s.text, err)
		return
	}
	for i, state := range states {
		taken := s.taken[i] > 0
		switch x := sms.MessageState(state); x {
		case sms.MessageDelivered, sms.MessageExpired, sms.MessageUndelivered:
			if !taken {
				v.violated("I10: number %d is in state %d, and the carrier never took it", s.number(i+1), x)
			}
		case sms.MessagePresumedUnsent: // it may have been taken: that is what unknown means
			switch {
			case !taken:
			case s == r.hello || s == r.main && (i+1)%spread == 0:
				v.twofold++ // its receipt may have been of either sending
			default:
				v.violated("I10: number %d is presumed unsent, though the carrier took it and its receipt was acknowledged", s.number(i+1))
			}
		default:
			if taken {
				v.violated("I10: number %d is in state %d, and the carrier took it", s.number(i+1), x)
			}
		}
	}
}

// judgeQuiet: I6, F17. Nothing leaves later than two seconds after a pause or a
// cancellation returned.
func (r *run) judgeQuiet(v *verdict) {
	for _, q := range r.seen.quiets {
		if q.worst > late {
			v.violated("I6: a message left %v after a pause or a cancellation had returned", q.worst)
		}
	}
	if n := r.value(`select count(*) from attempts a join sessions s on s.tenant_id = a.tenant_id and s.id = a.session_id
		where s.state = 'cancelled' and a.marked_at > s.ended_at`); n != "0" {
		v.violated("I6: %s marks after a cancellation", n)
	}
}

// judgeStops: I5. Nothing leaves to somebody later than two seconds after the
// carrier heard that we had his STOP; and no STOP is forgotten.
func (r *run) judgeStops(v *verdict) {
	for number := range r.said {
		at, acked := r.seen.stops[number]
		if !acked {
			v.violated("I12: the STOP of %d was never acknowledged", number)
			continue
		}
		if i, ok := r.main.index(number); ok && r.main.last[i] > at.Add(late).UnixNano() {
			v.violated("I5: a message left to %d %v after his STOP was acknowledged", number, time.Duration(r.main.last[i]-at.UnixNano()))
		}
		var kept bool
		err := r.scan(`select exists (select from suppressions where number_hash = $1 and kind = 'opted_out')`, []any{&kept}, r.world.App.NumberHash(r.world.Tenant.ID, number))
		if err != nil || !kept {
			v.violated("I5: the STOP of %d is forgotten (%v)", number, err)
		}
	}
}

// judgeReceipts: I12. Every receipt that was acknowledged is in the database.
func (r *run) judgeReceipts(v *verdict) {
	ctx := context.WithoutCancel(r.t.Context())
	conn, err := pgx.Connect(ctx, r.dsn)
	if err != nil {
		v.violated("I12: %v", err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `select distinct provider_id from receipts`)
	if err != nil {
		v.violated("I12: %v", err)
		return
	}
	kept := map[uint64]bool{}
	var id string
	if _, err := pgx.ForEachRow(rows, []any{&id}, func() error {
		n, err := strconv.ParseUint(id, 16, 64)
		kept[n] = true
		return err
	}); err != nil {
		v.violated("I12: %v", err)
	}
	missing := 0
	for id, acked := range r.seen.acked {
		if acked && !kept[id] {
			missing++
		}
	}
	if missing > 0 {
		v.violated("I12: the receipts of %d messages were acknowledged and are not in the database", missing)
	}
}

var burial = regexp.MustCompile(`time=(\S+) .*msg="buried a worker" worker=(\d+) unknown=(\d+)`)

// judgeKills: I11, and how long it took to go on.
func (r *run) judgeKills(v *verdict) {
	names := r.workers() // of processes, by worker
	killed := map[string]*process{}
	made := map[string]int{}
	for _, s := range r.slots {
		for _, p := range s.lives {
			if !p.killed.IsZero() {
				killed[strconv.Itoa(p.pid)] = p
				made[strconv.Itoa(p.pid)] = 0
			}
		}
	}
	for _, s := range r.slots {
		for _, p := range s.lives {
			for _, m := range burial.FindAllStringSubmatch(p.read(), -1) {
				at, _ := time.Parse(time.RFC3339, m[1])
				n, _ := strconv.Atoi(m[3])
				pid := names[m[2]]
				if k := killed[pid]; k != nil && at.After(k.killed) {
					made[pid] += n
				} else {
					v.strays += n
				}
			}
		}
	}
	for pid, n := range made {
		v.unknown = append(v.unknown, n)
		if n > mostUnknown {
			v.violated("I11: killing process %s made %d messages unknown, more than %d", pid, n, mostUnknown)
		}
	}
	r.judgeResumes(v, names)
}

// mostUnknown is how many messages one process may have marked and not recorded:
// a lane marks its share of the window while fewer than two shares of its own are
// not recorded, so three at most.
const mostUnknown = 3 * window * binds

// workers are the process numbers of workers, by their id in the database.
func (r *run) workers() map[string]string {
	out := map[string]string{}
	for line := range strings.SplitSeq(r.value(`select string_agg(id || ' ' || name, E'\n') from workers`), "\n") {
		if f := strings.Fields(line); len(f) > 1 {
			out[f[0]] = f[len(f)-1]
		}
	}
	return out
}

// mark is a first attempt: when it was marked, by which process, and when the
// carrier saw it.
type mark struct {
	at, seen int64
	pid      string
}

func (r *run) marks(names map[string]string) ([]mark, error) {
	ctx := context.WithoutCancel(r.t.Context())
	conn, err := pgx.Connect(ctx, r.dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `select n, worker_id, marked_at from attempts where attempt = 1 and session_id = $1 order by marked_at`, int64(r.main.session.ID))
	if err != nil {
		return nil, err
	}
	var out []mark
	var n int
	var worker int64
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&n, &worker, &at}, func() error {
		if seen := r.main.first[n-1]; seen != 0 {
			out = append(out, mark{at.UnixNano(), seen, names[strconv.FormatInt(worker, 10)]})
		}
		return nil
	})
	return out, err
}

// judgeResumes finds the first submit after each kill. What was marked before it
// and written after it does not count.
func (r *run) judgeResumes(v *verdict, names map[string]string) {
	marks, err := r.marks(names)
	if err != nil {
		v.violated("the marks could not be read: %v", err)
		return
	}
	first := map[string]int64{} // of each process
	for _, m := range marks {
		if at, ok := first[m.pid]; !ok || m.seen < at {
			first[m.pid] = m.seen
		}
	}
	next := func(at time.Time) (time.Duration, bool) {
		i, _ := slices.BinarySearchFunc(marks, at.UnixNano(), func(m mark, t int64) int { return int(min(max(m.at-t, -1), 1)) })
		best := int64(0)
		for _, m := range marks[i:min(len(marks), i+200)] {
			if best == 0 || m.seen < best {
				best = m.seen
			}
		}
		return time.Duration(best - at.UnixNano()), best != 0
	}
	for _, e := range r.events {
		switch e.kind {
		case killApp:
			if d, ok := next(e.at); ok {
				v.app = append(v.app, d)
			}
		case killPostgres:
			if d, ok := next(e.at); ok {
				v.postgres = append(v.postgres, d)
			}
		}
	}
	for _, s := range r.slots {
		for i, p := range s.lives {
			if i > 0 && !s.lives[i-1].killed.IsZero() && first[strconv.Itoa(p.pid)] != 0 {
				v.worker = append(v.worker, time.Duration(first[strconv.Itoa(p.pid)]-p.started.UnixNano()))
			}
		}
	}
}
