package smpp

import (
	"encoding/binary"
	"io"
)

// readBuffer holds some hundred PDUs and always at least the largest one.
const readBuffer = 2 * maxPDU

// framer cuts a stream into PDUs without copying them.
type framer struct {
	src io.Reader
	buf []byte
	r   int // the first octet not yet given out
	w   int // the end of what was read
}

func newFramer(src io.Reader) *framer { return &framer{src: src, buf: make([]byte, readBuffer)} }

// next returns the next whole PDU if the buffer holds one, nil if more must be read first. The
// PDU is valid until fill is called.
func (f *framer) next() ([]byte, error) {
	have := f.w - f.r
	if have < 4 {
		return nil, nil
	}
	n := binary.BigEndian.Uint32(f.buf[f.r:])
	if n < headerLen || n > maxPDU {
		e := lengthError{length: n}
		copy(e.head[:], f.buf[f.r:])
		return nil, e
	}
	if have < int(n) {
		return nil, nil
	}
	p := f.buf[f.r : f.r+int(n)]
	f.r += int(n)
	return p, nil
}

// partial reports whether a PDU has begun but not ended.
func (f *framer) partial() bool { return f.w > f.r }

// fill reads once more from the stream.
func (f *framer) fill() error {
	if f.r == f.w {
		f.r, f.w = 0, 0
	} else if len(f.buf)-f.r < maxPDU {
		f.w = copy(f.buf, f.buf[f.r:f.w])
		f.r = 0
	}
	n, err := f.src.Read(f.buf[f.w:])
	f.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}
