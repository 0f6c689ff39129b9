package app_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// sending is a world with one campaign, whose sessions a test drives.
type sending struct {
	*apptest.TheWorld
	t        *testing.T
	campaign sms.Campaign
	tokens   int
}

func newSending(t *testing.T) *sending {
	t.Helper()
	return newSendingIn(t, apptest.World(t))
}

// newSendingIn is the same in a world of one's own: where receipts without a message look for one, the numbers of
// other tests would be in their way.
func newSendingIn(t *testing.T, world *apptest.TheWorld) *sending {
	t.Helper()
	w := &sending{TheWorld: world, t: t}
	err := w.App.DB.InPlatform(t.Context(), func(p *postgres.PlatformTx) error {
		_, err := p.RegisterGateway(t.Context(), "simulator", "simulator")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.campaign = w.addCampaign("Black Friday crossings")
	return w
}

func (w *sending) addCampaign(name string) sms.Campaign {
	c := sms.Campaign{
		ID: sms.NewID(w.Clock.Now()), Name: name, Kind: "service", Sender: apptest.Sender, Text: "Hi {first_name|there}, 30% off every crossing.",
		Lists: []sms.ID{w.List}, CreatedAt: w.Clock.Now(), UpdatedAt: w.Clock.Now(), UpdatedBy: w.Owner.User,
	}
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error { return tx.AddCampaign(ctx, c) })
	return c
}

// token is a fresh one-time token.
func (w *sending) token() string {
	w.tokens++
	return fmt.Sprintf("%s-%08d", w.campaign.ID.String()[:20], w.tokens)
}

// submitted adds a session in validation, quoted for the list as it is, that
// starts at startsAt; change may alter it before it is written.
func (w *sending) submitted(startsAt time.Time, change func(*sms.Session)) sms.Session {
	w.t.Helper()
	s := sms.Session{
		Campaign: w.campaign.ID, Kind: sms.KindCampaign, State: sms.SessionValidating, Name: w.campaign.Name,
		MessageKind: w.campaign.Kind, Sender: w.campaign.Sender, Text: w.campaign.Text, Lists: w.campaign.Lists, Follow: true,
		Mode: sms.ModeScheduled, Zone: "Europe/Paris", StartsAt: startsAt, Prices: apptest.Prices,
		SubmittedBy: &w.Sender.User, SubmittedAt: w.Clock.Now(), Token: w.token(),
	}
	hold := startsAt.Add(2 * time.Hour)
	s.HoldAfter = &hold
	s.People = w.people()
	s.Parts, s.Price = int64(s.People), sms.Credits(s.People)*sms.Credit
	if change != nil {
		change(&s)
	}
	s.ContentHash = s.Hash()
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error { return tx.AddSession(ctx, &s) })
	return s
}

func (w *sending) people() int {
	w.t.Helper()
	return int(pgtest.Value[int64](w.t, w.DSN, `select count(*) from list_members where tenant_id = $1 and list_id = $2`, int64(w.Tenant.ID), w.List.String()))
}

// approve decides as a moderator would.
func (w *sending) approve(s sms.Session) sms.Session {
	w.t.Helper()
	if err := w.tryApprove(s); err != nil {
		w.t.Fatal(err)
	}
	return w.session(s)
}

func (w *sending) tryApprove(s sms.Session) error {
	ctx := w.t.Context()
	return w.App.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		tx := p.In(w.Tenant.ID)
		s, err := tx.LockSession(ctx, s.ID)
		if err != nil {
			return err
		}
		return w.App.Approve(ctx, tx, w.Moderator, &s, &w.Moderator.User)
	})
}

// session reads it again.
func (w *sending) session(s sms.Session) sms.Session {
	w.t.Helper()
	var out sms.Session
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) {
		out, err = tx.Session(ctx, s.ID)
		return err
	})
	return out
}

// wake runs the session's job, as the queue would.
func (w *sending) wake(s sms.Session) sms.Session {
	w.t.Helper()
	if err := w.App.RunStartSession(w.t.Context(), app.StartSessionJob{Tenant: w.Tenant.ID, Session: s.ID}); err != nil {
		w.t.Fatal(err)
	}
	return w.session(s)
}

func (w *sending) form(s sms.Session) app.SessionForm {
	return app.SessionForm{Number: s.Number, Token: w.token()}
}

func (w *sending) tally(s sms.Session) (out sms.Tally) {
	w.t.Helper()
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) {
		out, err = tx.Tally(ctx, s.ID)
		return err
	})
	return out
}

func (w *sending) balance() (out sms.Balance) {
	w.t.Helper()
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) (err error) {
		out, err = tx.Balance(ctx)
		return err
	})
	return out
}

// jobs is how many wake-ups are queued for the session, and the first of them.
func (w *sending) jobs(s sms.Session) (n int64, at time.Time) {
	w.t.Helper()
	where := fmt.Sprintf(`from river.river_job where kind = 'start_session' and (args->>'Session')::bigint = %d`, s.ID)
	n = pgtest.Value[int64](w.t, w.DSN, `select count(*) `+where)
	if n > 0 {
		at = pgtest.Value[time.Time](w.t, w.DSN, `select min(scheduled_at) `+where)
	}
	return n, at
}

// audits is how many entries there are of a deed.
func (w *sending) audits(deed string) int64 {
	w.t.Helper()
	return pgtest.Value[int64](w.t, w.DSN, `select count(*) from audit where tenant_id = $1 and deed = $2`, int64(w.Tenant.ID), deed)
}

func (w *sending) mustState(s sms.Session, want sms.SessionState) sms.Session {
	w.t.Helper()
	got := w.session(s)
	if got.State != want {
		w.t.Fatalf("the session is %q (%s), not %q", got.State, got.Reason, want)
	}
	return got
}

// events are the lines of the timeline: "Title: note".
func (w *sending) events(s sms.Session) (out []string) {
	w.t.Helper()
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		events, err := tx.Events(ctx, s.ID)
		for _, e := range events {
			out = append(out, e.Title+": "+e.Note)
		}
		return err
	})
	return out
}

func (w *sending) sweep() {
	w.t.Helper()
	if err := w.App.RunSweepSessions(w.t.Context(), app.SweepSessionsJob{}); err != nil {
		w.t.Fatal(err)
	}
}

func id(w *sending) string { return fmt.Sprint(int64(w.Tenant.ID)) }

// mark takes messages as a worker does; how many there were.
func (w *sending) mark(ctx context.Context, s sms.Session, limit int) (int, error) {
	return w.markAs(ctx, w.worker(), s, limit)
}

func (w *sending) markAs(ctx context.Context, worker int64, s sms.Session, limit int) (int, error) {
	var n int
	err := w.App.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		batch := pgtest.Value[int64](w.t, w.DSN, `select coalesce(min(id), 0) from batches where tenant_id = $1 and session_id = $2`, int64(w.Tenant.ID), int64(s.ID))
		gateway := pgtest.Value[int16](w.t, w.DSN, `select coalesce(min(gateway_id), 0) from batches where id = $1`, batch)
		got, err := p.Mark(ctx, worker, postgres.BatchRef{Tenant: s.Tenant, Session: s.ID, Batch: sms.BatchID(batch), Gateway: gateway}, limit, time.Now())
		n = len(got)
		return err
	})
	return n, err
}

func (w *sending) worker() int64 {
	w.t.Helper()
	return pgtest.Value[int64](w.t, w.DSN, `insert into workers(name) values ('test') returning id`)
}
