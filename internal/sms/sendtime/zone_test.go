package sendtime

import (
	"strings"
	"testing"
	"time"
)

// D14: a zone is found by the city people know.
func TestSearchZones(t *testing.T) {
	winter := instant("2026-11-27T09:00Z")
	for query, want := range map[string]string{
		"paris": "Europe/Paris", "PAR": "Europe/Paris", "Manchester": "Europe/London", "munich": "Europe/Berlin",
		"münchen": "Europe/Berlin", "munchen": "Europe/Berlin", "San Francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles",
		"mumbai": "Asia/Kolkata", "sao paulo": "America/Sao_Paulo", "new york": "America/New_York", "saint etienne": "Europe/Paris",
		"tromso": "Europe/Oslo", "lodz": "Europe/Warsaw", "st johns": "America/St_Johns", "france": "Europe/Paris", "FR": "Europe/Paris",
		"Europe/Paris": "Europe/Paris", "europe/lisbon": "Europe/Lisbon", "utc": "UTC", "united kingdom": "Europe/London", "paris france": "Europe/Paris",
		"reunion": "Indian/Reunion", "hong kong": "Asia/Hong_Kong", "port-au-prince": "America/Port-au-Prince", "izmir": "Europe/Istanbul",
	} {
		got := SearchZones(query, winter, 5)
		if len(got) == 0 || got[0].Name != want {
			t.Errorf("%q: %+v, want %s first", query, got, want)
		}
	}
	if z := SearchZones("manchester", winter, 3)[0]; z != (Zone{"Europe/London", "London", "Manchester", "United Kingdom", "UTC+0"}) {
		t.Errorf("%+v", z)
	}
	if z := SearchZones("paris", instant("2027-07-01T09:00Z"), 3)[0]; z != (Zone{"Europe/Paris", "Paris", "", "France", "UTC+2"}) {
		t.Errorf("%+v", z)
	}
	for _, z := range SearchZones("UTC+5:30", winter, 10) {
		if z.Offset != "UTC+5:30" {
			t.Errorf("%+v", z)
		}
	}
	if z := SearchZones("utc-5", winter, 50); len(z) < 5 || z[0].Offset != "UTC−5" {
		t.Errorf("%+v", z)
	}
	if z := SearchZones("", winter, 50); len(z) != len(usual) || z[0].Name != "Europe/Paris" {
		t.Errorf("%+v", z)
	}
	for _, query := range []string{"xyzzy", "<script>", strings.Repeat("a", 10000)} {
		if z := SearchZones(query, winter, 5); z != nil {
			t.Errorf("%q: %+v", query, z)
		}
	}
	if z := SearchZones("a", winter, -1); len(z) != 0 {
		t.Errorf("%+v", z)
	}
	if z := SearchZones("e", winter, 7); len(z) != 7 {
		t.Errorf("%+v", z)
	}
}

func TestPlacesAndFormerNames(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range places {
		if seen[p.zone] || p.city == "" || len(p.country) != 2 {
			t.Errorf("%+v", p)
		}
		seen[p.zone] = true
		if zones := SearchZones(p.city, time.Unix(0, 0), 12); !hasZone(zones, p.zone) {
			t.Errorf("%s is not found by %q", p.zone, p.city)
		}
	}
	for former, now := range formerNames {
		if seen[former] {
			t.Errorf("%s is a name of today", former)
		}
		if name, err := Canon(former); err != nil || name != now {
			t.Errorf("Canon(%s) = %s, %v", former, name, err)
		}
	}
	equal(t, City("Europe/Paris")+City("America/Argentina/Buenos_Aires")+City("Asia/Calcutta"), "ParisBuenos AiresKolkata")
}

func hasZone(zones []Zone, name string) bool {
	for _, z := range zones {
		if z.Name == name {
			return true
		}
	}
	return false
}

// D16, F15: the version is a fact about the rules, the same each time.
func TestTZDataVersion(t *testing.T) {
	if v := TZDataVersion(); !strings.HasPrefix(v, "tz-") || len(v) != 19 || v != TZDataVersion() {
		t.Errorf("%q", v)
	}
}
