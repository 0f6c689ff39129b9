package gateway

import (
	"testing"
	"time"
)

// B42: what a latency says is never less than it was, and at most a quarter more.
func TestLatencyIsRight(t *testing.T) {
	for d := time.Microsecond; d < 2*time.Minute; d = d*5/4 + time.Microsecond {
		var l Latency
		l[Step(d)]++
		d := d.Truncate(time.Microsecond)
		if got := l.Within(0.5); got < d || d > 8*time.Microsecond && got > d*5/4+2*time.Microsecond {
			t.Fatalf("%s is counted as %s", d, got)
		}
	}
	var l, before Latency
	for ms := 1; ms <= 100; ms++ {
		l[Step(time.Duration(ms)*time.Millisecond)]++
	}
	before[Step(time.Millisecond)]++
	since := l.Since(&before)
	if p := since.Within(0.5); p < 50*time.Millisecond || p > 65*time.Millisecond {
		t.Errorf("p50 is %s", p)
	}
	if p := since.Within(0.95); p < 95*time.Millisecond || p > 120*time.Millisecond {
		t.Errorf("p95 is %s", p)
	}
	if (&Latency{}).Within(0.5) != 0 {
		t.Error("nothing has a latency")
	}
}
