package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// LedgerLines lists a tenant's ledger before version (0: from the newest),
// newest first: the account of what can be used, in plain words.
func (t *Tx) LedgerLines(ctx context.Context, before int64, limit int) ([]sms.LedgerLine, error) {
	rows, err := t.tx.Query(ctx, `select e.version, x.created_at, x.kind, e.amount, e.balance_after, x.actor, x.reason, x.reference, x.note,
			x.session_id, s.campaign_id, coalesce((select sum(c.amount) from ledger_transfers c where c.tenant_id = x.tenant_id
				and c.session_id = x.session_id and c.kind = 'capture'), 0)
		from ledger_entries e join ledger_transfers x on x.tenant_id = e.tenant_id and x.id = e.transfer_id
		left join sessions s on s.tenant_id = x.tenant_id and s.id = x.session_id
		where e.tenant_id = $1 and e.kind = 'available' and e.session_id = 0 and ($2 = 0 or e.version < $2)
		order by e.version desc limit $3`, t.tenant, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.LedgerLine])
}

// ReferenceUsed finds the last transfer with this order reference.
func (t *Tx) ReferenceUsed(ctx context.Context, reference string) (at time.Time, amount sms.Credits, used bool, err error) {
	err = t.tx.QueryRow(ctx, `select created_at, amount from ledger_transfers where tenant_id = $1 and lower(reference) = lower($2) and reference <> ''
		order by id desc limit 1`, t.tenant, reference).Scan(&at, &amount)
	if err == pgx.ErrNoRows { //nolint:errorlint // straight from the driver
		return at, 0, false, nil
	}
	return at, amount, err == nil, err
}

// AddReloadRequest writes that a customer asks for credits.
func (t *Tx) AddReloadRequest(ctx context.Context, r sms.ReloadRequest) error {
	_, err := t.tx.Exec(ctx, `insert into reload_requests(tenant_id, id, amount, reference, note, asked_by, asked_name, asked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, t.tenant, r.ID, r.Amount, r.Reference, r.Note, r.AskedBy, r.AskedName, r.AskedAt)
	return err
}

// ReloadRequests lists a tenant's asks for credits, newest first.
func (t *Tx) ReloadRequests(ctx context.Context, open bool, limit int) ([]sms.ReloadRequest, error) {
	rows, err := t.tx.Query(ctx, `select id, amount, reference, note, asked_by, asked_name, asked_at, answered_at, transfer_id from reload_requests
		where tenant_id = $1 and (not $2 or answered_at is null) order by asked_at desc limit $3`, t.tenant, open, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ReloadRequest])
}

// AnswerReloadRequest notes the transfer that answered a customer's ask.
func (t *Tx) AnswerReloadRequest(ctx context.Context, id sms.ID, at time.Time, transfer int64) error {
	_, err := t.tx.Exec(ctx, `update reload_requests set answered_at = $3, transfer_id = $4
		where tenant_id = $1 and id = $2 and answered_at is null`, t.tenant, id, at, transfer)
	return err
}

// AddReloadProposal keeps a reload that needs a second administrator.
func (t *Tx) AddReloadProposal(ctx context.Context, p sms.ReloadProposal) error {
	_, err := t.tx.Exec(ctx, `insert into reload_proposals(tenant_id, id, kind, amount, reference, note, start_waiting, request_id, proposed_by, proposed_name, proposed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.tenant, p.ID, p.Kind, p.Amount, p.Reference, p.Note, p.StartWaiting, p.Request, p.By, p.ByName, p.At)
	return err
}

// ReloadProposals lists the reloads of a tenant that wait for a second administrator.
func (t *Tx) ReloadProposals(ctx context.Context) ([]sms.ReloadProposal, error) {
	rows, err := t.tx.Query(ctx, `select id, kind, amount, reference, note, start_waiting, request_id, proposed_by, proposed_name, proposed_at
		from reload_proposals where tenant_id = $1 and decided_at is null order by proposed_at for update`, t.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ReloadProposal])
}

// DecideReloadProposal notes what the second administrator said.
func (t *Tx) DecideReloadProposal(ctx context.Context, id sms.ID, who sms.Actor, at time.Time, agreed bool, transfer *int64) error {
	_, err := t.tx.Exec(ctx, `update reload_proposals set decided_by = $3, decided_name = $4, decided_at = $5, agreed = $6, transfer_id = $7
		where tenant_id = $1 and id = $2 and decided_at is null`, t.tenant, id, who.User, who.Name, at, agreed, transfer)
	return err
}

// TenantLines lists every tenant with what it has and what it waits for.
func (p *PlatformTx) TenantLines(ctx context.Context) ([]sms.TenantLine, error) {
	rows, err := p.tx.Query(ctx, `select t.id, t.slug, t.name, t.country, t.zone, t.auto_validation, t.created_at,
			coalesce((select a.balance from ledger_accounts a where a.tenant_id = t.id and a.kind = 'available'), 0),
			coalesce((select sum(a.balance) from ledger_accounts a where a.tenant_id = t.id and a.kind = 'reserved'), 0),
			(select count(*) from sessions s where s.tenant_id = t.id and s.state = 'waiting_credits'),
			coalesce((select sum(s.missing) from sessions s where s.tenant_id = t.id and s.state = 'waiting_credits'), 0),
			(select count(*) from reload_requests r where r.tenant_id = t.id and r.answered_at is null)
		from tenants t order by 10 desc, 12 desc, t.name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.TenantLine, error) {
		var l sms.TenantLine
		err := row.Scan(&l.ID, &l.Slug, &l.Name, &l.Country, &l.Zone, &l.AutoValidation, &l.CreatedAt,
			&l.Available, &l.Reserved, &l.Waiting, &l.Missing, &l.Requests)
		return l, err
	})
}

// TenantBySlug reads a tenant by the name in its addresses.
func (p *PlatformTx) TenantBySlug(ctx context.Context, slug string) (sms.Tenant, error) {
	rows, err := p.tx.Query(ctx, `select `+tenantColumns+` from tenants where slug = $1`, slug)
	if err != nil {
		return sms.Tenant{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.Tenant])
}
