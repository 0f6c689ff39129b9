package sms_test

import (
	"math"
	"testing"
	"time"

	"tidings/internal/sms"
)

// shared plays workers that lease from one Pace every tenth of a second and send
// whatever they get, and a carrier that takes so many parts a second, with as many
// at once, and throttles the rest; 0: it takes everything.
type shared struct {
	pace   sms.Pace
	limit  float64
	bears  float64
	now    time.Time
	has    []float64 // of each worker
	room   float64   // of the carrier
	second int       // parts that the carrier took in this second
	took   []int     // by second
	asked  int       // how often it throttled
}

func (s *shared) run(d time.Duration) {
	start := s.now
	for s.now.Sub(start) < d {
		i := int(s.now.Sub(start).Milliseconds()/50) % len(s.has)
		s.pace.Raise(s.limit, s.now)
		parts, free := s.pace.Lease(s.limit, s.has[i], true, s.now)
		s.has[i] = 0
		if free {
			parts = 40 // what its connections carry in the time
		}
		for range int(parts) {
			if s.bears > 0 && s.room < 1 {
				s.asked++
				s.pace.Ask(s.limit, s.bears, len(s.took) > 1, time.Second, s.now)
				continue
			}
			s.room--
			s.second++
		}
		s.room = min(s.bears, s.room+s.bears/20)
		s.now = s.now.Add(50 * time.Millisecond)
		if s.now.Sub(start)%time.Second == 0 {
			s.took = append(s.took, s.second)
			s.second = 0
		}
	}
}

// B25: workers together send as much as the limit allows and not more, however
// many they are; and at the beginning no more than a quarter of a second at once.
func TestPaceIsSharedByWorkers(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		for _, limit := range []float64{1, 7, 100, 5000} {
			s := shared{limit: limit, now: time.Unix(1_700_000_000, 0), has: make([]float64, workers)}
			s.run(20 * time.Second)
			all := 0
			for i, n := range s.took {
				if all += n; float64(n) > math.Ceil(limit*1.25)+1 {
					t.Errorf("%d workers sent %d in second %d at a limit of %g", workers, n, i, limit)
				}
			}
			if f := float64(all) / (20 * limit); f < 0.95 || f > 1.05+1/(20*limit) {
				t.Errorf("%d workers sent %d in 20 s at a limit of %g", workers, all, limit)
			}
		}
	}
}

// B25: nothing is saved up for longer than a quarter of a second; what was given
// back can be taken again, and a message with more parts than were left is paid
// for before the next.
func TestPaceKeepsLittle(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var p sms.Pace
	p.Lease(100, 0, false, now)
	now = now.Add(time.Hour)
	if n, _ := p.Lease(100, 0, true, now); n != 25 {
		t.Errorf("after an hour of silence %g parts leave at once, want 25", n)
	}
	if n, _ := p.Lease(100, 10, true, now); n != 10 {
		t.Errorf("of 10 given back %g can be taken", n)
	}
	if n, _ := p.Lease(100, -5, true, now.Add(40*time.Millisecond)); n != 0 {
		t.Errorf("%g leave before a debt of 5 is paid", n)
	}
	if n, _ := p.Lease(100, 0, true, now.Add(70*time.Millisecond)); n != 2 {
		t.Errorf("%g leave when it is paid, want 2", n)
	}
	if _, free := p.Lease(0, 0, true, now); !free {
		t.Error("zero is a limit")
	}
}

// B26, F9: asked to send more slowly, the speed halves once for a window of such
// answers, all workers rest, and it returns to at least nine tenths of what the
// carrier bears, under a limit or without one.
func TestPaceSettlesAtWhatTheCarrierBears(t *testing.T) {
	for _, limit := range []float64{0, 400} {
		s := shared{limit: limit, bears: 120, now: time.Unix(1_700_000_000, 0), has: make([]float64, 2)}
		s.run(100 * time.Second)
		late := 0
		for _, n := range s.took[40:] {
			late += n
		}
		if speed := float64(late) / 60; speed < 0.9*120 || s.asked > 120 { // one in a hundred
			t.Errorf("limit %g: it settles at %.1f a second of 120, %d in vain; %v", limit, speed, s.asked, s.took)
		}
	}
}

func TestPaceHalvesAndReturns(t *testing.T) { // B26
	now := time.Unix(1_700_000_000, 0)
	p := sms.Pace{}
	if !p.Ask(200, 0, true, time.Second, now) || p.Speed(200) != 100 {
		t.Errorf("asked once it sends %g of 200", p.Speed(200))
	}
	if p.Ask(200, 0, true, time.Second, now.Add(900*time.Millisecond)) || p.Speed(200) != 100 {
		t.Errorf("the rest of the window halved it again, to %g", p.Speed(200))
	}
	if n, _ := p.Lease(200, 50, true, now.Add(900*time.Millisecond)); n != 0 {
		t.Errorf("%g parts leave while it rests", n)
	}
	was := p.Speed(200)
	for i := range 60 {
		p.Raise(200, now.Add(time.Second+time.Duration(i)*500*time.Millisecond))
		if x := p.Speed(200); x < was || x > 1.27*was {
			t.Errorf("it went from %g to %g", was, x)
		}
		was = p.Speed(200)
	}
	if p.Slow != 0 || p.Speed(200) != 200 {
		t.Errorf("after half a minute without a wish it sends %g of 200", p.Speed(200))
	}
	// Without a limit: half of what was measured, or of a hundred where nothing is known yet.
	p = sms.Pace{}
	p.Ask(0, 300, true, time.Second, now)
	if p.Speed(0) != 150 {
		t.Errorf("a route that sent 300 a second sends %g", p.Speed(0))
	}
	p = sms.Pace{}
	p.Ask(0, 3, false, time.Second, now)
	if p.Speed(0) != 50 {
		t.Errorf("a route that has just begun sends %g", p.Speed(0))
	}
}
