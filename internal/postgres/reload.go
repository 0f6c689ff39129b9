package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const requestColumns = `r.id, r.amount, r.reference, r.note, r.asked_by, r.asked_name, r.asked_at, r.answered_at, r.answered_name, r.answer, r.transfer_id,
	coalesce((select x.amount from ledger_transfers x where x.tenant_id = r.tenant_id and x.id = r.transfer_id), 0)`

// AddReloadRequest writes that a customer asks for credits.
func (t *Tx) AddReloadRequest(ctx context.Context, r sms.ReloadRequest) error {
	_, err := t.tx.Exec(ctx, `insert into reload_requests(tenant_id, id, amount, reference, note, asked_by, asked_name, asked_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, t.tenant, r.ID, r.Amount, r.Reference, r.Note, r.AskedBy, r.AskedName, r.AskedAt)
	return err
}

// ReloadRequests lists a tenant's asks for credits: those that are open, the
// oldest first, then the newest of those that were answered.
func (t *Tx) ReloadRequests(ctx context.Context, limit int) ([]sms.ReloadRequest, error) {
	rows, err := t.tx.Query(ctx, `select `+requestColumns+` from reload_requests r where r.tenant_id = $1
		order by r.answered_at is not null, case when r.answered_at is null then r.asked_at end, r.answered_at desc, r.id limit $2`, t.tenant, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ReloadRequest])
}

// LockReloadRequest reads one ask for credits and keeps it for this transaction.
func (t *Tx) LockReloadRequest(ctx context.Context, id sms.ID) (sms.ReloadRequest, error) {
	rows, err := t.tx.Query(ctx, `select `+requestColumns+` from reload_requests r where r.tenant_id = $1 and r.id = $2 for update of r`, t.tenant, id)
	if err != nil {
		return sms.ReloadRequest{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.ReloadRequest])
}

// AnswerReloadRequest notes how an ask ended: by a transfer, or by words.
func (t *Tx) AnswerReloadRequest(ctx context.Context, r sms.ReloadRequest) error {
	_, err := t.tx.Exec(ctx, `update reload_requests set answered_at = $3, answered_name = $4, answer = $5, transfer_id = $6
		where tenant_id = $1 and id = $2 and answered_at is null`, t.tenant, r.ID, r.AnsweredAt, r.AnsweredName, r.Answer, r.Transfer)
	return err
}

// OpenReloadRequests lists what nobody has answered yet, over all tenants, the
// oldest first.
func (p *PlatformTx) OpenReloadRequests(ctx context.Context, limit int) ([]sms.TenantRequest, error) {
	rows, err := p.tx.Query(ctx, `select t.id, t.slug, t.name, t.country, t.zone, t.auto_validation, t.created_at, `+requestColumns+`
		from reload_requests r join tenants t on t.id = r.tenant_id where r.answered_at is null order by r.asked_at, r.id limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.TenantRequest, error) {
		var x sms.TenantRequest
		r := &x.ReloadRequest
		err := row.Scan(append(tenantFields(&x.Tenant), &r.ID, &r.Amount, &r.Reference, &r.Note, &r.AskedBy, &r.AskedName, &r.AskedAt,
			&r.AnsweredAt, &r.AnsweredName, &r.Answer, &r.Transfer, &r.Added)...)
		return x, err
	})
}

const proposalColumns = `p.id, p.kind, p.amount, p.reference, p.note, p.start_waiting, p.request_id, p.proposed_by, p.proposed_name, p.proposed_at`

