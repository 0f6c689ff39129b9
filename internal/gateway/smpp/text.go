package smpp

import "tidings/internal/sms/gsm"

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

// DecodeText reads the text of a PDU, without its user data header if it has one. part is zero
// for a text that is whole by itself.
func DecodeText(m *SM, latin1Default bool) (text string, part gsm.Part) {
	data := m.Message()
	if m.ESMClass&esmUDHI != 0 {
		part, data, _ = gsm.ParsePart(data)
	}
	switch c := alphabet(m.Coding); {
	case c == codingUCS2:
		return gsm.Decode(data, gsm.UCS2), part
	case c == codingASCII, c == codingLatin1, c == 0 && latin1Default:
		return decodeLatin1(data), part
	}
	return gsm.Decode(data, gsm.GSM7), part
}

func decodeLatin1(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}
