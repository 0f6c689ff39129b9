package smpp

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// tb is what a test and a benchmark share.
type tb interface {
	testing.TB
	Context() context.Context
}

// yes is a carrier that takes everything at once.
type yes struct{ refuseBind uint32 }

func (y *yes) Bind(*Peer, BindRequest) uint32      { return y.refuseBind }
func (*yes) Submit(p *Peer, m *SM)                 { p.Answer(m, StatusOK, "10ab42") }
func (*yes) Delivered(p *Peer, seq, status uint32) {}
func (*yes) Gone(*Peer)                            {}

// testServer is a server on a loopback port for the time of a test.
type testServer struct {
	*Server
	addr string
}

func startServer(t tb, h Handler) *testServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &testServer{Server: NewServer(ln, h), addr: ln.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(ctx) })
	t.Cleanup(func() { cancel(); s.CloseAll(); wg.Wait() })
	return s
}

func (s *testServer) route() Route {
	return Route{Name: "test", Addrs: []string{s.addr}, SystemID: "tidings", Password: "secret"}
}

// notes is a sink that keeps what it gets; fail, if set, is asked first.
type notes struct {
	mu       sync.Mutex
	receipts []gateway.Receipt
	texts    []gateway.Inbound
	lates    []gateway.Result
	health   []gateway.Health
	fail     func() error
}

func (n *notes) failing() error {
	n.mu.Lock()
	f := n.fail
	n.mu.Unlock()
	if f != nil {
		return f()
	}
	return nil
}

func (n *notes) Receipts(_ context.Context, rs []gateway.Receipt) error {
	if err := n.failing(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.receipts = append(n.receipts, rs...)
	return nil
}

func (n *notes) Inbound(_ context.Context, ms []gateway.Inbound) error {
	if err := n.failing(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.texts = append(n.texts, ms...)
	return nil
}

func (n *notes) Late(_ context.Context, rs []gateway.Result) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lates = append(n.lates, rs...)
	return nil
}

func (n *notes) Changed(h gateway.Health) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.health = append(n.health, h)
}

// startClient runs a client for the time of a test and waits until it can send.
func startClient(t tb, r Route) (*Client, *notes) {
	t.Helper()
	c, n, stop := runClient(r)
	t.Cleanup(stop)
	awaitReady(t, c)
	return c, n
}

// runClient runs a client until stop is called, which waits for the drain.
func runClient(r Route) (c *Client, n *notes, stop func()) {
	return runWith(New(r), &notes{})
}

func runWith(c *Client, n *notes) (*Client, *notes, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = c.Run(ctx, n) })
	return c, n, func() { cancel(); wg.Wait() }
}

func awaitReady(t tb, c *Client) {
	t.Helper()
	await(t, "a bind", func() bool { return c.Health().CanSend() })
}

// await looks again and again until ok, for what another goroutine must bring about.
func await(t tb, what string, ok func() bool) {
	t.Helper()
	for range 20_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}
