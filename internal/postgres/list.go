package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// listLines are lists with how many of their people are left out, and when a session last wrote to them. It goes
// from the suppressions, which are few, to the people by their index: offset 0 keeps the planner from reading all
// people instead. Who was erased and came again is known by the hash alone; as a rule there is nobody, and then
// that join reads nothing.
const listLines = `with outs as (
		select m.list_id, count(*) as n from (
			select c.id from (select number from suppressions where tenant_id = $1 and number is not null order by number) s
				cross join lateral (select c.id from contacts c where c.tenant_id = $1 and c.number = s.number offset 0) c
			union all
			select c.id from suppressions s join contacts c on c.tenant_id = $1 and c.number_hash = s.number_hash
			where s.tenant_id = $1 and s.number is null) c
		cross join lateral (select m.list_id from list_members m where m.tenant_id = $1 and m.contact_id = c.id and ($2::uuid is null or m.list_id = $2) offset 0) m
		group by m.list_id),
	used as (
		select u.list_id, max(s.started_at) as at from sessions s cross join lateral unnest(s.lists) u(list_id)
		where s.tenant_id = $1 and s.kind = 'campaign' and s.started_at is not null group by u.list_id)
	select l.id, l.name, l.country, l.consent_source, l.consent_note, l.people, coalesce(o.n, 0), l.created_at, u.at
	from lists l left join outs o on o.list_id = l.id left join used u on u.list_id = l.id
	where l.tenant_id = $1 and ($2::uuid is null or l.id = $2) order by lower(l.name)`

// Lists are the lists of the account, by name.
func (t *Tx) Lists(ctx context.Context) ([]sms.List, error) {
	rows, err := t.tx.Query(ctx, listLines, t.tenant, nil)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.List])
}

// List is one list, or ErrNotFound.
func (t *Tx) List(ctx context.Context, id sms.ID) (sms.List, error) {
	rows, err := t.tx.Query(ctx, listLines, t.tenant, id)
	if err != nil {
		return sms.List{}, err
	}
	l, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.List])
	return l, kind(err)
}

// ListHead is one list without what is counted of it: who is left out, and when it was used.
func (t *Tx) ListHead(ctx context.Context, id sms.ID) (sms.List, error) {
	var l sms.List
	err := t.tx.QueryRow(ctx, `select id, name, country, consent_source, consent_note, people, created_at from lists where tenant_id = $1 and id = $2`, t.tenant, id).
		Scan(&l.ID, &l.Name, &l.Country, &l.ConsentSource, &l.ConsentNote, &l.People, &l.CreatedAt)
	return l, kind(err)
}

// LockList keeps a list's row for this transaction, and the drafts that use it.
func (t *Tx) LockList(ctx context.Context, id sms.ID) error {
	if err := t.tx.QueryRow(ctx, `select id from lists where tenant_id = $1 and id = $2 for update`, t.tenant, id).Scan(&id); err != nil {
		return kind(err)
	}
	_, err := t.tx.Exec(ctx, `select 1 from campaigns where tenant_id = $1 and id in
		(select campaign_id from campaign_lists where tenant_id = $1 and list_id = $2) order by id for update`, t.tenant, id)
	return err
}

// AddList writes an empty list. ErrConflict: another has the name.
func (t *Tx) AddList(ctx context.Context, l sms.List) error {
	_, err := t.tx.Exec(ctx, `insert into lists(tenant_id, id, name, country, consent_source, consent_note, created_at) values ($1, $2, $3, $4, $5, $6, $7)`,
		t.tenant, l.ID, l.Name, l.Country, l.ConsentSource, l.ConsentNote, l.CreatedAt)
	return err
}

// RenameList gives a list another name. ErrConflict: another has it.
func (t *Tx) RenameList(ctx context.Context, id sms.ID, name string) error {
	_, err := t.tx.Exec(ctx, `update lists set name = $3 where tenant_id = $1 and id = $2`, t.tenant, id, name)
	return err
}

// DeleteList takes a list away. Its people stay.
func (t *Tx) DeleteList(ctx context.Context, id sms.ID) error {
	_, err := t.tx.Exec(ctx, `delete from lists where tenant_id = $1 and id = $2`, t.tenant, id)
	return err
}

// RemoveMember takes a person out of a list, and says whether he was in it.
func (t *Tx) RemoveMember(ctx context.Context, list, contact sms.ID) (bool, error) {
	tag, err := t.tx.Exec(ctx, `with gone as (delete from list_members where tenant_id = $1 and list_id = $2 and contact_id = $3 returning 1)
		update lists set people = people - 1 where tenant_id = $1 and id = $2 and exists (select 1 from gone)`, t.tenant, list, contact)
	return tag.RowsAffected() == 1, err
}

// ListUse is what needs a list.
type ListUse struct {
	Session string           // name of a session under way that has it, or ""
	State   sms.SessionState // of it
	Import  string           // file name of an import that goes into it, or ""
	Drafts  int              // campaigns in writing that name it
}

// ListUse finds what needs a list.
func (t *Tx) ListUse(ctx context.Context, id sms.ID) (ListUse, error) {
	var u ListUse
	err := t.tx.QueryRow(ctx, `select coalesce(s.name, ''), coalesce(s.state, ''),
			coalesce((select i.file_name from imports i where i.tenant_id = $1 and i.list_id = $2
				and i.state not in ('done', 'failed', 'cancelled') limit 1), ''),
			(select count(distinct c.id) from campaign_lists x join campaigns c on c.tenant_id = $1 and c.id = x.campaign_id and c.deleted_at is null
				where x.tenant_id = $1 and x.list_id = $2 and not exists (select 1 from sessions y where y.tenant_id = $1 and y.campaign_id = c.id
					and y.kind = 'campaign' and y.state <> 'refused' and (y.state <> 'cancelled' or y.started_at is not null)))
		from (select 1) one left join lateral (select name, state from sessions where tenant_id = $1 and kind = 'campaign'
			and state not in ('refused', 'cancelled', 'completed') and (lists @> array[$2::uuid] or excluded @> array[$2::uuid])
			order by id desc limit 1) s on true`, t.tenant, id).Scan(&u.Session, &u.State, &u.Import, &u.Drafts)
	return u, err
}
