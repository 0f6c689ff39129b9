package postgres

import (
	"context"
	"fmt"

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

// finish moves accepted messages to their final state and counts them, rows
// locked in order.
func (p *PlatformTx) finish(ctx context.Context, f finals) error {
	if len(f.ns) == 0 {
		return nil
	}
	states := make([]int16, len(f.states))
	for i, s := range f.states {
		states[i] = final(s)
	}
	_, err := p.tx.Exec(ctx, `select 1 from messages m join unnest($1::bigint[], $2::bigint[], $3::int[]) as r(tenant_id, session_id, n)
		using (tenant_id, session_id, n) order by m.tenant_id, m.session_id, m.n for update of m`, f.tenants, f.sessionIDs, f.ns)
	if err != nil {
		return err
	}
	_, err = p.tx.Exec(ctx, `with r as (select * from unnest($1::bigint[], $2::bigint[], $3::int[], $4::smallint[], $5::text[]) as r(tenant_id, session_id, n, state, code)),
		u as (update messages m set state = r.state, code = nullif(r.code, ''), final_at = clock_timestamp() from r
			where m.tenant_id = r.tenant_id and m.session_id = r.session_id and m.n = r.n and m.state = 3
			returning m.tenant_id, m.batch_id, m.state),
		s as (select tenant_id, batch_id, count(*) filter (where state = 10) as delivered, count(*) filter (where state = 11) as undelivered from u group by 1, 2),
		l as (select b.tenant_id, b.id from batches b join s on s.tenant_id = b.tenant_id and s.batch_id = b.id order by b.id for update of b)
		update batches b set accepted = b.accepted - s.delivered - s.undelivered, delivered = b.delivered + s.delivered, undelivered = b.undelivered + s.undelivered
		from s join l on l.tenant_id = s.tenant_id and l.id = s.batch_id where b.tenant_id = s.tenant_id and b.id = s.batch_id`,
		f.tenants, f.sessionIDs, f.ns, states, f.codes)
	return err
}
