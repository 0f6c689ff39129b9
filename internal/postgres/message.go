package postgres

import (
	"context"
	"time"

	"tidings/internal/sms"
)

// Batch is part of a session: messages to one country, by one gateway, in one window.
type Batch struct {
	Session  sms.SessionID
	Country  string
	Gateway  int16
	DueAt    time.Time  // zero: at once, by the clock of the database
	NotAfter *time.Time // nil: no window ends it
	First    int        // n of its first message; the others follow

	Prefix  string        // that its numbers share, where a route goes by it
	Portion bool          // of those who go first
	Held    bool          // until those have their receipts
	Lag     time.Duration // after DueAt, or after the release
}

// AddMessages writes a batch and its messages, numbered from b.First. A number that the session has
// already is ErrConflict (I1). At most some ten thousand at once: they travel in one statement, since
// COPY does not pass row-level security.
func (t *Tx) AddMessages(ctx context.Context, b Batch, rows []sms.Outgoing) (sms.BatchID, error) {
	var id sms.BatchID
	if len(rows) == 0 {
		return 0, nil
	}
	last := b.First + len(rows) - 1
	var due *time.Time
	if !b.DueAt.IsZero() {
		due = &b.DueAt
	}
	err := t.tx.QueryRow(ctx, `insert into batches(tenant_id, session_id, country, gateway_id, due_at, not_after, first_n, last_n, next_n, pending,
			prefix, first_portion, lag_seconds)
		values ($1, $2, $3, $4, case when $12 then 'infinity' else coalesce($5, clock_timestamp()) + make_interval(secs => $13) end, $6, $7, $8, $7, $9,
			$10, $11, $13) returning id`,
		t.tenant, b.Session, b.Country, b.Gateway, due, b.NotAfter, b.First, last, len(rows), b.Prefix, b.Portion, b.Held, int(b.Lag.Seconds())).Scan(&id)
	if err != nil {
		return 0, err
	}
	contacts := make([]*sms.ID, len(rows))
	numbers := make([]int64, len(rows))
	hashes := make([][]byte, len(rows))
	texts := make([]string, len(rows))
	parts := make([]int16, len(rows))
	prices := make([]int64, len(rows))
	for i, r := range rows {
		if !r.Contact.IsZero() {
			contacts[i] = &r.Contact
		}
		numbers[i], hashes[i], texts[i], parts[i], prices[i] = r.Number, r.Hash, r.Text, int16(r.Parts), int64(r.Price)
	}
	// Each row asks for its batch: not with a plan of its own.
	if _, err := t.tx.Exec(ctx, `set local plan_cache_mode = auto`); err != nil {
		return id, err
	}
	_, err = t.tx.Exec(ctx, `insert into messages(tenant_id, session_id, n, batch_id, contact_id, number, number_hash, country, text, parts, price)
		select $1, $2, $4 + o - 1, $3, contact, number, hash, $5, text, parts, price
		from unnest($6::uuid[], $7::bigint[], $8::bytea[], $9::text[], $10::smallint[], $11::bigint[]) with ordinality
			as u(contact, number, hash, text, parts, price, o)`,
		t.tenant, b.Session, id, b.First, b.Country, contacts, numbers, hashes, texts, parts, prices)
	if err == nil {
		_, err = t.tx.Exec(ctx, `set local plan_cache_mode = force_custom_plan`)
	}
	return id, err
}
