package smpp

import (
	"strings"
	"unicode/utf8"

	"tidings/internal/sms/gsm"
)

// Values of data_coding (§5.2.19) that differ from the default alphabet.
const (
	codingASCII  byte = 1
	codingLatin1 byte = 3
	codingUCS2   byte = 8
)

// alphabet reduces a data_coding to one of the above, or 0 for the carrier's default: message
// class groups (23.038 §4) carry the alphabet in bits 2 and 3.
func alphabet(coding byte) byte {
	if coding >= 0x10 {
		if coding>>4 == 0xF {
			return 0
		}
		return coding & 0x0C
	}
	return coding
}

// maxText is how many octets of a text are read: more than the hundred parts of the longest one a
// person would write, and so little that no text takes much more memory than it came with.
const maxText = 16 << 10

// maxWord is how long an id or an error code may be; whoever keeps them keeps them in an index.
const maxWord = 255

// DecodeText reads the text of a PDU, without its user data header if it has one. part is zero
// for a text that is whole by itself.
func DecodeText(m *SM, latin1Default bool) (text string, part gsm.Part) {
	data := m.Message()
	if m.ESMClass&esmUDHI != 0 {
		part, data, _ = gsm.ParsePart(data)
	}
	data = data[:min(len(data), maxText)]
	switch c := alphabet(m.Coding); {
	case c == codingUCS2:
		return gsm.Decode(data, gsm.UCS2), part
	case c == codingASCII && hasControls(data): // node-smpp calls its GSM text so
		return gsm.Decode(data, gsm.GSM7), part
	case c == codingASCII, c == codingLatin1, c == 0 && latin1Default:
		return decodeLatin1(data), part
	}
	return gsm.Decode(data, gsm.GSM7), part
}

// hasControls reports octets that are letters in the GSM alphabet and never in a text in ASCII.
func hasControls(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return true
		}
	}
	return false
}

func decodeLatin1(b []byte) string {
	var s strings.Builder
	s.Grow(len(b))
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

// storable makes of what a carrier sent something a database takes: one text that it refuses
// would be refused again and again, and with it all that came in the same moment. What is so
// already costs nothing.
func storable(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// word is storable for an id or an error code.
func word(s string) string { return storable(s[:min(len(s), maxWord)]) }
