package gateway

import "testing"

func TestParseMoney(t *testing.T) {
	for s, want := range map[string]int64{
		"0.0075": 7500, "-0.00750": 7500, "1": 1_000_000, " 2.50 ": 2_500_000, "0.0000005": 1, "0.0000004": 0, "0": 0,
		"": -1, "1e9": -1, "1/3": -1, "0x1": -1, ".": -1, "1.2.3": -1, "free": -1, "99999999999999999999": -1, "1,5": -1,
	} {
		m := ParseMoney(s, "eur")
		if want < 0 && m != nil || want >= 0 && (m == nil || *m != Money{want, "EUR"}) {
			t.Errorf("%q is %+v", s, m)
		}
	}
}
