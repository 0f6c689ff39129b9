package smpp

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"tidings/internal/sms"
)

// What the trace keeps: so many PDUs, and so much of each that its mandatory
// fields can be read.
const (
	traceRoom = 1000
	traceCut  = 255
)

// traced is a PDU that went by, cut short.
type traced struct {
	at     time.Time
	out    bool
	length uint8
	pdu    [traceCut]byte
}

// trace is the ring of the last PDUs of a client.
type trace struct {
	mu   sync.Mutex
	ring []traced
	next int // where the next one goes
}

// put notes PDUs that went one way: as many as b holds.
func (t *trace) put(now time.Time, out bool, b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(b) >= headerLen {
		n := min(int(binary.BigEndian.Uint32(b)), len(b))
		if n < headerLen {
			return
		}
		if len(t.ring) < traceRoom {
			t.ring = append(t.ring, traced{})
		}
		x := &t.ring[t.next]
		x.at, x.out = now, out
		x.length = uint8(copy(x.pdu[:], b[:keeps(b[:n])]))
		t.next = (t.next + 1) % traceRoom
		b = b[n:]
	}
}

// keeps is how much of a PDU is remembered: of a bind, which holds the password,
// only its header (B43).
func keeps(pdu []byte) int {
	switch binary.BigEndian.Uint32(pdu[4:]) {
	case cmdBindTX, cmdBindRX, cmdBindTRX:
		return headerLen
	}
	return min(len(pdu), traceCut)
}

// Trace is the last PDUs, the oldest first. Texts are left out, and most of the
// numbers of people (B42, B43).
func (c *Client) Trace() []sms.TraceLine {
	t := &c.trace
	t.mu.Lock()
	kept := append([]traced(nil), t.ring...)
	next := t.next
	t.mu.Unlock()
	out := make([]sms.TraceLine, 0, len(kept))
	for i := range kept {
		if len(kept) == traceRoom {
			i = (next + i) % traceRoom
		}
		out = append(out, kept[i].line(&c.route))
	}
	return out
}

var commandNames = map[uint32]string{
	cmdBindRX: "bind_receiver", cmdBindTX: "bind_transmitter", cmdBindTRX: "bind_transceiver", cmdSubmitSM: "submit_sm", cmdDeliverSM: "deliver_sm",
	cmdUnbind: "unbind", cmdOutbind: "outbind", cmdEnquireLink: "enquire_link", cmdAlertNotify: "alert_notification", cmdDataSM: "data_sm",
}

// line says what a PDU was.
func (x *traced) line(r *Route) sms.TraceLine {
	pdu := x.pdu[:x.length]
	h := parseHeader(pdu)
	l := sms.TraceLine{At: x.at, Out: x.out, Seq: h.seq, What: commandNames[h.command&^response]}
	switch {
	case h.command == cmdGenericNack:
		l.What = "generic_nack"
	case l.What == "":
		l.What = fmt.Sprintf("command 0x%08X", h.command)
	case h.command&response != 0:
		l.What += "_resp"
	}
	if h.command&response != 0 {
		l.Status = fmt.Sprintf("0x%02X", h.status)
	}
	body := pdu[headerLen:]
	switch h.command {
	case cmdSubmitSM, cmdDeliverSM, cmdDataSM:
		l.Detail = x.message(r, h, body)
	case cmdSubmitSM | response:
		if id := string(parseID(body)); id != "" {
			l.Detail = "id " + id
		}
	}
	return l
}

// message says what a PDU with a text was about, without the text.
func (x *traced) message(r *Route, h header, body []byte) string {
	var m SM
	if _, err := m.parse(h.command, body); err == nil && !x.out && r.isReceipt(&m) {
		rc := r.receipt(&m)
		stat := receiptFields(string(m.Message())).stat
		return strings.TrimSpace(fmt.Sprintf("receipt for %s, id %s, %s %s", hidden(rc.To), rc.ProviderID, stat, rc.Code))
	}
	from, to, size, ok := addresses(h.command, body)
	if !ok {
		return ""
	}
	if x.out {
		return fmt.Sprintf("from %s to %s, %d octets of text hidden", from, hidden(to), size)
	}
	return fmt.Sprintf("from %s to %s, %d octets of text hidden", hidden(from), to, size)
}

// addresses reads the mandatory fields of a message that was cut short.
func addresses(command uint32, b []byte) (from, to string, size int, ok bool) {
	text := func() string {
		for i, c := range b {
			if c == 0 {
				s := string(b[:i])
				b = b[i+1:]
				return s
			}
		}
		b = nil
		return ""
	}
	skip := func(n int) { b = b[min(n, len(b)):] }
	text() // service_type
	skip(2)
	from = text()
	skip(2)
	to = text()
	if command == cmdDataSM {
		return from, to, 0, to != ""
	}
	skip(3)
	text() // schedule
	text() // validity
	skip(4)
	if len(b) == 0 {
		return from, to, 0, to != ""
	}
	return from, to, int(b[0]), to != ""
}

// hidden is a number of a person with its middle left out; names and short codes
// stay.
func hidden(s string) string {
	if _, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 64); err != nil || len(s) <= shortCodeDigits {
		return s
	}
	return s[:min(4, len(s))] + strings.Repeat("·", len(s)-6) + s[len(s)-2:]
}
