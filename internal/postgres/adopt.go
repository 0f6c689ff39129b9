package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// lost is an attempt that a receipt nobody claims may be of.
type lost struct {
	Tenant           sms.TenantID
	Session          sms.SessionID
	N                int32
	Attempt          int16
	PartsLeft, Parts int16
	State            sms.MessageState
	Resent           bool // a person had the message sent again since
	Last             bool // no other attempt followed
}

// message is what l is an attempt of.
func (l lost) message() [3]int64 { return [3]int64{int64(l.Tenant), int64(l.Session), int64(l.N)} }

// Adopt gives an orphan receipt to the one message it can be of: same gateway, same number, marked before,
// unknown, and nothing to that number still in flight. The receipt proves that the carrier took it. It reports
// whether it found one: then the receipt can be applied at once.
func (p *PlatformTx) Adopt(ctx context.Context, m Orphan) (bool, error) {
	if m.Number == 0 {
		return false, nil
	}
	rows, err := p.tx.Query(ctx, `select u.tenant_id, u.session_id, u.n, u.attempt, u.parts_left, g.parts, g.state,
			t.resend_id is not null, u.attempt = g.attempts from unknowns u
		join messages g on g.tenant_id = u.tenant_id and g.session_id = u.session_id and g.n = u.n
		join attempts t on t.tenant_id = u.tenant_id and t.session_id = u.session_id and t.n = u.n and t.attempt = u.attempt
		where u.gateway_id = $1 and u.number = $2 and u.marked_at <= $3
		  and not exists (select 1 from workers w join flights f on f.worker_id = w.id where w.buried_at is null and f.gateway_id = $1 and f.number = $2)
		order by g.state = 16, u.attempt desc limit 10 for update of u`, m.Gateway, m.Number, m.At)
	if err != nil {
		return false, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[lost])
	if err != nil || len(found) == 0 {
		return false, err
	}
	c := found[0] // of several attempts of one message the newest: each proves as well that its person has it
	for _, x := range found {
		over := x.State == sms.MessagePresumedUnsent && c.State != x.State // what still waits comes before what was given up
		if x.message() != c.message() && !over {
			return false, nil
		}
	}
	if _, err := p.tx.Exec(ctx, `update receipts set look_at = clock_timestamp() where id = $1 and applied_at is null`, m.ID); err != nil {
		return false, err
	}
	if c.Resent && c.Last && c.State == sms.MessageRetrying {
		if err := p.undoResend(ctx, c); err != nil {
			return false, err
		}
		c.Resent, c.State = false, sms.MessageUnknown
	}
	return true, p.adopt(ctx, m, c)
}

// adopt settles an attempt by a receipt. One that was sent again since, and one that was presumed unsent for good
// (I8), only gets the receipt's id, so that the receipt has its message.
func (p *PlatformTx) adopt(ctx context.Context, m Orphan, c lost) error {
	settle := !c.Resent && c.State != sms.MessagePresumedUnsent
	a := Answer{Tenant: c.Tenant, Session: c.Session, N: c.N, Attempt: c.Attempt, Outcome: OutcomeAccepted, State: sms.MessageAccepted, Counts: true}
	if c.Parts == 1 {
		if a.Provider = m.Provider; settle {
			return p.Record(ctx, orphanKey(m), []Answer{a})
		}
		_, err := p.tx.Exec(ctx, `update attempts set provider_id = $5 where tenant_id = $1 and session_id = $2 and n = $3 and attempt = $4`,
			c.Tenant, c.Session, c.N, c.Attempt, m.Provider)
		if err != nil {
			return err
		}
		return p.keepSlots(ctx, m, c, 0)
	}
	left := c.Parts - 1
	a.Parts = []AnswerPart{{Part: 1, Provider: m.Provider}}
	if c.PartsLeft > 0 {
		left = c.PartsLeft - 1
		a.Parts[0].Part = c.Parts - left
	}
	var err error
	if settle && c.PartsLeft == 0 {
		err = p.Record(ctx, orphanKey(m), []Answer{a})
	} else {
		err = p.addParts(ctx, c.Tenant, c.Session, [][]any{{c.N, c.Attempt, a.Parts[0].Part, m.Provider}})
	}
	if err != nil {
		return err
	}
	return p.keepSlots(ctx, m, c, left)
}

// keepSlots leaves the attempt open for the receipts of its other parts.
func (p *PlatformTx) keepSlots(ctx context.Context, m Orphan, c lost, left int16) error {
	if left == 0 {
		_, err := p.tx.Exec(ctx, `delete from unknowns where tenant_id = $1 and session_id = $2 and n = $3 and attempt = $4`, c.Tenant, c.Session, c.N, c.Attempt)
		return err
	}
	_, err := p.tx.Exec(ctx, `insert into unknowns(gateway_id, number, tenant_id, session_id, n, attempt, marked_at, parts_left)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (tenant_id, session_id, n, attempt) do update set parts_left = excluded.parts_left`,
		m.Gateway, m.Number, c.Tenant, c.Session, c.N, c.Attempt, m.At, left)
	return err
}

// undoResend makes a message unknown again that was to be sent again and has not been: its first text arrived
// after all, so nobody gets a second one.
func (p *PlatformTx) undoResend(ctx context.Context, c lost) error {
	// The session first, as everybody does: a cancellation and this take turns. Then the batch, whose message changes.
	if _, err := p.tx.Exec(ctx, `select 1 from sessions where tenant_id = $1 and id = $2 for share`, c.Tenant, c.Session); err != nil {
		return err
	}
	_, err := p.tx.Exec(ctx, `select hold_outcomes(array[batch_id]) from messages where tenant_id = $1 and session_id = $2 and n = $3`, c.Tenant, c.Session, c.N)
	if err != nil {
		return err
	}
	_, err = p.tx.Exec(ctx, `select 1 from batches where tenant_id = $1 and id = (select batch_id from messages
		where tenant_id = $1 and session_id = $2 and n = $3) for update`, c.Tenant, c.Session, c.N)
	if err != nil {
		return err
	}
	_, err = p.tx.Exec(ctx, `with m as (update messages set state = 4 where tenant_id = $1 and session_id = $2 and n = $3 and state = 1 and attempts = $4
			returning batch_id),
		a as (update attempts set outcome = 4, resend_id = null where tenant_id = $1 and session_id = $2 and n = $3 and attempt = $4 and exists (select 1 from m)),
		r as (delete from retries where tenant_id = $1 and session_id = $2 and n = $3 and exists (select 1 from m))
		update batches b set retrying = b.retrying - 1, unknown = b.unknown + 1 from m where b.tenant_id = $1 and b.id = m.batch_id`,
		c.Tenant, c.Session, c.N, c.Attempt)
	return err
}
