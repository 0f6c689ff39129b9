package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const campaignColumns = `c.tenant_id, c.id, c.name, c.kind, c.sender, c.text,
	array(select l.list_id from campaign_lists l where l.tenant_id = c.tenant_id and l.campaign_id = c.id and not l.excluded order by l.list_id),
	array(select l.list_id from campaign_lists l where l.tenant_id = c.tenant_id and l.campaign_id = c.id and l.excluded order by l.list_id),
	c.whom, c.reached_by, array(select s.id from sessions s where s.tenant_id = c.tenant_id and s.campaign_id = c.id and s.kind = 'campaign'
		and s.started_at is not null order by s.id), c.revision, c.tested_revision, c.created_at, c.updated_at, c.updated_by, coalesce((select u.name from users u where u.id = c.updated_by), ''), c.saved_window, c.saved_turn`

func (t *Tx) oneCampaign(ctx context.Context, id sms.ID, lock string) (sms.Campaign, error) {
	rows, err := t.tx.Query(ctx, `select `+campaignColumns+` from campaigns c
		where c.tenant_id = $1 and c.id = $2 and c.deleted_at is null`+lock, t.tenant, id)
	if err != nil {
		return sms.Campaign{}, err
	}
	return pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (c sms.Campaign, err error) {
		err = row.Scan(&c.Tenant, &c.ID, &c.Name, &c.Kind, &c.Sender, &c.Text, &c.Lists, &c.Excluded, &c.Whom, &c.ReachedBy, &c.Started,
			&c.Revision, &c.TestedRevision, &c.CreatedAt, &c.UpdatedAt, &c.UpdatedBy, &c.UpdatedByName, &c.Window.ID, &c.Window.Turn)
		return c, err
	})
}

// Campaign reads one campaign.
func (t *Tx) Campaign(ctx context.Context, id sms.ID) (sms.Campaign, error) {
	return t.oneCampaign(ctx, id, "")
}

// LockCampaign reads one campaign and keeps it for this transaction.
func (t *Tx) LockCampaign(ctx context.Context, id sms.ID) (sms.Campaign, error) {
	return t.oneCampaign(ctx, id, " for update of c")
}

// AddCampaign writes a new campaign with its lists.
func (t *Tx) AddCampaign(ctx context.Context, c sms.Campaign) error {
	_, err := t.tx.Exec(ctx, `insert into campaigns(tenant_id, id, name, kind, sender, text, created_by, created_at, updated_by, updated_at, whom, reached_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $7, $8, $9, $10)`,
		t.tenant, c.ID, c.Name, c.Kind, c.Sender, c.Text, c.UpdatedBy, c.CreatedAt, c.Whom, ids(c.ReachedBy))
	if err != nil {
		return err
	}
	return t.saveLists(ctx, c)
}

// SaveCampaign writes what may change, and gives the campaign its next revision.
func (t *Tx) SaveCampaign(ctx context.Context, c *sms.Campaign) error {
	err := t.tx.QueryRow(ctx, `update campaigns set name = $3, kind = $4, sender = $5, text = $6, updated_by = $7, updated_at = $8, whom = $9,
		saved_window = $10, saved_turn = $11, revision = revision + 1 where tenant_id = $1 and id = $2 returning revision`,
		t.tenant, c.ID, c.Name, c.Kind, c.Sender, c.Text, c.UpdatedBy, c.UpdatedAt, c.Whom, c.Window.ID, c.Window.Turn).Scan(&c.Revision)
	if err != nil {
		return err
	}
	return t.saveLists(ctx, *c)
}

func (t *Tx) saveLists(ctx context.Context, c sms.Campaign) error {
	_, err := t.tx.Exec(ctx, `delete from campaign_lists where tenant_id = $1 and campaign_id = $2 and not (list_id = any($3 || $4::uuid[]))`,
		t.tenant, c.ID, ids(c.Lists), ids(c.Excluded))
	if err != nil {
		return err
	}
	_, err = t.tx.Exec(ctx, `insert into campaign_lists(tenant_id, campaign_id, list_id, excluded)
		select $1::bigint, $2::uuid, l, false from unnest($3::uuid[]) l union all select $1, $2, l, true from unnest($4::uuid[]) l where not l = any($3)
		on conflict (tenant_id, campaign_id, list_id) do update set excluded = excluded.excluded`,
		t.tenant, c.ID, ids(c.Lists), ids(c.Excluded))
	return err
}

// DeleteCampaign takes a campaign out of every list; what was sent of it stays.
func (t *Tx) DeleteCampaign(ctx context.Context, id sms.ID, at time.Time) error {
	_, err := t.tx.Exec(ctx, `update campaigns set deleted_at = $3 where tenant_id = $1 and id = $2`, t.tenant, id, at)
	return err
}

