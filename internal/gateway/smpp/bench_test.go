package smpp

import (
	"context"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"tidings/internal/gateway"
)

// countConn counts the writes of a connection: each is one system call.
type countConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// BenchmarkSubmit measures submit_sm round trips over loopback, client and server in one process.
func BenchmarkSubmit(b *testing.B) {
	for _, window := range []int{10, 100, 1000} {
		b.Run(strconv.Itoa(window), func(b *testing.B) {
			s := startServer(b, &yes{})
			var writes atomic.Int64
			r := s.route()
			r.Window = window
			r.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
				return countConn{conn, &writes}, err
			}
			c, _ := startClient(b, r)
			batch := make([]gateway.Outbound, 10*window)
			for i := range batch {
				batch[i] = gateway.Outbound{N: int32(i), From: "TIDINGS", To: "447946012345", Text: "Your parcel is at the door, thank you for your order."}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; {
				n := min(left, len(batch))
				left -= n
				_ = c.Submit(b.Context(), batch[:n], func(r gateway.Result) {
					if r.Outcome != gateway.Accepted {
						b.Errorf("outcome %d %s", r.Outcome, r.Detail)
					}
				})
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
			b.ReportMetric(float64(writes.Load())/float64(b.N), "writes/msg")
		})
	}
}

// BenchmarkEcho is the same octets as BenchmarkSubmit, both ways, without a protocol: what the
// wire and the scheduler alone allow with so many requests in one write.
func BenchmarkEcho(b *testing.B) {
	for _, window := range []int{10, 100, 1000} {
		b.Run(strconv.Itoa(window), func(b *testing.B) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer ln.Close()
			const ask, answer = 114, 25
			go func() {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				in, out := make([]byte, ask*window), make([]byte, answer*window)
				for {
					if _, err := io.ReadFull(conn, in); err != nil {
						return
					}
					if _, err := conn.Write(out); err != nil {
						return
					}
				}
			}()
			conn, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			out, in := make([]byte, ask*window), make([]byte, answer*window)
			b.ResetTimer()
			for i := 0; i < b.N; i += window {
				if _, err := conn.Write(out); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(conn, in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		})
	}
}
