// Package smsc is a simulated carrier: a real SMPP server that accepts, delays, refuses, delivers
// and replies as its settings and the numbers ask, and writes down every submit it saw. It is
// what `make run` sends through, and the outside witness of the tests that kill things.
package smsc

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tidings/internal/gateway/smpp"
)

// Config is how a carrier behaves. The zero value takes anybody on a free loopback port, answers
// at once and sends its receipts a fifth of a second later.
type Config struct {
	Listen   string // host:port; "127.0.0.1:0"
	SystemID string // empty: anybody may bind
	Password string
	MaxBinds int // connections per system id; 0: any number

	Delay        time.Duration // before each response
	ReceiptDelay time.Duration // from the response to the receipt; 200 ms, negative: none
	Jitter       time.Duration // at most so much more, for each by chance: what came first is answered last
	Window       int           // receipts unanswered per connection; 200
	Rate         float64       // parts a second per system id, more is throttled; 0: no limit
	CutEvery     int           // cut the connection off at every n-th submit, which is lost; 0: never

	DecimalReceipts bool // receipts name their message in decimal, and only in their text

	Plain  bool // numbers that end in 99 and two digits are like any other
	Shares Shares
	Seed   uint64

	Witness io.Writer // one JSON Line per submit and per answered receipt; nil: none
}

// Stats counts what a carrier has seen since its start.
type Stats struct {
	Submits  int64 // submit_sm, whatever became of them
	Accepted int64 // parts taken
	Refused  int64 // parts refused
	Messages int64 // whole messages taken
	Receipts int64 // receipts and texts the client has answered with 0
	Waiting  int64 // receipts and texts planned or under way, not yet answered so
	Binds    int64 // at present
}

// Server is a running carrier.
type Server struct {
	cfg      Config
	ln       net.Listener
	server   *smpp.Server
	schedule *schedule
	witness  *witness
	long     assembly
	done     chan struct{}
	err      error

	count                       atomic.Uint64
	submits, accepted, refused  atomic.Int64
	messages, receipts, planned atomic.Int64
	firstID                     uint64

	mu       sync.Mutex
	accounts map[string]*account
	senders  map[string]*account // who used a sender last: replies go there
	tries    map[string]int      // refusals of a number that will be taken later
}

// Start listens and serves until ctx ends.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.ReceiptDelay == 0 {
		cfg.ReceiptDelay = 200 * time.Millisecond
	}
	if cfg.Window <= 0 {
		cfg.Window = 200
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, ln: ln, schedule: newSchedule(), done: make(chan struct{}),
		firstID:  uint64(time.Now().UnixMicro()) << 8, // ids are not used again after a restart
		accounts: map[string]*account{}, senders: map[string]*account{}, tries: map[string]int{},
	}
	if cfg.Witness != nil {
		s.witness = newWitness(cfg.Witness)
	}
	s.server = smpp.NewServer(ln, s)
	go s.run(ctx)
	return s, nil
}

func (s *Server) run(ctx context.Context) {
	defer close(s.done)
	var all sync.WaitGroup
	all.Go(func() { s.schedule.run(ctx, s.move) })
	all.Go(func() { s.sweep(ctx) })
	s.err = s.server.Serve(ctx)
	all.Wait()
	if s.witness != nil {
		s.err = errors.Join(s.err, s.witness.close())
	}
}

// Addr is host:port of the listener.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// Wait returns when the carrier has ended and the witness is written.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// CutAll cuts every connection off, without a word.
func (s *Server) CutAll() { s.server.CloseAll() }

// Stats counts.
func (s *Server) Stats() Stats {
	out := Stats{
		Submits: s.submits.Load(), Accepted: s.accepted.Load(), Refused: s.refused.Load(),
		Messages: s.messages.Load(), Receipts: s.receipts.Load(),
	}
	out.Waiting = s.planned.Load() - out.Receipts
	for _, a := range s.all() {
		a.mu.Lock()
		out.Binds += int64(a.binds)
		a.mu.Unlock()
	}
	return out
}

func (s *Server) all() []*account {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*account, 0, len(s.accounts))
	for _, a := range s.accounts {
		out = append(out, a)
	}
	return out
}

// move lets receipts and late answers leave.
func (s *Server) move() {
	for _, a := range s.all() {
		a.move()
	}
}

// sweep sends again what was not answered, and forgets parts of messages that never became whole.
func (s *Server) sweep(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			for _, a := range s.all() {
				a.overdue(now)
			}
			s.long.forget(now)
		}
	}
}

// account finds or makes the account of a system id.
func (s *Server) account(id string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[id]
	if a == nil {
		a = &account{id: id, window: s.cfg.Window}
		s.accounts[id] = a
	}
	return a
}

// Statuses a carrier refuses a bind with (SMPP 3.4 §5.1.3).
const (
	badPassword  = 0x0E
	badSystemID  = 0x0F
	tooManyBinds = 0x05
)

// Bind decides on a bind.
func (s *Server) Bind(p *smpp.Peer, r smpp.BindRequest) uint32 {
	switch {
	case s.cfg.SystemID != "" && r.SystemID != s.cfg.SystemID:
		return badSystemID
	case s.cfg.SystemID != "" && r.Password != s.cfg.Password:
		return badPassword
	}
	a := s.account(r.SystemID)
	if s.cfg.MaxBinds > 0 {
		a.mu.Lock()
		n := a.binds
		a.mu.Unlock()
		if n >= s.cfg.MaxBinds {
			return tooManyBinds
		}
	}
	a.add(p)
	return smpp.StatusOK
}

// Gone takes a connection out.
func (s *Server) Gone(p *smpp.Peer) { s.account(p.SystemID).remove(p) }

// Delivered takes the client's answer to a receipt or text.
func (s *Server) Delivered(p *smpp.Peer, seq, status uint32) {
	a := s.account(p.SystemID)
	d := a.answered(p, seq, status)
	if d == nil {
		return
	}
	if s.witness != nil {
		s.witness.write(&Line{
			Time: time.Now(), Event: "ack", SystemID: a.id, ID: d.id, Status: status,
			From: d.sm.Source.Digits, To: d.sm.Dest.Digits, Outcome: d.kind,
		})
	}
	if status == smpp.StatusOK {
		s.receipts.Add(1)
		return
	}
	s.schedule.after(refusedWait, s.count.Add(1), func() { a.push(d) })
}

// id is the n-th message id: a number that grows, in hexadecimal as many carriers write it.
func (s *Server) id(n uint64) string { return strconv.FormatUint(s.firstID+n, 16) }
