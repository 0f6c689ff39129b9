package app_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tidings/internal/app"
	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

const why = "The operator says they never left its queue"

// unsure is a session of five people: of the first the carrier has the text, of the next three nobody knows.
func (w *sending) unsure() sms.Session {
	w.t.Helper()
	s := w.running(5)
	if n, err := w.mark(w.t.Context(), s, 4); n != 4 || err != nil {
		w.t.Fatal(n, err)
	}
	w.answer(s, 1, accepted)
	for n := range int32(3) {
		w.answer(s, n+2, unknown)
	}
	return s
}

func (w *sending) resend(s sms.Session, shown int) (app.Resent, error) {
	w.t.Helper()
	return w.App.Resend(w.t.Context(), w.Sender, w.campaign.ID, app.ResendForm{SessionForm: w.form(s), Shown: shown, Reason: why})
}

// receipt is what the network says of a text that was written to message n of s, under an id nobody has seen.
func (w *sending) receipt(s sms.Session, n int, id string, state int16) {
	w.t.Helper()
	ctx := w.t.Context()
	number := w.numbers(s, n)[0]
	err := w.App.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
		gateway := pgtest.Value[int16](w.t, w.DSN, `select min(gateway_id) from batches where session_id = $1`, int64(s.ID))
		return p.AddReceipts(ctx, []postgres.Receipt{{Gateway: gateway, Provider: id, Number: number, State: state}}, time.Now())
	})
	for range 3 { // found to be nobody's, adopted, applied
		if err != nil {
			break
		}
		w.Exec(`update receipts set look_at = now() where applied_at is null and provider_id = $1`, id)
		var orphans []postgres.Orphan
		err = w.App.DB.InPlatform(ctx, func(p *postgres.PlatformTx) (err error) {
			_, orphans, err = p.ApplyReceipts(ctx, -time.Minute, 100)
			return err
		})
		for _, o := range orphans {
			if o.Provider == id && err == nil {
				err = w.App.DB.InPlatform(ctx, func(p *postgres.PlatformTx) error {
					_, err := p.Adopt(ctx, o)
					return err
				})
			}
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *sending) applied(id string) bool {
	w.t.Helper()
	return pgtest.Value[int64](w.t, w.DSN, `select count(*) from receipts where provider_id = $1 and applied_at is not null`, id) == 1
}

func (w *sending) charged(s sms.Session) sms.Credits {
	w.t.Helper()
	return sms.Credits(pgtest.Value[int64](w.t, w.DSN, `select coalesce(sum(amount), 0)::bigint from ledger_transfers
		where tenant_id = $1 and session_id = $2 and kind = 'capture'`, int64(w.Tenant.ID), int64(s.ID)))
}

// D34, I2, I9, I17, I18: a person may have sent again what is unknown: once for a form, with a reason, and audited.
// The database admits one more attempt of each, and one is charged.
func TestResendUnknown(t *testing.T) {
	w := newSending(t)
	s := w.unsure()
	if _, err := w.resend(s, 3); !errors.Is(err, sms.ErrConflict) || !strings.Contains(sms.Words(err), "Nothing was sent again") {
		t.Errorf("while an answer may still come: %v", err)
	}
	w.Clock.Add(time.Hour)
	f := app.ResendForm{SessionForm: w.form(s), Shown: 2, Reason: "too short"}
	if _, err := w.App.Resend(t.Context(), w.Sender, w.campaign.ID, f); problem(err, "reason") == "" {
		t.Errorf("without a reason: %v", err)
	}
	f.Reason = why
	var stale *app.StaleSlip
	if _, err := w.App.Resend(t.Context(), w.Sender, w.campaign.ID, f); !errors.As(err, &stale) { // D3
		t.Errorf("another number than was shown: %v", err)
	}
	f.Shown = 3
	if _, err := w.App.Resend(t.Context(), w.Author, w.campaign.ID, f); !errors.Is(err, sms.ErrForbidden) { // D42
		t.Errorf("by an author: %v", err)
	}
	const presses = 50
	var all sync.WaitGroup
	errs := make([]error, presses)
	for i := range presses {
		all.Go(func() {
			got, err := w.App.Resend(context.Background(), w.Sender, w.campaign.ID, f)
			if err == nil && got != (app.Resent{Messages: 3}) {
				err = errors.New("another result")
			}
			errs[i] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if y := w.tally(s); y.Unknown != 0 || y.Retrying != 3 || w.audits("resend_unknown") != 1 || w.charged(s) != sms.Credit {
		t.Errorf("%+v, %d audit entries, %s charged", y, w.audits("resend_unknown"), w.charged(s))
	}
	who := pgtest.Value[string](t, w.DSN, `select distinct r.actor || ': ' || r.reason from attempts a join resends r using (tenant_id)
		where a.resend_id = r.id and a.outcome = 2 and r.actor_id = $2 and a.tenant_id = $1`, int64(w.Tenant.ID), w.Sender.User.String())
	if who != w.Sender.Name+": "+why {
		t.Errorf("the attempts say %q", who)
	}
	w.Check(t)
	w.Exec(`update retries set next_at = now() where tenant_id = $1`, int64(w.Tenant.ID))
	if n, err := w.mark(t.Context(), s, 3); n != 3 || err != nil {
		t.Fatalf("%d are marked again: %v", n, err)
	}
	for n := range int32(3) {
		w.answer(s, n+2, postgres.Answer{Attempt: 2, Outcome: postgres.OutcomeAccepted, State: sms.MessageAccepted})
	}
	if y := w.tally(s); y.Accepted != 4 || w.charged(s) != 4*sms.Credit {
		t.Errorf("%+v, %s charged", y, w.charged(s))
	}
	w.Check(t)
	w.mustCancel(s)
	w.end(s)
}

// D34, I12: a receipt of the first text that comes before the second has left settles the message, and nobody gets
// it twice; one that comes later finds its message, and does no harm.
func TestReceiptAfterResend(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.unsure()
	w.Clock.Add(time.Hour)
	if _, err := w.resend(s, 3); err != nil {
		t.Fatal(err)
	}
	w.receipt(s, 2, "first-2", postgres.ReceiptDelivered)
	if y := w.tally(s); y.Delivered != 1 || y.Retrying != 2 || w.charged(s) != 2*sms.Credit || !w.applied("first-2") {
		t.Errorf("before the second left: %+v, %s charged", y, w.charged(s))
	}
	w.Check(t)
	w.Exec(`update retries set next_at = now() where tenant_id = $1`, int64(w.Tenant.ID))
	if n, err := w.mark(t.Context(), s, 2); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	w.answer(s, 3, postgres.Answer{Attempt: 2, Outcome: postgres.OutcomeAccepted, State: sms.MessageAccepted, Provider: "second-3"})
	w.receipt(s, 3, "first-3", postgres.ReceiptUndelivered)
	if y := w.tally(s); y.Undelivered != 0 || !w.applied("first-3") {
		t.Errorf("what became of the first text was taken for the second: %+v", y)
	}
	w.receipt(s, 3, "second-3", postgres.ReceiptDelivered)
	w.answer(s, 4, postgres.Answer{Attempt: 2, Outcome: postgres.OutcomeUnknown, State: sms.MessageUnknown})
	w.receipt(s, 4, "one-4", postgres.ReceiptDelivered) // of either: its person has it
	if y := w.tally(s); y.Delivered != 3 || w.charged(s) != 4*sms.Credit || !w.applied("one-4") {
		t.Errorf("%+v, %s charged", y, w.charged(s))
	}
	w.receipt(s, 4, "two-4", postgres.ReceiptDelivered)
	if y := w.tally(s); y.Delivered != 3 || w.charged(s) != 4*sms.Credit || !w.applied("two-4") {
		t.Errorf("a receipt for each of two texts: %+v, %s charged", y, w.charged(s))
	}
	w.Check(t)
	w.mustCancel(s)
	w.end(s)
}

// D34, I8: what was presumed unsent stays so for good. To send it again makes the next version, for those people
// alone; its price is set aside anew, all or nothing.
func TestResendPresumedUnsent(t *testing.T) {
	w := newSendingIn(t, apptest.OwnWorld(t))
	s := w.unsure()
	w.mustCancel(s)
	w.Clock.Add(49 * time.Hour)
	if err := errors.Join(w.App.ExpireMessages(t.Context()), w.App.FollowSessions(t.Context())); err != nil {
		t.Fatal(err)
	}
	if y := w.tally(s); y.PresumedUnsent != 3 || w.balance().Reserved != 0 {
		t.Fatalf("%+v, %+v", y, w.balance())
	}
	w.receipt(s, 2, "late-2", postgres.ReceiptDelivered) // after 48 hours: it is known now, and stays free
	if y := w.tally(s); y.PresumedUnsent != 3 || !w.applied("late-2") || w.charged(s) != sms.Credit {
		t.Errorf("a receipt after the end: %+v", y)
	}
	w.Check(t)
	left := w.balance().Available
	w.InTenant(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.AddTransfer(ctx, &sms.Transfer{Kind: "correct_down", Amount: left - sms.Credit, Key: "all but one", Actor: "test", Reason: "test"})
	})
	if _, err := w.resend(s, 2); !errors.Is(err, sms.ErrConflict) || !strings.Contains(sms.Words(err), "1 credit is missing") {
		t.Errorf("with too little: %v", err)
	}
	w.Credits(9 * sms.Credit)
	if got, err := w.resend(s, 2); err != nil || got != (app.Resent{Messages: 2, Version: true}) {
		t.Fatalf("%+v, %v", got, err)
	}
	next := w.leave(w.campaign.ID)
	if got, want := w.numbers(next), w.numbers(s, 3, 4); len(got) != 2 || got[0] != want[0] || got[1] != want[1] || next.Price != 2*sms.Credit {
		t.Errorf("version 2 goes to %v for %s, not to %v", got, next.Price, want)
	}
	if b := w.balance(); b.Reserved != 2*sms.Credit || b.Available != 8*sms.Credit {
		t.Errorf("%+v", b)
	}
	if y := w.tally(s); y.PresumedUnsent != 3 {
		t.Errorf("a final state changed: %+v", y) // I8
	}
	if _, err := w.App.CancelSession(t.Context(), w.Sender, w.campaign.ID, w.form(next)); err != nil {
		t.Fatal(err)
	}
}

// D32, D34: who was sent to again by hand may have got the first text: the next version leaves him out as well.
func TestResentAndCancelledMayHaveGotIt(t *testing.T) {
	w := newSending(t)
	s := w.unsure()
	w.Clock.Add(time.Hour)
	if _, err := w.resend(s, 3); err != nil {
		t.Fatal(err)
	}
	w.mustCancel(s)
	st, err := w.App.Status(t.Context(), w.Sender, w.campaign.ID)
	if err != nil || st.Reached.People != 4 || st.Reached.Rest != 1 {
		t.Errorf("%+v, %v", st.Reached, err)
	}
	if d, err := w.App.Draft(t.Context(), w.Author, w.campaign.ID, app.View{}); err != nil || d.Quote.People != 1 {
		t.Errorf("version 2 is for %d: %v", d.Quote.People, err)
	}
	w.end(s)
}
