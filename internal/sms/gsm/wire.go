package gsm

import (
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxParts is how many parts the header of a long message can number.
const MaxParts = 255

// ErrTooLong says that a text needs more than MaxParts parts.
var ErrTooLong = errors.New("text needs more than 255 parts")

const unknown = utf8.RuneError // shown for what cannot be read

// Encode gives the octets of a text: one septet per octet (unpacked, as SMPP carries the default
// alphabet), or UTF-16 big-endian without a byte order mark.
func Encode(text string) ([]byte, Encoding) {
	size := Measure(text)
	n := size.Units
	if size.Encoding == UCS2 {
		n *= 2
	}
	return size.Encoding.append(make([]byte, 0, n), text), size.Encoding
}

// append encodes a text whose encoding is known to carry it.
func (e Encoding) append(to []byte, text string) []byte {
	if e == UCS2 {
		for _, r := range text {
			if r > 0xFFFF {
				high, low := utf16.EncodeRune(r)
				to = binary.BigEndian.AppendUint16(to, uint16(high))
				to = binary.BigEndian.AppendUint16(to, uint16(low))
				continue
			}
			to = binary.BigEndian.AppendUint16(to, uint16(r))
		}
		return to
	}
	for _, r := range text {
		c := code(r)
		if c&extended != 0 {
			to = append(to, escape)
		}
		to = append(to, c&^extended)
	}
	return to
}

// Split gives the user data of each SMS of a text. A single one has no header; of several each
// begins with 05 00 03 ref total number (TS 23.040, 8-bit reference). The cuts are Count's.
// The error is ErrTooLong or nil.
func Split(text string, ref byte) ([][]byte, Encoding, error) {
	tally := Count(text)
	if tally.Parts == 1 {
		data, encoding := Encode(text)
		return [][]byte{data}, encoding, nil
	}
	if tally.Parts > MaxParts {
		return nil, tally.Encoding, ErrTooLong
	}
	parts := make([][]byte, tally.Parts)
	// One allocation for all: 140 septets unpacked and a header fit in 160 octets.
	room := make([]byte, 0, tally.Parts*160)
	from := 0
	for i := range parts {
		to := len(text)
		if i < len(tally.Cuts) {
			to = tally.Cuts[i]
		}
		start := len(room)
		room = append(room, 5, 0, 3, ref, byte(tally.Parts), byte(i+1))
		room = tally.Encoding.append(room, text[from:to])
		parts[i] = room[start:len(room):len(room)]
		from = to
	}
	return parts, tally.Encoding, nil
}

// Part is a user data header's account of where an SMS belongs. Ref is 8 or 16 bits wide;
// Number counts from 1 to Total.
type Part struct {
	Ref    uint16
	Total  uint8
	Number uint8
}

// ParsePart reads the header in front of user data and gives what follows it. ok is false where
// the header is broken or says nothing about parts; the text behind a sound header still comes back.
func ParsePart(data []byte) (part Part, text []byte, ok bool) {
	if len(data) == 0 || len(data) <= int(data[0]) {
		return Part{}, data, false
	}
	header, text := data[1:1+int(data[0])], data[1+int(data[0]):]
	for len(header) >= 2 {
		id, n := header[0], int(header[1])
		if len(header) < 2+n {
			break
		}
		value := header[2 : 2+n]
		switch {
		case id == 0 && n == 3:
			part = Part{uint16(value[0]), value[1], value[2]}
		case id == 8 && n == 4:
			part = Part{binary.BigEndian.Uint16(value), value[2], value[3]}
		}
		header = header[2+n:]
	}
	return part, text, part.Number >= 1 && part.Number <= part.Total
}

// Decode reads the octets of Encode or of a part behind its header. It never fails: what has no
// meaning becomes U+FFFD, and an escape before a code outside the extension is shown as that
// code's basic character (TS 23.038 §6.2.1.1), as phones do.
func Decode(data []byte, encoding Encoding) string {
	if encoding == UCS2 {
		return decodeWide(data)
	}
	var b strings.Builder
	b.Grow(len(data))
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case c > 0x7F:
			b.WriteRune(unknown)
		case c != escape:
			b.WriteRune(runes[c])
		case i+1 == len(data) || data[i+1] == escape:
			b.WriteByte(' ')
			i++
		case data[i+1] > 0x7F:
			b.WriteRune(unknown)
			i++
		case extensions[data[i+1]] != 0:
			i++
			b.WriteRune(extensions[data[i]])
		}
	}
	return b.String()
}

func decodeWide(data []byte) string {
	var b strings.Builder
	b.Grow(len(data))
	for i := 0; i < len(data); i += 2 {
		if i+1 == len(data) {
			b.WriteRune(unknown)
			break
		}
		r := rune(binary.BigEndian.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if i+3 < len(data) {
				low = rune(binary.BigEndian.Uint16(data[i+2:]))
			}
			if r = utf16.DecodeRune(r, low); r != unknown {
				i += 2
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}
