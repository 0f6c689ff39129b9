package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// The states of a receipt, as they are kept.
const (
	ReceiptEnroute     int16 = 1
	ReceiptDelivered   int16 = 10
	ReceiptUndelivered int16 = 11
	ReceiptGivenUp     int16 = 15 // the time ran out, or the carrier does not know: undelivered, unless it says otherwise at once
)

// Receipt is what the network says later about one part, as it is kept.
type Receipt struct {
	ID       int64
	Gateway  int16
	Provider string // in the route's normal form
	Number   int64
	State    int16
	Code     string
	DoneAt   *time.Time
	Raw      []byte
	At       time.Time // received
}

// AddReceipts writes receipts to the inbox. Only after the commit may they be
// acknowledged. A receipt that waits there already is left as it is (B36).
func (p *PlatformTx) AddReceipts(ctx context.Context, rs []Receipt, now time.Time) error {
	if len(rs) == 0 {
		return nil
	}
	month := now.UTC().Year()*12 + int(now.UTC().Month())
	n := len(rs)
	var (
		gws    = make([]int16, n)
		ids    = make([]string, n)
		nums   = make([]int64, n)
		states = make([]int16, n)
		codes  = make([]string, n)
		dones  = make([]*time.Time, n)
		raws   = make([][]byte, n)
	)
	for i, r := range rs {
		gws[i], ids[i], nums[i], states[i], codes[i], dones[i], raws[i] = r.Gateway, r.Provider, r.Number, r.State, r.Code, r.DoneAt, r.Raw
	}
	_, err := p.tx.Exec(ctx, `insert into receipts(gateway_id, provider_id, number, state, code, done_at, raw, month)
		select *, $8::int from unnest($1::smallint[], $2::text[], $3::bigint[], $4::smallint[], $5::text[], $6::timestamptz[], $7::bytea[])
		on conflict (gateway_id, provider_id, number, state, month) where applied_at is null do nothing`,
		gws, ids, nums, states, codes, dones, raws, month)
	return err
}

// logReceipts writes receipts that have found their messages: without the words
// of the carrier, of which nothing is unread, and without a name, since nobody
// looks for them. Every column is given: then COPY writes pages, not rows.
func (p *PlatformTx) logReceipts(ctx context.Context, rs []Receipt, now time.Time) error {
	month := int32(now.UTC().Year()*12 + int(now.UTC().Month()))
	_, err := p.tx.CopyFrom(ctx, pgx.Identifier{"receipts"},
		[]string{"id", "look_at", "gateway_id", "provider_id", "number", "state", "code", "done_at", "month", "received_at", "applied_at", "raw"},
		pgx.CopyFromSlice(len(rs), func(i int) ([]any, error) {
			r := &rs[i]
			return []any{nil, nil, r.Gateway, r.Provider, r.Number, r.State, r.Code, r.DoneAt, month, now, now, nil}, nil
		}))
	return err
}

// TakeReceipts writes receipts to the inbox and moves at once the messages whose
// attempts are there already; the others wait for ApplyReceipts. So does what
// another receipt may beat (B36).
func (p *PlatformTx) TakeReceipts(ctx context.Context, rs []Receipt, now time.Time) error {
	if err := p.byIndex(ctx); err != nil {
		return err
	}
	var (
		gws  = make([]int16, len(rs))
		ids  = make([]string, len(rs))
		nums = make([]int64, len(rs))
	)
	for i, r := range rs {
		gws[i], ids[i], nums[i] = r.Gateway, r.Provider, r.Number
	}
	rows, err := p.tx.Query(ctx, `with r as (select r.*, 0 as state, '' as code, clock_timestamp() as received_at
			from unnest($1::smallint[], $2::text[], $3::bigint[]) with ordinality as r(gateway_id, provider_id, number, id)) `+matching, gws, ids, nums)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[match])
	if err != nil {
		return err
	}
	var t taken
	var applied, waiting []Receipt
	for _, m := range found {
		r := rs[m.ID-1]
		if m.N == nil || r.State == ReceiptGivenUp {
			waiting = append(waiting, r)
			continue
		}
		m.State, m.Code = r.State, r.Code
		t.take(m)
		applied = append(applied, r)
	}
	if err := p.AddReceipts(ctx, waiting, now); err != nil {
		return err
	}
	if err := p.logReceipts(ctx, applied, now); err != nil {
		return err
	}
	return p.settle(ctx, t)
}

// SessionRef names a session across tenants.
type SessionRef struct {
	Tenant  sms.TenantID
	Session sms.SessionID
}

func orphanKey(m Orphan) string {
	return "orphan:" + m.Provider + ":" + m.At.UTC().Format(time.RFC3339Nano)
}
