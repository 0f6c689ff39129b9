package postgres

import (
	"context"
	"encoding/json"
	"time"

	"tidings/internal/sms"
)

// CountImportRows counts the people that were read from the file and are there.
func (t *Tx) CountImportRows(ctx context.Context, id sms.ID) (int64, error) {
	var n int64
	err := t.tx.QueryRow(ctx, `select count(*) from import_rows where tenant_id = $1 and import_id = $2`, t.tenant, id).Scan(&n)
	return n, err
}

// ForgetImportRows removes the rows that were read from the file, also the rejected ones if it is told so.
func (t *Tx) ForgetImportRows(ctx context.Context, id sms.ID, rejects bool) error {
	_, err := t.tx.Exec(ctx, `delete from import_rows where tenant_id = $1 and import_id = $2`, t.tenant, id)
	if err == nil && rejects {
		_, err = t.tx.Exec(ctx, `delete from import_rejects where tenant_id = $1 and import_id = $2`, t.tenant, id)
	}
	return err
}

// AddImportRows keeps rows that were read from the file.
func (t *Tx) AddImportRows(ctx context.Context, id sms.ID, people []sms.ImportRow, rejects []sms.ImportReject) error {
	if len(rejects) > 0 {
		if err := t.addImportRejects(ctx, id, rejects); err != nil {
			return err
		}
	}
	n := len(people)
	numbers, rows, hashes := make([]int64, n), make([]int64, n), make([][]byte, n)
	var text [6][]string
	for c := range text {
		text[c] = make([]string, n)
	}
	for i, r := range people {
		numbers[i], rows[i], hashes[i] = r.Number, r.Row, r.Hash
		fields := "{}"
		if len(r.Fields) > 0 {
			b, err := json.Marshal(r.Fields)
			if err != nil {
				return err
			}
			fields = string(b)
		}
		for c, s := range [...]string{r.Country, r.FirstName, r.LastName, r.NameKey, r.LastKey, fields} {
			text[c][i] = s
		}
	}
	_, err := t.tx.Exec(ctx, `insert into import_rows(tenant_id, import_id, number, row_no, number_hash, country, first_name, last_name, name_key, last_key, fields)
		select $1, $2, n, r, h, country, f, l, fl, lf, fields::jsonb
		from unnest($3::bigint[], $4::bigint[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])
			as x(n, r, h, country, f, l, fl, lf, fields)`,
		t.tenant, id, numbers, rows, hashes, text[0], text[1], text[2], text[3], text[4], text[5])
	return err
}

// ImportPageEnd is the number up to which the next page goes: about limit rows, and all of a number's.
// last is true for the last page.
func (t *Tx) ImportPageEnd(ctx context.Context, id sms.ID, after int64, limit int) (to int64, last bool, err error) {
	var found *int64
	err = t.tx.QueryRow(ctx, `select (select number from import_rows where tenant_id = $1 and import_id = $2 and number > $3
		order by number offset $4 limit 1)`, t.tenant, id, after, limit-1).Scan(&found)
	if found == nil {
		return 999_999_999_999_999, true, err
	}
	return *found, false, err
}

// importPage are the rows of numbers above $3 and up to $4 of the import $2; people has of each number the
// row that counts, with what is known about the person: c, and whether the number is suppressed.
// $5: the last row counts; $6, $7: an empty first or last name erases; $8: custom fields that an empty
// cell erases; $9: of people who are known only what is empty is filled in. The limits make each person one look into an
// index, whatever the planner knows: these tables grow by half a million rows before their statistics do.
const importPage = `with page as materialized (
		select * from import_rows where tenant_id = $1 and import_id = $2 and number > $3 and number <= $4),
	one as (select distinct on (number) * from page order by number, case when $5 then -row_no else row_no end),
	people as materialized (
		select w.*, c.id is not null as known, s.number_hash is not null as suppressed,
			c.id is not null and (c.first_name, c.last_name, c.fields) is distinct from
			(` + mergedFirst + `, ` + mergedLast + `, ` + mergedFields + `) as differs
		from one w
		left join lateral (select id, first_name, last_name, fields from contacts where tenant_id = $1 and number = w.number limit 1) c on true
		left join lateral (select number_hash from suppressions where tenant_id = $1 and number_hash = w.number_hash limit 1) s on true) `

// What a person c becomes by a row w.
const (
	mergedFirst  = `case when $9 and c.first_name <> '' then c.first_name when w.first_name <> '' or $6 then w.first_name else c.first_name end`
	mergedLast   = `case when $9 and c.last_name <> '' then c.last_name when w.last_name <> '' or $7 then w.last_name else c.last_name end`
	mergedFields = `case when $9 then w.fields || c.fields else (c.fields - $8::text[]) || w.fields end`
)

