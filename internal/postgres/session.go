package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"tidings/internal/sms"
)

const sessionColumns = `tenant_id, id, campaign_id, kind, number, state, reason, name, message_kind, sender, text, lists,
	excluded, follow, frozen_at, mode, wall_time, zone, fold, tzdata, starts_at, hold_after, people, parts, price, prices, missing,
	content_hash, approved_hash, approved_at, approved_by, submitted_by, submitted_at, token, started_at, ended_at, settled_at,
	reached_by, unsure_of, not_reached_by, again, first_portion, spread_hours, first_people, released_at, paused_at`

func scanSession(row pgx.CollectableRow) (sms.Session, error) {
	var s sms.Session
	var campaign *sms.ID
	var prices []byte
	err := row.Scan(&s.Tenant, &s.ID, &campaign, &s.Kind, &s.Number, &s.State, &s.Reason, &s.Name, &s.MessageKind, &s.Sender, &s.Text,
		&s.Lists, &s.Excluded, &s.Follow, &s.FrozenAt, &s.Mode, &s.WallTime, &s.Zone, &s.Fold, &s.TZData, &s.StartsAt, &s.HoldAfter,
		&s.People, &s.Parts, &s.Price, &prices, &s.Missing, &s.ContentHash, &s.ApprovedHash, &s.ApprovedAt, &s.ApprovedBy,
		&s.SubmittedBy, &s.SubmittedAt, &s.Token, &s.StartedAt, &s.EndedAt, &s.SettledAt,
		&s.ReachedBy, &s.UnsureOf, &s.NotReachedBy, &s.Again, &s.First, &s.Spread, &s.FirstPeople, &s.ReleasedAt, &s.PausedAt)
	if err != nil {
		return s, err
	}
	if campaign != nil {
		s.Campaign = *campaign
	}
	return s, json.Unmarshal(prices, &s.Prices)
}

func oneSession(rows pgx.Rows, err error) (sms.Session, error) {
	if err != nil {
		return sms.Session{}, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, scanSession)
	return s, kind(err)
}

// AddSession writes a new session and gives it its ID and its number, the next
// of its campaign and kind. ErrConflict: one is already under way (D7).
func (t *Tx) AddSession(ctx context.Context, s *sms.Session) error {
	prices, err := json.Marshal(s.Prices)
	if err != nil {
		return err
	}
	var campaign *sms.ID
	if !s.Campaign.IsZero() {
		campaign = &s.Campaign
	}
	s.Tenant = t.tenant
	if s.Lists == nil {
		s.Lists = []sms.ID{}
	}
	if s.Excluded == nil {
		s.Excluded = []sms.ID{}
	}
	return t.tx.QueryRow(ctx, `insert into sessions(tenant_id, campaign_id, kind, number, state, reason, name, message_kind, sender, text,
		lists, excluded, follow, frozen_at, mode, wall_time, zone, fold, tzdata, starts_at, hold_after, people, parts, price, prices,
		content_hash, approved_hash, approved_at, approved_by, submitted_by, submitted_at, token, started_at,
		reached_by, unsure_of, not_reached_by, again, first_portion, spread_hours)
		values ($1, $2, $3, (select coalesce(max(number), 0) + 1 from sessions where tenant_id = $1 and campaign_id is not distinct from $2 and kind = $3),
		$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38)
		returning id, number`,
		t.tenant, campaign, s.Kind, s.State, s.Reason, s.Name, s.MessageKind, s.Sender, s.Text,
		ids(s.Lists), ids(s.Excluded), s.Follow, s.FrozenAt, s.Mode, s.WallTime, s.Zone, s.Fold, s.TZData, s.StartsAt, s.HoldAfter,
		s.People, s.Parts, s.Price, prices, s.ContentHash, s.ApprovedHash, s.ApprovedAt, s.ApprovedBy, s.SubmittedBy,
		s.SubmittedAt, s.Token, s.StartedAt, ids(s.ReachedBy), ids(s.UnsureOf), ids(s.NotReachedBy), s.Again, s.First, s.Spread).Scan(&s.ID, &s.Number)
}

// SaveSession writes what may change in a session's life: state, reason,
// schedule, approval, quote at start, times. Never the text or the audience.
func (t *Tx) SaveSession(ctx context.Context, s sms.Session) error {
	_, err := t.tx.Exec(ctx, `update sessions set state = $3, reason = $4, mode = $5, wall_time = $6, zone = $7, fold = $8, tzdata = $9,
		starts_at = $10, hold_after = $11, people = $12, parts = $13, price = $14, missing = $15, approved_hash = $16, approved_at = $17,
		approved_by = $18, started_at = $19, ended_at = $20, settled_at = $21, first_portion = $22, spread_hours = $23, first_people = $24,
		released_at = $25, paused_at = $26 where tenant_id = $1 and id = $2`,
		t.tenant, s.ID, s.State, s.Reason, s.Mode, s.WallTime, s.Zone, s.Fold, s.TZData, s.StartsAt, s.HoldAfter, s.People, s.Parts,
		s.Price, s.Missing, s.ApprovedHash, s.ApprovedAt, s.ApprovedBy, s.StartedAt, s.EndedAt, s.SettledAt, s.First, s.Spread,
		s.FirstPeople, s.ReleasedAt, s.PausedAt)
	return err
}

// Session reads one session.
func (t *Tx) Session(ctx context.Context, id sms.SessionID) (sms.Session, error) {
	return oneSession(t.tx.Query(ctx, `select `+sessionColumns+` from sessions where tenant_id = $1 and id = $2`, t.tenant, id))
}

