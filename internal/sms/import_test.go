package sms

import (
	"strings"
	"testing"
)

// D36: what the columns are is suggested, in the languages of our customers, by heading and content.
func TestSuggestColumns(t *testing.T) {
	for _, c := range []struct {
		file    string // rows by line, cells by comma
		country string
		want    string // field per column; ! is sure
		header  bool
	}{
		{"First Name,Last Name,Mobile\nAnn,Lee,07400 123456\n", "GB", "first_name! last_name! number!", true},
		{"Prénom,Nom,Tél. portable\nZoë,Petit,06 12 34 56 78\n", "FR", "first_name! last_name! number!", true},
		{"Name,Vorname,Handy-Nr.\nLang,Eva,0151 12000007\n", "DE", "last_name first_name! number!", true},
		{"Fornavn,Etternavn,Mobil,Fasttelefon\nEva,Lie,912 34 567,22 12 34 56\n", "NO", "first_name! last_name! number! -", true},
		{"Nombre,Apellidos,Teléfono móvil\nAna,Ruiz,612 345 678\n", "ES", "first_name! last_name! number!", true},
		{"kontakt,a,b\nx,y,+47 912 34 567\n", "NO", "- - number", true},
		{"Ann,+47 912 34 567\nBob,+47 912 34 568\n", "NO", "- number", false},
		{"name,phone\nAnn,4.47946E+11\n", "GB", "first_name number", true},
		{"name,age\nAnn,33\n", "GB", "first_name -", true},
		{"phone,city\n+47 912 34 567,Oslo\n", "NO", "number! city!", true},
		{"phone,reason\n+47 912 34 567,Landline\n", "NO", "number! -", true},
	} {
		var rows [][]string
		for _, line := range strings.Split(strings.TrimSpace(c.file), "\n") {
			rows = append(rows, strings.Split(line, ","))
		}
		columns, header := SuggestColumns(rows, c.country, []string{"city"})
		var got []string
		for _, x := range columns {
			s := x.Field
			if s == "" {
				s = "-"
			}
			if x.Sure {
				s += "!"
			}
			if x.Field != "" && x.Sure == x.Guess {
				t.Errorf("%q: %s is neither sure nor a guess", c.file, x.Heading)
			}
			got = append(got, s)
		}
		if strings.Join(got, " ") != c.want || header != c.header {
			t.Errorf("%q: %v, header %v; want %s", c.file, got, header, c.want)
		}
	}
}

// D36, D37: a row that cannot be imported says why; nothing is cut.
func TestReadRow(t *testing.T) {
	i := Import{Country: "NO", Columns: []ImportColumn{{Heading: "Tlf", Field: FieldNumber}, {Heading: "Navn", Field: FieldFirstName}, {}, {Heading: "By", Field: "city"}}}
	r, rejected := i.ReadRow(7, []string{"'+4791234567", " Åse\n Lie ", "left out", ""})
	if rejected != nil || r.Row != 7 || r.Number != 4791234567 || r.Contact.Country != "NO" || r.FirstName != "Åse Lie" || r.NameKey != "ase lie" || r.Fields != nil {
		t.Errorf("%+v, %+v", r, rejected)
	}
	for _, c := range []struct {
		cells  []string
		tally  string
		reason string
	}{
		{[]string{"", "Ann"}, "2 rows without a number", "Enter a mobile number"},
		{[]string{"22 12 34 56", "Ann"}, "2 landlines", "is a landline"},
		{[]string{"91234567", strings.Repeat("x", 101)}, "2 rows with a text that is too long", "Use 100 characters or fewer in Navn"},
		{[]string{"91234567", "Lie", "", "Oslo", " ", "Norge"}, "2 rows with more cells than columns", "6 cells and the file 4 columns"},
		{[]string{"4.47946E+11"}, "2 numbers shortened by a spreadsheet", "its last digits are lost"},
		{nil, "2 rows without a number", "Enter a mobile number"},
	} {
		_, rejected := i.ReadRow(1, c.cells)
		if rejected == nil || !strings.Contains(rejected.Reason, c.reason) || RejectTally(rejected.Kind, 2) != c.tally {
			t.Errorf("%q: %+v", c.cells, rejected)
		}
	}
	if _, rejected := i.ReadRow(1, []string{"91234567", "Ann", "", "Oslo", "", " "}); rejected != nil {
		t.Errorf("empty cells at the end: %+v", rejected)
	}
}
