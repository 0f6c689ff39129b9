package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

// The outcomes of an attempt, as they are kept.
const (
	OutcomeAccepted    int16 = 1
	OutcomeNotAccepted int16 = 2 // known: it may be tried again
	OutcomeRefused     int16 = 3 // for good
	OutcomeUnknown     int16 = 4 // written, no answer: never resent by itself
)

// Marked is one message that may now be written to the wire.
type Marked struct {
	N        int32
	Attempt  int16
	Number   int64
	Sender   string
	Text     string
	Parts    int16
	Tries    int16 // that counted, before this one
	NotAfter *time.Time
}

// BatchRef names a batch that has something to send, and says what its turn
// depends on.
type BatchRef struct {
	Tenant  sms.TenantID
	Session sms.SessionID
	Batch   sms.BatchID
	Gateway int16
	Each    float64 // parts of a message of the session, on average; 0: not known

	Sender      string
	TenantLimit float64 // parts a second; 0: no limit
	SenderLimit float64
}

// Mark takes the next window of a batch for worker and gateway: the only thing
// that permits a write to a carrier (mark_v6). It permits nothing while a guard
// is closed or a stop holds; clock is the time as the worker has it (I26).
// Commit before writing.
func (p *PlatformTx) Mark(ctx context.Context, worker int64, b BatchRef, limit int, clock time.Time) ([]Marked, error) {
	rows, err := p.tx.Query(ctx, `select n, attempt, number, sender, body, parts, tries, not_after from mark_v6($1, $2, $3, $4, $5, $6, $7)`,
		worker, b.Tenant, b.Session, b.Batch, b.Gateway, limit, clock)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Marked])
}

// Work lists the batches that have something to send now by one of the gateways:
// at most limit for each gateway, so that a slow one keeps nobody waiting (B45).
// They are fairly mixed (D35): one of every tenant, then a second of every tenant,
// and so on, and in the same way the sessions of a tenant. Where there are more
// tenants or sessions than that, others are listed the next time. What a stop
// covers is not among them, and nothing is while the database is not confirmed.
func (p *PlatformTx) Work(ctx context.Context, gateways []int16, limit int) ([]BatchRef, error) {
	rows, err := p.tx.Query(ctx, `select tenant_id, session_id, id, gateway_id, each, sender, of_all, of_sender from (
		select y.*, row_number() over (partition by gateway_id order by of_tenant, random()) as place from (
		select x.*, row_number() over (partition by gateway_id, tenant_id order by of_session, random()) as of_tenant from (
		select b.tenant_id, b.session_id, b.id, b.gateway_id, s.parts::float8 / greatest(s.people, 1) as each,
			s.sender, coalesce(l.parts_per_second, 0)::float8 as of_all, coalesce(m.parts_per_second, 0)::float8 as of_sender,
			row_number() over (partition by b.gateway_id, b.tenant_id, b.session_id order by b.id) as of_session
		from sessions s join batches b on b.tenant_id = s.tenant_id and b.session_id = s.id
		left join limits l on l.tenant_id = s.tenant_id and l.sender = ''
		left join limits m on m.tenant_id = s.tenant_id and m.sender = s.sender and m.sender <> ''
		where s.state = 'sending' and s.started_at is not null and (select same_incarnation()) and b.gateway_id = any($1)
		  and not exists (select from stops k where k.lifted_at is null and `+stopCovers+`)
		  and b.due_at <= clock_timestamp() and coalesce(b.not_after, 'infinity') > clock_timestamp()
		  and (b.next_n <= b.last_n or (b.retrying > 0 and exists (select 1 from retries r where r.tenant_id = b.tenant_id
		    and r.session_id = b.session_id and r.batch_id = b.id and r.next_at <= clock_timestamp())))) x) y) z
		where place <= $2 order by place`, gateways, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[BatchRef])
}

