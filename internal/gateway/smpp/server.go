package smpp

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// maxUnread is how much a peer may leave unread before it is cut off.
const maxUnread = 64 << 20

// Handler is the carrier behind a server. Its methods are called by the readers of different
// peers at the same time, for one peer one after the other.
type Handler interface {
	// Bind decides on a bind; 0 lets the peer in.
	Bind(p *Peer, r BindRequest) (status uint32)
	// Submit takes a submit_sm or data_sm; m and what it points to are valid during the call.
	// The handler answers with p.Answer, at once or later, or never.
	Submit(p *Peer, m *SM)
	// Delivered takes the answer to a deliver_sm.
	Delivered(p *Peer, seq, status uint32)
	// Gone tells that a peer that had bound is no longer there.
	Gone(p *Peer)
}

// Server is the carrier's half of the protocol: it accepts binds and hands submits to a Handler.
type Server struct {
	ln      net.Listener
	handler Handler

	mu    sync.Mutex
	peers map[*Peer]struct{}
}

// NewServer makes a server on a listener.
func NewServer(ln net.Listener, h Handler) *Server {
	return &Server{ln: ln, handler: h, peers: map[*Peer]struct{}{}}
}

// Serve accepts peers until ctx ends, then says unbind to them, waits a moment and closes.
func (s *Server) Serve(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { s.ln.Close() })()
	var all sync.WaitGroup
	for {
		conn, err := s.ln.Accept()
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
				time.Sleep(10 * time.Millisecond) // out of descriptors, most likely
				continue
			}
			break
		}
		p := &Peer{server: s, conn: conn, wake: make(chan struct{}, 1), ended: make(chan struct{})}
		s.mu.Lock()
		s.peers[p] = struct{}{}
		s.mu.Unlock()
		all.Go(p.serve)
	}
	s.each(func(p *Peer) { p.Unbind() })
	t := time.AfterFunc(time.Second, s.CloseAll)
	defer t.Stop()
	all.Wait()
	return nil
}

// CloseAll cuts every connection off, without a word.
func (s *Server) CloseAll() { s.each(func(p *Peer) { p.Close() }) }

func (s *Server) each(f func(*Peer)) {
	s.mu.Lock()
	peers := make([]*Peer, 0, len(s.peers))
	for p := range s.peers {
		peers = append(peers, p)
	}
	s.mu.Unlock()
	for _, p := range peers {
		f(p)
	}
}

// Peer is one connection of a client to a server.
type Peer struct {
	server *Server
	conn   net.Conn
	wake   chan struct{}
	ended  chan struct{} // closed when the reader ends

	SystemID string // set before Handler.Bind is called
	Sends    bool   // it may submit
	Receives bool   // it may be sent deliver_sm

	mu  sync.Mutex
	out []byte
	seq uint32
}

// Answer queues the response to a submit_sm or data_sm. It leaves with the next Flush, or when
// the PDUs that came together have all been handled.
func (p *Peer) Answer(m *SM, status uint32, id string) { p.AnswerTo(m.Seq, m.Data, status, id) }

// AnswerTo is Answer when the request itself is long gone.
func (p *Peer) AnswerTo(seq uint32, data bool, status uint32, id string) {
	command := cmdSubmitSM
	if data {
		command = cmdDataSM
	}
	p.mu.Lock()
	if status == StatusOK {
		p.out = appendResp(p.out, command, status, seq, id)
	} else {
		p.out = appendEmpty(p.out, command|response, status, seq)
	}
	p.mu.Unlock()
}

