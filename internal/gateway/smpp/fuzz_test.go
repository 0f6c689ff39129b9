package smpp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"tidings/internal/gateway"
)

// room is what decoding one thing may take beside the PDU it came in.
const room = 64 << 10

// took runs f and reports how much memory it asked for in all.
func took(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// modest fails a test where f, which decodes size octets, takes more than it may: so no length
// that a peer invents, and no trick with many small fields, costs more than what it sent. What is
// counted is everything that f asked for, so copies says how often it may hold what it read: no
// single allocation can then be larger than the PDU and 64 KiB by more than those copies.
func modest(t *testing.T, what string, size, copies int, f func()) {
	t.Helper()
	if n := took(f); n > uint64(room+copies*size) {
		t.Fatalf("%s of %d octets took %d", what, size, n)
	}
}

// keepable fails a test where the database would refuse what a receipt or a text says, and with
// it everything that came in the same moment, again and again.
func keepable(t *testing.T, words ...string) {
	t.Helper()
	for _, s := range words {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > 3*maxText {
			t.Fatalf("%.100q (%d octets) cannot be kept", s, len(s))
		}
	}
}

// decode reads a PDU in every way that it could be meant.
func decode(t *testing.T, r *Route, pdu []byte) {
	t.Helper()
	body := pdu[headerLen:]
	modest(t, "a bind", len(pdu), 1, func() { _ = (&BindRequest{}).parse(body) })
	modest(t, "an id", len(pdu), 1, func() { keepable(t, normal(string(parseID(body)))) })
	for _, command := range []uint32{cmdSubmitSM, cmdDataSM} {
		var m SM
		var err error
		modest(t, "parsing", len(pdu), 1, func() { _, err = m.parse(command, body) })
		if err != nil {
			continue
		}
		modest(t, "a text", len(pdu), 2, func() {
			text, _ := DecodeText(&m, false)
			keepable(t, storable(text), m.Source.plain(), m.Dest.plain())
		})
		// The receipt's own copy for the journal, and the text while it is read.
		modest(t, "a receipt", len(pdu), 3, func() {
			_ = r.isReceipt(&m)
			out := r.receipt(&m)
			keepable(t, out.MatchID, out.Code, out.To, out.From)
		})
		var again SM
		if _, err := again.parse(command, m.appendTo(nil, command, 1)[headerLen:]); err != nil {
			t.Fatalf("%+v: %v", m, err)
		}
		if again.Source != m.Source || !bytes.Equal(again.Short, m.Short) || len(again.TLVs) != len(m.TLVs) {
			t.Fatalf("%+v became %+v", m, again)
		}
	}
}

// B13: no octets make the decoder panic or take more memory than they are, what it reads it can
// write and read again, and what it passes on can be kept.
func FuzzDecode(f *testing.F) {
	for _, p := range golden {
		b, _ := hex.DecodeString(p.hex)
		f.Add(b)
	}
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n"))
	f.Add(binary.BigEndian.AppendUint32(nil, 16))
	f.Add(binary.BigEndian.AppendUint32(nil, 0x7FFFFFFF)) // a length nobody would send
	for _, m := range awkward() {
		if b := m.appendTo(nil, cmdDataSM, 1); len(b) < 4096 {
			f.Add(b)
		}
	}
	r := Route{TextReceipts: true, IDs: HexToDec}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := newFramer(bytes.NewReader(b))
		for {
			pdu, err := in.next()
			if err != nil {
				return
			}
			if pdu == nil {
				if in.fill() != nil {
					return
				}
				continue
			}
			decode(t, &r, pdu)
		}
	})
}

// awkward is what a hostile or broken carrier could send: as large as it may be, and as costly.
func awkward() []SM {
	short := Address{1, 1, "447946012345"}
	payload := func(coding byte, text string) SM {
		return SM{Data: true, ESMClass: esmReceipt, Source: short, Dest: short, Coding: coding, TLVs: []TLV{{TagPayload, []byte(text)}}}
	}
	const most = 0xFF00
	empty := SM{Data: true, Source: short, Dest: short, TLVs: make([]TLV, most/4)}
	id := payload(0, "id:\xFF\xFE stat:DELIVRD err:\xFF")
	id.TLVs = append(id.TLVs, TLV{TagReceiptedMessageID, []byte("ab\x80\x00")})
	return []SM{
		empty, id,
		payload(0, strings.Repeat("\xFF", most)),
		payload(8, strings.Repeat("\xFF", most)),
		payload(3, strings.Repeat("\xE9", most)),
		payload(8, "\x00\x00\x00S\x00T\x00O\x00P"), // NUL is no letter in any database
		payload(0, "id:"+strings.Repeat("f", most-20)+" stat:DELIVRD"),
		payload(0, "id:1 stat:UNDELIV err:"+strings.Repeat("\xFF", most-30)),
		payload(0, "id:1 stat:DELIVRD text:"+strings.Repeat("\u023A", most/2-20)), // longer in lower case
		{Data: true, ServiceType: strings.Repeat("x", most), Source: short, Dest: Address{1, 1, "\xFF+44"}},
	}
}

// B13: the largest and worst PDUs stay within the limits that FuzzDecode asserts.
func TestDecodeIsModest(t *testing.T) {
	r := Route{TextReceipts: true, IDs: HexToDec}
	for _, m := range awkward() {
		decode(t, &r, m.appendTo(nil, cmdDataSM, 1))
	}
}

// FuzzReceipt: no text of a receipt makes the reader panic, and none is final without a word that
// says so.
func FuzzReceipt(f *testing.F) {
	f.Add("id:1 sub:001 dlvrd:001 submit date:2511231200 done date:2511231201 stat:DELIVRD err:000 text:Hello", byte(4))
	f.Add("id: stat: err:", byte(0x24))
	f.Add("ID:\xFF\x00 STAT:\u023A\u023A ERR:\xC3", byte(0x44))
	f.Add("done date:"+strings.Repeat("\x01", 12_000), byte(4)) // found by fuzzing: the time package quotes what it cannot read, four octets for each
	f.Add("stat:"+strings.Repeat("\xad", 12_000), byte(4))      // the same: each became three octets in upper case
	r := Route{IDs: DecToHex}
	f.Fuzz(func(t *testing.T, text string, esm byte) {
		m := SM{ESMClass: esm, Short: []byte(text)}
		var out gateway.Receipt
		modest(t, "a receipt", len(text), 1, func() { out = r.receipt(&m) })
		keepable(t, out.MatchID, out.Code, out.To, out.From)
		if out.Final && !strings.Contains(strings.ToLower(text), "stat:") {
			t.Errorf("%q is final: %+v", text, out)
		}
	})
}
