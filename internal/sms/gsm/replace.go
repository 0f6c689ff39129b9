package gsm

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Replacement gives what to write in the GSM alphabet instead of a character outside it, and
// whether there is anything. A character of the alphabet is its own replacement. Invisible
// characters are replaced by nothing, spaces of any width by one space, accents that the
// alphabet lacks go from their letter. Emoji have none.
func Replacement(r rune) (string, bool) {
	if Has(r) {
		return string(r), true
	}
	if s, ok := replacements[r]; ok {
		return s, true
	}
	switch {
	case invisible(r):
		return "", true
	case unicode.Is(unicode.Zs, r):
		return " ", true
	}
	return decomposed(r)
}

// invisible tells characters that take no place: joiners, direction marks, soft hyphens,
// variation selectors, and accents left without a letter to stand on.
func invisible(r rune) bool {
	switch {
	case r == 0x00AD, r == 0x034F, r == 0x061C, r == 0x180E, r == 0xFEFF,
		r >= 0x0300 && r <= 0x036F, // combining accents
		r >= 0x1AB0 && r <= 0x1AFF, // more of them
		r >= 0x1DC0 && r <= 0x1DFF,
		r >= 0x20D0 && r <= 0x20FF, // enclosing marks, as on keycaps
		r >= 0x200B && r <= 0x200F, // zero width, direction
		r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x206F,
		r >= 0xFE00 && r <= 0xFE0F, // variation selectors
		r >= 0xFE20 && r <= 0xFE2F:
		return true
	}
	return false
}

// decomposed takes a character apart as Unicode says: á into a and an accent, ﬁ into fi, ™ into
// TM, full-width and mathematical letters into plain ones. As many accents are kept as the
// alphabet has, so that ǻ becomes å and not a.
func decomposed(r rune) (string, bool) {
	var b strings.Builder
	parts := []rune(norm.NFKD.String(string(r)))
	if len(parts) == 1 && parts[0] == r {
		return "", false
	}
	for i := 0; i < len(parts); {
		end := i + 1
		for end < len(parts) && unicode.Is(unicode.Mn, parts[end]) {
			end++
		}
		s, ok := composed(parts[i:end])
		if !ok {
			return "", false
		}
		b.WriteString(s)
		i = end
	}
	return b.String(), true
}

// composed finds the nearest character of the alphabet for a letter and its accents.
func composed(letter []rune) (string, bool) {
	for n := len(letter); n > 1; n-- {
		if c := []rune(norm.NFC.String(string(letter[:n]))); len(c) == 1 && Has(c[0]) {
			return string(c[0]), true
		}
	}
	if Has(letter[0]) {
		return string(letter[0]), true
	}
	s, ok := replacements[letter[0]]
	return s, ok
}

// replacements are the characters that Unicode does not take apart, or takes apart badly. The
// letters of the Greek and Cyrillic alphabets are those that look the same in print; a text with
// any other letter of those alphabets stays Unicode, because Repair is all or nothing.
var replacements = merge(
	each("'", "`´‘’‚‛′‵ʹʻʼʽˈ՚‎＇ꞌ"),
	each(`"`, "“”„‟«»″‶〃❝❞ˮ"),
	each("-", "‐‑‒–—―−⁃⁻﹘﹣－˗¯•‣▪◦●■►▸"),
	each("<", "‹〈⟨"), each(">", "›〉⟩➜➤"),
	each("(", "⁽❨"), each(")", "⁾❩"), each("[", "【〔"), each("]", "】〕"),
	each("/", "⁄∕÷"), each("|", "¦∣❘"), each("~", "˜∼≈"), each("^", "ˆ"),
	each("x", "×✕✖"), each("*", "★☆✱∗"), each("!", "ǃ❗❕"), each("?", "❓❔"), each(",", "¸、"), each(".", "。․·∙"),
	each("\n", "\u0085\u2028\u2029"), each(" ", "\t\u00A0\u1680\u2800\u3164"),
	each("...", "…⋯"), each("o", "°º"), each("a", "ª"),
	pairs("→ -> ⇒ => ← <- ⇐ <= ↔ <-> ≤ <= ≥ >= ≠ != ± +/- ‰ o/oo ½ 1/2 ¼ 1/4 ¾ 3/4 ⅓ 1/3 ⅔ 2/3"),
	pairs("© (c) ® (R) ☺ :) ☻ :) ☹ :( ♥ <3 ❤ <3 ¢ c ₹ Rs ₺ TL ₽ RUB ₴ UAH ₫ VND ₩ KRW ₦ NGN ₱ PHP ฿ THB ₪ ILS µ u μ u"),
	pairs("œ oe Œ OE ð d Ð D þ th Þ Th đ d Đ D ħ h Ħ H ı i ł l Ł L ŋ ng Ŋ NG ŧ t Ŧ T ĸ k ẞ SS ə e Ə E"),
	pairs("Α A Β B Ε E Ζ Z Η H Ι I Κ K Μ M Ν N Ο O Ρ P Τ T Υ Y Χ X"),
	pairs("А A В B Е E К K М M Н H О O Р P С C Т T Х X Ѕ S І I Ј J а a е e о o р p с c у y х x ѕ s і i ј j"),
)

func each(to, from string) map[rune]string {
	m := map[rune]string{}
	for _, r := range from {
		m[r] = to
	}
	return m
}

func pairs(list string) map[rune]string {
	m := map[rune]string{}
	words := strings.Fields(list)
	for i := 0; i+1 < len(words); i += 2 {
		for _, r := range words[i] {
			m[r] = words[i+1]
		}
	}
	return m
}

// merge puts the tables together, leaving out what the alphabet has already.
func merge(tables ...map[rune]string) map[rune]string {
	all := map[rune]string{}
	for _, t := range tables {
		for r, s := range t {
			if !Has(r) {
				all[r] = s
			}
		}
	}
	return all
}
