package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"tidings/internal/gateway"
	"tidings/internal/gateway/smpp"
	"tidings/internal/gateway/smsc"
)

// Each window is measured in turns, client and echo, and the median counts.
const (
	smppTurns = 5
	smppTurn  = time.Second
)

// measureSMPP submits to the simulated carrier over loopback, receipts off, beside an echo of the
// same octets without a protocol.
func measureSMPP(ctx context.Context, b *bench) error {
	for _, window := range []int{1, 10, 100, 1000} {
		if err := b.measureWindow(ctx, window); err != nil {
			return err
		}
	}
	return nil
}

// pipeSpeed is the median of submit round trips a second with nothing but SMPP.
func pipeSpeed(ctx context.Context, window int) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newSubmitter(ctx, window)
	if err != nil {
		return 0, err
	}
	defer c.stop()
	var speeds []float64
	for range 3 {
		speed, err := c.run(ctx, smppTurn/2)
		if err != nil {
			return 0, err
		}
		speeds = append(speeds, speed)
	}
	return median(speeds), nil
}

func (b *bench) measureWindow(ctx context.Context, window int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newSubmitter(ctx, window)
	if err != nil {
		return err
	}
	defer c.stop()
	if _, err := c.run(ctx, 100*time.Millisecond); err != nil { // warm
		return err
	}
	ask, answer := c.wire.shape()
	e, err := newEcho(ctx, int(ask)*window, int(answer)*window)
	if err != nil {
		return err
	}
	defer e.Close()
	var ours, floor, calls []float64
	for range smppTurns {
		before, n := c.wire.calls.Load(), c.sent
		speed, err := c.run(ctx, smppTurn)
		if err != nil {
			return err
		}
		ours = append(ours, speed)
		calls = append(calls, float64(c.wire.calls.Load()-before)/float64(c.sent-n))
		if speed, err = e.run(smppTurn, window); err != nil {
			return err
		}
		floor = append(floor, speed)
	}
	at := fmt.Sprintf(", window %d", window)
	b.note("submit_sm round trips"+at, median(ours), "/s")
	b.note("raw TCP echo of the same octets"+at, median(floor), "/s")
	b.ratio("of the echo"+at, median(ours)/median(floor), "")
	b.ratio("reads and writes of the client"+at, median(calls), "calls/message")
	return nil
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// submitter is a client with a carrier of its own.
type submitter struct {
	client *smpp.Client
	batch  []gateway.Outbound
	wire   *countedWire
	sent   int64
	stop   func()
}

func newSubmitter(ctx context.Context, window int) (*submitter, error) {
	carrier, err := smsc.Start(ctx, smsc.Config{Plain: true, ReceiptDelay: -1})
	if err != nil {
		return nil, err
	}
	s := &submitter{wire: &countedWire{}, batch: make([]gateway.Outbound, max(20*window, 100))}
	for i := range s.batch {
		s.batch[i] = gateway.Outbound{N: int32(i), From: "TIDINGS", To: "447946012345", Text: "Your parcel is at the door, thank you for your order."}
	}
	s.client = smpp.New(smpp.Route{
		Name: "bench", Addrs: []string{carrier.Addr()}, SystemID: "bench", Password: "bench", Window: window,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return countedConn{conn, s.wire}, err
		},
	})
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = s.client.Run(ctx, deafSink{}) }()
	s.stop = func() { cancel(); <-done }
	for deadline := time.Now().Add(10 * time.Second); !s.client.Health().CanSend(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.stop()
			return nil, fmt.Errorf("no bind: %s", s.client.Health().Detail)
		}
	}
	return s, nil
}

// run submits for a while and returns the messages a second.
func (s *submitter) run(ctx context.Context, during time.Duration) (float64, error) {
	began, n, bad := time.Now(), 0, 0
	for time.Since(began) < during {
		err := s.client.Submit(ctx, s.batch, func(r gateway.Result) {
			if n++; r.Outcome != gateway.Accepted {
				bad++
			}
		})
		if err != nil {
			return 0, err
		}
		if bad > 0 {
			return 0, fmt.Errorf("%d of %d messages were not accepted", bad, n)
		}
	}
	s.sent += int64(n)
	s.wire.messages.Add(int64(n))
	return float64(n) / time.Since(began).Seconds(), nil
}

// countedWire counts what goes over a connection.
type countedWire struct{ calls, out, in, messages atomic.Int64 }

// shape is how many octets a message and its answer take.
func (w *countedWire) shape() (ask, answer int64) {
	return w.out.Load() / w.messages.Load(), w.in.Load() / w.messages.Load()
}

// countedConn counts its reads and writes: each is one system call or two, the second where a
// read had to wait.
type countedConn struct {
	net.Conn
	wire *countedWire
}

// Read reads and counts.
func (c countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.calls.Add(1)
	c.wire.in.Add(int64(n))
	return n, err
}

// Write writes and counts.
func (c countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.wire.calls.Add(1)
	c.wire.out.Add(int64(n))
	return n, err
}

// deafSink takes nothing: no receipts are asked of the carrier.
type deafSink struct{}

func (deafSink) Receipts(context.Context, []gateway.Receipt) error { return nil }
func (deafSink) Inbound(context.Context, []gateway.Inbound) error  { return nil }
func (deafSink) Late(context.Context, []gateway.Result) error      { return nil }
func (deafSink) Changed(gateway.Health)                            {}

// echo answers each lot of ask octets with a lot of answer octets: what the wire and the scheduler
// alone allow with a whole window in one write.
type echo struct {
	net.Conn
	ask, answer []byte
}

func newEcho(ctx context.Context, ask, answer int) (*echo, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in, out := make([]byte, ask), make([]byte, answer)
		for {
			if _, err := io.ReadFull(conn, in); err != nil {
				return
			}
			if _, err := conn.Write(out); err != nil {
				return
			}
		}
	}()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return nil, err
	}
	return &echo{conn, make([]byte, ask), make([]byte, answer)}, nil
}

// run asks for a while and returns the round trips a second, of which each lot has so many.
func (e *echo) run(during time.Duration, lot int) (float64, error) {
	began, n := time.Now(), 0
	for ; time.Since(began) < during; n += lot {
		if _, err := e.Write(e.ask); err != nil {
			return 0, err
		}
		if _, err := io.ReadFull(e.Conn, e.answer); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}
