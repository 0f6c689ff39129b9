package postgres_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tidings/internal/app/apptest"
	"tidings/internal/postgres"
	"tidings/internal/sms"
)

// breaches are the ways to break each rule that the database keeps, as SQL of
// its owner. Where a constraint stands in the way it is taken away first: the
// question must see the breach without its help.
var breaches = []struct{ rule, sql string }{
	{"I1", `alter table messages drop constraint one_message_per_person;
		update messages set number_hash = (select number_hash from messages where n = 1) where n = 5`},
	{"I2", `alter table attempts drop constraint one_live, disable trigger attempt_follows; insert into attempts(tenant_id, session_id, n, attempt, worker_id, gateway_id, outcome)
		select tenant_id, session_id, n, 2, worker_id, gateway_id, 4 from attempts where n = 1`},
	{"I2", `alter table windows drop constraint one_window; insert into windows select tenant_id, batch_id, 2, 2, session_id, worker_id, gateway_id, marked_at, 0 from windows where first_n = 1`},
	{"I3", `update sessions set approved_at = clock_timestamp() + interval '1 day'`},
	{"I3", `alter table sessions drop constraint approved_before_sending; update sessions set content_hash = 'edited'`},
	{"I4", `update batches set due_at = clock_timestamp() + interval '1 hour'`},
	{"I4", `update batches set not_after = due_at`},
	{"I5", `insert into suppressions(tenant_id, number_hash, kind, source, created_at)
		select tenant_id, number_hash, 'opted_out', 'STOP', clock_timestamp() - interval '1 hour' from messages where n = 5`},
	{"I7", `update workers set buried_at = clock_timestamp()`},
	{"I8", `update windows set marked_at = clock_timestamp() - interval '6 minutes' where first_n = 5`},
	{"I8", `update attempts set marked_at = clock_timestamp() - interval '50 hours' where n = 3`},
	{"I8", `delete from retries`},
	{"I8", `drop trigger keep_final on messages`},
	{"I9", `update attempts set outcome = 2 where n = 1`},
	{"I9", `update attempts set outcome = 1 where n = 2`},
	{"I9", `update attempts set outcome = 2 where n = 3`},
	{"I9", `update attempts set outcome = 4 where n = 4`},
	{"I9", `update windows set open = 0`},
	{"I10", `alter table messages disable trigger keep_final; update messages set state = 14 where n = 1`},
	{"I12", `insert into receipts(gateway_id, provider_id, number, state, month, received_at)
		select id, 'stranger', 33600000000, 10, 0, clock_timestamp() - interval '2 hours' from gateways`},
	{"I13", `update batches set pending = pending - 1, delivered = delivered + 1`},
	{"I14", `update ledger_accounts set balance = balance + 1 where kind = 'available'`},
	{"I14", `alter table ledger_entries disable trigger append_only; update ledger_entries set balance_after = balance_after + 1`},
	{"I15", `alter table ledger_transfers disable trigger ledger_apply;
		insert into ledger_transfers(tenant_id, kind, amount, idem_key, actor, reason) select tenant_id, 'topup', 1, 'lost', 'x', 'x' from sessions`},
	{"I15", `update ledger_accounts set balance = balance + 1 where kind = 'available'`},
	{"I16", `alter table ledger_accounts drop constraint enough_credits; update ledger_accounts set balance = -1 where kind = 'available'`},
	{"I17", `update sessions set settled_at = clock_timestamp()`},
	{"I18", `insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason)
		select tenant_id, 'capture', id, 1, 'twice', 'x', 'x' from sessions`},
	{"I19", `update messages set price = price + 1 where n = 5`},
	{"I20", `alter table ledger_transfers drop constraint ledger_transfers_tenant_id_idem_key_key;
		insert into ledger_transfers(tenant_id, kind, amount, idem_key, actor, reason) select tenant_id, 'topup', 1, idem_key, 'x', 'x' from ledger_transfers where kind = 'topup'`},
	{"I21", `insert into ledger_transfers(tenant_id, kind, amount, idem_key, actor, actor_id, reason)
		select tenant_id, 'topup', 1, 'silent', 'x', gen_random_uuid(), 'x' from sessions`},
	{"I21", `alter table ledger_entries disable trigger append_only`},
	{"I21", `drop trigger no_truncate on audit`},
	{"I21", `grant update on ledger_accounts to tidings_platform`},
	{"D20", `delete from list_members where contact_id = (select contact_id from list_members limit 1)`},
	{"D36", `insert into imports(tenant_id, id, state, file_name, rows, fresh) select id, gen_random_uuid(), 'done', 'x.csv', 3, 2 from tenants`},
	{"I22", `create table loose(tenant_id bigint)`},
	{"I22", `alter table messages no force row level security`},
	{"I22", `drop policy tenant on attempts`},
	{"I22", `alter table lists add unique (id); create table child(tenant_id bigint, list_id uuid references lists(id)); select wall('child')`},
	{"I22", `create view peep as select * from messages`},
	{"I22", `create function peep() returns bigint language sql security definer as 'select 1::bigint'`},
	{"I22", `alter table gateways owner to tidings_platform`},
}