// SetTested notes which revision somebody was sent a test of.
func (t *Tx) SetTested(ctx context.Context, id sms.ID, revision int64) error {
	_, err := t.tx.Exec(ctx, `update campaigns set tested_revision = $3 where tenant_id = $1 and id = $2`, t.tenant, id, revision)
	return err
}

// Campaigns lists campaigns, the last changed first, with the newest session of each: one statement for
// a page. The page is cut before the counters are added up.
func (t *Tx) Campaigns(ctx context.Context, f sms.CampaignFilter) ([]sms.CampaignLine, error) {
	before := f.Before
	if before.IsZero() {
		before = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	rows, err := t.tx.Query(ctx, `with page as (
			select c.id, c.name, c.kind, c.sender, left(c.text, 300) as text, c.updated_at, c.revision, s.id as session_id, s.state, s.number,
				s.people, s.zone, case when s.state = 'draft' then c.updated_at when s.state in ('validating', 'approved', 'scheduled', 'starting', 'waiting_credits', 'held') then s.starts_at
					else coalesce(s.ended_at, s.started_at, s.submitted_at) end as at
			from campaigns c left join lateral (select x.id, x.number, x.people, x.zone, x.starts_at, x.ended_at, x.started_at, x.submitted_at,
					case when x.state = 'cancelled' and x.started_at is null then 'draft' else x.state end as state from sessions x
				where x.tenant_id = $1 and x.campaign_id = c.id and x.kind = 'campaign' order by x.number desc limit 1) s on true
			where c.tenant_id = $1 and c.deleted_at is null
				and ($2 = '' or coalesce(s.state, 'draft') = $2) and ($7::text[] is null or coalesce(s.state, 'draft') = any($7))
				and ($3 = '' or position(lower($3) in lower(c.name)) > 0 or position(lower($3) in lower(c.sender)) > 0
					or position(lower($3) in lower(c.text)) > 0)
				and c.updated_at <= $4 and (c.updated_at < $4 or c.id > $5)
			order by c.updated_at desc, c.id limit $6)
		select p.id, p.name, p.kind, p.sender, p.text, coalesce(p.state, 'draft'), coalesce(p.number, 0), coalesce(p.people, 0),
			coalesce(p.at, p.updated_at), coalesce(p.zone, ''), p.updated_at, p.revision, b.*
		from page p cross join lateral (select `+tallySums+` from batches where tenant_id = $1 and session_id = p.session_id) b
		order by p.updated_at desc, p.id`, t.tenant, f.State, f.Text, before, f.ID, f.Limit, f.States)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.CampaignLine, error) {
		var c sms.CampaignLine
		err := row.Scan(append([]any{
			&c.ID, &c.Name, &c.Kind, &c.Sender, &c.Text, &c.State, &c.Version, &c.People, &c.At, &c.Zone,
			&c.UpdatedAt, &c.Revision,
		}, tallyFields(&c.Tally)...)...)
		return c, err
	})
}

// Senders lists the names of the tenant, in alphabetical order.
func (t *Tx) Senders(ctx context.Context) ([]sms.Sender, error) {
	rows, err := t.tx.Query(ctx, `select name, countries, approved_at from senders where tenant_id = $1 order by name`, t.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Sender])
}

// LastSentLike is when a session with the same text last began, or nil: the same people would read it
// twice. The campaign besides does not count: whom it reached is left out; nil: every one counts.
func (t *Tx) LastSentLike(ctx context.Context, text string, since time.Time, besides *sms.ID) (*time.Time, error) {
	var at *time.Time
	err := t.tx.QueryRow(ctx, `select max(started_at) from sessions
		where tenant_id = $1 and kind = 'campaign' and started_at >= $2 and text = $3 and campaign_id is distinct from $4`, t.tenant, since, text, besides).Scan(&at)
	return at, err
}

// ListNames lists the tenant's lists by name, with their people, for choosing.
func (t *Tx) ListNames(ctx context.Context) ([]sms.ListName, error) {
	rows, err := t.tx.Query(ctx, `select id, name, people from lists where tenant_id = $1 order by lower(name)`, t.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ListName])
}

// DeliveredByDay counts what was delivered of sendings that began since at, by the day they began in zone.
func (t *Tx) DeliveredByDay(ctx context.Context, since time.Time, zone string) (map[string]int, error) {
	rows, err := t.tx.Query(ctx, `select to_char(s.started_at at time zone $3, 'YYYY-MM-DD'), sum(b.delivered)
		from sessions s join batches b on b.tenant_id = s.tenant_id and b.session_id = s.id
		where s.tenant_id = $1 and s.kind = 'campaign' and s.started_at >= $2 group by 1`, t.tenant, since, zone)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	var day string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&day, &n}, func() error { out[day] = n; return nil })
	return out, err
}
