package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// candidates are the people of the lists ($2), or of earlier sendings ($5; only those of whom nobody knows
// with $6), each once, and why each is left out: in an excluded list ($3), suppressed, or reached by a
// sending of $7 unless $8 says again. $1 is the tenant, $4 the moment after which nobody joins any more, or null.
// Earlier sendings are asked person by person, by the number: that costs the same whatever the statistics know of a
// sending as young as the last one.
const candidates = `with listed as (
		select m.contact_id, count(*) as entries from list_members m
		where m.tenant_id = $1 and m.list_id = any($2) and ($4::timestamptz is null or m.added_at <= $4)
		group by m.contact_id
		union all
		select distinct c.id, 1 from messages g join contacts c on c.tenant_id = $1 and c.number = g.number
		where g.tenant_id = $1 and g.session_id = any($5) and ` + ofSending + `),
	known as (
		select c.id, c.number, c.number_hash, c.country, c.first_name, c.last_name, c.fields, l.entries, s.kind,
			x.contact_id is not null as excluded, cardinality($7::bigint[]) > 0 and ` + before + ` as again
		from listed l join contacts c on c.tenant_id = $1 and c.id = l.contact_id
		left join (select distinct e.contact_id from list_members e where e.tenant_id = $1 and e.list_id = any($3)) x on x.contact_id = c.id
		left join suppressions s on s.tenant_id = $1 and s.number_hash = c.number_hash),
	people as (
		select *, case when excluded then 'list' when kind is not null then kind when again and not $8 then 'before' end as reason from known) `

// audienceArgs are $1 to $8 of every statement about an audience. Sendings stand in the place of lists.
func (t *Tx) audienceArgs(a sms.Audience) []any {
	lists, of, unsure := a.Lists, a.ReachedBy, false
	if len(a.UnsureOf) > 0 {
		of, unsure = a.UnsureOf, true
	}
	if len(of) > 0 {
		lists = nil
	}
	return []any{t.tenant, ids(lists), ids(a.Excluded), a.FrozenAt, ids(of), unsure, ids(a.NotReachedBy), a.Again}
}

