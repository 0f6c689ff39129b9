package gsm

import "unicode/utf8"

// Size is what a text takes: how it travels, how many units (septets or sixteen-bit words) it
// has, and in how many parts it leaves. An empty text is one empty part.
type Size struct {
	Encoding Encoding
	Units    int
	Parts    int
}

// Tally is a Size with where the parts lie: the units in each, and the byte offsets in the text
// at which the second and later parts begin.
type Tally struct {
	Size
	PartUnits []int
	Cuts      []int
}

// Measure sizes a text without allocating. It is what prices a message: a campaign calls it
// once for every person.
func Measure(text string) Size {
	units, pairs := 0, false
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			w := widths[c]
			if w != 1 {
				if w == 0 {
					return measureWide(text)
				}
				pairs = true
			}
			units += int(w)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		w := width(r)
		if w == 0 {
			return measureWide(text)
		}
		pairs = pairs || w == 2
		units += w
		i += n
	}
	return Size{GSM7, units, GSM7.parts(text, units, pairs)}
}

func measureWide(text string) Size {
	units, pairs := 0, false
	for _, r := range text {
		units++
		if r > 0xFFFF {
			units, pairs = units+1, true
		}
	}
	return Size{UCS2, units, UCS2.parts(text, units, pairs)}
}

// parts is how many parts so many units make. Only where a pair may lie across a boundary must
// the text be walked.
func (e Encoding) parts(text string, units int, pairs bool) int {
	alone, room := e.Room()
	if units <= alone {
		return 1
	}
	if !pairs {
		return (units + room - 1) / room
	}
	parts, filled := 1, 0
	for _, r := range text {
		w := e.cost(r)
		if filled += w; filled > room {
			parts, filled = parts+1, w
		}
	}
	return parts
}

// Count sizes a text and says where its parts begin. Parts are filled to the last unit that
// fits; neither an escape pair nor a surrogate pair is ever cut in two.
func Count(text string) Tally {
	size := Measure(text)
	if size.Parts == 1 {
		return Tally{Size: size, PartUnits: []int{size.Units}}
	}
	t := Tally{Size: size, PartUnits: make([]int, 0, size.Parts), Cuts: make([]int, 0, size.Parts-1)}
	_, room := size.Encoding.Room()
	filled := 0
	for i, r := range text {
		w := size.Encoding.cost(r)
		if filled+w > room {
			t.PartUnits, t.Cuts = append(t.PartUnits, filled), append(t.Cuts, i)
			filled = 0
		}
		filled += w
	}
	t.PartUnits = append(t.PartUnits, filled)
	return t
}

// cost is how many units a character takes in an encoding that can carry it.
func (e Encoding) cost(r rune) int {
	if e == GSM7 {
		return width(r)
	}
	if r > 0xFFFF {
		return 2
	}
	return 1
}
