package outward

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tidings/internal/gateway"
)

// wire answers requests in memory.
type wire struct {
	mu    sync.Mutex
	play  func(n int) (status int, header http.Header, err error)
	times []time.Time
}

// RoundTrip answers one.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	n := len(w.times)
	w.times = append(w.times, time.Now())
	status, header, err := w.play(n)
	w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	body := ""
	if status == 200 {
		body = "id"
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (w *wire) asked() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]time.Time(nil), w.times...)
}

// changes keeps every health that was told of.
type changes struct {
	gateway.Sink
	mu  sync.Mutex
	all []gateway.Health
}

func (c *changes) Changed(h gateway.Health) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, h)
}

func inBubble(t *testing.T, rate float64, play func(n int) (int, http.Header, error), test func(*testing.T, *Sender, *wire)) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{play: play}
		s := NewSender(Config{
			ID: "test", Client: &http.Client{Transport: w}, Dialect: &plain{url: "http://a.example"}, PartsPerSecond: rate,
			InFlight: 4, MaxParts: 10, Timeout: 30 * time.Second, Now: time.Now,
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = s.Run(ctx, &changes{}) }()
		synctest.Wait()
		test(t, s, w)
		cancel()
		synctest.Wait()
	})
}

// A carrier that cannot be reached is tried after 1, 2, 4 … 60 s, and not in between.
func TestBackoff(t *testing.T) {
	away := func(int) (int, http.Header, error) { return 0, nil, errors.New("connection refused") }
	inBubble(t, 0, away, func(t *testing.T, s *Sender, w *wire) {
		for range 900 { // 90 s
			if s.Health().CanSend() {
				one(t.Context(), s, gateway.Outbound{})
			}
			if r := one(t.Context(), s, gateway.Outbound{}); r.Outcome != gateway.NotSent || r.RetryAfter < time.Second {
				t.Fatalf("%+v", r)
			}
			time.Sleep(100 * time.Millisecond)
		}
		at := w.asked()
		var waits []int
		for i := range at[1:] {
			waits = append(waits, int(at[i+1].Sub(at[i]).Round(time.Second).Seconds()))
		}
		if len(waits) < 6 || waits[0] != 1 || waits[1] != 2 || waits[2] != 4 || waits[3] != 8 || waits[4] != 16 || waits[5] != 32 {
			t.Errorf("waits %v", waits)
		}
	})
}

// After three messages in a row that ended Unknown nothing more leaves for a while: a carrier in
// trouble makes few of them, not a campaign of them.
func TestDoubtsPause(t *testing.T) {
	inBubble(t, 0, func(n int) (int, http.Header, error) {
		if n < 4 {
			return 503, nil, nil
		}
		return 200, nil, nil
	}, func(t *testing.T, s *Sender, w *wire) {
		unknown, unsent := 0, 0
		for range 100 {
			switch r := one(t.Context(), s, gateway.Outbound{}); r.Outcome {
			case gateway.Unknown:
				unknown++
			case gateway.NotSent:
				unsent++
			default:
				t.Fatalf("%+v", r)
			}
		}
		if unknown != 3 || unsent != 97 || s.Health().CanSend() {
			t.Errorf("%d unknown, %d not sent", unknown, unsent)
		}
		time.Sleep(1100 * time.Millisecond)
		if r := one(t.Context(), s, gateway.Outbound{}); r.Outcome != gateway.Unknown || s.Health().CanSend() {
			t.Errorf("still in trouble: %+v", r)
		}
		time.Sleep(2100 * time.Millisecond)
		if r := one(t.Context(), s, gateway.Outbound{}); r.Outcome != gateway.Accepted || s.Health().State != gateway.Ready || s.Health().Detail != "" {
			t.Errorf("out of trouble: %+v, %+v", r, s.Health())
		}
		_ = w
	})
}

