package smpp

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// errMalformed is a PDU whose mandatory fields end before they should.
var errMalformed = errors.New("malformed PDU")

// Address is a source or destination address with its type of number and numbering plan.
type Address struct {
	TON, NPI byte
	Digits   string
}

// TLV is an optional parameter (§3.2.4.1).
type TLV struct {
	Tag   uint16
	Value []byte
}

// SM is the body of submit_sm, deliver_sm and data_sm. When parsed, Short and the values of
// TLVs point into the buffer that was parsed.
type SM struct {
	Seq          uint32
	Data         bool // data_sm, which has fewer fields and carries its text in message_payload
	ServiceType  string
	Source, Dest Address
	ESMClass     byte
	Protocol     byte
	Priority     byte
	Schedule     string
	Validity     string
	Registered   byte
	Replace      byte
	Coding       byte
	DefaultID    byte
	Short        []byte
	TLVs         []TLV
}

// TLV returns the value of the first optional parameter with that tag, nil if there is none.
func (m *SM) TLV(tag uint16) []byte {
	for i := range m.TLVs {
		if m.TLVs[i].Tag == tag {
			return m.TLVs[i].Value
		}
	}
	return nil
}

// Message returns the octets of the text, wherever they travelled, with the user data header
// where UDHI says that there is one.
func (m *SM) Message() []byte {
	if len(m.Short) == 0 {
		if p := m.TLV(TagPayload); p != nil {
			return p
		}
	}
	return m.Short
}

// appendTo appends the whole PDU. The caller has checked the lengths of the strings.
func (m *SM) appendTo(b []byte, command, seq uint32) []byte {
	start := len(b)
	b = begin(b, command, 0, seq)
	b = appendCString(b, m.ServiceType)
	b = appendAddress(b, m.Source)
	b = appendAddress(b, m.Dest)
	if m.Data {
		b = append(b, m.ESMClass, m.Registered, m.Coding)
	} else {
		b = append(b, m.ESMClass, m.Protocol, m.Priority)
		b = appendCString(b, m.Schedule)
		b = appendCString(b, m.Validity)
		b = append(b, m.Registered, m.Replace, m.Coding, m.DefaultID, byte(len(m.Short)))
		b = append(b, m.Short...)
	}
	for i := range m.TLVs {
		b = appendTLV(b, m.TLVs[i].Tag, m.TLVs[i].Value)
	}
	return end(b, start)
}

func appendCString(b []byte, s string) []byte { return append(append(b, s...), 0) }

func appendAddress(b []byte, a Address) []byte {
	return appendCString(append(b, a.TON, a.NPI), a.Digits)
}

func appendTLV(b []byte, tag uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

// scanner reads the fields of a body in turn; after a field that is not there, bad is set and
// every further field is empty.
type scanner struct {
	b   []byte
	bad bool
}

func (s *scanner) byte() byte {
	if len(s.b) == 0 {
		s.bad = true
		return 0
	}
	c := s.b[0]
	s.b = s.b[1:]
	return c
}

// cstring reads to the NUL, however far it is: carriers send service types and ids longer than
// the specification allows, and a receipt must not be lost over it.
func (s *scanner) cstring() []byte {
	i := bytes.IndexByte(s.b, 0)
	if i < 0 {
		v := s.b
		s.b, s.bad = nil, true
		return v
	}
	v := s.b[:i]
	s.b = s.b[i+1:]
	return v
}

func (s *scanner) address() Address {
	ton, npi := s.byte(), s.byte()
	return Address{TON: ton, NPI: npi, Digits: string(s.cstring())}
}

// maxTLVs is far above what any carrier sends; without it a PDU of empty parameters would take
// eight times its own size.
const maxTLVs = 256

// tlvs reads optional parameters to the end. A tail that is cut off is left out and reported.
func (s *scanner) tlvs(into []TLV) (out []TLV, cut bool) {
	out = into
	for len(s.b) > 0 {
		if len(s.b) < 4 || len(out) == maxTLVs {
			return out, true
		}
		tag, n := binary.BigEndian.Uint16(s.b), int(binary.BigEndian.Uint16(s.b[2:]))
		if len(s.b) < 4+n {
			return out, true
		}
		out = append(out, TLV{Tag: tag, Value: s.b[4 : 4+n : 4+n]})
		s.b = s.b[4+n:]
	}
	return out, false
}

// parse reads the body of a submit_sm, deliver_sm or data_sm. cut reports a TLV tail that was
// ignored.
func (m *SM) parse(command uint32, body []byte) (cut bool, err error) {
	s := scanner{b: body}
	*m = SM{TLVs: m.TLVs[:0], Data: command == cmdDataSM}
	m.ServiceType = string(s.cstring())
	m.Source = s.address()
	m.Dest = s.address()
	m.ESMClass = s.byte()
	if m.Data {
		m.Registered, m.Coding = s.byte(), s.byte()
	} else {
		m.Protocol, m.Priority = s.byte(), s.byte()
		m.Schedule = string(s.cstring())
		m.Validity = string(s.cstring())
		m.Registered, m.Replace, m.Coding, m.DefaultID = s.byte(), s.byte(), s.byte(), s.byte()
		n := int(s.byte())
		if s.bad || n > len(s.b) {
			return false, errMalformed
		}
		m.Short = s.b[:n:n]
		s.b = s.b[n:]
	}
	if s.bad {
		return false, errMalformed
	}
	m.TLVs, cut = s.tlvs(m.TLVs)
	return cut, nil
}

// parseID reads the message_id of a response. Nothing in it is required: some carriers send no
// body, some no NUL, some TLVs behind it.
func parseID(body []byte) []byte {
	if i := bytes.IndexByte(body, 0); i >= 0 {
		return body[:i]
	}
	return body
}

// BindRequest is the body of a bind (§4.1).
type BindRequest struct {
	SystemID, Password, SystemType string
	Version                        byte
	TON, NPI                       byte
	Range                          string
}

func (r *BindRequest) appendTo(b []byte, command, seq uint32) []byte {
	start := len(b)
	b = begin(b, command, 0, seq)
	b = appendCString(b, r.SystemID)
	b = appendCString(b, r.Password)
	b = appendCString(b, r.SystemType)
	b = append(b, r.Version, r.TON, r.NPI)
	return end(appendCString(b, r.Range), start)
}

func (r *BindRequest) parse(body []byte) error {
	s := scanner{b: body}
	r.SystemID = string(s.cstring())
	r.Password = string(s.cstring())
	r.SystemType = string(s.cstring())
	if s.bad {
		return errMalformed
	}
	r.Version, r.TON, r.NPI = s.byte(), s.byte(), s.byte()
	r.Range = string(s.cstring())
	return nil
}
