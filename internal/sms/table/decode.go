package table

import (
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// decode gives the bytes of a file in which separators and line ends can be looked for: UTF-16
// becomes UTF-8, the others are left as they are.
func decode(r io.Reader, e Encoding) io.Reader {
	switch e {
	case UTF16LE:
		return &utf16Reader{from: r, order: binary.LittleEndian}
	case UTF16BE:
		return &utf16Reader{from: r, order: binary.BigEndian}
	}
	return r
}

// utf16Reader turns UTF-16 into UTF-8. Half a surrogate pair becomes U+FFFD.
type utf16Reader struct {
	from  io.Reader
	order binary.ByteOrder
	raw   [4096]byte
	kept  int    // bytes of raw that are not used yet
	out   []byte // UTF-8 that was not asked for yet
	high  rune   // first half of a pair, 0 where none is open
	err   error
}

// Read gives the next bytes of UTF-8.
func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	n, err := u.from.Read(u.raw[u.kept:])
	n += u.kept
	u.out = u.out[:0]
	for i := 0; i+1 < n; i += 2 {
		u.unit(rune(u.order.Uint16(u.raw[i:])))
	}
	u.kept = n % 2
	u.raw[0] = u.raw[max(n-1, 0)]
	if err != nil {
		if u.kept == 1 || u.high != 0 {
			u.out = utf8.AppendRune(u.out, utf8.RuneError)
		}
		u.err = err
	}
}

func (u *utf16Reader) unit(r rune) {
	if u.high != 0 {
		high := u.high
		u.high = 0
		if pair := utf16.DecodeRune(high, r); pair != utf8.RuneError {
			u.out = utf8.AppendRune(u.out, pair)
			return
		}
		u.out = utf8.AppendRune(u.out, utf8.RuneError)
	}
	if r >= 0xd800 && r < 0xdc00 {
		u.high = r
		return
	}
	u.out = utf8.AppendRune(u.out, r)
}

// windows1252 are the characters of bytes 0x80 to 0x9f; the five that Windows leaves open are U+FFFD.
// The other bytes are the characters of the same number.
var windows1252 = [32]rune{
	'€', '\ufffd', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\ufffd', 'Ž', '\ufffd',
	'\ufffd', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\ufffd', 'ž', 'Ÿ',
}

// fromWindows1252 appends the bytes of a Windows-1252 text to dst as UTF-8.
func fromWindows1252(dst, text []byte) []byte {
	for _, b := range text {
		dst = utf8.AppendRune(dst, windowsRune(b))
	}
	return dst
}

func windowsRune(b byte) rune {
	if b >= 0x80 && b < 0xa0 {
		return windows1252[b-0x80]
	}
	return rune(b)
}

// mend appends text to dst as UTF-8, reading each byte that is none as Windows-1252, and says how
// many characters were right and how many bytes were not.
func mend(dst, text []byte) (_ []byte, right, wrong int) {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			wrong++
			r = windowsRune(text[0])
		case n > 1:
			right++
		}
		dst = utf8.AppendRune(dst, r)
		text = text[n:]
	}
	return dst, right, wrong
}
