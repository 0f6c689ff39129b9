package sms

import "strings"

// anyName is a heading that may be either name, or both.
const anyName = "name"

// sureHeading is the weight of a heading that means one thing.
const sureHeading = 50

// heading is what a column's heading says about it, and how clearly.
type heading struct {
	field  string
	weight int
}

// headings are the words above columns in the languages of our customers, as plainHeading has them.
var headings = func() map[string]heading {
	all := map[string]heading{}
	for _, x := range []struct {
		field  string
		weight int
		words  string
	}{
		{FieldNumber, 60, `mobile, mobile number, mobile phone, mobile no, mobil, mobilnummer, mobilnr, mobiltelefon, mobilfunknummer, mobilfon,
			cell, cell phone, cellphone, cell number, portable, numero de portable, tel portable, telephone portable, gsm, handy, handynummer,
			movil, telefono movil, celular, telemovel, cellulare, mobiel, mobiele nummer, mobiel nummer, matkapuhelin, komorka, msisdn, sms, sms number`},
		{FieldNumber, 50, `phone, phone number, phone no, phonenumber, telephone, telephone number, tel, telefon, telefonnummer, telefonnr, tlf, tlf nr,
			rufnummer, numero de telephone, telefono, numero de telefono, telefone, numero di telefono, telefoon, telefoonnummer, puhelin,
			puhelinnumero, numer telefonu, nr telefonu, whatsapp`},
		{FieldNumber, 20, `number, numero, nummer, num, contact, contact number, e164`},
		{FieldFirstName, 60, `first name, firstname, first, given name, givenname, forename, prenom, vorname, fornavn, fornamn, nombre, nome proprio,
			primeiro nome, voornaam, imie, etunimi, fname`},
		{FieldFirstName, 30, `nome, nickname, rufname`},
		{FieldLastName, 60, `last name, lastname, last, surname, family name, nom de famille, nachname, familienname, zuname, etternavn, efternavn,
			efternamn, apellido, apellidos, cognome, apelido, sobrenome, achternaam, nazwisko, sukunimi, lname`},
		{FieldLastName, 50, `nom`},
		{anyName, 20, `name, full name, fullname, navn, namn, naam, customer, kunde, client, nom complet, nom et prenom, nimi`},
	} {
		for _, w := range strings.Split(x.words, ",") {
			all[strings.Join(strings.Fields(w), " ")] = heading{x.field, x.weight}
		}
	}
	return all
}()

// headingOf reads a heading: all of it, or a word in it that means something.
func headingOf(s string) heading {
	plain := plainHeading(s)
	if h, ok := headings[plain]; ok {
		return h
	}
	var best heading
	words := strings.Fields(plain)
	for i := range words {
		for j := i + 1; j <= min(len(words), i+3); j++ {
			if h := headings[strings.Join(words[i:j], " ")]; h.weight > best.weight && h.weight >= sureHeading {
				best = h
			}
		}
	}
	if best.weight > 0 {
		best.weight -= 20 // "phone of the shop"
	}
	return best
}

// plainHeading has small letters without accents and single spaces for everything else.
func plainHeading(s string) string {
	return strings.Join(strings.FieldsFunc(FoldName(s), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), " ")
}
