package postgres

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const contactColumns = `c.id, c.number, c.number_hash, c.country, c.first_name, c.last_name, c.fields, c.created_at, c.updated_at`

func contactFields(c *sms.Contact) []any {
	return []any{&c.ID, &c.Number, &c.Hash, &c.Country, &c.FirstName, &c.LastName, &c.Fields, &c.CreatedAt, &c.UpdatedAt}
}

// Contact reads one person.
func (t *Tx) Contact(ctx context.Context, id sms.ID) (sms.Contact, error) {
	var c sms.Contact
	err := t.tx.QueryRow(ctx, `select `+contactColumns+` from contacts c where c.tenant_id = $1 and c.id = $2`, t.tenant, id).Scan(contactFields(&c)...)
	return c, kind(err)
}

// LockContact reads one person and keeps the row for this transaction.
func (t *Tx) LockContact(ctx context.Context, id sms.ID) (sms.Contact, error) {
	var c sms.Contact
	err := t.tx.QueryRow(ctx, `select `+contactColumns+` from contacts c where c.tenant_id = $1 and c.id = $2 for update`, t.tenant, id).
		Scan(contactFields(&c)...)
	return c, kind(err)
}

// SaveContact writes a person's names and fields.
func (t *Tx) SaveContact(ctx context.Context, c sms.Contact) error {
	name, reversed := sms.NameKeys(c.FirstName, c.LastName)
	_, err := t.tx.Exec(ctx, `update contacts set first_name = $3, last_name = $4, fields = $5, name_key = $6, last_key = $7, updated_at = $8
		where tenant_id = $1 and id = $2`, t.tenant, c.ID, c.FirstName, c.LastName, c.Fields, name, reversed, c.UpdatedAt)
	return err
}

// Contacts gives a page of people: of a list or of the account, in the order of what is looked for, each once.
// Every order is one of an index, so a page costs the same wherever it is.
func (t *Tx) Contacts(ctx context.Context, f sms.ContactFilter) ([]sms.ListedContact, error) {
	var sql string
	var args []any
	switch {
	case f.Search.Name != "":
		sql, args = contactsByName(f)
	case len(f.Search.Numbers) > 0:
		sql, args = contactsByNumber(f)
	default:
		sql, args = contactsByID(f)
	}
	rows, err := t.tx.Query(ctx, `select `+contactColumns+`, coalesce(s.kind, ''), c.k from (`+sql+`) c
		left join suppressions s on s.tenant_id = $1 and s.number_hash = c.number_hash`, append([]any{t.tenant, f.List, f.Limit}, args...)...)
	if err != nil {
		return nil, err
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.ListedContact, error) {
		var x sms.ListedContact
		err := row.Scan(append(contactFields(&x.Contact), &x.LeftOut, &x.Place.Key)...)
		x.Place.ID = x.ID
		return x, err
	})
	// The join may have lost the order; a page is short.
	slices.SortFunc(out, func(a, b sms.ListedContact) int { return placed(a, b, f) })
	return out, err
}

// placed orders a page as its statement did, and always forwards.
func placed(a, b sms.ListedContact, f sms.ContactFilter) int {
	switch {
	case f.Search.Everybody():
		return slices.Compare(b.ID[:], a.ID[:]) // the newest first
	case f.Search.Name == "" && a.Number != b.Number:
		if a.Number < b.Number {
			return -1
		}
		return 1
	case a.Place.Key != b.Place.Key && f.Search.Name != "":
		if a.Place.Key < b.Place.Key {
			return -1
		}
		return 1
	}
	return slices.Compare(a.ID[:], b.ID[:])
}

// inList keeps to the list $2, if there is one.
const inList = ` and ($2::uuid = '00000000-0000-0000-0000-000000000000' or exists (select 1 from list_members m
	where m.tenant_id = $1 and m.list_id = $2 and m.contact_id = c.id))`

// contactsByID walks a list, or the account, from the newest person.
func contactsByID(f sms.ContactFilter) (string, []any) {
	than, order := "<", "desc"
	if f.Back {
		than, order = ">", "asc"
	}
	where := ` and ($4::uuid = '00000000-0000-0000-0000-000000000000' or `
	if f.List.IsZero() {
		return `select c.*, '' as k from contacts c where c.tenant_id = $1 and $2::uuid is not null` + where + `c.id ` + than + ` $4::uuid) order by c.id ` + order + ` limit $3`,
			[]any{f.From.ID}
	}
	return `select c.*, '' as k from (select m.contact_id from list_members m where m.tenant_id = $1 and m.list_id = $2` + where + `m.contact_id ` + than + ` $4::uuid)
		order by m.contact_id ` + order + ` limit $3) m join contacts c on c.tenant_id = $1 and c.id = m.contact_id`, []any{f.From.ID}
}

