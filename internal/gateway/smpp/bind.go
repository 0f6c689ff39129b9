package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"tidings/internal/gateway"
)

const (
	backoffBase  = time.Second
	backoffReset = time.Minute // bound for so long, the next break starts from the base again
)

// Waits after refusals that hammering would only make worse; the last one repeats.
var (
	credentialWaits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	tooManyWaits    = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute}
	surplusWait     = 10 * time.Minute // for a bind beyond what the carrier allows
)

// bind keeps one connection of a client alive.
type bind struct {
	c       *Client
	n       int // its number among the route's binds
	command uint32
	addr    int // the address to try next
	tries   int // failures in a row
	tooMany int // of them, refusals because too many are bound
	rnd     *rand.Rand
}

// run connects again and again until ctx ends.
func (b *bind) run(ctx context.Context) {
	for ctx.Err() == nil {
		s, err := b.connect(ctx)
		if err != nil {
			if !b.pause(ctx, err) {
				return
			}
			continue
		}
		b.tooMany = 0
		since := time.Now()
		b.c.join(s)
		err = s.run(ctx)
		if time.Since(since) >= backoffReset {
			b.tries = 0
		}
		if ctx.Err() == nil && err != nil && !b.pause(ctx, err) {
			return
		}
	}
}

// pause waits before the next try and says so; false if ctx ended.
func (b *bind) pause(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	wait, state := b.wait(err)
	b.c.health.failed(b.c, state, err.Error(), b.c.route.Now().Add(wait))
	b.c.mu.Lock()
	again := b.c.again
	b.c.mu.Unlock()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-again:
		b.tries, b.tooMany = 0, 0
	case <-t.C:
	}
	return true
}

// wait chooses how long to wait after a failure: full jitter below a doubling cap, or the steps
// of a refusal that will not go away by itself.
func (b *bind) wait(err error) (time.Duration, string) {
	var refused bindError
	if errors.As(err, &refused) {
		switch refused.kind() {
		case bindCredentials:
			b.c.mu.Lock()
			defer b.c.mu.Unlock()
			b.c.refused++
			d := step(credentialWaits, b.c.refused-1)
			b.c.barred = time.Now().Add(d)
			return d, gateway.Turned
		case bindTooMany:
			b.tooMany++
			if b.tooMany > len(tooManyWaits) && b.c.bound() > 0 {
				return surplusWait, gateway.Backoff
			}
			return step(tooManyWaits, b.tooMany-1), gateway.Backoff
		case bindTemporary:
		}
	}
	ceiling := min(b.c.route.Backoff, backoffBase<<min(b.tries, 10))
	b.tries++
	return time.Duration(b.rnd.Int64N(int64(ceiling))) + time.Millisecond, gateway.Backoff
}

func step(waits []time.Duration, n int) time.Duration { return waits[min(n, len(waits)-1)] }

// connect makes one connection and binds it. One bind of a client is attempted at a time, so
// that wrong credentials are not tried by all of them at once.
func (b *bind) connect(ctx context.Context) (*session, error) {
	select {
	case b.c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-b.c.turn }()
	if err := b.c.waitBar(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.c.route.BindTimeout)
	defer cancel()
	conn, secure, err := b.dial(ctx)
	if err != nil {
		return nil, err
	}
	s, err := b.handshake(ctx, conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	s.secure = secure
	return s, nil
}

// waitBar waits until credentials that were refused may be tried again.
func (c *Client) waitBar(ctx context.Context) error {
	for {
		c.mu.Lock()
		d, again := time.Until(c.barred), c.again
		c.mu.Unlock()
		if d <= 0 {
			return nil
		}
		t := time.NewTimer(d)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-again:
			t.Stop()
		case <-t.C:
		}
	}
}

// dial connects to the next address of the route.
func (b *bind) dial(ctx context.Context) (conn net.Conn, secure bool, err error) {
	r := &b.c.route
	addr := r.Addrs[b.addr%len(r.Addrs)]
	b.addr++
	conn, err = r.Dial(ctx, "tcp", addr)
	if err != nil {
		return nil, false, fmt.Errorf("no connection to %s: %w", addr, err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetNoDelay(true) // writes are gathered here already
	}
	if r.TLS == nil {
		return conn, false, nil
	}
	conf := r.TLS.Clone()
	if conf.ServerName == "" {
		conf.ServerName, _, _ = net.SplitHostPort(addr)
	}
	if conf.MinVersion == 0 {
		conf.MinVersion = tls.VersionTLS12
	}
	secured := tls.Client(conn, conf)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, false, fmt.Errorf("no secure connection to %s: %w", addr, err)
	}
	return secured, true, nil
}

// handshake binds (§4.1). PDUs that follow the response in the same read stay in the framer.
func (b *bind) handshake(ctx context.Context, conn net.Conn) (*session, error) {
	r := &b.c.route
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	req := BindRequest{
		SystemID: r.SystemID, Password: r.Password, SystemType: r.SystemType,
		Version: interfaceV34, TON: tonUnknown, NPI: npiUnknown,
	}
	s := &session{
		c: b.c, conn: conn, in: newFramer(conn), start: time.Now(),
		sends: b.command != cmdBindRX, receives: b.command != cmdBindTX,
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
		win: newWindow(r.Window, r.firstSequence),
	}
	seq := s.win.sequence()
	bind := req.appendTo(nil, b.command, seq)
	b.c.trace.put(time.Now(), true, bind)
	if _, err := conn.Write(bind); err != nil {
		return nil, bindFailure(ctx, err)
	}
	for {
		pdu, err := s.in.next()
		if err != nil {
			_, _ = conn.Write(appendEmpty(nil, cmdGenericNack, statusInvCmdLen, 0))
			return nil, err
		}
		if pdu == nil {
			if err := s.in.fill(); err != nil {
				return nil, bindFailure(ctx, err)
			}
			continue
		}
		b.c.trace.put(time.Now(), false, pdu)
		switch h := parseHeader(pdu); {
		case h.command == b.command|response, h.command == cmdGenericNack:
			if h.status != StatusOK || h.command == cmdGenericNack {
				return nil, bindError{h.status}
			}
			if !stop() {
				return nil, bindFailure(ctx, ctx.Err())
			}
			s.lastIn.Store(int64(s.clock()))
			return s, nil
		case h.command == cmdEnquireLink:
			if _, err := conn.Write(appendEmpty(nil, cmdEnquireLink|response, StatusOK, h.seq)); err != nil {
				return nil, bindFailure(ctx, err)
			}
		}
	}
}

// bindFailure names a failure during the bind; most often the peer said nothing.
func bindFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("the carrier did not answer the bind")
	}
	return fmt.Errorf("the connection broke before the carrier accepted it: %w", err)
}
