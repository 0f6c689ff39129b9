package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const trialColumns = `id, n, gateway_id, number, country, sender, text, parts, coalesce(asked_by, '00000000-0000-0000-0000-000000000000'::uuid), asked_name, asked_at,
	written_at, answered_at, took_us, coalesce(outcome, 0), code, detail, coalesce(receipt_state, 0), receipt_code, receipt_at`

func scanTrial(row pgx.CollectableRow) (t sms.Trial, err error) {
	var took int64
	err = row.Scan(&t.ID, &t.N, &t.Gateway, &t.Number, &t.Country, &t.Sender, &t.Text, &t.Parts, &t.By, &t.ByName, &t.At,
		&t.WrittenAt, &t.AnsweredAt, &took, &t.Outcome, &t.Code, &t.Detail, &t.ReceiptState, &t.ReceiptCode, &t.ReceiptAt)
	t.Took = time.Duration(took) * time.Microsecond
	return t, err
}

// AddTrial writes a trial, and reports whether the token was new.
func (p *PlatformTx) AddTrial(ctx context.Context, t sms.Trial, token string, by *sms.ID) (bool, error) {
	tag, err := p.tx.Exec(ctx, `insert into trials(id, gateway_id, number, country, sender, text, parts, token, asked_by, asked_name)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (token) do nothing`,
		t.ID, t.Gateway, t.Number, t.Country, t.Sender, t.Text, t.Parts, token, by, t.ByName)
	return tag.RowsAffected() == 1, err
}

// Trials lists the last trials of a route, the newest first.
func (p *PlatformTx) Trials(ctx context.Context, gateway int16, limit int) ([]sms.Trial, error) {
	rows, err := p.tx.Query(ctx, `select `+trialColumns+` from trials where gateway_id = $1 order by asked_at desc limit $2`, gateway, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanTrial)
}

// TakeTrial gives a trial to a worker: once, soon after it was asked for, by a
// gateway it is of, and not while its route is off, a stop holds or the database
// is another. Commit before writing. ErrNotFound: it is not to be written.
func (p *PlatformTx) TakeTrial(ctx context.Context, id sms.ID, worker int64, gateways []int16) (sms.Trial, error) {
	if _, err := p.tx.Exec(ctx, `select pg_advisory_xact_lock_shared(78, 0)`); err != nil {
		return sms.Trial{}, err
	}
	rows, err := p.tx.Query(ctx, `update trials t set worker_id = $2, written_at = clock_timestamp()
		where t.id = $1 and t.worker_id is null and t.gateway_id = any($3) and t.asked_at > clock_timestamp() - $4::interval
		  and exists (select from gateways g where g.id = t.gateway_id and g.state <> 'off') and (select same_incarnation())
		  and not exists (select from stops k where k.lifted_at is null and (k.scope = 'all' or k.gateway_id = t.gateway_id
			or k.country = t.country or k.sender = lower(t.sender)))
		returning `+trialColumns, id, worker, gateways, sms.TrialTake)
	if err != nil {
		return sms.Trial{}, err
	}
	t, err := pgx.CollectExactlyOneRow(rows, scanTrial)
	return t, kind(err)
}

// AnswerTrial writes what the carrier said.
func (p *PlatformTx) AnswerTrial(ctx context.Context, t sms.Trial, providers []string) error {
	_, err := p.tx.Exec(ctx, `update trials set answered_at = clock_timestamp(), took_us = $2, outcome = $3, code = $4, detail = $5, provider_ids = $6 where id = $1`,
		t.ID, t.Took.Microseconds(), t.Outcome, t.Code, t.Detail, list(providers))
	return err
}

// ClaimTrialReceipts takes over receipts of trials that were faster than the
// answer, and wait in the inbox.
func (p *PlatformTx) ClaimTrialReceipts(ctx context.Context, since time.Time) error {
	_, err := p.tx.Exec(ctx, `with t as (select id, gateway_id, number, unnest(provider_ids) as provider from trials where asked_at > $1 and coalesce(receipt_state, 0) < 10),
		r as (update receipts r set applied_at = clock_timestamp() from t
			where r.gateway_id = t.gateway_id and r.provider_id = t.provider and r.number = t.number and r.applied_at is null
			returning t.id, r.state, r.code, r.received_at),
		x as (select distinct on (id) * from r order by id, state desc)
		update trials t set receipt_state = x.state, receipt_code = x.code, receipt_at = x.received_at from x where t.id = x.id`, since)
	return err
}

// TrialReceipts keeps the receipts that are of trials, and returns the others.
func (p *PlatformTx) TrialReceipts(ctx context.Context, gateway int16, rs []Receipt, now time.Time) ([]Receipt, error) {
	rows, err := p.tx.Query(ctx, `select id, provider_ids from trials where gateway_id = $1 and asked_at > $2 and provider_ids <> '{}'`, gateway, now.Add(-sms.TrialWait))
	if err != nil {
		return nil, err
	}
	of := map[string]sms.ID{}
	var id sms.ID
	var providers []string
	_, err = pgx.ForEachRow(rows, []any{&id, &providers}, func() error {
		for _, x := range providers {
			of[x] = id
		}
		return nil
	})
	if err != nil || len(of) == 0 {
		return rs, err
	}
	var rest, own []Receipt
	for _, r := range rs {
		id, ok := of[r.Provider]
		if !ok {
			rest = append(rest, r)
			continue
		}
		own = append(own, r)
		// The first final one counts (B36).
		_, err := p.tx.Exec(ctx, `update trials set receipt_state = $2, receipt_code = $3, receipt_at = clock_timestamp() where id = $1 and coalesce(receipt_state, 0) < 10`,
			id, r.State, r.Code)
		if err != nil {
			return nil, err
		}
	}
	if len(own) == 0 {
		return rs, nil
	}
	return rest, p.logReceipts(ctx, own, now)
}