// TestCheckSeesEveryBreach: I1–I5, I7–I10, I12–I22, D20, D36. A clean database passes;
// whoever breaks a rule is found out, by that rule's name.
func TestCheckSeesEveryBreach(t *testing.T) {
	w := apptest.OwnWorld(t)
	underWay(t, w)
	w.Check(t)
	conn, err := pgx.Connect(t.Context(), w.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, x := range breaches {
		if !slices.Contains(brokenBy(t, conn, x.sql), x.rule) {
			t.Errorf("%s was not seen to be broken by: %s", x.rule, x.sql)
		}
	}
	for _, rule := range postgres.Invariants() {
		if !strings.Contains(" "+rulesBroken()+" ", " "+rule+" ") {
			t.Errorf("nothing here breaks %s", rule)
		}
	}
	for _, rule := range strings.Fields("I1 I2 I3 I4 I5 I7 I8 I9 I10 I12 I13 I14 I15 I16 I17 I18 I20 I21 I22") {
		if !slices.Contains(postgres.Invariants(), rule) {
			t.Errorf("%s is not asked", rule)
		}
	}
}

// The largest statements meet tables that Postgres does not know yet: right after a start, or of a session that has
// just begun. They must not compare every message with every other row of the session (D26: cancelling the rest ran
// into the time limit, and the rest left).
func TestPlansWithoutStatistics(t *testing.T) {
	w := apptest.OwnWorld(t)
	conn, err := pgx.Connect(t.Context(), w.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	statements := postgres.Questions()
	statements["cancel"] = strings.NewReplacer("$1", "1", "$2", "1", "$3", "1").Replace(postgres.CancelBatch)
	statements["expire"] = strings.NewReplacer("$1", "1", "$2", "1", "$3", "1", "$4", "now()", "$5", "now()", "$6", "5000").Replace(postgres.ExpireBatch)
	each := regexp.MustCompile(`Join Filter: .*\.n = \w+\.n\b`)
	for name, sql := range statements {
		rows, err := conn.Query(t.Context(), "explain "+sql)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(plan, "\n"); each.MatchString(all) {
			t.Errorf("%s compares each with each:\n%s", name, all)
		}
	}
}

func rulesBroken() string {
	var out []string
	for _, x := range breaches {
		out = append(out, x.rule)
	}
	return strings.Join(out, " ")
}

// brokenBy breaks something, asks which rules do not hold, and puts it right again.
func brokenBy(t *testing.T, conn *pgx.Conn, breach string) []string {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(t.Context(), breach); err != nil {
		t.Fatalf("%s: %v", breach, err)
	}
	broken, err := postgres.CheckIn(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, b := range broken {
		rules = append(rules, b.Rule)
	}
	return rules
}

// underWay makes a session in which a message is in each place: 1 delivered,
// 2 trying again, 3 unknown, 4 refused, 5 in flight, 6 not sent yet.
func underWay(t *testing.T, w *apptest.TheWorld) {
	t.Helper()
	w.Credits(100 * sms.Credit)
	w.Exec(`do $do$
	declare t bigint; s bigint; b bigint; g smallint; w bigint; c uuid := gen_random_uuid();
	begin
		select id into t from tenants;
		insert into gateways(name, kind) values ('smpp', 'smpp') returning id into g;
		insert into campaigns(tenant_id, id, name, created_by, updated_by) values (t, c, 'Check', c, c);
		insert into sessions(tenant_id, campaign_id, kind, number, state, name, message_kind, sender, text, mode, starts_at, people, parts, price, prices,
				content_hash, approved_hash, approved_at, started_at, token)
			values (t, c, 'campaign', 1, 'sending', 'Check', 'service', 'NORDFARE', 'Hello', 'now', clock_timestamp(), 6, 6, 6000, '{"FR": 1000}',
				'hash', 'hash', clock_timestamp(), clock_timestamp(), 'check-check-check') returning id into s;
		insert into batches(tenant_id, session_id, country, gateway_id, due_at, first_n, last_n, next_n, pending)
			values (t, s, 'FR', g, clock_timestamp(), 1, 6, 1, 6) returning id into b;
		insert into messages(tenant_id, session_id, n, batch_id, number, number_hash, country, text, parts, price)
			select t, s, i, b, 33600000000 + i, int4send(i), 'FR', 'Hello', 1, 1000 from generate_series(1, 6) i;
		insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason) values (t, 'reserve', s, 6000, 'reserve', 'test', 'test');
		insert into workers(name) values ('test') returning id into w;
		perform mark_v6(w, t, s, b, g, 4, clock_timestamp());
		perform record_v3(t, s, 'flush', array[1, 2, 3, 4], array[1, 1, 1, 1]::smallint[], array[1, 2, 4, 3]::smallint[], array[3, 1, 4, 12]::smallint[],
			array[true, true, true, true], array[null, 'busy', null, 'no'], array['p1', null, null, null], array[null, clock_timestamp() + interval '1 hour', null, null]);
		perform mark_v6(w, t, s, b, g, 1, clock_timestamp());
		update messages set state = 10 where n = 1;
		update batches set accepted = accepted - 1, delivered = delivered + 1;
		insert into receipts(gateway_id, provider_id, number, state, month, applied_at) values (g, 'p1', 33600000001, 10, 0, clock_timestamp());
	end $do$`)
}
