package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Reader reads a file row by row. A cell may stand in quotation marks and then hold separators and
// line ends; a quotation mark inside one is doubled. Other quotation marks are taken as they are.
// Lines end with LF, CR LF or CR. Rows without any text are passed over, but counted.
type Reader struct {
	from    io.Reader
	f       Format
	buf     []byte
	at      int // next byte of buf
	begun   bool
	special [256]bool // bytes that may end a cell or need a look
	err     error
	row     int    // of the row that Read gave last
	text    []byte // of the row under way, without quotation marks
	ends    []int  // of its cells in text
	spaces  int    // after a quotation mark that may close a cell
	after   byte   // CR, if the last row ended with it: a LF that follows belongs to it
	ended   bool   // the last row ended at the end of the file, not of a line

	right, wrong int // characters that were UTF-8, bytes that were not
}

// NewReader reads a file of format f from r.
func NewReader(r io.Reader, f Format) *Reader {
	reader := &Reader{from: decode(r, f.Encoding), f: f, buf: make([]byte, 0, 64<<10)}
	for _, b := range []byte{f.Separator, '"', '\n', '\r', 0} {
		reader.special[b] = true
	}
	return reader
}

// Row is the number of the row that Read gave last, as a spreadsheet counts: the first is 1.
func (r *Reader) Row() int { return r.row }

// Settled is the format the file turned out to have, once all of it was read: what was taken for
// UTF-8 is Windows-1252 if that explains more of it.
func (r *Reader) Settled() Format {
	f := r.f
	if f.Encoding == UTF8 && r.wrong > 0 && r.wrong >= r.right {
		f.Encoding = Windows1252
	}
	return f
}

// Read appends the cells of the next row to dst. At the end it gives io.EOF; a file that cannot be
// read gives a Refusal with the number of the row. Cells hold no BOM and no CR LF: a line end inside
// a cell is LF.
func (r *Reader) Read(dst []string) ([]string, error) {
	for {
		if err := r.record(); err != nil {
			return dst, err
		}
		if r.row == 1 && directive(append(r.text[:len(r.text):len(r.text)], r.f.Separator, '\n')) != 0 && len(r.ends) == 2 {
			r.row = 0 // sep=; is for Excel, which does not show it either
			continue
		}
		if len(bytes.TrimSpace(r.text)) == 0 {
			continue
		}
		return r.cells(dst), nil
	}
}

// partial reports whether the last row ended with the file and not with a line.
func (r *Reader) partial() bool { return r.ended }

// states of a cell
const (
	start   = iota // nothing of it was read
	plain          // without quotation marks
	quoted         // inside quotation marks
	closing        // after one that may close it
)

// record reads one row into text and ends.
func (r *Reader) record() error {
	r.text, r.ends, r.ended = r.text[:0], r.ends[:0], false
	r.row++
	state, size := start, 0
	for {
		if n := r.run(state); n > 0 {
			if size += n; size > MaxRow {
				return r.tooLong(state)
			}
			if r.after = 0; state == start {
				state = plain
			}
		}
		b, err := r.next()
		if errors.Is(err, io.EOF) {
			return r.end(state, size)
		}
		if err != nil {
			return err
		}
		if size == 0 && r.after == '\r' && b == '\n' {
			r.after = 0
			continue
		}
		r.after = 0
		if size++; size > MaxRow {
			return r.tooLong(state)
		}
		if b == 0 {
			return Refusal(fmt.Sprintf("Row %d holds a zero byte: the file is damaged or no text. Save your list as CSV again, and upload that file.", r.row))
		}
		next, done := r.step(state, b)
		if done {
			r.ends = append(r.ends, len(r.text))
			return r.wide()
		}
		state = next
	}
}

// run takes the bytes at hand that mean nothing but themselves, and says how many.
func (r *Reader) run(state int) int {
	if state == closing {
		return 0
	}
	rest := r.buf[r.at:]
	n := 0
	for n < len(rest) && !r.special[rest[n]] {
		n++
	}
	r.text = append(r.text, rest[:n]...)
	r.at += n
	return n
}

