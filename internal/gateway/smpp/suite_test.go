package smpp_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway/gatewaytest"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
)

// seen counts whole messages by number, as the simulated carrier writes them down.
type seen struct {
	*smsc.Server
	leave context.CancelFunc

	mu    sync.Mutex
	lines int64
	n     map[string]int
}

// Submits waits until all that has arrived is written down.
func (s *seen) Submits(to string) int {
	for {
		s.mu.Lock()
		if s.lines >= s.Stats().Submits {
			break
		}
		s.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
	defer s.mu.Unlock()
	return s.n[to]
}

func (s *seen) read(in io.Reader) {
	_ = smsc.ReadWitness(in, func(l smsc.Line) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if l.Event == "submit" {
			s.lines++
			if l.Part < 2 {
				s.n[l.To]++
			}
		}
		return nil
	})
}

func (s *seen) Leave() {
	s.leave()
	s.CutAll()
	_ = s.Wait()
}

// The suite that every gateway passes, against the simulated carrier over a real connection.
func TestSuite(t *testing.T) {
	gatewaytest.Run(t, func(t *testing.T) gatewaytest.Harness {
		ctx, cancel := context.WithCancel(context.Background())
		s := &seen{leave: cancel, n: map[string]int{}}
		in, out := io.Pipe()
		var err error
		s.Server, err = smsc.Start(ctx, smsc.Config{SystemID: "tidings", Password: "hunter2secret", ReceiptDelay: time.Millisecond, Witness: out})
		if err != nil {
			t.Fatal(err)
		}
		var reading sync.WaitGroup
		reading.Go(func() { s.read(in) })
		t.Cleanup(func() { s.Leave(); out.Close(); reading.Wait() })
		c := smpp.New(smpp.Route{
			Name: "test", Addrs: []string{s.Addr()}, SystemID: "tidings", Password: "hunter2secret",
			Window: 2, ResponseTimeout: time.Second,
		})
		return gatewaytest.Harness{Gateway: c, Carrier: s, Secrets: []string{"hunter2secret"}}
	})
}
