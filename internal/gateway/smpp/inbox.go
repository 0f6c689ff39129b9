package smpp

import (
	"context"
	"sync"
	"time"

	"tidings/internal/gateway"
)

const (
	inboxRoom  = 20_000  // receipts and texts held for the sink; then carriers are asked to wait
	inboxBatch = 2_000   // given to the sink at once
	maxDelayed = 100_000 // then "try again" is answered at once
	lateRetry  = time.Second
)

// arrival is a deliver_sm or data_sm that waits to become durable before it is answered.
type arrival struct {
	from    *session
	command uint32
	seq     uint32
	receipt *gateway.Receipt // or
	inbound *gateway.Inbound
}

// delayedNack is one that found the inbox full; it is answered "try again" after a while.
type delayedNack struct {
	command, seq uint32
	at           time.Duration
}

// inbox stands between the readers and the sink, so that a slow sink never delays an answer to
// a submit. One goroutine empties it, in batches as large as what came meanwhile.
type inbox struct {
	c    *Client
	wake chan struct{}

	mu    sync.Mutex
	items []arrival
	lates []gateway.Result
}

func newInbox(c *Client) *inbox { return &inbox{c: c, wake: make(chan struct{}, 1)} }

// put takes an arrival; false if there is no room.
func (b *inbox) put(a arrival) bool {
	b.mu.Lock()
	full := len(b.items) >= inboxRoom
	if !full {
		b.items = append(b.items, a)
	}
	b.mu.Unlock()
	b.nudge()
	return !full
}

// late takes an answer that settles an Unknown.
func (b *inbox) late(r gateway.Result) {
	b.mu.Lock()
	b.lates = append(b.lates, r)
	b.mu.Unlock()
	b.nudge()
}

func (b *inbox) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run empties the inbox until stop is closed and nothing is left.
func (b *inbox) run(ctx context.Context, sink gateway.Sink, stop <-chan struct{}) {
	var retry <-chan time.Time
	for {
		items, lates := b.take()
		b.pass(ctx, sink, items)
		if len(lates) > 0 && sink.Late(ctx, lates) != nil {
			b.mu.Lock()
			b.lates = append(lates, b.lates...)
			b.mu.Unlock()
			retry = time.After(lateRetry)
		}
		if len(items) > 0 {
			continue
		}
		select {
		case <-b.wake:
		case <-retry:
			retry = nil
		case <-stop:
			if items, lates := b.take(); len(items)+len(lates) > 0 {
				b.pass(ctx, sink, items)
				_ = sink.Late(ctx, lates) // nobody is left to try again for; the message stays Unknown
				continue
			}
			return
		}
	}
}

func (b *inbox) take() (items []arrival, lates []gateway.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	items, lates = b.items, b.lates
	b.lates = nil
	if len(items) > inboxBatch {
		b.items = items[inboxBatch:]
		return items[:inboxBatch:inboxBatch], lates
	}
	b.items = nil
	return items, lates
}

// pass gives a batch to the sink and answers each of it as the sink says.
func (b *inbox) pass(ctx context.Context, sink gateway.Sink, items []arrival) {
	if len(items) == 0 {
		return
	}
	var receipts []gateway.Receipt
	var texts []gateway.Inbound
	for i := range items {
		if items[i].receipt != nil {
			receipts = append(receipts, *items[i].receipt)
		} else {
			texts = append(texts, *items[i].inbound)
		}
	}
	var status, textStatus uint32
	if len(receipts) > 0 && sink.Receipts(ctx, receipts) != nil {
		status = StatusTryAgain
	}
	if len(texts) > 0 && sink.Inbound(ctx, texts) != nil {
		textStatus = StatusTryAgain
	}
	for i := range items {
		a := &items[i]
		if a.receipt != nil {
			a.from.acknowledge(a.command, status, a.seq)
		} else {
			a.from.acknowledge(a.command, textStatus, a.seq)
		}
	}
}

// acknowledge answers a deliver_sm or data_sm.
func (s *session) acknowledge(command, status, seq uint32) {
	s.owed.Add(-1)
	s.mu.Lock()
	s.control = appendResp(s.control, command, status, seq, "")
	s.mu.Unlock()
	s.nudge()
}

// deliver takes a deliver_sm or data_sm off the wire.
func (s *session) deliver(h header, body []byte) {
	var m SM
	cut, err := m.parse(h.command, body)
	if cut {
		s.c.counts.cutTLVs.Add(1)
	}
	if err != nil {
		s.c.counts.malformed.Add(1)
		s.reply(cmdGenericNack, statusInvCmdLen, h.seq)
		return
	}
	a := arrival{from: s, command: h.command, seq: h.seq}
	if s.c.route.isReceipt(&m) {
		r := s.c.route.receipt(&m)
		a.receipt = &r
	} else {
		text, _ := DecodeText(&m, s.c.route.Latin1)
		a.inbound = &gateway.Inbound{
			GatewayID: s.c.route.Name, From: m.Source.plain(), To: m.Dest.plain(),
			Text: storable(text), ProviderID: word(cString(m.TLV(TagReceiptedMessageID))),
		}
	}
	s.owed.Add(1)
	if s.c.inbox.put(a) {
		return
	}
	s.owed.Add(-1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.delayed) >= maxDelayed {
		s.control = appendResp(s.control, h.command, StatusTryAgain, h.seq, "")
		return
	}
	s.delayed = append(s.delayed, delayedNack{command: h.command, seq: h.seq, at: s.clock()})
}
