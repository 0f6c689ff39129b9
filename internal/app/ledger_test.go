package app_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/postgres/pgtest"
	"tidings/internal/sms"
)

// books is a ledger in memory, to compare the real one with.
type books struct {
	available sms.Credits
	reserved  map[sms.SessionID]sms.Credits
	keys      map[string]bool
}

func (b *books) apply(x sms.Transfer) error {
	if b.keys[x.Key] {
		return sms.ErrConflict
	}
	from, to := &b.available, new(sms.Credits) // the other side is an account without a floor
	var aside sms.Credits
	if x.Session != nil {
		aside = b.reserved[*x.Session]
	}
	floor := true
	switch x.Kind {
	case sms.TransferTopup, sms.TransferGift, sms.TransferCorrectUp, sms.TransferRefund:
		from, to, floor = new(sms.Credits), &b.available, false
	case sms.TransferReserve:
		to = &aside
	case sms.TransferCapture:
		from = &aside
	case sms.TransferRelease:
		from, to = &aside, &b.available
	}
	if floor && *from < x.Amount {
		return postgres.ErrNotEnoughCredits
	}
	*from -= x.Amount
	*to += x.Amount
	if x.Session != nil {
		b.reserved[*x.Session] = aside
	}
	b.keys[x.Key] = true
	return nil
}

var transferKinds = []sms.TransferKind{
	sms.TransferTopup, sms.TransferGift, sms.TransferReserve, sms.TransferCapture, sms.TransferRelease, sms.TransferRefund,
	sms.TransferCorrectUp, sms.TransferCorrectDown, sms.TransferExpire,
}

func ofSession(k sms.TransferKind) bool {
	return k == sms.TransferReserve || k == sms.TransferCapture || k == sms.TransferRelease || k == sms.TransferRefund
}

// transfer writes one movement in a transaction of its own.
func (w *sending) transfer(x sms.Transfer) error {
	ctx := context.Background()
	return w.App.DB.InTenant(ctx, w.Tenant.ID, func(tx *postgres.Tx) error { return tx.AddTransfer(ctx, &x) })
}

// drafts are two sessions that transfers can name. They stay in validation, so
// that nothing else moves credits for them.
func (w *sending) drafts() [2]sms.SessionID {
	a := w.submitted(w.Clock.Now(), nil)
	w.campaign = w.addCampaign("Winter timetable")
	return [2]sms.SessionID{a.ID, w.submitted(w.Clock.Now(), nil).ID}
}

// D24, D25, D27, I14, I15, I16: whatever is asked of the ledger, it agrees with
// the books; the invariants are asked at the end of the test.
func TestLedgerAgreesWithTheBooks(t *testing.T) {
	w := newSending(t)
	sessions := w.drafts()
	books := books{reserved: map[sms.SessionID]sms.Credits{}, keys: map[string]bool{}}
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		if round > 40 { // the ledger is a real one: it goes on through all rounds
			return
		}
		for i := range rapid.IntRange(1, 12).Draw(r, "transfers") {
			kind := rapid.SampledFrom(transferKinds).Draw(r, "kind")
			x := sms.Transfer{
				Kind: kind, Amount: sms.Credits(rapid.Int64Range(1, 5000).Draw(r, "amount")), Actor: "test", Reason: "test",
				Key: fmt.Sprint(round, " ", i),
			}
			if rapid.IntRange(0, 9).Draw(r, "again") == 0 {
				x.Key = fmt.Sprint(rapid.IntRange(1, round).Draw(r, "round"), " 0")
			}
			if ofSession(kind) {
				x.Session = &sessions[rapid.IntRange(0, 1).Draw(r, "session")]
			}
			want := books.apply(x)
			if got := w.transfer(x); !errors.Is(got, want) || (got == nil) != (want == nil) {
				r.Fatalf("%s %s: %v, the books say %v", kind, x.Amount, got, want)
			}
		}
		if b := w.balance(); b.Available != books.available || b.Reserved != books.reserved[sessions[0]]+books.reserved[sessions[1]] {
			r.Fatalf("the ledger has %+v, the books %+v", b, books)
		}
	})
	broken, err := w.App.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		if b.Rule == "I14" || b.Rule == "I15" || b.Rule == "I16" || b.Rule == "I20" {
			t.Errorf("broken %s", b)
		}
	}
	w.forget() // no message stands behind what was charged, so I18 could not hold
}

// forget removes a made-up ledger, which no session stands behind.
func (w *sending) forget() {
	for _, table := range []string{"ledger_entries", "ledger_transfers"} {
		w.Exec(`alter table ` + table + ` disable trigger append_only`)
	}
	for _, table := range []string{"ledger_entries", "ledger_transfers", "ledger_accounts"} {
		w.Exec(`delete from `+table+` where tenant_id = $1`, int64(w.Tenant.ID))
	}
	for _, table := range []string{"ledger_entries", "ledger_transfers"} {
		w.Exec(`alter table ` + table + ` enable trigger append_only`)
	}
}

