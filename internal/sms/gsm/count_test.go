package gsm

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

type vector struct {
	ID           int
	Category     string
	Text         string
	Encoding     string
	Units        int
	Segments     int
	SegmentUnits []int `json:"segment_units"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	f, err := os.Open("testdata/gsm-vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []vector
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	if len(all) != 1000 {
		t.Fatalf("read %d vectors, there are 1000", len(all))
	}
	return all
}

// D25: the number of parts is what a person is charged for. The thousand vectors are texts on
// which three independent counters agree.
func TestCountAgreesWithEveryVector(t *testing.T) {
	for _, v := range vectors(t) {
		got := Count(v.Text)
		if got.Encoding.String() != v.Encoding || got.Units != v.Units || got.Parts != v.Segments ||
			!slices.Equal(got.PartUnits, v.SegmentUnits) {
			t.Errorf("vector %d (%s) %q:\n got %s %d units %v\nwant %s %d units %v",
				v.ID, v.Category, v.Text, got.Encoding, got.Units, got.PartUnits, v.Encoding, v.Units, v.SegmentUnits)
		}
		checkTally(t, v.Text)
	}
}

// D25: screen, bill and wire are one count.
func checkTally(t *testing.T, text string) {
	t.Helper()
	tally := Count(text)
	if tally.Size != Measure(text) {
		t.Fatalf("%q: Count says %+v, Measure %+v", text, tally.Size, Measure(text))
	}
	if len(tally.PartUnits) != tally.Parts || len(tally.Cuts) != tally.Parts-1 {
		t.Fatalf("%q: %d parts, %d units, %d cuts", text, tally.Parts, len(tally.PartUnits), len(tally.Cuts))
	}
	alone, room := tally.Encoding.Room()
	if tally.Parts == 1 {
		room = alone
	}
	sum, from := 0, 0
	for i, units := range tally.PartUnits {
		to := len(text)
		if i < len(tally.Cuts) {
			to = tally.Cuts[i]
		}
		inside := 0
		for _, r := range text[from:to] {
			inside += tally.Encoding.cost(r)
		}
		if inside != units || units > room {
			t.Fatalf("%q part %d: %d units counted, %d between the cuts, room %d", text, i+1, units, inside, room)
		}
		sum, from = sum+units, to
	}
	if sum != tally.Units {
		t.Fatalf("%q: parts add up to %d of %d units", text, sum, tally.Units)
	}
}

func TestCountAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		text  string
		parts []int
	}{
		{"", []int{0}},
		{strings.Repeat("a", 160), []int{160}},
		{strings.Repeat("a", 161), []int{153, 8}},
		{strings.Repeat("a", 306), []int{153, 153}},
		{strings.Repeat("a", 158) + "€", []int{160}},
		{strings.Repeat("a", 159) + "€", []int{153, 8}},
		{strings.Repeat("a", 152) + "€aaaaaaaa", []int{152, 10}},
		{strings.Repeat("ж", 70), []int{70}},
		{strings.Repeat("ж", 71), []int{67, 4}},
		{strings.Repeat("ж", 66) + "😀жжж", []int{66, 5}},
		{"ж" + strings.Repeat("€", 69), []int{70}}, // the extension table costs nothing in Unicode
		{"\xff", []int{1}},
	} {
		if got := Count(c.text); !slices.Equal(got.PartUnits, c.parts) {
			t.Errorf("%q: %v, want %v", c.text, got.PartUnits, c.parts)
		}
		checkTally(t, c.text)
	}
}

func FuzzCount(f *testing.F) {
	f.Add("Bonjour Zoë, 20€ {offerts}")
	f.Add(strings.Repeat("a", 159) + "€")
	f.Add(strings.Repeat("ж", 66) + "😀x")
	f.Add("\xf0\x9f\x98")
	f.Fuzz(func(t *testing.T, text string) {
		checkTally(t, text)
		clean := Clean(text)
		if Clean(clean) != clean || !utf8.ValidString(clean) {
			t.Fatalf("Clean is not settled: %q becomes %q", clean, Clean(clean))
		}
		repaired, _, ok := Repair(text)
		if ok != (Measure(repaired).Encoding == GSM7) || !ok && repaired != text {
			t.Fatalf("Repair(%q) = %q, %v", text, repaired, ok)
		}
	})
}

var (
	short = "Hi Maren, 20% off all crossings until Sunday: tdng.eu/x7Kp2. STOP au 36180"
	wide  = "Hi Łukasz, 20% off all crossings until Sunday: tdng.eu/x7Kp2. STOP au 36180"
	long  = strings.Repeat("Réservez dès à présent votre traversée [Oslo-Kiel] 49€. ", 6)
)

func BenchmarkMeasure(b *testing.B) {
	for name, text := range map[string]string{"short": short, "wide": wide, "long": long} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Measure(text)
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Split(long, 7); err != nil {
			b.Fatal(err)
		}
	}
}

// D25: pricing a million people must not keep the collector busy.
func TestMeasureDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { Measure(short); Measure(wide); Measure(long) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
