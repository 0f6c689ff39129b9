package torture

import (
	"path/filepath"
	"testing"
	"time"
)

// TestTortureSeesDoubles proves that TestTorture can fail: with the trade's
// usual policy, to send again what was not answered, the witness sees people
// who got it twice. The carrier answers late, so that at each kill whole windows
// are known to have been taken and not answered.
func TestTortureSeesDoubles(t *testing.T) {
	together(t)
	c := newChamber(t, "--delay", "2s", "--receipt-delay", "1h")
	c.world.Credits(5000 * 1000)
	s := &sending{text: "Hello from the torture chamber", base: 33_700_000_000, step: 1, people: 5000}
	if err := c.launch(s); err != nil {
		t.Fatal(err)
	}
	bin := build(t, "test", "-c", "-tags", "mutant", "-o", filepath.Join(t.TempDir(), "worker"), ".")
	w := startSlot(t, "the worker", program{path: bin, env: append(c.environment(), envWorker+"="+c.dsn)})
	doubled := func() bool { _, _, twice := c.seen.counts(); return twice > 0 }
	kills := 0
	for end := time.Now().Add(3 * time.Minute); !doubled(); kills++ {
		if time.Now().After(end) {
			t.Fatalf("resending unknown messages was not caught by %d kills: the kill test is blind", kills)
		}
		before, _, _ := c.seen.counts()
		c.await("windows in flight", 3*time.Minute, func() bool { submits, _, _ := c.seen.counts(); return submits > before || doubled() })
		w.kill()
		// The next life buries this one, and sends again what it had not heard of.
		for patience := time.Now().Add(20 * time.Second); !doubled() && time.Now().Before(patience); {
			time.Sleep(20 * time.Millisecond)
		}
	}
	_, taken, twice := c.seen.counts()
	t.Logf("with resending, %d people of %d got it twice after %d kills", twice, taken-twice, kills)
}
