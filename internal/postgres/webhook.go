package postgres

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// AddWebhooks adds what carriers posted, and forgets what is older than an hour.
func (p *PlatformTx) AddWebhooks(ctx context.Context, came map[int16]sms.WebhookCount, now time.Time) error {
	for _, id := range slices.SortedFunc(maps.Keys(came), cmp.Compare) { // always in this order: two processes do not wait for each other
		c := came[id]
		_, err := p.tx.Exec(ctx, `with gone as (delete from gateway_webhooks where gateway_id = $1 and at < $2::timestamptz - interval '1 hour')
			insert into gateway_webhooks(gateway_id, at, receipts, texts, last_receipt) values ($1, date_bin('15 seconds', $2, '2000-01-01'), $3, $4, $5)
			on conflict (gateway_id, at) do update set receipts = gateway_webhooks.receipts + excluded.receipts,
				texts = gateway_webhooks.texts + excluded.texts, last_receipt = coalesce(excluded.last_receipt, gateway_webhooks.last_receipt)`,
			id, now, c.Receipts, c.Texts, c.Last)
		if err != nil {
			return err
		}
	}
	return nil
}

// Webhooks is what carriers posted in the hour before now, by route.
func (p *PlatformTx) Webhooks(ctx context.Context, now time.Time) (map[int16]sms.WebhookCount, error) {
	rows, err := p.tx.Query(ctx, `select gateway_id, sum(receipts), sum(texts), coalesce(sum(receipts + texts) filter (where at > $1::timestamptz - interval '1 minute'), 0), max(last_receipt)
		from gateway_webhooks where at > $1::timestamptz - interval '1 hour' group by 1`, now)
	if err != nil {
		return nil, err
	}
	out := map[int16]sms.WebhookCount{}
	var id int16
	var c sms.WebhookCount
	_, err = pgx.ForEachRow(rows, []any{&id, &c.Receipts, &c.Texts, &c.Minute, &c.Last}, func() error { out[id] = c; return nil })
	return out, err
}