// step takes one byte of a row. done is true at its end.
func (r *Reader) step(state int, b byte) (next int, done bool) {
	if state == quoted {
		switch b {
		case '"':
			r.spaces = 0
			return closing, false
		case '\n':
			if n := len(r.text); n > 0 && r.text[n-1] == '\r' {
				r.text = r.text[:n-1]
			}
		}
		r.text = append(r.text, b)
		return quoted, false
	}
	switch {
	case b == r.f.Separator:
		r.ends = append(r.ends, len(r.text))
		return start, false
	case b == '\n':
		return start, true
	case b == '\r':
		r.after = '\r'
		return start, true
	case b == '"' && state == start:
		return quoted, false
	case b == '"' && state == closing && r.spaces == 0: // doubled
		r.text = append(r.text, '"')
		return quoted, false
	case b == ' ' && state == closing:
		r.spaces++
		return closing, false
	case state == closing: // it closed nothing: a quotation mark of the text
		r.text = append(r.text, '"')
		for ; r.spaces > 0; r.spaces-- {
			r.text = append(r.text, ' ')
		}
		r.text = append(r.text, b)
		return quoted, false
	}
	r.text = append(r.text, b)
	return plain, false
}

// end closes the last row, at the end of the file.
func (r *Reader) end(state, size int) error {
	if size == 0 {
		r.row--
		return io.EOF
	}
	if state == quoted {
		return r.unclosed()
	}
	r.ended = true
	r.ends = append(r.ends, len(r.text))
	return r.wide()
}

func (r *Reader) wide() error {
	if len(r.ends) > MaxCells {
		return Refusal(fmt.Sprintf("Row %d has more than %d cells. Leave out the columns you do not need, and upload the file again.", r.row, MaxCells))
	}
	return nil
}

func (r *Reader) tooLong(state int) error {
	if state == quoted || state == closing {
		return r.unclosed()
	}
	return Refusal(fmt.Sprintf("Row %d is longer than 64 kB. Save your list as CSV, one person per line, and upload that file.", r.row))
}

func (r *Reader) unclosed() error {
	return Refusal(fmt.Sprintf("Row %d opens a quotation mark that is never closed. Close it or take it away, and upload the file again.", r.row))
}

func (r *Reader) next() (byte, error) {
	if r.at == len(r.buf) {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	b := r.buf[r.at]
	r.at++
	return b, nil
}

func (r *Reader) fill() error {
	for r.err == nil {
		n, err := r.from.Read(r.buf[:cap(r.buf)])
		r.buf, r.at, r.err = r.buf[:n], 0, err
		if !r.begun && n > 0 {
			r.begun = true
			r.skipMark()
		}
		if r.at < len(r.buf) {
			return nil
		}
	}
	return r.err
}

// skipMark passes over a byte order mark. A reader that gives fewer than three bytes at first is
// asked for more.
func (r *Reader) skipMark() {
	const mark = "\xef\xbb\xbf"
	for len(r.buf) < len(mark) && r.err == nil && strings.HasPrefix(mark, string(r.buf)) {
		n, err := r.from.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf, r.err = r.buf[:len(r.buf)+n], err
	}
	if bytes.HasPrefix(r.buf, []byte(mark)) {
		r.at = len(mark)
	}
}

// cells makes strings of the row's text: one piece of memory for all of them.
func (r *Reader) cells(dst []string) []string {
	text, ends := r.text, r.ends
	if !isASCII(text) && (r.f.Encoding == UTF8 || r.f.Encoding == Windows1252) {
		text, ends = r.translate()
	}
	all, from := string(text), 0
	for _, end := range ends {
		dst = append(dst, all[from:end])
		from = end
	}
	return dst
}

// translate turns the row's bytes into UTF-8, cell by cell.
func (r *Reader) translate() ([]byte, []int) {
	out := make([]byte, 0, len(r.text)*3/2)
	ends := make([]int, 0, len(r.ends))
	from := 0
	for _, end := range r.ends {
		if r.f.Encoding == Windows1252 {
			out = fromWindows1252(out, r.text[from:end])
		} else {
			var right, wrong int
			out, right, wrong = mend(out, r.text[from:end])
			r.right += right
			r.wrong += wrong
		}
		ends = append(ends, len(out))
		from = end
	}
	return out, ends
}
