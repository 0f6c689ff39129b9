// Package gsm knows what an SMS text is on the air: its alphabet, its length, its parts.
//
// One function counts for the screen, the bill and the wire. Texts are taken as they are;
// pass what people type or import through Clean first.
//
// Sources: 3GPP TS 23.038 §6.2.1 (alphabet) and TS 23.040 §9.2.3.24.1 (concatenation).
package gsm

import "unicode/utf8"

// Encoding is how a text travels: seven-bit characters, or sixteen-bit ones as soon as a
// single character is outside the GSM alphabet.
type Encoding uint8

const (
	// GSM7 is the default alphabet of TS 23.038 with its extension table.
	GSM7 Encoding = iota + 1
	// UCS2 is sixteen-bit Unicode, in practice UTF-16.
	UCS2
)

// String names the encoding as people in the trade do.
func (e Encoding) String() string {
	switch e {
	case GSM7:
		return "GSM7"
	case UCS2:
		return "UCS2"
	}
	return "none"
}

// Room says how many units one SMS holds: alone, and as one part of several, where six octets
// go to the header that puts the parts together again.
func (e Encoding) Room() (alone, part int) {
	if e == UCS2 {
		return 70, 67
	}
	return 160, 153
}

const (
	escape   = 0x1B // announces a character of the extension table
	extended = 0x80 // flag in the tables below: the octet follows an escape
	absent   = 0xFF // not in the alphabet
)

// basic is the default alphabet in the order of its 128 codes. 0x09 is the capital Ç, 0x24 is
// the currency sign and 0x60 the inverted question mark: the backtick, ç and á are not in it.
const basic = "@£$¥èéùìòÇ\nØø\rÅå" +
	"Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" +
	" !\"#¤%&'()*+,-./" +
	"0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNO" +
	"PQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmno" +
	"pqrstuvwxyzäöñüà"

// extension is the second table: each of these ten costs two units.
var extension = map[byte]rune{
	0x0A: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2F: '\\',
	0x3C: '[', 0x3D: '~', 0x3E: ']', 0x40: '|', 0x65: '€',
}

var (
	codes      = codeTable()   // rune below U+0400 to its code: all but the euro sign are there
	runes      = runeTable()   // code to rune, 0 for the escape
	extensions = extendTable() // code after an escape to rune, 0 where there is none
	widths     = widthTable()  // septets of an ASCII character, 0 outside the alphabet
)

func codeTable() (t [0x400]uint8) {
	for i := range t {
		t[i] = absent
	}
	for code, r := range runeTable() {
		if code != escape {
			t[r] = uint8(code)
		}
	}
	for code, r := range extension {
		if r < rune(len(t)) {
			t[r] = code | extended
		}
	}
	return t
}

func runeTable() (t [128]rune) {
	code := 0
	for _, r := range basic {
		if code != escape {
			t[code] = r
		}
		code++
	}
	return t
}

func extendTable() (t [128]rune) {
	for code, r := range extension {
		t[code] = r
	}
	return t
}

func widthTable() (t [utf8.RuneSelf]uint8) {
	for i := range t {
		t[i] = uint8(width(rune(i)))
	}
	return t
}

// code gives a character's place in the alphabet: absent, or seven bits with the extended flag.
func code(r rune) uint8 {
	if r < rune(len(codes)) {
		return codes[r]
	}
	if r == '€' {
		return 0x65 | extended
	}
	return absent
}

// width is how many septets a character takes, 0 if it is not in the alphabet.
func width(r rune) int {
	switch c := code(r); {
	case c == absent:
		return 0
	case c&extended != 0:
		return 2
	}
	return 1
}

// Has tells whether a character is in the GSM alphabet or its extension.
func Has(r rune) bool { return r >= 0 && code(r) != absent }
