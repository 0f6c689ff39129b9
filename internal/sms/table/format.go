// Package table reads the files that people save from their spreadsheets: text in rows and cells,
// in one of the usual encodings and with one of the usual separators. It holds one row at a time,
// whatever the file is, and says in plain words what is wrong with a file that it cannot read.
package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// The limits of a file. A row longer than MaxRow is no row of a spreadsheet, but a file without
// line ends or a quotation mark that never closes.
const (
	MaxRow   = 64 << 10 // bytes of one row
	MaxCells = 200      // cells of one row
	HeadSize = 128 << 10
)

// Refusal is a file that cannot be read, in a sentence that says what to do about it.
type Refusal string

// Error gives the sentence.
func (r Refusal) Error() string { return string(r) }

// Encoding is how the letters of a file are written.
type Encoding string

// The encodings of spreadsheets.
const (
	UTF8        Encoding = "UTF-8"
	UTF16LE     Encoding = "UTF-16 LE"
	UTF16BE     Encoding = "UTF-16 BE"
	Windows1252 Encoding = "Windows-1252"
)

// Format is how a file is written.
type Format struct {
	Encoding  Encoding
	Separator byte // between cells
}

// The sentences of files that are no text.
const (
	refuseEmpty  = Refusal("This file is empty. Choose a file with at least one row.")
	refuseExcel  = Refusal("This is an Excel file. Open it, save it as CSV, and upload that file.")
	refuseOffice = Refusal("This is a spreadsheet of LibreOffice or OpenOffice. Open it, save it as CSV, and upload that file.")
	refuseZip    = Refusal("This is a ZIP archive. Unpack it and upload the CSV file inside.")
	refuseOLE    = Refusal("This is an Excel file with a password, or one of an old version. Open it, save it as CSV without a password, and upload that file.")
	refuseWeb    = Refusal("This is a web page, even if its name ends in .xls or .csv. Open it in a spreadsheet, save it as CSV, and upload that file.")
	refusePDF    = Refusal("This is a PDF. Save the list as CSV from the program it comes from, and upload that file.")
	refuseBinary = Refusal("This is not a text file. Save your list as CSV, and upload that file.")
	refuseLine   = Refusal("The first line of this file never ends: it is longer than 64 kB. Save your list as CSV, one person per line, and upload that file.")
)

// Detect tells how a file is written from its beginning, HeadSize bytes or all of it if it is
// shorter. Its error is a Refusal.
func Detect(head []byte) (Format, error) {
	if err := foreign(head); err != nil {
		return Format{}, err
	}
	f := Format{Encoding: encodingOf(head)}
	if f.Encoding == "" {
		return Format{}, refuseBinary
	}
	text, err := io.ReadAll(io.LimitReader(decode(bytes.NewReader(head), f.Encoding), HeadSize))
	if err != nil {
		return Format{}, fmt.Errorf("read the beginning of a file: %w", err)
	}
	if len(bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))) == 0 {
		return Format{}, refuseEmpty
	}
	if noise(text) {
		return Format{}, refuseBinary
	}
	f.Separator = separatorOf(text)
	var refusal Refusal
	if _, err := NewReader(bytes.NewReader(head), f).Read(nil); errors.As(err, &refusal) {
		if !bytes.ContainsAny(text, "\r\n") {
			return Format{}, refuseLine
		}
		return Format{}, refusal
	}
	return f, nil
}

// foreign knows other kinds of files by their first bytes.
func foreign(head []byte) error {
	switch {
	case len(head) == 0:
		return refuseEmpty
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		switch {
		case bytes.Contains(head, []byte("opendocument.spreadsheet")):
			return refuseOffice
		case bytes.Contains(head, []byte("[Content_Types].xml")), bytes.Contains(head, []byte("xl/")):
			return refuseExcel
		}
		return refuseZip
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return refuseOLE
	case bytes.HasPrefix(head, []byte("%PDF")):
		return refusePDF
	}
	start := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head[:min(len(head), 512)], []byte("\xef\xbb\xbf"))))
	for _, tag := range []string{"<!doctype", "<html", "<table", "<?xml"} {
		if bytes.HasPrefix(start, []byte(tag)) {
			return refuseWeb
		}
	}
	return nil
}

// encodingOf tells the encoding by its mark, or by where the zero bytes of UTF-16 are. What is
// neither is taken for UTF-8 until a whole file says otherwise; "" is no text.
func encodingOf(head []byte) Encoding {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return "" // UTF-32: no spreadsheet writes it
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return UTF16LE
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return UTF16BE
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case zeros[1] > half/3 && zeros[0] < half/20+1:
		return UTF16LE
	case zeros[0] > half/3 && zeros[1] < half/20+1:
		return UTF16BE
	case zeros[0]+zeros[1] > len(head)/100+1:
		return ""
	}
	return UTF8 // a stray zero byte is named by its row
}

// noise reports whether text holds what no spreadsheet writes: many control characters.
func noise(text []byte) bool {
	odd := 0
	for _, b := range text {
		if b < ' ' && b != '\t' && b != '\r' && b != '\n' || b == 0x7f {
			odd++
		}
	}
	return odd > len(text)/100+1
}

// separatorOf is the separator that cuts the first rows most evenly. One that is in no row is
// none; a tie goes to the one that is rarer inside cells.
func separatorOf(text []byte) byte {
	if named := directive(text); named != 0 {
		return named
	}
	best, bestScore := byte(','), 0
	for _, sep := range []byte{'\t', ';', ',', '|'} {
		if score := evenness(text, sep); score > bestScore {
			best, bestScore = sep, score
		}
	}
	return best
}

// evenness is how many of the first rows have as many cells as most of them, per thousand; 0 where
// most have one.
func evenness(text []byte, sep byte) int {
	r := NewReader(bytes.NewReader(text), Format{Encoding: UTF8, Separator: sep})
	counts, rows := map[int]int{}, 0
	var cells []string
	for rows < 100 {
		var err error
		if cells, err = r.Read(cells[:0]); err != nil {
			break
		}
		rows++
		counts[len(cells)]++
	}
	if r.partial() && rows > 1 {
		rows-- // the end of the sample cuts a row
		counts[len(cells)]--
	}
	most, width := 0, 0
	for n, times := range counts {
		if times > most || times == most && n > width {
			most, width = times, n
		}
	}
	if width < 2 || rows == 0 {
		return 0
	}
	return 1000 * most / rows
}

// directive reads the line sep=; by which Excel is told the separator; 0 where there is none.
func directive(text []byte) byte {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if len(text) < 6 || !bytes.EqualFold(text[:4], []byte("sep=")) || text[5] != '\r' && text[5] != '\n' {
		return 0
	}
	if b := text[4]; b == ',' || b == ';' || b == '\t' || b == '|' {
		return b
	}
	return 0
}

// isASCII reports whether every byte of b is a character of its own in every encoding.
func isASCII(b []byte) bool {
	for _, x := range b {
		if x >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
