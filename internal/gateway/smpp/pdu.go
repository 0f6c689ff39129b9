// Package smpp speaks SMPP 3.4: a client that is a gateway, and the server half that a
// simulated carrier is built on. It is written for one promise above all: a message that may
// have reached the carrier is never sent again by itself.
package smpp

import (
	"encoding/binary"
	"fmt"
)

// Commands of SMPP 3.4 §5.1.2.1 that are spoken here. A response has the top bit set.
const (
	cmdGenericNack  uint32 = 0x80000000
	cmdBindRX       uint32 = 0x00000001
	cmdBindTX       uint32 = 0x00000002
	cmdSubmitSM     uint32 = 0x00000004
	cmdDeliverSM    uint32 = 0x00000005
	cmdUnbind       uint32 = 0x00000006
	cmdBindTRX      uint32 = 0x00000009
	cmdOutbind      uint32 = 0x0000000B
	cmdEnquireLink  uint32 = 0x00000015
	cmdSubmitMulti  uint32 = 0x00000021
	cmdAlertNotify  uint32 = 0x00000102
	cmdDataSM       uint32 = 0x00000103
	response        uint32 = 0x80000000
	interfaceV34    byte   = 0x34
	esmUDHI         byte   = 0x40
	esmKinds        byte   = 0x3C // message type bits of esm_class in deliver_sm (§5.2.12)
	esmReceipt      byte   = 0x04
	maxSequence     uint32 = 0x7FFFFFFF
	headerLen              = 16
	maxPDU                 = 65 << 10 // 64 KiB of message_payload and 1 KiB for the rest
	maxShortMessage        = 254
)

// Tags of the optional parameters (§5.3.2) that are read or written.
const (
	TagReceiptedMessageID uint16 = 0x001E
	TagUserReference      uint16 = 0x0204
	TagSARRef             uint16 = 0x020C
	TagSARTotal           uint16 = 0x020E
	TagSARSeq             uint16 = 0x020F
	TagInterfaceVersion   uint16 = 0x0210
	TagNetworkError       uint16 = 0x0423
	TagPayload            uint16 = 0x0424
	TagMessageState       uint16 = 0x0427
)

// header is the first 16 octets of every PDU (§3.2).
type header struct {
	length, command, status, seq uint32
}

func parseHeader(b []byte) header {
	return header{
		length:  binary.BigEndian.Uint32(b),
		command: binary.BigEndian.Uint32(b[4:]),
		status:  binary.BigEndian.Uint32(b[8:]),
		seq:     binary.BigEndian.Uint32(b[12:]),
	}
}

// begin appends a header whose length end fills in.
func begin(b []byte, command, status, seq uint32) []byte {
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, command)
	b = binary.BigEndian.AppendUint32(b, status)
	return binary.BigEndian.AppendUint32(b, seq)
}

// end writes the length of the PDU that began at start.
func end(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// appendEmpty appends a PDU that is only a header.
func appendEmpty(b []byte, command, status, seq uint32) []byte {
	start := len(b)
	return end(begin(b, command, status, seq), start)
}

// appendResp appends a response that carries one C string: submit_sm_resp, deliver_sm_resp,
// data_sm_resp, bind_*_resp.
func appendResp(b []byte, command, status, seq uint32, id string) []byte {
	start := len(b)
	b = begin(b, command|response, status, seq)
	b = append(b, id...)
	b = append(b, 0)
	return end(b, start)
}

// lengthError is a command_length that cannot be (§3.2): nothing after it can be found again.
type lengthError struct {
	length uint32
	head   [4]byte
}

func (e lengthError) Error() string {
	for _, c := range e.head {
		if c < ' ' || c > '~' {
			return fmt.Sprintf("the peer sent a PDU of an impossible length, %d octets", e.length)
		}
	}
	return fmt.Sprintf("the peer does not speak SMPP: its first octets read %q", e.head[:])
}