// LockSession reads one session and keeps it for this transaction: a mark that
// is under way ends first, and none begins before the commit (I6).
func (t *Tx) LockSession(ctx context.Context, id sms.SessionID) (sms.Session, error) {
	return oneSession(t.tx.Query(ctx, `select `+sessionColumns+` from sessions where tenant_id = $1 and id = $2 for update`, t.tenant, id))
}

// SessionByToken finds the session that a confirmation made (D2).
func (t *Tx) SessionByToken(ctx context.Context, token string) (sms.Session, error) {
	return oneSession(t.tx.Query(ctx, `select `+sessionColumns+` from sessions where tenant_id = $1 and token = $2`, t.tenant, token))
}

// SessionNumber reads session number n of a campaign.
func (t *Tx) SessionNumber(ctx context.Context, campaign sms.ID, n int) (sms.Session, error) {
	return oneSession(t.tx.Query(ctx, `select `+sessionColumns+` from sessions
		where tenant_id = $1 and campaign_id = $2 and kind = 'campaign' and number = $3`, t.tenant, campaign, n))
}

// CampaignSessions lists the sendings of a campaign, the newest first.
func (t *Tx) CampaignSessions(ctx context.Context, campaign sms.ID, kind sms.SessionKind) ([]sms.Session, error) {
	rows, err := t.tx.Query(ctx, `select `+sessionColumns+` from sessions
		where tenant_id = $1 and campaign_id = $2 and kind = $3 order by number desc`, t.tenant, campaign, kind)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanSession)
}

// OpenSessions lists the campaign sendings that are scheduled or waiting, by start:
// what the forecast counts (D24) and what a reload wakes, in due order.
func (t *Tx) OpenSessions(ctx context.Context, states []sms.SessionState) ([]sms.Session, error) {
	rows, err := t.tx.Query(ctx, `select `+sessionColumns+` from sessions
		where tenant_id = $1 and kind = 'campaign' and state = any($2) order by starts_at, id`, t.tenant, states)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanSession)
}

// AddEvent writes a line of "What happened".
func (t *Tx) AddEvent(ctx context.Context, id sms.SessionID, e sms.SessionEvent) error {
	_, err := t.tx.Exec(ctx, `insert into session_events(tenant_id, session_id, at, actor, state, title, note)
		values ($1, $2, $3, $4, $5, $6, $7)`, t.tenant, id, e.At, e.Actor, e.State, e.Title, e.Note)
	return err
}

// Events lists what happened to a session, in order.
func (t *Tx) Events(ctx context.Context, id sms.SessionID) ([]sms.SessionEvent, error) {
	rows, err := t.tx.Query(ctx, `select at, actor, state, title, note from session_events
		where tenant_id = $1 and session_id = $2 order by seq`, t.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.SessionEvent])
}

// Tally adds up the counters of a session's batches.
func (t *Tx) Tally(ctx context.Context, id sms.SessionID) (sms.Tally, error) {
	var y sms.Tally
	err := t.tx.QueryRow(ctx, `select `+tallySums+` from batches where tenant_id = $1 and session_id = $2`, t.tenant, id).Scan(tallyFields(&y)...)
	return y, err
}

const tallySums = `coalesce(sum(pending), 0), coalesce(sum(retrying), 0), coalesce(sum(submitting), 0), coalesce(sum(accepted), 0),
	coalesce(sum(unknown), 0), coalesce(sum(delivered), 0), coalesce(sum(undelivered), 0), coalesce(sum(rejected), 0),
	coalesce(sum(suppressed), 0), coalesce(sum(cancelled), 0), coalesce(sum(expired), 0), coalesce(sum(presumed_unsent), 0), coalesce(sum(missed), 0)`

func tallyFields(y *sms.Tally) []any {
	return []any{
		&y.Pending, &y.Retrying, &y.Submitting, &y.Accepted, &y.Unknown, &y.Delivered, &y.Undelivered, &y.Rejected,
		&y.Suppressed, &y.Cancelled, &y.Expired, &y.PresumedUnsent, &y.Missed,
	}
}

// TallyByCountry adds up the counters by country, the largest first.
func (t *Tx) TallyByCountry(ctx context.Context, id sms.SessionID) ([]sms.CountryTally, error) {
	rows, err := t.tx.Query(ctx, `select country, `+tallySums+` from batches
		where tenant_id = $1 and session_id = $2 group by country order by sum(last_n - first_n + 1) desc, country`, t.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sms.CountryTally, error) {
		var c sms.CountryTally
		err := row.Scan(append([]any{&c.Country}, tallyFields(&c.Tally)...)...)
		return c, err
	})
}

// Samples lists the points of the chart, in order.
func (t *Tx) Samples(ctx context.Context, id sms.SessionID) ([]sms.Sample, error) {
	rows, err := t.tx.Query(ctx, `select at, sent, delivered, final from session_progress
		where tenant_id = $1 and session_id = $2 order by at`, t.tenant, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[sms.Sample])
}

// OptedOutSince counts a session's people who opted out since at.
func (t *Tx) OptedOutSince(ctx context.Context, id sms.SessionID, at time.Time) (int, error) {
	var n int
	// The limit has each opt-out look for its message, whatever the planner knows
	// of a session that was written a second ago: never the other way round.
	err := t.tx.QueryRow(ctx, `select count(*) from suppressions x cross join lateral (select from messages m
			where m.tenant_id = $1 and m.session_id = $2 and m.number_hash = x.number_hash limit 1) m
		where x.tenant_id = $1 and x.kind = 'opted_out' and x.created_at >= $3`, t.tenant, id, at).Scan(&n)
	return n, err
}

// SetAnswer keeps what the customer answers to a refusal.
func (t *Tx) SetAnswer(ctx context.Context, id sms.SessionID, answer string) error {
	_, err := t.tx.Exec(ctx, `update sessions set answer = $3 where tenant_id = $1 and id = $2`, t.tenant, id, answer)
	return err
}