// Answer is what became of one attempt, decided: outcome, and the state the
// message takes.
type Answer struct {
	Tenant   sms.TenantID
	Session  sms.SessionID
	N        int32
	Attempt  int16
	Outcome  int16
	State    sms.MessageState
	Counts   bool // as one of the tries: throttling does not
	Code     string
	Provider string       // of a message of one part
	Parts    []AnswerPart // of a longer one
	NextAt   *time.Time   // with MessageRetrying
}

// AnswerPart is an accepted part of a message of several.
type AnswerPart struct {
	Part     int16
	Provider string
}

// Record writes answers: outcomes, states, counters and the charge of every
// session in this transaction (record_v3). Replaying it changes nothing; flush
// is the key of the charge and must be the same when replayed.
func (p *PlatformTx) Record(ctx context.Context, flush string, answers []Answer) error {
	slices.SortFunc(answers, func(a, b Answer) int {
		if a.Tenant != b.Tenant {
			return int(a.Tenant - b.Tenant)
		}
		if a.Session != b.Session {
			return int(a.Session - b.Session)
		}
		return int(a.N - b.N)
	})
	for len(answers) > 0 {
		n := 1
		for n < len(answers) && answers[n].Tenant == answers[0].Tenant && answers[n].Session == answers[0].Session {
			n++
		}
		if err := p.recordSession(ctx, flush, answers[:n]); err != nil {
			return err
		}
		answers = answers[n:]
	}
	return nil
}

func (p *PlatformTx) recordSession(ctx context.Context, flush string, as []Answer) error {
	var (
		ns       = make([]int32, len(as))
		attempts = make([]int16, len(as))
		outcomes = make([]int16, len(as))
		states   = make([]int16, len(as))
		counts   = make([]bool, len(as))
		codes    = make([]*string, len(as))
		provs    = make([]*string, len(as))
		nexts    = make([]*time.Time, len(as))
	)
	var parts [][]any
	for i, a := range as {
		ns[i], attempts[i], outcomes[i], states[i], counts[i], nexts[i] = a.N, a.Attempt, a.Outcome, int16(a.State), a.Counts, a.NextAt
		if a.Code != "" {
			codes[i] = &a.Code
		}
		if a.Provider != "" {
			provs[i] = &a.Provider
		}
		for _, x := range a.Parts {
			parts = append(parts, []any{a.N, a.Attempt, x.Part, x.Provider})
		}
	}
	var changed int
	err := p.tx.QueryRow(ctx, `select record_v3($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		as[0].Tenant, as[0].Session, flush, ns, attempts, outcomes, states, counts, codes, provs, nexts).Scan(&changed)
	if err != nil || len(parts) == 0 {
		return err
	}
	return p.addParts(ctx, as[0].Tenant, as[0].Session, parts)
}

func (p *PlatformTx) addParts(ctx context.Context, tenant sms.TenantID, session sms.SessionID, parts [][]any) error {
	var b pgx.Batch
	for _, x := range parts {
		b.Queue(`insert into attempt_parts(tenant_id, session_id, n, attempt, part, gateway_id, provider_id)
			select $1, $2, $3, $4, $5, a.gateway_id, $6 from attempts a
			where a.tenant_id = $1 and a.session_id = $2 and a.n = $3 and a.attempt = $4 on conflict do nothing`,
			tenant, session, x[0], x[1], x[2], x[3])
	}
	return p.tx.SendBatch(ctx, &b).Close()
}

// Notify tells listeners of channel, at commit. Never one per message.
func (t *Tx) Notify(ctx context.Context, channel, payload string) error {
	_, err := t.tx.Exec(ctx, `select pg_notify($1, $2)`, channel, payload)
	return err
}

// Notify tells listeners of channel, at commit.
func (p *PlatformTx) Notify(ctx context.Context, channel, payload string) error {
	_, err := p.tx.Exec(ctx, `select pg_notify($1, $2)`, channel, payload)
	return err
}
