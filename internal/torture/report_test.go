package torture

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// report prints what the run came to, and writes it where `make torture REPORT=file` asks.
func (r *run) report(t *testing.T, took time.Duration, v *verdict) {
	t.Helper()
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	kills := map[string]int{}
	for _, e := range r.events {
		kills[e.kind]++
	}
	failed := r.slots[0].failed + r.slots[1].failed
	y := r.tally(r.main)
	say("%d people in %v, by two workers, window %d on %d connections each; %s.", r.people, took.Round(time.Second), window, binds, load())
	say("Kills: %d of one worker, %d of the whole app (both), %d of Postgres with its children. A worker ended by itself %d times, for want of a database.",
		kills[killWorker], kills[killApp], kills[killPostgres], failed)
	w := r.seen.words
	say("The carrier saw %d submits: %d taken, %d refused or throttled, %d taken and not answered or cut off; %d receipts delivered, %d undelivered; %d answers other than 0 to receipts.",
		r.seen.submits, r.seen.taken, w["refused"], w["unanswered"], w["DELIVRD"], w["UNDELIV"], w["not acknowledged"])
	say("The main sending: %d delivered, %d undelivered, %d refused, %d opted out, %d presumed unsent.", y.Delivered, y.Undelivered, y.Rejected, y.Suppressed, y.PresumedUnsent)
	after, worst := 0, time.Duration(0)
	for _, q := range r.seen.quiets {
		after += q.after
		worst = max(worst, q.worst)
	}
	say("%d cancellations and pauses: %d messages left after the call returned, at most %v later.", len(r.seen.quiets), after, worst.Round(time.Millisecond))
	raced, latest := r.races()
	say("%d STOPs of people next in the queue: %d messages left after the STOP was acknowledged, at most %v later.", len(r.said), raced, latest.Round(time.Millisecond))
	say("Unknown by the kill of a process: %s. By burials of processes that lived: %d.", counts(v.unknown), v.strays)
	say("Resumed after the kill of a worker (its next life, from its start to its first submit): %s.", times(v.worker))
	say("Resumed after the kill of the whole app (from the kill to the next submit): %s.", times(v.app))
	say("Resumed after the kill of Postgres (from the kill to the next submit of what was marked after it): %s.", times(v.postgres))
	say("Stopped by SIGTERM in %v and %v.", r.drained[0].Round(time.Millisecond), r.drained[1].Round(time.Millisecond))
	say("Presumed unsent after two days: %d (%d of them had been taken; their receipts may be of two messages).", v.unsent, v.twofold)
	say("Violations: %d. Doubles: %d.", len(v.violations), len(r.seen.twice))
	for _, x := range v.violations {
		say("  %s", x)
	}
	t.Logf("\n%s", b.String())
	if file := os.Getenv("TORTURE_REPORT"); file != "" {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// races counts the messages that left after a STOP was acknowledged.
func (r *run) races() (n int, worst time.Duration) {
	for number := range r.said {
		at, ok := r.seen.stops[number]
		i, in := r.main.index(number)
		if ok && in && r.main.last[i] > at.UnixNano() {
			n++
			worst = max(worst, time.Duration(r.main.last[i]-at.UnixNano()))
		}
	}
	return n, worst
}

// load is how busy the machine is.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(b)); err == nil && len(f) > 2 {
		return "load " + strings.Join(f[:3], " ")
	}
	return "load not known"
}

func counts(all []int) string {
	if len(all) == 0 {
		return "none"
	}
	sum := 0
	for _, n := range all {
		sum += n
	}
	return fmt.Sprintf("%.1f on average, %d at most, of %d processes", float64(sum)/float64(len(all)), slices.Max(all), len(all))
}

func times(all []time.Duration) string {
	if len(all) == 0 {
		return "never"
	}
	slices.Sort(all)
	at := func(share float64) time.Duration {
		return all[min(int(share*float64(len(all))), len(all)-1)].Round(10 * time.Millisecond)
	}
	return fmt.Sprintf("p50 %v, p99 %v, at most %v, of %d", at(0.5), at(0.99), all[len(all)-1].Round(10*time.Millisecond), len(all))
}
