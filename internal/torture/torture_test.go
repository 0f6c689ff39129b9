package torture

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tidings/internal/sms"
)

// size is how hard one run is.
type size struct {
	people             int
	appKills, dbKills  int           // of workers, every tenth of them of all at once; of Postgres with its children
	limit              time.Duration // nothing is killed after that; 0: no limit
	cancels, stops     int
	rate               int // parts a second that the carrier takes
	cut, mute, scatter string
}

// sizes are those of `make test`, unless `make torture` says otherwise.
func sizes(t *testing.T) size {
	t.Helper()
	if os.Getenv("TORTURE") == "" {
		return size{people: 3000, appKills: 7, dbKills: 2, cancels: 1, stops: 8, cut: "0.0005", mute: "0.0005", scatter: "0.0005"}
	}
	number := func(name string, otherwise int) int {
		v := os.Getenv("TORTURE_" + name)
		if v == "" {
			return otherwise
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			t.Fatalf("%s=%s is no number", name, v)
		}
		return n
	}
	s := size{
		people: number("PEOPLE", 20_000), appKills: number("APP_KILLS", 50), dbKills: number("DB_KILLS", 5),
		limit: time.Duration(number("MINUTES", 0)) * time.Minute, cut: "0.0001", mute: "0.0001", scatter: "0.0003",
	}
	s.cancels, s.stops, s.rate = min(max(s.people/20_000, 2), 50), max(s.people/2000, 20), number("RATE", 3000)
	return s
}

// TestTorture: B29, B30, I1–I20, D33, F1, F2, F3, F5, F9, F10, F11, F17. SIGKILLs
// of two workers, one by one and both at once, and of Postgres with its children,
// while a session goes out by a carrier that throttles, cuts connections off, does
// not answer, answers out of order, and sends receipts twice and before the
// answer; while other sessions are cancelled and paused, and people next in the
// queue text STOP. Nobody gets it twice, everybody ends in one final state, the
// ledger closes to zero, and what the database says of each person is what the
// carrier saw. `make torture` says how hard; `make test` is a short form.
func TestTorture(t *testing.T) {
	together(t)
	r := &run{size: sizes(t)}
	r.chamber = newChamber(t, "--delay", "4ms", "--jitter", "8ms", "--receipt-delay", "100ms", "--rate", strconv.Itoa(r.rate),
		"--cut", r.cut, "--mute", r.mute, "--throttled", r.scatter, "--refused", "0.001", "--undelivered", "0.01",
		"--twice", "0.02", "--early", "0.02", "--seed", "7")
	r.world.Credits(sms.Credits(3*r.people+1_000_000) * sms.Credit)
	r.prepare()
	began := time.Now()
	var others sync.WaitGroup
	others.Go(r.cancel)
	others.Go(r.sayStop)
	r.kill()
	others.Wait()
	r.finish()
	v := r.judge()
	r.report(t, time.Since(began), v)
	for _, x := range v.violations {
		t.Errorf("violated: %s", x)
	}
	if len(r.seen.twice) > 0 {
		t.Errorf("%d people got it twice: %v", len(r.seen.twice), r.seen.twice[:min(5, len(r.seen.twice))])
	}
}

// together lets the short forms run at the same time: they mostly wait. What is
// measured runs alone.
func together(t *testing.T) {
	if os.Getenv("TORTURE") == "" {
		t.Parallel()
	}
}

// run is one run of TestTorture.
type run struct {
	*chamber
	size
	slots     [2]*slot
	hello     *sending // to people who will text STOP: they can only answer whom they know
	main      *sending
	cancelled []*sending
	events    []event
	said      map[int64]time.Time // when STOP was texted
	drained   []time.Duration
}

// event is one deed of the killer.
type event struct {
	kind  string
	at    time.Time
	lives []*process // those that were killed
}

// The kinds of kills.
const (
	killWorker   = "one worker"
	killApp      = "the whole app"
	killPostgres = "Postgres"
)

// spread is how far apart those are who may text STOP.
const spread = 20

// prepare says hello to those who will text STOP, and launches the sending that
// is tortured.
func (r *run) prepare() {
	t := r.t
	r.main = &sending{text: "Hello from the torture chamber", base: 33_700_000_000, step: 1, people: r.people}
	r.hello = &sending{text: "Welcome to the torture chamber", base: r.main.base, step: spread, people: r.people / spread}
	r.said = map[int64]time.Time{}
	p := r.product()
	for i := range r.slots {
		r.slots[i] = startSlot(t, "worker "+strconv.Itoa(i+1), p)
	}
	r.addContacts(r.hello)
	if err := r.launch(r.hello); err != nil {
		t.Fatal(err)
	}
	r.await("the first sending", time.Duration(r.hello.people/50)*time.Second+2*time.Minute, func() bool { return r.seen.seen(r.hello) == r.hello.people })
	if err := r.launch(r.main); err != nil {
		t.Fatal(err)
	}
}

// addContacts makes people of the numbers of a sending.
func (r *run) addContacts(s *sending) {
	const many = 5000
	for first := 1; first <= s.people; first += many {
		var numbers []int64
		var hashes [][]byte
		for n := first; n < first+many && n <= s.people; n++ {
			numbers = append(numbers, s.number(n))
			hashes = append(hashes, r.world.App.NumberHash(r.world.Tenant.ID, s.number(n)))
		}
		r.world.Exec(`insert into contacts(tenant_id, id, number, number_hash, country, first_name, last_name, name_key, last_key)
			select $1, gen_random_uuid(), number, hash, 'FR', 'Person', 'Test', 'person test', 'test person'
			from unnest($2::bigint[], $3::bytea[]) as c(number, hash)`, int64(r.world.Tenant.ID), numbers, hashes)
	}
}