func (t *Tx) importPageArgs(i sms.Import, to int64) []any {
	erased := []string{}
	if i.Options.EmptyErases {
		for _, c := range i.Columns {
			switch c.Field {
			case "", sms.FieldNumber, sms.FieldFirstName, sms.FieldLastName:
			default:
				erased = append(erased, c.Field)
			}
		}
	}
	erases := func(field string) bool { return i.Options.EmptyErases && i.Column(field) >= 0 }
	return []any{
		t.tenant, i.ID, i.Work.Number, to, i.Options.LastWins,
		erases(sms.FieldFirstName), erases(sms.FieldLastName), erased, i.Options.KeepExisting,
	}
}

// CheckImportPage counts what would become of the rows of a page, without those that are invalid.
func (t *Tx) CheckImportPage(ctx context.Context, i sms.Import, to int64) (sms.ImportCounts, error) {
	var c sms.ImportCounts
	err := t.tx.QueryRow(ctx, importPage+`select count(*) filter (where not suppressed and not known), count(*) filter (where not suppressed and differs),
			count(*) filter (where not suppressed and known and not differs), count(*) filter (where suppressed), (select count(*) from page) - count(*)
		from people`, t.importPageArgs(i, to)...).Scan(&c.Fresh, &c.Changed, &c.Same, &c.OptedOut, &c.Duplicate)
	return c, err
}

// WriteImportPage writes the people of a page to contacts and puts them into the list, and counts what
// was really written: somebody else may write the same people at the same time.
func (t *Tx) WriteImportPage(ctx context.Context, i sms.Import, to int64, now time.Time) (sms.ImportCounts, error) {
	var c sms.ImportCounts
	var people int64
	var ids []sms.ID
	var firsts, lasts []string
	// Three foreign keys are looked up for every person, and planning each look would cost more than all the rest.
	if _, err := t.tx.Exec(ctx, `set local plan_cache_mode = auto`); err != nil {
		return c, err
	}
	// Names of which a part was known before get their keys afterwards: folding is a rule of package sms.
	// Nothing joins put with people: that would be a loop in a loop.
	err := t.tx.QueryRow(ctx, importPage+`, put as (
			insert into contacts as c (tenant_id, id, number, number_hash, country, first_name, last_name, fields, name_key, last_key, created_at, updated_at)
			select $1, new_id(), w.number, w.number_hash, w.country, w.first_name, w.last_name, w.fields, w.name_key, w.last_key, $10, $10
			from people w where not known or differs order by w.number
			on conflict (tenant_id, number) do update set first_name = `+ofExcluded(mergedFirst)+`, last_name = `+ofExcluded(mergedLast)+`,
				fields = `+ofExcluded(mergedFields)+`, name_key = `+ofExcluded(mergedKey("name_key"))+`, last_key = `+ofExcluded(mergedKey("last_key"))+`, updated_at = $10
			where (c.first_name, c.last_name, c.fields) is distinct from
				(`+ofExcluded(mergedFirst)+`, `+ofExcluded(mergedLast)+`, `+ofExcluded(mergedFields)+`)
			returning c.id, c.first_name, c.last_name, c.name_key = '' and (c.first_name, c.last_name) <> ('', '') as mixed, c.xmax = 0 as fresh,
				exists (select 1 from suppressions s where s.tenant_id = $1 and s.number_hash = c.number_hash) as suppressed),
		mixed as (select coalesce(array_agg(id), '{}') as ids, coalesce(array_agg(first_name), '{}') as firsts, coalesce(array_agg(last_name), '{}') as lasts
			from put where mixed)
		select (select count(*) from page), (select count(*) from people), (select count(*) from people where suppressed),
			(select count(*) from put where fresh and not suppressed), (select count(*) from put where not fresh and not suppressed),
			ids, firsts, lasts from mixed`, append(t.importPageArgs(i, to), now)...).
		Scan(&c.Duplicate, &people, &c.OptedOut, &c.Fresh, &c.Changed, &ids, &firsts, &lasts)
	if err != nil {
		return c, err
	}
	c.Duplicate -= people
	c.Same = people - c.OptedOut - c.Fresh - c.Changed
	if err := t.setNameKeys(ctx, ids, firsts, lasts); err != nil {
		return c, err
	}
	return c, t.joinList(ctx, i, to, now)
}
