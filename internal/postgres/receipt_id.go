package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// sentUnder holds for receipts r of gateway $1 whose id and number belong to
// something that went by it.
const sentUnder = `(exists (select from attempts a join messages m on m.tenant_id = a.tenant_id and m.session_id = a.session_id and m.n = a.n
		where a.gateway_id = $1 and a.provider_id = r.id and m.number = r.number)
	or exists (select from attempt_parts a join messages m on m.tenant_id = a.tenant_id and m.session_id = a.session_id and m.n = a.n
		where a.gateway_id = $1 and a.provider_id = r.id and m.number = r.number))`

// SentUnder counts the receipts that speak of something that went by a gateway,
// were these their ids (B34).
func (p *PlatformTx) SentUnder(ctx context.Context, gateway int16, ids []string, numbers []int64) (n int, err error) {
	if err := p.byIndex(ctx); err != nil {
		return 0, err
	}
	err = p.tx.QueryRow(ctx, `select count(*) from unnest($2::text[], $3::bigint[]) r(id, number) where `+sentUnder, gateway, ids, numbers).Scan(&n)
	return n, err
}

// WaitingReceipts lists receipts of a gateway, after one, that have not found
// their message.
func (p *PlatformTx) WaitingReceipts(ctx context.Context, gateway int16, after int64, limit int) ([]Receipt, error) {
	rows, err := p.tx.Query(ctx, `select id, provider_id, number from receipts where applied_at is null and gateway_id = $1 and id > $2 order by id limit $3`,
		gateway, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Receipt, err error) {
		return r, row.Scan(&r.ID, &r.Provider, &r.Number)
	})
}

// RenameReceipts gives waiting receipts the ids under which their messages went,
// where that is proved by the number. It returns how many.
func (p *PlatformTx) RenameReceipts(ctx context.Context, gateway int16, receipts []int64, ids []string) (int, error) {
	if err := p.byIndex(ctx); err != nil {
		return 0, err
	}
	tag, err := p.tx.Exec(ctx, `with r as (select w.id as receipt, w.number, x.id from unnest($2::bigint[], $3::text[]) x(receipt, id)
			join receipts w on w.id = x.receipt and w.applied_at is null and w.gateway_id = $1 and w.provider_id <> x.id)
		update receipts w set provider_id = r.id, look_at = clock_timestamp() from r where w.id = r.receipt and w.applied_at is null and `+sentUnder+`
			and not exists (select from receipts y where y.applied_at is null and y.gateway_id = $1 and y.provider_id = r.id
				and y.number = w.number and y.state = w.state and y.month = w.month)`, gateway, receipts, ids)
	return int(tag.RowsAffected()), err
}
