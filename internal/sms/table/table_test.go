package table

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// read gives all rows of a file, and their numbers.
func read(t *testing.T, file string) (rows [][]string, numbers []int, f Format) {
	t.Helper()
	head := []byte(file)
	f, err := Detect(head[:min(len(head), HeadSize)])
	if err != nil {
		t.Fatalf("detect: %v", err)
	}
	r := NewReader(strings.NewReader(file), f)
	for {
		row, err := r.Read(nil)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("row %d: %v", r.Row(), err)
		}
		rows, numbers = append(rows, row), append(numbers, r.Row())
	}
	return rows, numbers, r.Settled()
}

func utf16of(s string, order binary.AppendByteOrder, mark bool) string {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

// D36: encoding and separator are detected.
func TestDetectsEncodingAndSeparator(t *testing.T) {
	const text = "Navn;Mobil\r\nBjørk 🦜;91234567\r\nÅse €;91234568\r\n"
	want := [][]string{{"Navn", "Mobil"}, {"Bjørk 🦜", "91234567"}, {"Åse €", "91234568"}}
	for _, c := range []struct {
		name, file string
		encoding   Encoding
	}{
		{"UTF-8", text, UTF8},
		{"UTF-8 with a mark", "\xef\xbb\xbf" + text, UTF8},
		{"UTF-16 LE with a mark", utf16of(text, binary.LittleEndian, true), UTF16LE},
		{"UTF-16 BE with a mark", utf16of(text, binary.BigEndian, true), UTF16BE},
		{"UTF-16 LE", utf16of(text, binary.LittleEndian, false), UTF16LE},
		{"UTF-16 BE", utf16of(text, binary.BigEndian, false), UTF16BE},
	} {
		rows, _, f := read(t, c.file)
		if f.Encoding != c.encoding || f.Separator != ';' {
			t.Errorf("%s: read as %s, %q", c.name, f.Encoding, f.Separator)
		}
		if !slices.EqualFunc(rows, want, slices.Equal[[]string]) {
			t.Errorf("%s: %q", c.name, rows)
		}
	}
	rows, _, f := read(t, "Pr\xe9nom\tMobile\n\x8cuvre \x80\t0612345678\n")
	if f.Encoding != Windows1252 || f.Separator != '\t' || rows[0][0] != "Prénom" || rows[1][0] != "Œuvre €" {
		t.Errorf("Windows-1252: %s %q %q", f.Encoding, f.Separator, rows)
	}
}

// The accent that tells the encoding may come long after the beginning.
func TestSettlesTheEncodingAtTheEnd(t *testing.T) {
	ascii := strings.Repeat("Ann,4791234567\n", HeadSize/10)
	if _, _, f := read(t, ascii+"J\xf8rgen,4791234567\n"); f.Encoding != Windows1252 {
		t.Errorf("read as %s", f.Encoding)
	}
	if _, _, f := read(t, ascii+"Jørgen,4791234567\n"); f.Encoding != UTF8 {
		t.Errorf("read as %s", f.Encoding)
	}
	rows, _, f := read(t, "Jørgen,1\nÅse,2\nBj\xf8rn,3\n")
	if f.Encoding != UTF8 || rows[2][0] != "Bjørn" {
		t.Errorf("one damaged letter: %s %q", f.Encoding, rows)
	}
}

func TestSeparators(t *testing.T) {
	for _, c := range []struct {
		file string
		sep  byte
		row  []string
	}{
		{"a,b,c\n1,2,3\n", ',', []string{"1", "2", "3"}},
		{"a;b\n1,5;2,5\n", ';', []string{"1,5", "2,5"}},
		{"a\tb\n1;2\t3\n", '\t', []string{"1;2", "3"}},
		{"a|b\n1|2\n", '|', []string{"1", "2"}},
		{"number\n+47 912 34 567\n", ',', []string{"+47 912 34 567"}},
		{"sep=;\r\na,b;c\r\n1,2;3\r\n", ';', []string{"1,2", "3"}},
		{"name,number\n\"Lund, Maren\",91234567\n", ',', []string{"Lund, Maren", "91234567"}},
	} {
		rows, numbers, f := read(t, c.file)
		if f.Separator != c.sep || !slices.Equal(rows[1], c.row) || !slices.Equal(numbers, []int{1, 2}) {
			t.Errorf("%q: %q %q %v", c.file, f.Separator, rows, numbers)
		}
	}
}

func TestQuotesAndLines(t *testing.T) {
	for _, c := range []struct {
		file string
		want [][]string
		nos  []int
	}{
		{"a,b\n\"two\nlines\",x\n", [][]string{{"a", "b"}, {"two\nlines", "x"}}, []int{1, 2}},
		{"a,b\r\n\"two\r\nlines\",x\r\n", [][]string{{"a", "b"}, {"two\nlines", "x"}}, []int{1, 2}},
		{"a,b\r1,2\r3,4", [][]string{{"a", "b"}, {"1", "2"}, {"3", "4"}}, []int{1, 2, 3}},
		{"a,b\n\n ,\n1,2\n\n", [][]string{{"a", "b"}, {"1", "2"}}, []int{1, 4}},
		{"a,b\n\"say \"\"hi\"\"\",2\n", [][]string{{"a", "b"}, {`say "hi"`, "2"}}, []int{1, 2}},
		{"a,b\n\"Bob \"the man\",6\" tall\n", [][]string{{"a", "b"}, {`Bob "the man`, `6" tall`}}, []int{1, 2}},
		{"a,b\n\"x\" ,2\n", [][]string{{"a", "b"}, {"x", "2"}}, []int{1, 2}},
		{"a,b,c\n1,,\n", [][]string{{"a", "b", "c"}, {"1", "", ""}}, []int{1, 2}},
	} {
		rows, numbers, _ := read(t, c.file)
		if !slices.EqualFunc(rows, c.want, slices.Equal[[]string]) || !slices.Equal(numbers, c.nos) {
			t.Errorf("%q: %q %v", c.file, rows, numbers)
		}
	}
}

// Every file that cannot be read gives a sentence of its own.
func TestRefusals(t *testing.T) {
	line := strings.Repeat("x", HeadSize+10)
	for _, c := range []struct{ file, words string }{
		{"", "empty"},
		{"\xef\xbb\xbf \r\n", "empty"},
		{"PK\x03\x04\x14\x00[Content_Types].xml", "Excel file"},
		{"PK\x03\x04\x14\x00mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "LibreOffice"},
		{"PK\x03\x04\x14\x00photo.jpg", "ZIP"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 E n c r y p t e d", "password"},
		{"%PDF-1.7\n", "PDF"},
		{"<html><table><tr><td>1", "web page"},
		{"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x01\x00\x00\x00", "not a text file"},
		{strings.Repeat("\x01\x02\x7f", 100), "not a text file"},
		{"a\x00\x00\x00,b\x00\x00\x00\n", "not a text file"},
		{line, "never ends"},
		{"a,b\n1,\"2\n3,4\n", "Row 2 opens a quotation mark"},
		{"a,b\n" + line + "\n", "Row 2 is longer"},
		{"a,b\n1,\"" + line + "\n", "Row 2 opens a quotation mark"},
		{strings.Repeat("Ann,47912345\n", 50) + "B\x00b,47912345\n", "Row 51 holds a zero byte"},
		{strings.Repeat(",x", 300) + "\n", "more than 200 cells"},
	} {
		if err := readAll(c.file); !errors.As(err, new(Refusal)) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%.40q: %v", c.file, err)
		}
	}
}

func readAll(file string) error {
	f, err := Detect([]byte(file)[:min(len(file), HeadSize)])
	if err != nil {
		return err
	}
	r := NewReader(strings.NewReader(file), f)
	for {
		if _, err := r.Read(nil); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// endless is a file of one line that never ends.
type endless struct{ given int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.given += int64(len(p))
	return len(p), nil
}

// A line without an end costs no more than a row's memory, and no more reading.
func TestEndlessLineIsLeftEarly(t *testing.T) {
	e := &endless{}
	_, err := NewReader(e, Format{Encoding: UTF8, Separator: ','}).Read(nil)
	if !errors.As(err, new(Refusal)) || e.given > 4*MaxRow {
		t.Errorf("read %d bytes: %v", e.given, err)
	}
}

// What encoding/csv writes is read back as it was, in every encoding and in pieces of any size.
func TestReadsWhatIsWritten(t *testing.T) {
	cell := rapid.OneOf(rapid.StringMatching(`[a-zæøå0-9 ,;"\n]{0,12}`), rapid.StringOf(rapid.SampledFrom([]rune("aé€𝄞\"\n;,\t '"))))
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 5).Draw(t, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 8).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "separator")
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		var want [][]string
		for _, row := range rows {
			if strings.TrimSpace(strings.Join(row, "")) == "" {
				row[0] = "x"
			}
			want = append(want, row)
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		f := Format{Encoding: rapid.SampledFrom([]Encoding{UTF8, UTF16LE, UTF16BE}).Draw(t, "encoding"), Separator: byte(w.Comma)}
		file := b.String()
		switch f.Encoding {
		case UTF16LE:
			file = utf16of(file, binary.LittleEndian, true)
		case UTF16BE:
			file = utf16of(file, binary.BigEndian, false)
		}
		r := NewReader(iotest.OneByteReader(strings.NewReader(file)), f)
		for i, row := range want {
			got, err := r.Read(nil)
			if err != nil || !slices.Equal(got, row) {
				t.Fatalf("row %d of %q: %q, %v; want %q", i+1, b.String(), got, err, row)
			}
		}
		if _, err := r.Read(nil); err != io.EOF {
			t.Fatalf("after the last row: %v", err)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\"\r\n"))
	f.Add([]byte("\xff\xfea\x00;\x00b\x00\n\x00"))
	f.Add([]byte("Pr\xe9nom\tx\r1\t2"))
	f.Fuzz(func(t *testing.T, file []byte) {
		format, err := Detect(file[:min(len(file), HeadSize)])
		if err != nil {
			if !errors.As(err, new(Refusal)) {
				t.Fatalf("no refusal: %v", err)
			}
			return
		}
		r, last := NewReader(bytes.NewReader(file), format), 0
		for {
			cells, err := r.Read(nil)
			if err == io.EOF {
				return
			}
			if err != nil {
				if !errors.As(err, new(Refusal)) {
					t.Fatalf("no refusal: %v", err)
				}
				return
			}
			if r.Row() <= last || len(cells) == 0 || strings.Contains(strings.Join(cells, ""), "\x00") {
				t.Fatalf("row %d after %d: %q", r.Row(), last, cells)
			}
			last = r.Row()
		}
	})
}

// A cell of a download is never a formula, and comes back as it was.
func TestSafe(t *testing.T) {
	for _, s := range []string{"=1+1", "+4791234567", "-5", "@x", "\t=1", "'=1", "''+1", "＝1", " =1", "\x00=1"} {
		safe := Safe(s)
		if !strings.HasPrefix(safe, "'") {
			t.Errorf("Safe(%q) = %q", s, safe)
		}
		if got := Plain(safe); got != s {
			t.Errorf("Plain(Safe(%q)) = %q", s, got)
		}
	}
	for _, s := range []string{"", "Ann", "'tis", "4791234567", "5-3"} {
		if Safe(s) != s || Plain(s) != s {
			t.Errorf("%q became %q, %q", s, Safe(s), Plain(s))
		}
	}
}

func BenchmarkReader(b *testing.B) {
	file := []byte(strings.Repeat("Maren,Lund,+47 912 34 567,\"Oslo, Norge\",maren@example.com\n", 10000))
	b.SetBytes(int64(len(file)))
	var cells []string
	for b.Loop() {
		r := NewReader(bytes.NewReader(file), Format{Encoding: UTF8, Separator: ','})
		for {
			var err error
			if cells, err = r.Read(cells[:0]); err != nil {
				break
			}
		}
	}
}
