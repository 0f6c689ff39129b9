package gsm

import (
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, c := range [][2]string{
		{"plain\ntext", "plain\ntext"},
		{"a\r\nb\rc\u0085d", "a\nb\nc\nd"},
		{"a\tb\x00c\x1bd\fe\x7f\u0090", "a bcde"},
		{"cafe\u0301", "café"},
		{"\u2126", "Ω"}, // the ohm sign is the letter
		{"\xff", "\ufffd"},
		{"e\x01\u0301", "é"},
	} {
		if got := Clean(c[0]); got != c[1] {
			t.Errorf("Clean(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func TestRepair(t *testing.T) {
	for _, c := range [][2]string{
		{"“Hi” ‘you’ – don’t—go…", `"Hi" 'you' - don't-go...`},
		{"10\u00a0000\u202f€", "10 000 €"},
		{"zero\u200bwidth\u00ad\ufeff", "zerowidth"},
		{"ﬁn ™ №5 n°5", "fin TM No5 no5"},
		{"François, ça ira, garçon, naïve", "Francois, ca ira, garcon, naive"},
		{"Łukasz Dvořák Zoë Šárka Þór", "Lukasz Dvorak Zoe Sarka Thor"},
		{"ǻ ẩ ǖ", "å a ü"}, // the nearest letter the alphabet has
		{"Sayın İptal ğüş", "Sayin Iptal güs"},
		{"ΚΩΣΤΑΣ", "KΩΣTAΣ"},
		{"‹a› «b» `c`", `<a> "b" 'c'`},
		{"ＳＡＬＥ 𝗕𝗼𝗹𝗱 ② x²", "SALE Bold 2 x2"},
		{"1️⃣ 5 × 3 ÷ 2", "1 5 x 3 / 2"},
		{"a → b • c", "a -> b - c"},
		{"Иван", ""},
		{"sale 🎉", ""},
		{"“李雷”", ""},
		{"Κώστας", ""},
	} {
		got, changes, ok := Repair(c[0])
		if c[1] == "" {
			if ok || got != c[0] || changes != nil {
				t.Errorf("Repair(%q) = %q %v, it has no GSM form", c[0], got, ok)
			}
			continue
		}
		if !ok || got != c[1] || len(changes) == 0 || Measure(got).Encoding != GSM7 {
			t.Errorf("Repair(%q) = %q %v, want %q", c[0], got, ok, c[1])
		}
	}
	if got, changes, ok := Repair("plain €"); got != "plain €" || changes != nil || !ok {
		t.Errorf("a GSM text was touched: %q %v %v", got, changes, ok)
	}
}

// A replacement that is not GSM would leave the text as dear as before.
func TestEveryReplacementIsGSM(t *testing.T) {
	known := 0
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if s, ok := Replacement(r); ok {
			known++
			if Measure(s).Encoding != GSM7 {
				t.Errorf("%q is replaced by %q", r, s)
			}
		}
	}
	if known < 2500 {
		t.Errorf("only %d characters have a replacement", known)
	}
}

func TestOddAndDouble(t *testing.T) {
	odd := Odd("é “a” – “b” 🎉")
	want := []OddRune{
		{Char{'“', 3, 2}, `"`, true},
		{Char{'”', 7, 2}, `"`, true},
		{Char{'–', 11, 1}, "-", true},
		{Char{'🎉', 23, 1}, "", false},
	}
	if len(odd) != len(want) {
		t.Fatalf("%+v", odd)
	}
	for i := range want {
		if odd[i] != want[i] {
			t.Errorf("got %+v, want %+v", odd[i], want[i])
		}
	}
	if Odd("plain é €") != nil {
		t.Error("a GSM text has nothing odd")
	}
	if d := Double("5€ [x] 5€"); len(d) != 3 || d[0] != (Char{'€', 1, 2}) || d[1] != (Char{'[', 5, 1}) {
		t.Errorf("%+v", d)
	}
	if d := Double("ж € 🎉"); len(d) != 1 || d[0] != (Char{'🎉', 7, 1}) {
		t.Errorf("%+v", d)
	}
}