// contactsByName walks the names that begin as looked for, first name first or last name first. Somebody of whom
// both begin so stands where the first form does.
func contactsByName(f sms.ContactFilter) (string, []any) {
	than, order := ">", ""
	if f.Back {
		than, order = "<", " desc"
	}
	branch := func(key, more string) string {
		return `(select c.*, c.` + key + ` as k from contacts c where c.tenant_id = $1 and c.` + key + ` >= $4 and c.` + key + ` < $5
			and (not $6::boolean or (c.` + key + `, c.id) ` + than + ` ($7::text collate "C", $8::uuid))` + more + inList + `
			order by c.` + key + order + `, c.id` + order + ` limit $3)`
	}
	sql := `select * from (` + branch("name_key", "") + ` union all ` + branch("last_key", " and not (c.name_key >= $4 and c.name_key < $5)") + `) c
		order by k` + order + `, id` + order + ` limit $3`
	return sql, []any{f.Search.Name, f.Search.Name + "\U0010FFFF", f.From != sms.ContactPlace{}, f.From.Key, f.From.ID}
}

// contactsByNumber walks the numbers of the ranges.
func contactsByNumber(f sms.ContactFilter) (string, []any) {
	order, from, to := "", make([]int64, 0, len(f.Search.Numbers)), make([]int64, 0, len(f.Search.Numbers))
	if f.Back {
		order = " desc"
	}
	at, _ := strconv.ParseInt(f.From.Key, 10, 64) // not a number: the first page
	for _, r := range f.Search.Numbers {
		switch {
		case at > 0 && f.Back:
			r.To = min(r.To, at)
		case at > 0:
			r.From = max(r.From, at+1)
		}
		from, to = append(from, r.From), append(to, r.To)
	}
	return `select c.* from unnest($4::bigint[], $5::bigint[]) r(f, t) cross join lateral (select c.*, c.number::text as k from contacts c
			where c.tenant_id = $1 and c.number >= r.f and c.number < r.t` + inList + ` order by c.number` + order + ` limit $3) c
		order by c.number` + order + ` limit $3`, []any{from, to}
}

// ContactLists are the lists a person is in.
func (t *Tx) ContactLists(ctx context.Context, id sms.ID) ([]sms.ListName, error) {
	rows, err := t.tx.Query(ctx, `select l.id, l.name, l.people from list_members m join lists l on l.tenant_id = $1 and l.id = m.list_id
		where m.tenant_id = $1 and m.contact_id = $2 order by lower(l.name)`, t.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ListName])
}

// ContactMessages are the newest campaigns that went to a number, and how far its message is: one look into the
// messages of each session.
func (t *Tx) ContactMessages(ctx context.Context, hash []byte, limit int) ([]sms.SentMessage, error) {
	rows, err := t.tx.Query(ctx, `select s.campaign_id, s.name, m.state, s.state, s.started_at, m.first_at
		from (select * from sessions where tenant_id = $1 and kind = 'campaign' and started_at is not null order by id desc limit 500) s
		join messages m on m.tenant_id = $1 and m.session_id = s.id and m.number_hash = $2
		order by s.id desc limit $3`, t.tenant, hash, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.SentMessage])
}

// Suppression is why a number is never written to, or ErrNotFound.
func (t *Tx) Suppression(ctx context.Context, hash []byte) (sms.Suppression, error) {
	return t.suppression(ctx, hash, "")
}

func (t *Tx) suppression(ctx context.Context, hash []byte, lock string) (sms.Suppression, error) {
	var s sms.Suppression
	err := t.tx.QueryRow(ctx, `select number_hash, kind, coalesce(number, 0), source, created_at, created_by, session_id from suppressions
		where tenant_id = $1 and number_hash = $2`+lock, t.tenant, hash).Scan(&s.Hash, &s.Kind, &s.Number, &s.Source, &s.At, &s.By, &s.Session)
	return s, kind(err)
}