// Refused credentials: the state says so, and tries are rare.
func TestTurned(t *testing.T) {
	inBubble(t, 0, func(int) (int, http.Header, error) { return 401, nil, nil }, func(t *testing.T, s *Sender, w *wire) {
		if r := one(t.Context(), s, gateway.Outbound{}); r.Class != gateway.Route || s.Health().State != gateway.Turned {
			t.Errorf("%+v, %+v", r, s.Health())
		}
		if r := one(t.Context(), s, gateway.Outbound{}); r.Outcome != gateway.NotSent || r.RetryAfter != time.Minute {
			t.Errorf("%+v", r)
		}
		time.Sleep(61 * time.Second)
		one(t.Context(), s, gateway.Outbound{})
		if d := time.Until(s.Health().NextTry); d != 5*time.Minute || len(w.asked()) != 2 {
			t.Errorf("again in %v, asked %d times", d, len(w.asked()))
		}
	})
}

// B25: parts a second, a long message counts for as many as it has; B26: asked to slow down, all
// wait, and nothing is lost.
func TestRate(t *testing.T) {
	inBubble(t, 50, func(n int) (int, http.Header, error) {
		if n == 100 {
			return 429, http.Header{"Retry-After": {"3"}}, nil
		}
		return 200, nil, nil
	}, func(t *testing.T, s *Sender, w *wire) {
		batch := make([]gateway.Outbound, 200)
		for i := range batch {
			batch[i] = gateway.Outbound{N: int32(i), To: "447700900001", Text: strings.Repeat("x", 161*(i%2))}
		}
		n := map[gateway.Outcome]int{}
		throttled := time.Time{}
		_ = s.Submit(t.Context(), batch, func(r gateway.Result) {
			n[r.Outcome]++
			if r.Class == gateway.Throttled {
				throttled = r.At
				if r.RetryAfter != 3*time.Second || s.Health().State != gateway.Slowed {
					t.Errorf("%+v, %+v", r, s.Health())
				}
			}
		})
		if n[gateway.Accepted] != 199 || n[gateway.Refused] != 1 {
			t.Errorf("outcomes %v", n)
		}
		at := w.asked()
		for i := range at {
			parts := 0
			for j, b := range at[i:] {
				if b.Sub(at[i]) < time.Second {
					parts += 1 + (i+j)%2
				}
			}
			if parts > 57 { // the limit, a burst of a tenth, and one that was waiting
				t.Fatalf("%d parts within a second", parts)
			}
		}
		if d := at[101].Sub(throttled); d < 3*time.Second {
			t.Errorf("the next one left after %v", d)
		}
		if s.Health().State != gateway.Ready {
			t.Errorf("health %+v", s.Health())
		}
	})
}

// B32: with less than a second left nothing is written.
func TestHoursNearlyOver(t *testing.T) {
	yes := func(int) (int, http.Header, error) { return 200, nil, nil }
	inBubble(t, 0, yes, func(t *testing.T, s *Sender, w *wire) {
		r := one(t.Context(), s, gateway.Outbound{NotAfter: time.Now().Add(900 * time.Millisecond)})
		if r.Outcome != gateway.NotSent || r.Code != "not-after" || len(w.asked()) != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// The end of Run gives back at once what waits for the rate.
func TestEndOfRun(t *testing.T) {
	yes := func(int) (int, http.Header, error) { return 200, nil, nil }
	inBubble(t, 1, yes, func(t *testing.T, s *Sender, w *wire) {
		batch := make([]gateway.Outbound, 50)
		for i := range batch {
			batch[i].To = "447700900001"
		}
		start, n := time.Now(), map[string]int{}
		ctx, cancel := context.WithCancel(t.Context())
		s2 := NewSender(s.cfg)
		go func() { _ = s2.Run(ctx, &changes{}) }()
		synctest.Wait()
		time.AfterFunc(2500*time.Millisecond, cancel)
		_ = s2.Submit(t.Context(), batch, func(r gateway.Result) { n[r.Code]++ })
		if d := time.Since(start); d > 2500*time.Millisecond || n[""] != len(w.asked()) || n["stopped"]+n["not-running"]+n[""] != 50 {
			t.Errorf("after %v: %v", d, n)
		}
	})
}