// D24, D27, I14–I17: sixteen at once, in every direction, for one balance: it
// never goes below zero, nothing is made or lost, and no two wait for each other.
func TestLedgerUnderSixteenWriters(t *testing.T) {
	w := newSending(t)
	sessions := w.drafts()
	const writers, each = 16, 40
	var in, refused atomic.Int64
	var low atomic.Bool
	var wg sync.WaitGroup
	for g := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 7))
			for i := range each {
				kind := []sms.TransferKind{sms.TransferTopup, sms.TransferReserve, sms.TransferReserve, sms.TransferRelease, sms.TransferCorrectDown}[r.IntN(5)]
				x := sms.Transfer{Kind: kind, Amount: sms.Credits(1 + r.Int64N(3000)), Actor: "test", Reason: "test", Key: fmt.Sprint(g, " ", i)}
				if ofSession(kind) {
					x.Session = &sessions[r.IntN(2)]
				}
				switch err := w.transfer(x); {
				case errors.Is(err, postgres.ErrNotEnoughCredits):
					refused.Add(1)
				case err != nil:
					t.Errorf("%s: %v", kind, err)
				case kind == sms.TransferTopup:
					in.Add(int64(x.Amount))
				case kind == sms.TransferCorrectDown:
					in.Add(-int64(x.Amount))
				}
				if b := w.balance(); b.Available < 0 || b.Reserved < 0 {
					low.Store(true)
				}
			}
		})
	}
	wg.Wait()
	if low.Load() {
		t.Error("a balance was below zero")
	}
	if refused.Load() == 0 {
		t.Error("nothing was refused: the floor was not tried")
	}
	if b := w.balance(); int64(b.Available+b.Reserved) != in.Load() {
		t.Errorf("%d came in, %d are there", in.Load(), b.Available+b.Reserved)
	}
}

// D27, I21: what is written is never changed, by nobody.
func TestLedgerIsAppendOnly(t *testing.T) {
	w := newSending(t)
	w.Credits(5 * sms.Credit)
	for _, sql := range []string{
		`update ledger_transfers set amount = amount + 1`, `delete from ledger_transfers`, `truncate ledger_transfers cascade`,
		`update ledger_entries set amount = amount + 1`, `delete from ledger_entries`, `truncate ledger_entries cascade`,
	} {
		if err := pgtest.Exec(t, w.DSN, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("the owner may: %s: %v", sql, err)
		}
	}
	for _, role := range []string{"tidings_app", "tidings_platform"} {
		for _, sql := range []string{
			`update ledger_transfers set amount = amount + 1`, `delete from ledger_transfers`, `truncate ledger_transfers`,
			`update ledger_entries set amount = 1`, `delete from ledger_entries`,
			`insert into ledger_entries select tenant_id, transfer_id, kind, session_id, amount, balance_after, version + 1 from ledger_entries`,
			`update ledger_accounts set balance = balance + 1`, `delete from ledger_accounts`,
			`insert into ledger_accounts(tenant_id, kind, balance) values (` + id(w) + `, 'adjust', 0)`,
		} {
			do := fmt.Sprintf(`do $do$ begin perform set_config('app.tenant', '%s', true); set local role %s; %s; end $do$`, id(w), role, sql)
			if err := pgtest.Exec(t, w.DSN, do); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s may: %s: %v", role, sql, err)
			}
		}
	}
	if b := w.balance(); b.Available != 5*sms.Credit {
		t.Errorf("the balance is %s", b.Available)
	}
}

// D27, I20: a key is one transfer, however often and at once it is written.
func TestLedgerKeyIsOneTransfer(t *testing.T) {
	w := newSending(t)
	var done atomic.Int64
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			err := w.transfer(sms.Transfer{Kind: sms.TransferTopup, Amount: sms.Credit, Key: "one", Actor: "test", Reason: "test"})
			switch {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, sms.ErrConflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if b := w.balance(); done.Load() != 1 || b.Available != sms.Credit {
		t.Errorf("%d were written; the balance is %s", done.Load(), b.Available)
	}
}

// D27: no transfer reaches another tenant, by its number or by its session.
func TestLedgerCrossTenantIsRefused(t *testing.T) {
	w := newSending(t)
	w.Credits(5 * sms.Credit)
	s := w.submitted(w.Clock.Now(), nil)
	other := w.Other()
	other.Credits(5 * sms.Credit)
	err := w.App.DB.InTenant(t.Context(), other.Tenant.ID, func(tx *postgres.Tx) error {
		return tx.AddTransfer(t.Context(), &sms.Transfer{Kind: sms.TransferReserve, Session: &s.ID, Amount: 1, Key: "steal", Actor: "x", Reason: "x"})
	})
	if err == nil {
		t.Error("a session of another tenant was taken for a transfer")
	}
	steal := fmt.Sprintf(`do $do$ begin perform set_config('app.tenant', '%d', true); set local role tidings_app;
		insert into ledger_transfers(tenant_id, kind, amount, idem_key, actor, reason) values (%s, 'topup', 1, 'steal', 'x', 'x'); end $do$`, other.Tenant.ID, id(w))
	if err := pgtest.Exec(t, w.DSN, steal); err == nil || !strings.Contains(err.Error(), "row-level security") {
		t.Errorf("a transfer for another tenant: %v", err)
	}
	if n := otherSees(t, other, id(w)); n != 0 {
		t.Errorf("%d rows of another tenant can be seen", n)
	}
}

// otherSees counts the rows of a tenant's ledger that another one's transaction sees.
func otherSees(t *testing.T, other *apptest.TheWorld, tenant string) int64 {
	t.Helper()
	var n int64
	for _, table := range []string{"ledger_accounts", "ledger_transfers", "ledger_entries", "reload_requests", "reload_proposals", "validation_switches"} {
		fn := fmt.Sprintf(`create or replace function sees() returns bigint language plpgsql as $fn$ declare n bigint; begin
			perform set_config('app.tenant', '%d', true); set local role tidings_app;
			select count(*) into n from %s where tenant_id = %s; return n; end $fn$`, other.Tenant.ID, table, tenant)
		other.Exec(fn)
		n += pgtest.Value[int64](t, other.DSN, `select sees()`)
	}
	other.Exec(`drop function sees()`)
	return n
}
