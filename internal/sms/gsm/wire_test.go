package gsm

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// B16: the octets that go into submit_sm.
func TestEncode(t *testing.T) {
	for _, c := range []struct {
		text     string
		octets   string
		encoding Encoding
	}{
		{"", "", GSM7},
		{"@£$¥", "\x00\x01\x02\x03", GSM7},
		{"Ç€^", "\x09\x1b\x65\x1b\x14", GSM7},
		{"¿ñ_", "\x60\x7d\x11", GSM7},
		{"ç", "\x00\xe7", UCS2},
		{"`", "\x00\x60", UCS2},
		{"😀", "\xd8\x3d\xde\x00", UCS2},
	} {
		octets, encoding := Encode(c.text)
		if string(octets) != c.octets || encoding != c.encoding {
			t.Errorf("Encode(%q) = % x %v, want % x %v", c.text, octets, encoding, c.octets, c.encoding)
		}
		if back := Decode(octets, encoding); back != c.text {
			t.Errorf("Decode(Encode(%q)) = %q", c.text, back)
		}
	}
}

// The alphabet is 127 basic characters and 10 extended ones, each with its own code.
func TestAlphabetIsOneToOne(t *testing.T) {
	seen, double := map[string]rune{}, 0
	for r := rune(0); r < 0x30000; r++ {
		if !Has(r) {
			continue
		}
		octets, _ := Encode(string(r))
		if other, ok := seen[string(octets)]; ok {
			t.Errorf("%q and %q share % x", r, other, octets)
		}
		seen[string(octets)] = r
		if len(octets) == 2 {
			double++
		}
	}
	if len(seen) != 137 || double != 10 {
		t.Errorf("%d characters, %d of them double", len(seen), double)
	}
}

func TestDecodeNeverFails(t *testing.T) {
	for _, c := range []struct {
		octets   string
		encoding Encoding
		text     string
	}{
		{"a\x1b", GSM7, "a "},
		{"\x1b\x1ba", GSM7, " a"},
		{"\x1bA", GSM7, "A"}, // no such extension: the basic character
		{"\x80a", GSM7, "\ufffda"},
		{"\x1b\x80a", GSM7, "\ufffda"},
		{"\x00a\x00", UCS2, "a\ufffd"},
		{"\xd8\x3d\x00a", UCS2, "\ufffda"},
		{"\xde\x00\x00a", UCS2, "\ufffda"},
		{"\xd8\x3d", UCS2, "\ufffd"},
	} {
		if got := Decode([]byte(c.octets), c.encoding); got != c.text {
			t.Errorf("Decode(% x, %v) = %q, want %q", c.octets, c.encoding, got, c.text)
		}
	}
}

func checkSplit(t *testing.T, text string, ref byte) {
	t.Helper()
	tally := Count(text)
	parts, encoding, err := Split(text, ref)
	if tally.Parts > MaxParts {
		if !errors.Is(err, ErrTooLong) {
			t.Fatalf("%d parts: %v", tally.Parts, err)
		}
		return
	}
	if err != nil || len(parts) != tally.Parts || encoding != tally.Encoding {
		t.Fatalf("Split(%q) = %d parts, %v, %v; want %d %v", text, len(parts), encoding, err, tally.Parts, tally.Encoding)
	}
	var back strings.Builder
	for i, data := range parts {
		septets := len(data)
		if len(parts) > 1 {
			if !bytes.HasPrefix(data, []byte{5, 0, 3, ref, byte(len(parts)), byte(i + 1)}) {
				t.Fatalf("part %d begins % x", i+1, data[:6])
			}
			p, rest, ok := ParsePart(data)
			if !ok || p != (Part{uint16(ref), uint8(len(parts)), uint8(i + 1)}) {
				t.Fatalf("ParsePart(% x) = %+v %v", data[:6], p, ok)
			}
			data, septets = rest, len(rest)+7 // the header takes seven septets
		}
		if encoding == GSM7 && septets > 160 || encoding == UCS2 && len(parts[i]) > 140 {
			t.Fatalf("part %d does not fit: %d octets", i+1, len(parts[i]))
		}
		// Each part reads by itself: no pair was cut.
		back.WriteString(Decode(data, encoding))
	}
	if want := string([]rune(text)); back.String() != want {
		t.Fatalf("Split(%q) reads %q", text, back.String())
	}
}

func TestSplitRoundTripsEveryVector(t *testing.T) {
	for i, v := range vectors(t) {
		checkSplit(t, v.Text, byte(i))
	}
}

func TestSplitRefusesWhatCannotBeNumbered(t *testing.T) {
	checkSplit(t, strings.Repeat("a", 153*255), 0)
	checkSplit(t, strings.Repeat("a", 153*255+1), 0)
}

func FuzzSplit(f *testing.F) {
	f.Add(strings.Repeat("a", 152)+"€€", byte(0))
	f.Add(strings.Repeat("ж", 66)+"😀x", byte(255))
	f.Add("\xff\x1b{", byte(1))
	f.Fuzz(checkSplit)
}

func TestParsePart(t *testing.T) {
	for _, c := range []struct {
		data string
		part Part
		text string
		ok   bool
	}{
		{"\x05\x00\x03\x07\x02\x01hi", Part{7, 2, 1}, "hi", true},
		{"\x06\x08\x04\x01\x07\x02\x02hi", Part{0x107, 2, 2}, "hi", true},
		{"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x07\x02\x01hi", Part{7, 2, 1}, "hi", true}, // ports first
		{"\x03\x24\x01\x01hi", Part{}, "hi", false},                                       // a Turkish shift table, no parts
		{"\x05\x00\x03\x07\x02\x03hi", Part{7, 2, 3}, "hi", false},                        // third of two
		{"\x05\x00\x03\x07\x02\x00hi", Part{7, 2, 0}, "hi", false},
		{"\x05\x00\x09\x07\x02\x00hi", Part{}, "hi", false},
		{"\x20hi", Part{}, "\x20hi", false},
		{"", Part{}, "", false},
	} {
		part, text, ok := ParsePart([]byte(c.data))
		if part != c.part || string(text) != c.text || ok != c.ok {
			t.Errorf("ParsePart(% x) = %+v %q %v", c.data, part, text, ok)
		}
	}
}