// kill does what is to be killed, spread by chance over the sending.
func (r *run) kill() {
	kinds := make([]string, 0, r.appKills+r.dbKills)
	for i := range r.appKills {
		kinds = append(kinds, killWorker)
		if i%10 == 5 {
			kinds[i] = killApp
		}
	}
	for range r.dbKills {
		kinds = append(kinds, killPostgres)
	}
	rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	places := make([]int, len(kinds))
	for i := range places {
		places[i] = r.people/50 + rand.IntN(r.people*9/10)
	}
	slices.Sort(places)
	began := time.Now()
	for i, kind := range kinds {
		r.reach(places[i])
		if r.limit > 0 && time.Since(began) > r.limit {
			r.t.Logf("the time was over after %d of %d kills", i, len(kinds))
			return
		}
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		r.strike(kind)
	}
}

// reach waits until the carrier has heard of so many people of the main sending.
func (r *run) reach(people int) {
	last, moved := 0, time.Now()
	r.await(strconv.Itoa(people)+" people", 6*time.Hour, func() bool {
		n := r.seen.seen(r.main)
		if n != last {
			last, moved = n, time.Now()
		}
		if time.Since(moved) > 3*time.Minute {
			r.t.Fatalf("nothing has left for three minutes: %s", r.state())
		}
		return n >= people
	})
}

func (r *run) strike(kind string) {
	e := event{kind: kind}
	switch kind {
	case killWorker:
		s := r.slots[rand.IntN(len(r.slots))]
		r.bound(s)
		e.at = time.Now()
		e.lives = append(e.lives, s.kill())
	case killApp:
		for _, s := range r.slots {
			r.bound(s)
		}
		e.at = time.Now()
		for _, s := range r.slots {
			e.lives = append(e.lives, s.kill())
		}
	case killPostgres:
		var pid int
		r.await("Postgres", time.Minute, func() bool { pid = r.pg.PID(); return pid > 0 })
		e.at = time.Now()
		_ = syscall.Kill(-pid, syscall.SIGKILL) // its children too
	}
	r.events = append(r.events, e)
}

// bound waits, nine times of ten, until a worker has connected: one that has not
// begun loses nothing.
func (r *run) bound(s *slot) {
	if rand.IntN(10) == 0 {
		return
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && !s.current().said("state=ready"); {
		time.Sleep(20 * time.Millisecond)
	}
}

// finish lets the workers go on until everything is answered, stops them in an
// orderly way, and passes two days.
func (r *run) finish() {
	t := r.t
	last, moved := -1, time.Now()
	all := append([]*sending{r.hello, r.main}, r.cancelled...)
	r.await("everything to be answered", 6*time.Hour, func() bool {
		open, final := r.seen.waits(), 0
		for _, s := range all {
			y := r.tally(s)
			open += y.Pending + y.Retrying + y.Submitting + y.Accepted
			final += y.Final()
		}
		if final != last {
			last, moved = final, time.Now()
		}
		if time.Since(moved) > 4*time.Minute {
			t.Errorf("%d messages and receipts were not answered in four minutes: %s", open, r.state())
			r.tell(all)
			return true
		}
		time.Sleep(200 * time.Millisecond)
		return open == 0 && r.value(`select not exists (select from receipts where applied_at is null) and not exists (select from inbound where handled_at is null)`) == "true"
	})
	for _, s := range r.slots {
		took, err := s.term(2 * time.Minute)
		if err != nil {
			t.Error(err)
		}
		r.drained = append(r.drained, took)
	}
	r.endCarrier()
	a, ctx := r.world.App, t.Context()
	a.Now = func() time.Time { return time.Now().Add(49 * time.Hour) }
	if err := a.ExpireMessages(ctx); err != nil {
		t.Error(err)
	}
	if err := a.FollowSessions(ctx); err != nil {
		t.Error(err)
	}
	a.Now = time.Now
}

// state is what an engineer asks first.
func (r *run) state() string {
	return r.value(`select format('%s receipts, %s not applied, the next looked at in %s, %s workers, %s texts not handled, in flight %s, pending %s',
		(select count(*) from receipts), (select count(*) from receipts where applied_at is null),
		(select min(look_at) - now() from receipts where applied_at is null), (select count(*) from workers where buried_at is null),
		(select count(*) from inbound where handled_at is null), (select count(*) from attempts where outcome is null), (select sum(pending) from batches))`)
}

// tell shows what the carrier wrote down of messages whose receipts it still has.
func (r *run) tell(all []*sending) {
	for _, s := range all {
		r.t.Logf("%q: %+v", s.text, r.tally(s))
	}
	r.t.Log(r.value(`select string_agg(format('message %s of %s to %s: state %s, attempts %s', m.n, m.session_id, m.number, m.state, (select json_agg(a) from attempts a
		where a.tenant_id = m.tenant_id and a.session_id = m.session_id and a.n = m.n)), E'\n') from (select * from messages where state in (0, 1, 2, 3) limit 5) m`))
	b, err := os.ReadFile(r.witnessed)
	if err != nil {
		return
	}
	for _, id := range r.seen.owing() {
		for line := range strings.Lines(string(b)) {
			if strings.Contains(line, id) {
				r.t.Log(line)
			}
		}
	}
}

// patience is how long a deed may take on a slow machine.
const patience = 2 * time.Minute

func stopWords(number int64) string {
	return strings.Join([]string{strconv.FormatInt(number, 10), "NORDFARE", "STOP"}, " ") + "\n"
}
