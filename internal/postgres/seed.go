package postgres

import (
	"context"
	"time"

	"tidings/internal/sms"
)

// AddSender writes a sender that is approved.
func (t *Tx) AddSender(ctx context.Context, s sms.Sender, at time.Time) error {
	if s.Countries == nil {
		s.Countries = []string{}
	}
	_, err := t.tx.Exec(ctx, `insert into senders(tenant_id, name, countries, approved_at) values ($1, $2, $3, $4)`, t.tenant, s.Name, s.Countries, at)
	return err
}

// AddVerifiedNumber writes an own number that needs no code any more (D41).
func (t *Tx) AddVerifiedNumber(ctx context.Context, number int64, name string, by sms.ID, at time.Time) error {
	_, err := t.tx.Exec(ctx, `insert into test_numbers(tenant_id, number, name, verified_at, created_by) values ($1, $2, $3, $4, $5)`,
		t.tenant, number, name, at, by)
	return err
}

// AddFirstList writes the list that an account of the demo data begins with.
func (t *Tx) AddFirstList(ctx context.Context, id sms.ID, name, country string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `insert into lists(tenant_id, id, name, country, consent_source, created_at) values ($1, $2, $3, $4, 'web_form', $5)`,
		t.tenant, id, name, country, at)
	return err
}

// AddPeople writes people, all new to the tenant, and puts them into a list.
// At most some ten thousand at once.
func (t *Tx) AddPeople(ctx context.Context, list sms.ID, people []sms.Person) error {
	n := len(people)
	ids, numbers, hashes := make([]sms.ID, n), make([]int64, n), make([][]byte, n)
	countries, firsts, lasts, names, reversed := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, c := range people {
		ids[i], numbers[i], hashes[i], countries[i], firsts[i], lasts[i] = c.Contact, c.Number, c.Hash, c.Country, c.FirstName, c.LastName
		names[i], reversed[i] = sms.NameKeys(c.FirstName, c.LastName)
	}
	_, err := t.tx.Exec(ctx, `with c as (insert into contacts(tenant_id, id, number, number_hash, country, first_name, last_name, name_key, last_key)
			select $1, * from unnest($3::uuid[], $4::bigint[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[]) returning id),
		m as (insert into list_members(tenant_id, list_id, contact_id) select $1, $2, id from c returning 1)
		update lists set people = people + (select count(*) from m) where tenant_id = $1 and id = $2`,
		t.tenant, list, ids, numbers, hashes, countries, firsts, lasts, names, reversed)
	return err
}

// FirstList is the oldest list of the tenant.
func (t *Tx) FirstList(ctx context.Context) (sms.ID, error) {
	var id sms.ID
	err := t.tx.QueryRow(ctx, `select id from lists where tenant_id = $1 order by created_at limit 1`, t.tenant).Scan(&id)
	return id, err
}
