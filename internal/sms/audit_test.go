package sms

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAuditWords(t *testing.T) {
	for deed, want := range map[string]string{"submit_session": "Confirmed a sending", "open_a_new_thing": "Open a new thing", "": ""} {
		if got := (Audit{Deed: deed}).Words(); got != want {
			t.Errorf("%s: %q, want %q", deed, got, want)
		}
	}
}

func TestAuditChanges(t *testing.T) {
	a := Audit{Before: `{"name":"Autumn","people":12,"same":[1]}`, After: `{"name":"Winter","people":12,"same":[1],"sent_by":"Maren","gone":null}`}
	want := []AuditChange{{"name", "Autumn", "Winter"}, {"sent by", "", "Maren"}}
	if diff := cmp.Diff(want, a.Changes()); diff != "" {
		t.Error(diff)
	}
	if got := (Audit{After: "not JSON"}).Changes(); len(got) != 1 || got[0].Is != "not JSON" {
		t.Errorf("got %v", got)
	}
}
