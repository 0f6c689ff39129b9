package sms

import "testing"

func found(s ContactSearch, number int64) bool {
	for _, r := range s.Numbers {
		if number >= r.From && number < r.To {
			return true
		}
	}
	return false
}

func TestContactSearchReadsNumbersInEveryUsualForm(t *testing.T) {
	for _, typed := range []string{
		"+33 6 12 34 56 78", "0033612345678", "06 12 34 56 78", "06.12.34.56.78", "(0)6 12-34-56-78", "33612345678", "612345678",
		"+33 6 12", "0033 6", "06 12 3", "6 12 34", "336", "3", "+33",
	} {
		if s := ParseContactSearch(typed, "FR", true); s.Name != "" || !found(s, 33612345678) {
			t.Errorf("%q does not find +33612345678: %+v", typed, s)
		}
	}
	for _, typed := range []string{"+34", "07 12", "06 12 35", "0000", "()-", "0"} {
		if s := ParseContactSearch(typed, "FR", true); typed != "0" && found(s, 33612345678) {
			t.Errorf("%q finds +33612345678", typed)
		}
	}
	for typed, want := range map[string]string{"Zoë  O’Connor": "zoe o’connor", "LUND": "lund", "  ": "", "7 Dwarfs": "7 dwarfs"} {
		if s := ParseContactSearch(typed, "FR", true); s.Name != want || len(s.Numbers) != 0 {
			t.Errorf("%q: %+v, want the name %q", typed, s, want)
		}
	}
}

// D42: who sees masked numbers cannot find them out by trying one digit after the other.
func TestContactSearchFindsOnlyWholeNumbersWithoutTheRight(t *testing.T) {
	for _, typed := range []string{"+33 6 12", "06 12 34 56 7", "3"} {
		if s := ParseContactSearch(typed, "FR", false); found(s, 33612345678) || s.Everybody() {
			t.Errorf("%q finds by the beginning: %+v", typed, s)
		}
	}
	if s := ParseContactSearch("06 12 34 56 78", "FR", false); !found(s, 33612345678) {
		t.Error("a whole number is not found")
	}
}