// ids makes a list that is never null in SQL.
func ids[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// AudienceGroups counts the audience by country and by the values of fields: people of one group get the
// same message. It also says who is left out and why, from the same snapshot.
func (t *Tx) AudienceGroups(ctx context.Context, a sms.Audience, fields []string) ([]sms.Group, sms.AudienceCounts, error) {
	args := t.audienceArgs(a)
	columns := make([]string, 0, len(fields))
	for _, f := range fields {
		columns = append(columns, fieldColumn(f, &args))
	}
	list := strings.Join(append([]string{"reason", "again", "country"}, columns...), ", ")
	rows, err := t.tx.Query(ctx, candidates+`select count(*), sum(entries - 1), `+list+` from people group by `+list, args...)
	if err != nil {
		return nil, sms.AudienceCounts{}, err
	}
	defer rows.Close()
	var groups []sms.Group
	var counts sms.AudienceCounts
	values := make([]*string, len(fields))
	into := make([]any, 0, 5+len(fields))
	var people, twice int
	var reason *string
	var again bool
	var country string
	into = append(into, &people, &twice, &reason, &again, &country)
	for i := range values {
		into = append(into, &values[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, counts, err
		}
		counts.Listed += people + twice
		counts.Duplicates += twice
		if reason != nil {
			addReason(&counts, *reason, people)
			continue
		}
		counts.Reached += people
		if again {
			counts.Again += people
		}
		groups = append(groups, sms.Group{Person: personOf(country, fields, values), People: people})
	}
	return groups, counts, rows.Err()
}

// fieldColumn is the SQL of a merge field; keys of custom fields are parameters.
func fieldColumn(field string, args *[]any) string {
	switch field {
	case sms.FieldFirstName, sms.FieldLastName:
		return field
	}
	*args = append(*args, field)
	return fmt.Sprintf("fields->>$%d::text", len(*args))
}

func personOf(country string, fields []string, values []*string) sms.Person {
	p := sms.Person{Country: country}
	for i, f := range fields {
		if values[i] == nil {
			continue
		}
		switch v := *values[i]; f {
		case sms.FieldFirstName:
			p.FirstName = v
		case sms.FieldLastName:
			p.LastName = v
		default:
			if p.Fields == nil {
				p.Fields = make(map[string]string, len(fields))
			}
			p.Fields[f] = v
		}
	}
	return p
}

func addReason(c *sms.AudienceCounts, reason string, people int) {
	switch reason {
	case "list":
		c.Excluded += people
	case "opted_out":
		c.OptedOut += people
	case "npai":
		c.Unreachable += people
	case "complaint":
		c.Complained += people
	case "before":
		c.Before += people
	default:
		c.Blocked += people
	}
}

// AudienceCounts says how many people the audience reaches, and who is left out.
func (t *Tx) AudienceCounts(ctx context.Context, a sms.Audience) (sms.AudienceCounts, error) {
	_, counts, err := t.AudienceGroups(ctx, a, nil)
	return counts, err
}

// AudiencePage lists up to limit people of the audience after the contact after (zero: from the first),
// each once, by contact ID. Fewer than limit means that nobody follows.
func (t *Tx) AudiencePage(ctx context.Context, a sms.Audience, after sms.ID, limit int) ([]sms.Person, error) {
	return t.audienceWalk(ctx, a, after, limit, false)
}

// AudienceBefore is the person of the audience before the contact, or ErrNotFound.
func (t *Tx) AudienceBefore(ctx context.Context, a sms.Audience, before sms.ID) (sms.Person, error) {
	got, err := t.audienceWalk(ctx, a, before, 1, true)
	if err != nil {
		return sms.Person{}, err
	}
	if len(got) == 0 {
		return sms.Person{}, sms.ErrNotFound
	}
	return got[0], nil
}

// audienceWalk follows the lists by contact ID. It reads a window of every list, so that a short list in
// a large account costs no more than its length; those left out are passed over.
func (t *Tx) audienceWalk(ctx context.Context, a sms.Audience, from sms.ID, limit int, back bool) ([]sms.Person, error) {
	out := make([]sms.Person, 0, limit)
	for len(out) < limit {
		window := max(limit-len(out), 64)
		found, last, n, err := t.audienceWindow(ctx, a, from, window, back)
		if err != nil {
			return nil, err
		}
		out = append(out, found[:min(len(found), limit-len(out))]...)
		if n < window {
			break
		}
		from = last
	}
	return out, nil
}

func (t *Tx) audienceWindow(ctx context.Context, a sms.Audience, from sms.ID, window int, back bool) (found []sms.Person, last sms.ID, n int, err error) {
	than, order := ">", "asc"
	if back {
		than, order = "<", "desc"
	}
	rows, err := t.tx.Query(ctx, `with ids as (
			select distinct y.contact_id from (
				select x.contact_id from unnest($2::uuid[]) l(id) cross join lateral (
					select m.contact_id from list_members m
					where m.tenant_id = $1 and m.list_id = l.id and m.contact_id `+than+` $9 and ($4::timestamptz is null or m.added_at <= $4)
					order by m.contact_id `+order+` limit $10) x
				union all
				select x.id from (
					select c.id from contacts c where c.tenant_id = $1 and c.id `+than+` $9 and cardinality($5::bigint[]) > 0
						and (select true from messages g where g.number_hash = c.number_hash and g.session_id = any($5) and g.tenant_id = $1 and `+ofSending+` limit 1) is not null
					order by c.id `+order+` limit $10) x) y
			order by 1 `+order+` limit $10)
		select c.id, c.number, c.number_hash, c.country, c.first_name, c.last_name, c.fields,
			exists (select 1 from list_members e where e.tenant_id = $1 and e.list_id = any($3) and e.contact_id = c.id)
			or exists (select 1 from suppressions s where s.tenant_id = $1 and s.number_hash = c.number_hash) or `+notAgain+`
		from ids join contacts c on c.tenant_id = $1 and c.id = ids.contact_id order by c.id `+order,
		append(t.audienceArgs(a), from, window)...)
	if err != nil {
		return nil, last, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var p sms.Person
		var out bool
		if err := rows.Scan(&p.Contact, &p.Number, &p.Hash, &p.Country, &p.FirstName, &p.LastName, &p.Fields, &out); err != nil {
			return nil, last, 0, err
		}
		last, n = p.Contact, n+1
		if !out {
			found = append(found, p)
		}
	}
	return found, last, n, rows.Err()
}

const personColumns = `id, number, number_hash, country, first_name, last_name, fields`

func scanPerson(row pgx.CollectableRow) (sms.Person, error) {
	var p sms.Person
	err := row.Scan(&p.Contact, &p.Number, &p.Hash, &p.Country, &p.FirstName, &p.LastName, &p.Fields)
	return p, err
}

func onePerson(rows pgx.Rows, err error) (sms.Person, error) {
	if err != nil {
		return sms.Person{}, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanPerson)
	return p, kind(err)
}

// AudiencePerson is one person of the audience, or ErrNotFound when the contact is not reached.
func (t *Tx) AudiencePerson(ctx context.Context, a sms.Audience, contact sms.ID) (sms.Person, error) {
	return onePerson(t.tx.Query(ctx, `select `+personColumns+` from contacts c where c.tenant_id = $1 and c.id = $9
			and (exists (select 1 from list_members m where m.tenant_id = $1 and m.list_id = any($2) and m.contact_id = $9
				and ($4::timestamptz is null or m.added_at <= $4))
				or exists (select 1 from messages g where g.tenant_id = $1 and g.number_hash = c.number_hash and g.session_id = any($5) and `+ofSending+`))
			and not exists (select 1 from list_members e where e.tenant_id = $1 and e.list_id = any($3) and e.contact_id = $9)
			and not exists (select 1 from suppressions s where s.tenant_id = $1 and s.number_hash = c.number_hash)
			and not `+notAgain,
		append(t.audienceArgs(a), contact)...))
}

// AudienceNth is the person at place n of the audience, counted from 0.
func (t *Tx) AudienceNth(ctx context.Context, a sms.Audience, n int) (sms.Person, error) {
	return onePerson(t.tx.Query(ctx, candidates+`select `+personColumns+` from people where reason is null
		order by id limit 1 offset $9`, append(t.audienceArgs(a), n)...))
}

// AudiencePlace is how many people of the audience come before the contact.
func (t *Tx) AudiencePlace(ctx context.Context, a sms.Audience, contact sms.ID) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, candidates+`select count(*) from people where reason is null and id < $9`,
		append(t.audienceArgs(a), contact)...).Scan(&n)
	return n, err
}

// AudienceLike is the first person of the audience with the country and the values of fields that like
// has; an empty country is any. An empty value is that of somebody without the field.
func (t *Tx) AudienceLike(ctx context.Context, a sms.Audience, like sms.Person, fields []string) (sms.Person, error) {
	args := append(t.audienceArgs(a), like.Country)
	where := ""
	for _, f := range fields {
		column := fieldColumn(f, &args)
		args = append(args, like.Field(f))
		where += fmt.Sprintf(" and btrim(coalesce(%s, ''), ' ') = $%d", column, len(args))
	}
	return onePerson(t.tx.Query(ctx, candidates+`select `+personColumns+` from people
		where reason is null and ($9 = '' or country = $9)`+where+` order by id limit 1`, args...))
}

// FieldKeys are the custom fields that people of the lists have, in alphabetical order.
func (t *Tx) FieldKeys(ctx context.Context, lists []sms.ID) ([]string, error) {
	rows, err := t.tx.Query(ctx, `select distinct k from list_members m
		join contacts c on c.tenant_id = $1 and c.id = m.contact_id
		cross join lateral jsonb_object_keys(c.fields) k
		where m.tenant_id = $1 and m.list_id = any($2) and c.fields <> '{}' order by k`, t.tenant, ids(lists))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
