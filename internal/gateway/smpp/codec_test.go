package smpp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"tidings/internal/gateway"
)

// golden is PDUs whose every field was read back by an independent decoder (tshark) before they
// were written down here.
var golden = []struct{ name, hex string }{
	{"bind", "00000027000000090000000000000001746964696e677300736563726574007765620034000000"},
	{"submit gsm", "00000062000000040000000000000002000500544944494e475300010134343739343630313233343500000000003030303030313032303330343030305200010000001048656c6c6f201b6535201b286f6b1b290204000215a71400000431313031"},
	{"submit ucs2 part", "000000870000000400000000000000030001013434373730303930303132330001013434373934363031323334350040000000303030303032303030303030303030520001000800300500032a020204340440043004320441044204320443043900200417043404400430043204410442043204430439002002040002a4d51400000431313031"},
	{"deliver", "00000099000000050000000000000004000101343437393436303132333435000500544944494e4753000400000000000000006569643a31306162207375623a30303120646c7672643a303031207375626d697420646174653a3235313132333132303020646f6e6520646174653a3235313132333132303120737461743a44454c49565244206572723a30303020746578743a48656c6c6f"},
	{"unbind", "00000010000000060000000000000005"},
}

// goldenPDUs makes the same PDUs again.
func goldenPDUs(t *testing.T) [][]byte {
	t.Helper()
	r := Route{SystemType: "", UserReference: true, TLVs: []TLV{{Tag: 0x1400, Value: []byte("1101")}}}.withDefaults()
	c := &Client{route: r}
	s := &session{c: c}
	now := time.Date(2025, 11, 23, 12, 0, 0, 0, time.UTC)
	plain := &item{msg: &gateway.Outbound{
		Tenant: 1, Session: 2, N: 3, Attempt: 1, From: "TIDINGS", To: "+447946012345",
		Text: "Hello €5 {ok}", NotAfter: now.Add(26*time.Hour + 3*time.Minute + 4*time.Second),
	}}
	wide := &item{msg: &gateway.Outbound{From: "+447700900123", To: "447946012345", Text: strings.Repeat("Здравствуй ", 8), Ref: 0x2A}}
	for _, it := range []*item{plain, wide} {
		if rule, ok := it.encode(&r); !ok {
			t.Fatal(rule.Detail)
		}
	}
	wide.next = 1
	bind := BindRequest{SystemID: "tidings", Password: "secret", SystemType: "web", Version: interfaceV34}
	return [][]byte{
		bind.appendTo(nil, cmdBindTRX, 1),
		s.appendSubmit(nil, plain, 2, now),
		s.appendSubmit(nil, wide, 3, now),
		standardReceipt("10ab").appendTo(nil, cmdDeliverSM, 4),
		appendEmpty(nil, cmdUnbind, 0, 5),
	}
}

// B16: the octets that leave.
func TestGoldenPDUs(t *testing.T) {
	for i, got := range goldenPDUs(t) {
		if hex.EncodeToString(got) != golden[i].hex {
			t.Errorf("%s:\n got %x\nwant %s", golden[i].name, got, golden[i].hex)
		}
	}
}

// The same PDUs read back.
func TestRoundTrip(t *testing.T) {
	in := SM{
		ServiceType: "CMT", Source: Address{1, 1, "447700900123"}, Dest: Address{5, 0, "TIDINGS"}, ESMClass: esmReceipt,
		Protocol: 1, Priority: 2, Validity: "000002000000000R", Registered: 1, Coding: 8, DefaultID: 3, Short: []byte("hello"),
		TLVs: []TLV{{TagMessageState, []byte{2}}, {0x1401, []byte("vendor")}, {TagUserReference, []byte{1, 2}}},
	}
	b := in.appendTo(nil, cmdDeliverSM, 77)
	h := parseHeader(b)
	if h.length != uint32(len(b)) || h.command != cmdDeliverSM || h.seq != 77 {
		t.Errorf("header %+v", h)
	}
	var out SM
	if cut, err := out.parse(h.command, b[headerLen:]); err != nil || cut {
		t.Fatal(err, cut)
	}
	if !reflect.DeepEqual(in, out) {
		t.Errorf("read %+v", out)
	}
	data := SM{Data: true, Source: in.Source, Dest: in.Dest, TLVs: []TLV{{TagPayload, []byte("x")}}}
	b = data.appendTo(nil, cmdDataSM, 1)
	if _, err := out.parse(cmdDataSM, b[headerLen:]); err != nil || string(out.Message()) != "x" || out.Dest != in.Dest {
		t.Errorf("data_sm %+v, %v", out, err)
	}
}

// B12: what carriers leave out of responses, and C strings longer than allowed.
func TestLenientResponses(t *testing.T) {
	for body, id := range map[string]string{
		"": "", "\x00": "", "abc": "abc", "abc\x00": "abc", "abc\x00\x04\x27\x00\x01\x02": "abc",
		strings.Repeat("f", 80) + "\x00": strings.Repeat("f", 80),
	} {
		if got := string(parseID([]byte(body))); got != id {
			t.Errorf("%q: id %q", body, got)
		}
	}
	m := standardReceipt("1")
	m.ServiceType = "smscsim" // seven characters: one more than allowed, and really sent
	var out SM
	if _, err := out.parse(cmdDeliverSM, m.appendTo(nil, cmdDeliverSM, 1)[headerLen:]); err != nil || out.Source != m.Source {
		t.Errorf("%+v, %v", out, err)
	}
}

// B13: unknown parameters are kept; a tail that is cut off is reported and ignored.
func TestCutTLVs(t *testing.T) {
	whole := standardReceipt("1")
	whole.TLVs = []TLV{{0x1401, []byte("vendor")}, {TagMessageState, []byte{2}}}
	b := whole.appendTo(nil, cmdDeliverSM, 1)[headerLen:]
	var m SM
	for cut := 1; cut <= 4; cut++ {
		reported, err := m.parse(cmdDeliverSM, b[:len(b)-cut])
		if err != nil || !reported || len(m.TLVs) != 1 || string(m.TLV(0x1401)) != "vendor" {
			t.Errorf("cut by %d: %v %v %+v", cut, reported, err, m.TLVs)
		}
	}
	if _, err := m.parse(cmdDeliverSM, b[:20]); !errors.Is(err, errMalformed) {
		t.Errorf("error %v", err)
	}
}

// A stream in pieces of any size gives the same PDUs.
func TestFramer(t *testing.T) {
	var stream []byte
	for _, p := range golden {
		b, err := hex.DecodeString(p.hex)
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, b...)
	}
	big := SM{Data: true, TLVs: []TLV{{TagPayload, make([]byte, 0xFFFF)}}}
	stream = big.appendTo(stream, cmdDataSM, 6)
	stream = append(stream, stream...)
	for _, size := range []int{1, 3, 17, 1000, 70_000, len(stream)} {
		f := newFramer(&pieces{b: stream, size: size})
		var got []byte
		for {
			p, err := f.next()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p...)
			if p == nil && f.fill() != nil {
				break
			}
		}
		if !bytes.Equal(got, stream) || f.partial() {
			t.Errorf("in pieces of %d: %d octets of %d", size, len(got), len(stream))
		}
	}
}

// pieces gives out a slice in small reads.
type pieces struct {
	b    []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.b[:min(p.size, len(p.b))])
	p.b = p.b[n:]
	return n, nil
}
