package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// Inbound is a text that a person sent, as a carrier gave it.
type Inbound struct {
	ID         int64
	Gateway    int16
	Provider   string
	Number     int64
	Recipient  string
	Text       string
	ReceivedAt time.Time
}

// AddInbound writes what people sent; acknowledged after the commit.
func (p *PlatformTx) AddInbound(ctx context.Context, in Inbound) error {
	_, err := p.tx.Exec(ctx, `insert into inbound(gateway_id, provider_id, number, recipient, text) values ($1, $2, $3, $4, $5)`,
		in.Gateway, in.Provider, in.Number, in.Recipient, in.Text)
	return err
}

// TakeInbound takes the oldest text that nobody has handled, for this transaction.
// ErrNotFound: there is none.
func (p *PlatformTx) TakeInbound(ctx context.Context) (Inbound, error) {
	rows, err := p.tx.Query(ctx, `select id, gateway_id, provider_id, number, recipient, text, received_at from inbound
		where handled_at is null order by id limit 1 for update skip locked`)
	if err != nil {
		return Inbound{}, err
	}
	x, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Inbound])
	return x, kind(err)
}

// InboundHandled notes that a text was dealt with.
func (p *PlatformTx) InboundHandled(ctx context.Context, id int64) error {
	_, err := p.tx.Exec(ctx, `update inbound set handled_at = clock_timestamp() where id = $1`, id)
	return err
}

// Addressee is whom a text is for.
type Addressee struct {
	Tenant  sms.TenantID
	Session *sms.SessionID // that it answers; nil if nobody knows
}

// Addressee finds whom a text is for: the only tenant that the number it was sent
// to belongs to; else, where senders are shared, who wrote to that person last.
// ErrNotFound: nobody.
func (p *PlatformTx) Addressee(ctx context.Context, number int64, recipient string) (Addressee, error) {
	var a Addressee
	err := p.tx.QueryRow(ctx, `with own as (
			select case when count(*) = 1 then min(tenant_id) end as tenant from senders where approved_at is not null and ltrim(name, '+') = ltrim($2, '+') and $2 ~ '^[+]?[0-9]+$')
		select * from (
			(select c.tenant_id, m.session_id from own, tenants t join contacts c on c.tenant_id = t.id and c.number = $1
				join messages m on m.tenant_id = c.tenant_id and m.number_hash = c.number_hash and m.first_at is not null
				  and m.session_id in (select s.id from sessions s where s.tenant_id = c.tenant_id and s.started_at is not null order by s.id desc limit 50)
			where own.tenant is null or t.id = own.tenant order by m.first_at desc limit 1)
			union all select tenant, null from own where tenant is not null) x limit 1`, number, recipient).Scan(&a.Tenant, &a.Session)
	return a, kind(err)
}

// AddReply files a text at the tenant it is for.
func (t *Tx) AddReply(ctx context.Context, r sms.Reply) error {
	_, err := t.tx.Exec(ctx, `insert into replies(tenant_id, inbound_id, number, number_hash, session_id, text, reading, received_at, answer)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, t.tenant, r.Inbound, r.Number, r.Hash, r.Session, r.Text, r.Reading, r.At, r.Answer)
	return err
}

// HelpedSince reports whether somebody was answered a HELP since at.
func (t *Tx) HelpedSince(ctx context.Context, hash []byte, at time.Time) (bool, error) {
	var helped bool
	err := t.tx.QueryRow(ctx, `select exists (select from replies where tenant_id = $1 and number_hash = $2 and reading = 'help' and answer <> '' and received_at > $3)`,
		t.tenant, hash, at).Scan(&helped)
	return helped, err
}

const replyColumns = `r.id, r.inbound_id, coalesce(r.number, 0), r.number_hash, r.session_id, r.text, r.reading, r.received_at, r.answer, r.decision, r.decided_at,
	coalesce((select u.name from users u where u.id = r.decided_by), ''), coalesce(s.campaign_id, '00000000-0000-0000-0000-000000000000'), coalesce(s.name, ''), c.id,
	coalesce(trim(c.first_name || ' ' || c.last_name), '')`

const replyJoins = ` from replies r left join sessions s on s.tenant_id = r.tenant_id and s.id = r.session_id
	left join contacts c on c.tenant_id = r.tenant_id and c.number = r.number`

func scanReply(row pgx.CollectableRow) (r sms.Reply, err error) {
	err = row.Scan(&r.ID, &r.Inbound, &r.Number, &r.Hash, &r.Session, &r.Text, &r.Reading, &r.At, &r.Answer, &r.Decision, &r.DecidedAt,
		&r.DecidedBy, &r.Campaign, &r.CampaignName, &r.Contact, &r.ContactName)
	return r, err
}

// Replies are texts of people, the newest first, from before on (0: the newest):
// the doubtful ones that nobody has decided, or all.
func (t *Tx) Replies(ctx context.Context, doubtful bool, before int64, limit int) ([]sms.Reply, error) {
	rows, err := t.tx.Query(ctx, `select `+replyColumns+replyJoins+`
		where r.tenant_id = $1 and (not $2 or r.reading = 'doubtful' and r.decision = '') and ($3 = 0 or r.id < $3) order by r.id desc limit $4`, t.tenant, doubtful, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanReply)
}

// Doubtful counts the replies that wait for a decision.
func (t *Tx) Doubtful(ctx context.Context) (int, error) {
	var n int
	err := t.tx.QueryRow(ctx, `select count(*) from replies where tenant_id = $1 and reading = 'doubtful' and decision = ''`, t.tenant).Scan(&n)
	return n, err
}

// LockReply reads a text and keeps it for this transaction.
func (t *Tx) LockReply(ctx context.Context, id int64) (sms.Reply, error) {
	rows, err := t.tx.Query(ctx, `select `+replyColumns+replyJoins+` where r.tenant_id = $1 and r.id = $2 for update of r`, t.tenant, id)
	if err != nil {
		return sms.Reply{}, err
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanReply)
	return r, kind(err)
}

// DecideReply notes what somebody decided about a doubtful text.
func (t *Tx) DecideReply(ctx context.Context, id int64, decision string, by sms.ID, at time.Time) error {
	_, err := t.tx.Exec(ctx, `update replies set decision = $3, decided_by = $4, decided_at = $5 where tenant_id = $1 and id = $2`, t.tenant, id, decision, by, at)
	return err
}
