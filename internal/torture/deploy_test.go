package torture

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestTermDrains: B7, F21. A worker that is told to stop in mid-sending marks
// nothing more, waits for the answers it is owed and ends: nothing is unknown,
// nothing in flight, and what the carrier took is what is recorded. The next one
// sends the rest, and nobody gets it twice.
func TestTermDrains(t *testing.T) {
	together(t)
	c := newChamber(t, "--delay", "300ms", "--jitter", "200ms", "--receipt-delay", "50ms")
	s := &sending{text: "Hello from the torture chamber", base: 33_700_000_000, step: 1, people: 500}
	c.world.Credits(2_000_000)
	if err := c.launch(s); err != nil {
		t.Fatal(err)
	}
	p := c.product()
	first := startSlot(t, "the worker that is stopped", p)
	c.await("the sending to be under way", patience, func() bool { return c.seen.seen(s) >= 100 })
	took, err := first.term(patience)
	if err != nil {
		t.Fatal(err)
	}
	left := c.orderly(s)
	t.Logf("stopped in %v with %d of %d people to go", took.Round(time.Millisecond), left, s.people)
	if left == 0 {
		t.Error("everything had left: this test proves nothing")
	}
	second := startSlot(t, "the next worker", p)
	c.await("the rest", patience, func() bool { y := c.tally(s); return y.Final() == s.people })
	if _, err := second.term(patience); err != nil {
		t.Error(err)
	}
	c.endCarrier()
	c.everybodyOnce(s)
}

// orderly demands that nothing is in flight or unknown, and that the carrier has
// heard of exactly those whose answers are recorded. It returns how many are left.
func (c *chamber) orderly(s *sending) int {
	c.t.Helper()
	y := c.tally(s)
	if y.Submitting != 0 || y.Unknown != 0 {
		c.t.Errorf("after an orderly stop: %+v", y)
	}
	handed := s.people - y.Pending - y.Retrying
	c.await("the witness", patience, func() bool { return c.seen.seen(s) >= handed })
	time.Sleep(200 * time.Millisecond) // what it writes late
	if n := c.seen.seen(s); n != handed {
		c.t.Errorf("the carrier has heard of %d people, recorded are %d", n, handed)
	}
	return y.Pending + y.Retrying
}

// everybodyOnce holds when the witness has read everything.
func (c *chamber) everybodyOnce(s *sending) {
	c.t.Helper()
	y := c.tally(s)
	if y.Delivered != s.people || c.seen.taken != s.people || len(c.seen.twice) > 0 {
		c.t.Errorf("%d people: %+v; the carrier took %d messages, twice to %v", s.people, y, c.seen.taken, c.seen.twice)
	}
}

// TestTortureDeploy: F21. Two versions of the program share a database during a
// deploy, with a migration in the middle of a sending. Nothing was released yet, so
// the next version is made here: a migration that adds columns to the tables of the
// dispatch and a mark of its own, and a program that calls it. The old version goes
// on over the migration, both send side by side, and the old one is told to stop.
// Nothing becomes unknown, and nobody gets it twice.
func TestTortureDeploy(t *testing.T) {
	if os.Getenv("TORTURE") == "" {
		t.Skip("it builds a second program: make torture")
	}
	c := newChamber(t, "--delay", "20ms", "--receipt-delay", "50ms", "--rate", "300")
	s := &sending{text: "Hello from the torture chamber", base: 33_700_000_000, step: 1, people: 6000}
	c.world.Credits(7_000_000)
	now := c.product()
	next := c.next()
	if err := c.launch(s); err != nil {
		t.Fatal(err)
	}
	old := startSlot(t, "the old version", now)
	c.await("the old version", patience, func() bool { return c.seen.seen(s) >= 300 })
	c.migrate()
	at := c.seen.seen(s)
	c.await("the old version after the migration", patience, func() bool { return c.seen.seen(s) >= at+300 })
	young := startSlot(t, "the next version", next)
	c.await("the next version", patience, func() bool { return c.value(`select count(*) from marks_next`) == "1" })
	since := c.value(`select clock_timestamp()`)
	c.await("both at once", patience, func() bool {
		return c.value(`select count(distinct w.name) from attempts a join workers w on w.id = a.worker_id where a.marked_at > '`+since+`'`) == "2"
	})
	took, err := old.term(patience)
	if err != nil {
		t.Error(err)
	}
	t.Logf("the old version stopped in %v, %d of %d people had been heard of", took.Round(time.Millisecond), c.seen.seen(s), s.people)
	if c.seen.seen(s) == s.people {
		t.Error("everything had left before the old version stopped: this test proves nothing")
	}
	c.await("everybody", 2*patience, func() bool { y := c.tally(s); return y.Final() == s.people })
	if _, err := young.term(patience); err != nil {
		t.Error(err)
	}
	c.endCarrier()
	c.everybodyOnce(s)
	if y := c.tally(s); y.Unknown+y.PresumedUnsent > 0 {
		t.Errorf("%+v", y)
	}
}

var markName = regexp.MustCompile(`\bmark_v\d+\(\$1`)

// next builds the next version of the program: it calls mark_next.
func (c *chamber) next() program {
	t := c.t
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root, "internal", "postgres", "dispatch.go")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !markName.Match(b) {
		t.Fatalf("no mark is called in %s", file)
	}
	dir := t.TempDir()
	copied := filepath.Join(dir, "dispatch.go")
	if err := os.WriteFile(copied, markName.ReplaceAll(b, []byte("mark_next($$1")), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: copied}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	p := c.product()
	p.path = build(t, "build", "-overlay", path, "-o", filepath.Join(dir, "tidings-next"), "tidings/cmd/tidings")
	return p
}

// migrate expands the schema as a migration of the next version would: one table
// at a time, since who locks two of them while messages leave may meet a mark that
// has them the other way round. Its mark is the present one under another name,
// that also notes who called it.
func (c *chamber) migrate() {
	c.t.Helper()
	b, err := os.ReadFile("../postgres/dispatch.go")
	if err != nil {
		c.t.Fatal(err)
	}
	name := strings.TrimSuffix(string(markName.Find(b)), "($1")
	c.world.Exec(`alter table sessions add column next_word text not null default ''`)
	c.world.Exec(`alter table batches add column next_count int not null default 0`)
	c.world.Exec(`alter table messages add column next_word text`)
	c.world.Exec(fmt.Sprintf(`do $do$ begin
		create table marks_next(worker_name text primary key);
		grant select, insert on marks_next to tidings_platform;
		execute (select regexp_replace(replace(pg_get_functiondef(p.oid), '%[1]s(', 'mark_next('), '\mbegin\M',
				'begin insert into marks_next select name from workers where id = p_worker on conflict do nothing;')
			from pg_proc p where p.proname = '%[1]s');
		grant execute on function mark_next to tidings_platform;
	end $do$`, name))
}
