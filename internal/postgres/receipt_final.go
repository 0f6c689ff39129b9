package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// matches are receipts of parts, one for each part.
type matches struct {
	list []match
	at   map[[5]int64]int
}

// add adds a receipt, or weighs it against the one that is there of the same part.
func (ms *matches) add(m match) {
	key := [5]int64{int64(*m.Tenant), int64(*m.Session), int64(*m.N), int64(*m.Attempt), int64(*m.Part)}
	if i, ok := ms.at[key]; ok {
		if beats(m.State, ms.list[i].State) {
			ms.list[i] = m
		}
		return
	}
	if ms.at == nil {
		ms.at = map[[5]int64]int{}
	}
	ms.at[key] = len(ms.list)
	ms.list = append(ms.list, m)
}

// beats reports whether a later receipt counts instead of an earlier one (B36).
func beats(later, earlier int16) bool { return later == ReceiptDelivered && earlier == ReceiptGivenUp }

// final is the state that a receipt gives a message, or a part.
func final(receipt int16) int16 {
	if receipt == ReceiptGivenUp {
		return int16(sms.MessageUndelivered)
	}
	return receipt
}

// taken is what receipts that have found their attempts change.
type taken struct {
	fin     finals
	parts   matches
	batches map[batchOf]bool
}

type batchOf struct {
	tenant  sms.TenantID
	session sms.SessionID
	batch   sms.BatchID
}

func (t *taken) take(m match) {
	if m.State == ReceiptEnroute || m.Resent {
		return // kept, and changes nothing
	}
	if t.batches == nil {
		t.batches = map[batchOf]bool{}
	}
	t.batches[batchOf{*m.Tenant, *m.Session, *m.Batch}] = true
	if m.Part != nil {
		t.parts.add(m)
		return
	}
	t.fin.add(*m.Tenant, *m.Session, *m.N, m.State, m.Code)
}

// holdOutcomes keeps what was handed over of batches $1 where it is until the end
// of the transaction: whoever changes it holds this. In order, after sessions and
// before the rows of batches.
const holdOutcomes = `select hold_outcomes($1)`

// settle writes what receipts change. It holds the outcomes of all batches first:
// so parts that come at the same time see each other as well.
func (p *PlatformTx) settle(ctx context.Context, t taken) error {
	if len(t.batches) == 0 {
		return nil
	}
	order := slices.SortedFunc(maps.Keys(t.batches), func(a, b batchOf) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.session, b.session), cmp.Compare(a.batch, b.batch))
	})
	batches := make([]sms.BatchID, len(order))
	for i, b := range order {
		batches[i] = b.batch
	}
	if _, err := p.tx.Exec(ctx, holdOutcomes, batches); err != nil {
		return err
	}
	if err := p.rollUp(ctx, t.parts.list, &t.fin); err != nil {
		return err
	}
	return p.finish(ctx, t.fin)
}

// finals are messages that reach a final state, in columns, each message once.
type finals struct {
	tenants, sessionIDs []int64
	ns                  []int32
	states              []int16 // of the receipt
	codes               []string
	at                  map[[3]int64]int
}

func (f *finals) add(t sms.TenantID, s sms.SessionID, n int32, state int16, code string) {
	key := [3]int64{int64(t), int64(s), int64(n)}
	if i, ok := f.at[key]; ok {
		if beats(state, f.states[i]) {
			f.states[i], f.codes[i] = state, code
		}
		return
	}
	if f.at == nil {
		f.at = map[[3]int64]int{}
	}
	f.at[key] = len(f.ns)
	f.tenants, f.sessionIDs, f.ns = append(f.tenants, int64(t)), append(f.sessionIDs, int64(s)), append(f.ns, n)
	f.states, f.codes = append(f.states, state), append(f.codes, code)
}

// rollUp notes the state of parts and adds the messages that are decided by
// it: undelivered with the first part that is, delivered with the last. A
// message of which some parts arrived and some did not says so in its code (B40).
func (p *PlatformTx) rollUp(ctx context.Context, parts []match, fin *finals) error {
	if len(parts) == 0 {
		return nil
	}
	var b pgx.Batch
	for _, m := range parts {
		b.Queue(`update attempt_parts set state = $6 where tenant_id = $1 and session_id = $2 and n = $3 and attempt = $4 and part = $5 and state = 0`,
			*m.Tenant, *m.Session, *m.N, *m.Attempt, *m.Part, final(m.State))
	}
	if err := p.tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	seen := map[[3]int64]bool{}
	for _, m := range parts {
		key := [3]int64{int64(*m.Tenant), int64(*m.Session), int64(*m.N)}
		if seen[key] {
			continue
		}
		seen[key] = true
		var failed, arrived, all int
		err := p.tx.QueryRow(ctx, `select count(*) filter (where q.state = 11), count(*) filter (where q.state = 10), max(m.parts)
			from attempt_parts q join messages m on m.tenant_id = q.tenant_id and m.session_id = q.session_id and m.n = q.n
			where q.tenant_id = $1 and q.session_id = $2 and q.n = $3 and q.attempt = $4`,
			*m.Tenant, *m.Session, *m.N, *m.Attempt).Scan(&failed, &arrived, &all)
		switch {
		case err != nil:
			return err
		case failed > 0 && arrived > 0:
			fin.add(*m.Tenant, *m.Session, *m.N, ReceiptUndelivered, fmt.Sprintf("parts:%d/%d", arrived, all))
		case failed > 0:
			fin.add(*m.Tenant, *m.Session, *m.N, ReceiptUndelivered, m.Code)
		case arrived == all:
			fin.add(*m.Tenant, *m.Session, *m.N, ReceiptDelivered, m.Code)
		}
	}
	return nil
}

// finish moves accepted messages to their final state and counts them. Their
// outcomes are held: nothing moves from its place (ctid).
func (p *PlatformTx) finish(ctx context.Context, f finals) error {
	if len(f.ns) == 0 {
		return nil
	}
	states := make([]int16, len(f.states))
	for i, s := range f.states {
		states[i] = final(s)
	}
	_, err := p.tx.Exec(ctx, `with r as materialized (select r.*, m.place, m.batch_id
			from unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[], $5::text[]) as r(tenant_id, session_id, n, state, code)
			cross join lateral (select m.ctid as place, m.batch_id from messages m
				where m.tenant_id = r.tenant_id and m.session_id = r.session_id and m.n = r.n and m.state = 3 limit 1) m),
		u as (update messages m set state = r.state, code = nullif(r.code, ''), final_at = clock_timestamp() from r where m.ctid = r.place),
		s as (select tenant_id, batch_id, count(*) filter (where state = 10) as delivered, count(*) filter (where state = 11) as undelivered from r group by 1, 2)
		update batches b set accepted = b.accepted - s.delivered - s.undelivered, delivered = b.delivered + s.delivered, undelivered = b.undelivered + s.undelivered
		from s where b.tenant_id = s.tenant_id and b.id = s.batch_id`,
		f.tenants, f.sessionIDs, f.ns, states, f.codes)
	return err
}