// Deliver queues a deliver_sm, or a data_sm if m.Data is set, and returns its sequence number.
func (p *Peer) Deliver(m *SM) uint32 {
	command := cmdDeliverSM
	if m.Data {
		command = cmdDataSM
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq = p.seq%maxSequence + 1
	p.out = m.appendTo(p.out, command, p.seq)
	return p.seq
}

// Flush lets leave what is queued.
func (p *Peer) Flush() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Unbind asks the peer to go.
func (p *Peer) Unbind() {
	p.mu.Lock()
	p.seq = p.seq%maxSequence + 1
	p.out = appendEmpty(p.out, cmdUnbind, 0, p.seq)
	p.mu.Unlock()
	p.Flush()
}

// Close cuts the connection off, without a word.
func (p *Peer) Close() {
	if tcp, ok := p.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	p.conn.Close()
}

// serve reads from the peer until it is gone.
func (p *Peer) serve() {
	var writer sync.WaitGroup
	writer.Go(p.write)
	bound := false
	in := newFramer(p.conn)
	var m SM
	for {
		pdu, err := in.next()
		if err != nil {
			p.queue(cmdGenericNack, statusInvCmdLen, 0)
			break
		}
		if pdu == nil {
			p.Flush()
			if in.fill() != nil {
				break
			}
			continue
		}
		if !p.handle(parseHeader(pdu), pdu[headerLen:], &m, &bound) {
			break
		}
	}
	close(p.ended)
	writer.Wait()
	p.conn.Close()
	p.server.mu.Lock()
	delete(p.server.peers, p)
	p.server.mu.Unlock()
	if bound {
		p.server.handler.Gone(p)
	}
}

// handle deals with one PDU; false ends the connection once what is queued has left.
func (p *Peer) handle(h header, body []byte, m *SM, bound *bool) bool {
	switch h.command {
	case cmdBindTRX, cmdBindTX, cmdBindRX:
		return p.bind(h, body, bound)
	case cmdSubmitSM, cmdDataSM:
		if !*bound || !p.Sends {
			p.queue(h.command|response, statusInvBind, h.seq)
			return true
		}
		if _, err := m.parse(h.command, body); err != nil {
			p.queue(h.command|response, statusInvMsgLen, h.seq)
			return true
		}
		m.Seq = h.seq
		p.server.handler.Submit(p, m)
	case cmdDeliverSM | response, cmdDataSM | response:
		p.server.handler.Delivered(p, h.seq, h.status)
	case cmdEnquireLink:
		p.queue(cmdEnquireLink|response, StatusOK, h.seq)
	case cmdUnbind:
		p.queue(cmdUnbind|response, StatusOK, h.seq)
		return false
	case cmdUnbind | response:
		return false
	default:
		if h.command&response == 0 {
			p.queue(cmdGenericNack, statusInvCmdID, h.seq)
		}
	}
	return true
}

// bind answers a bind with the handler's decision.
func (p *Peer) bind(h header, body []byte, bound *bool) bool {
	if *bound {
		p.queue(h.command|response, statusAlreadyBound, h.seq)
		return true
	}
	var r BindRequest
	if err := r.parse(body); err != nil {
		p.queue(h.command|response, statusBindFail, h.seq)
		return false
	}
	p.SystemID, p.Sends, p.Receives = r.SystemID, h.command != cmdBindRX, h.command != cmdBindTX
	// The response must be the first thing the peer reads: what Bind queues goes behind it.
	p.mu.Lock()
	at := len(p.out)
	p.out = appendResp(p.out, h.command, StatusOK, h.seq, "tidings-smsc")
	p.mu.Unlock()
	if status := p.server.handler.Bind(p, r); status != StatusOK {
		p.mu.Lock()
		p.out = appendEmpty(p.out[:at], h.command|response, status, h.seq)
		p.mu.Unlock()
		return false
	}
	*bound = true
	return true
}

func (p *Peer) queue(command, status, seq uint32) {
	p.mu.Lock()
	p.out = appendEmpty(p.out, command, status, seq)
	p.mu.Unlock()
}

// write sends what is queued, all of it in one write, until the reader has ended.
func (p *Peer) write() {
	var buf []byte
	for last := false; ; {
		p.mu.Lock()
		buf, p.out = p.out, buf[:0]
		last = last && len(buf) == 0
		unread := len(buf)
		p.mu.Unlock()
		if unread > maxUnread {
			p.Close()
			return
		}
		if unread > 0 {
			_ = p.conn.SetWriteDeadline(time.Now().Add(30 * time.Second))
			if _, err := p.conn.Write(buf); err != nil {
				p.conn.Close()
				return
			}
			continue
		}
		select {
		case <-p.wake:
		case <-p.ended:
			if last {
				return
			}
			last = true
		}
	}
}