// AddReloadProposal keeps a reload that needs a second administrator.
func (t *Tx) AddReloadProposal(ctx context.Context, p sms.ReloadProposal) error {
	_, err := t.tx.Exec(ctx, `insert into reload_proposals(tenant_id, id, kind, amount, reference, note, start_waiting, request_id, proposed_by, proposed_name, proposed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.tenant, p.ID, p.Kind, p.Amount, p.Reference, p.Note, p.StartWaiting, p.Request, p.By, p.ByName, p.At)
	return err
}

// ReloadProposals lists the reloads of a tenant that wait for a second administrator.
func (t *Tx) ReloadProposals(ctx context.Context) ([]sms.ReloadProposal, error) {
	rows, err := t.tx.Query(ctx, `select `+proposalColumns+` from reload_proposals p
		where p.tenant_id = $1 and p.decided_at is null order by p.proposed_at, p.id`, t.tenant)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.ReloadProposal])
}

// LockReloadProposal reads one that is open and keeps it for this transaction.
// ErrNotFound: it is none of the tenant's, or was decided.
func (t *Tx) LockReloadProposal(ctx context.Context, id sms.ID) (sms.ReloadProposal, error) {
	rows, err := t.tx.Query(ctx, `select `+proposalColumns+` from reload_proposals p
		where p.tenant_id = $1 and p.id = $2 and p.decided_at is null for update`, t.tenant, id)
	if err != nil {
		return sms.ReloadProposal{}, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[sms.ReloadProposal])
	return p, kind(err)
}

// DecideReloadProposal notes what the second administrator said.
func (t *Tx) DecideReloadProposal(ctx context.Context, id sms.ID, who sms.Actor, at time.Time, agreed bool, transfer *int64) error {
	_, err := t.tx.Exec(ctx, `update reload_proposals set decided_by = $3, decided_name = $4, decided_at = $5, agreed = $6, transfer_id = $7
		where tenant_id = $1 and id = $2 and decided_at is null`, t.tenant, id, who.User, who.Name, at, agreed, transfer)
	return err
}

// OpenReloadProposals lists what waits for a second administrator, over all
// tenants, the oldest first.
func (p *PlatformTx) OpenReloadProposals(ctx context.Context, limit int) ([]sms.TenantProposal, error) {
	rows, err := p.tx.Query(ctx, `select t.id, t.slug, t.name, t.country, t.zone, t.auto_validation, t.created_at, `+proposalColumns+`
		from reload_proposals p join tenants t on t.id = p.tenant_id where p.decided_at is null order by p.proposed_at, p.id limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.TenantProposal, error) {
		var x sms.TenantProposal
		r := &x.ReloadProposal
		err := row.Scan(append(tenantFields(&x.Tenant), &r.ID, &r.Kind, &r.Amount, &r.Reference, &r.Note, &r.StartWaiting, &r.Request,
			&r.By, &r.ByName, &r.At)...)
		return x, err
	})
}

// ReloadsOpen counts, over all tenants, the asks for credits that nobody has
// answered and the reloads that wait for a second administrator.
func (p *PlatformTx) ReloadsOpen(ctx context.Context) (n int, err error) {
	err = p.tx.QueryRow(ctx, `select (select count(*) from reload_requests where answered_at is null)
		+ (select count(*) from reload_proposals where decided_at is null)`).Scan(&n)
	return n, err
}

// ReferenceUsed finds the last transfer or open proposal with this order
// reference, whatever its letters' case.
func (t *Tx) ReferenceUsed(ctx context.Context, reference string) (at time.Time, amount sms.Credits, used bool, err error) {
	err = t.tx.QueryRow(ctx, `select at, amount from (
			select created_at as at, amount from ledger_transfers where tenant_id = $1 and lower(reference) = lower($2) and kind <> 'capture'
			union all
			select proposed_at, amount from reload_proposals where tenant_id = $1 and lower(reference) = lower($2) and decided_at is null) x
		order by at desc limit 1`, t.tenant, reference).Scan(&at, &amount)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, 0, false, nil
	}
	return at, amount, err == nil, err
}

// TokenResult reads what the deed of a token led to. ErrNotFound: the form was
// never sent.
func (t *Tx) TokenResult(ctx context.Context, token, deed string) (result string, err error) {
	err = t.tx.QueryRow(ctx, `select result from form_tokens where tenant_id = $1 and token = $2 and deed = $3`, t.tenant, token, deed).Scan(&result)
	return result, kind(err)
}
