package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Broken is an invariant that does not hold, with a few of the rows that show it.
type Broken struct {
	Rule string // "I13"
	Says string // what must hold
	Rows []string
}

// Check runs every invariant as a query that must return no row, and returns
// those that do.
func (p *PlatformTx) Check(ctx context.Context) ([]Broken, error) {
	var out []Broken
	for _, c := range invariants {
		rows, err := p.tx.Query(ctx, `select row_to_json(x)::text from (`+c.query+` limit 5) x`)
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.rule, err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("check %s: %w", c.rule, err)
		}
		if len(got) > 0 {
			out = append(out, Broken{Rule: c.rule, Says: c.says, Rows: got})
		}
	}
	return out, nil
}

// Invariants lists the rules that Check looks at.
func Invariants() []string {
	var out []string
	for _, c := range invariants {
		out = append(out, c.rule)
	}
	return out
}

type invariant struct{ rule, says, query string }

var invariants = []invariant{
	{"I1", "one message per person and session", `
		select tenant_id, session_id, number_hash, count(*) from messages group by 1, 2, 3 having count(*) > 1`},
	{"I2", "at most one live attempt per message", `
		select tenant_id, session_id, n, count(*) from journal where outcome is distinct from 2 group by 1, 2, 3 having count(*) > 1`},
	{"I2", "no message is handed over for the first time twice", `
		select tenant_id, batch_id, first_n from (select *, lag(last_n) over (partition by tenant_id, batch_id order by first_n) as before from windows) w
		where before >= first_n`},
	{"I3", "nothing leaves before approval, and nothing but what was approved", `
		select a.tenant_id, a.session_id, a.n from journal a join sessions s on s.tenant_id = a.tenant_id and s.id = a.session_id
		where s.kind = 'campaign' and (s.approved_at is null or a.marked_at < s.approved_at or s.approved_hash is distinct from s.content_hash)`},
	{"I4", "nothing leaves outside its window", `
		select a.tenant_id, a.session_id, a.n from journal a join messages m on m.tenant_id = a.tenant_id and m.session_id = a.session_id and m.n = a.n
		join batches b on b.tenant_id = m.tenant_id and b.id = m.batch_id where a.marked_at < b.due_at or a.marked_at >= b.not_after`},
	{"I5", "nothing leaves to a number later than two seconds after it was suppressed", `
		select a.tenant_id, a.session_id, a.n from journal a join messages m on m.tenant_id = a.tenant_id and m.session_id = a.session_id and m.n = a.n
		join suppressions x on x.tenant_id = m.tenant_id and x.number_hash = m.number_hash where a.marked_at > x.created_at + interval '2 seconds'`},
	{"I7", "every attempt in flight has a live worker", `
		select a.tenant_id, a.session_id, a.n, a.worker_id from flights a left join workers w on w.id = a.worker_id
		where w.id is null or w.buried_at is not null`},
	{"I8", "no message is being submitted for more than five minutes", `
		select tenant_id, session_id, n from flights where marked_at < clock_timestamp() - interval '5 minutes'`},
	{"I8", "every message is final an hour after what its route allows (49 hours) after its last attempt, but for those that wait for a person", `
		select m.tenant_id, m.session_id, m.n from messages m join attempts a on a.tenant_id = m.tenant_id and a.session_id = m.session_id
		and a.n = m.n and a.attempt = m.attempts join gateways g on g.id = a.gateway_id
		where (m.state = 3 and a.marked_at < clock_timestamp() - make_interval(hours => 1 + greatest(g.retry_hours, g.validity_hours)))
			or (m.state = 4 and a.marked_at < clock_timestamp() - interval '49 hours' and g.on_unknown <> 'operator')`},
	{"I8", "what waits to be tried again is in the list of retries, and only that", `
		select coalesce(m.tenant_id, r.tenant_id) as tenant_id, coalesce(m.session_id, r.session_id) as session_id, coalesce(m.n, r.n) as n
		from (select * from messages where state = 1) m full join retries r
		on r.tenant_id = m.tenant_id and r.session_id = m.session_id and r.n = m.n where m.n is null or r.n is null`},
	{"I9", "what is in flight is counted by its window, and what is marked is in one", `
		select b.tenant_id, b.id from batches b where b.submitting <> (select coalesce(sum(w.open), 0) from windows w where w.tenant_id = b.tenant_id and w.batch_id = b.id)
			+ (select count(*) from messages m where m.tenant_id = b.tenant_id and m.session_id = b.session_id and m.n between b.first_n and b.last_n and m.state = 2)`},
	{"I8", "the database keeps final states as they are", `
		select 'keep_final' as trigger where not exists (select 1 from pg_trigger g
			where g.tgrelid = 'messages'::regclass and g.tgname = 'keep_final' and g.tgenabled in ('O', 'A'))`},
	{"I9", "accepted means exactly one accepted attempt; kept back means none that may have arrived", `
		select m.tenant_id, m.session_id, m.n, m.state from messages m
		left join lateral (select count(*) filter (where a.outcome = 1) as yes, count(*) filter (where a.outcome = 4) as maybe,
			count(*) filter (where a.outcome is null) as flying from attempts a
			where a.tenant_id = m.tenant_id and a.session_id = m.session_id and a.n = m.n) a on true
		where (m.state in (3, 10, 15) and a.yes <> 1) or (m.state in (0, 1, 13, 14, 17) and (a.yes > 0 or a.maybe > 0 or a.flying > 0))
			or (m.state in (11, 12) and (a.maybe > 0 or a.flying > 0)) or (m.state = 12 and a.yes > 0)
			or (m.state = 2 and a.flying <> 1) or (m.state in (4, 16) and a.maybe <> 1)`},
	{"I10", "what a receipt speaks of was accepted", `
		select r.id, a.tenant_id, a.session_id, a.n from receipts r join attempts a on a.gateway_id = r.gateway_id and a.provider_id = r.provider_id
		join messages m on m.tenant_id = a.tenant_id and m.session_id = a.session_id and m.n = a.n and m.number = r.number
		where r.applied_at is not null and a.resend_id is null and (a.outcome is null or a.outcome in (2, 3) or m.state not in (3, 4, 10, 11, 15, 16))`},
	{"I12", "every receipt that is an hour old has found its message", `
		select id, provider_id from receipts where applied_at is null and look_at <> 'infinity' and received_at < clock_timestamp() - interval '1 hour'`},
	{"I13", "the counters of a batch are the counts of its messages", `
		select b.tenant_id, b.id from batches b join lateral (select count(*) filter (where state = 0 and n >= b.next_n) as s0,
			count(*) filter (where state = 1) as s1, count(*) filter (where state = 2 or state = 0 and n < b.next_n) as s2, count(*) filter (where state = 3) as s3, count(*) filter (where state = 4) as s4,
			count(*) filter (where state = 10) as s10, count(*) filter (where state = 11) as s11, count(*) filter (where state = 12) as s12,
			count(*) filter (where state = 13) as s13, count(*) filter (where state = 14) as s14, count(*) filter (where state = 15) as s15,
			count(*) filter (where state = 16) as s16, count(*) filter (where state = 17) as s17
			from messages m where m.tenant_id = b.tenant_id and m.session_id = b.session_id and m.n between b.first_n and b.last_n) c on true
		where (pending, retrying, submitting, accepted, unknown, delivered, undelivered, rejected, suppressed, cancelled, expired, presumed_unsent, missed)
			is distinct from (s0, s1, s2, s3, s4, s10, s11, s12, s13, s14, s15, s16, s17)`},
	{"I14", "a balance is the sum of its entries, each with the running sum", `
		select a.tenant_id, a.kind, a.session_id from ledger_accounts a left join lateral (
			select sum(amount) as total, count(*) as entries, max(version) as version from ledger_entries e
			where e.tenant_id = a.tenant_id and e.kind = a.kind and e.session_id = a.session_id) e on true
		where a.balance <> coalesce(e.total, 0) or a.version <> coalesce(e.entries, 0) or a.version <> coalesce(e.version, 0)
		union all
		select tenant_id, kind, session_id from (select *, sum(amount) over (partition by tenant_id, kind, session_id order by version) as running
			from ledger_entries) e where running <> balance_after`},
	{"I15", "nothing is made or lost: all accounts sum to zero, every transfer has two entries that do", `
		select 'accounts' as what, tenant_id, sum(balance) as difference from ledger_accounts group by 2 having sum(balance) <> 0
		union all
		select 'transfer', t.tenant_id, t.id from ledger_transfers t left join ledger_entries e on e.tenant_id = t.tenant_id and e.transfer_id = t.id
		group by 2, 3 having count(e.*) <> 2 or sum(e.amount) <> 0`},
	{"I16", "no account is below its floor", `
		select tenant_id, kind, session_id, balance from ledger_accounts where kind in ('available', 'reserved') and balance < 0`},
	{"I17", "set aside = charged + returned + still set aside; nothing is left when a session is settled", `
		select s.tenant_id, s.id from sessions s cross join lateral (select
			coalesce(sum(amount) filter (where kind = 'reserve'), 0) as reserved, coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured,
			coalesce(sum(amount) filter (where kind = 'release'), 0) as released from ledger_transfers t
			where t.tenant_id = s.tenant_id and t.session_id = s.id) t
		left join ledger_accounts a on a.tenant_id = s.tenant_id and a.kind = 'reserved' and a.session_id = s.id
		where reserved <> captured + released + coalesce(a.balance, 0) or (s.settled_at is not null and coalesce(a.balance, 0) <> 0)`},
	{"I18", "charged = the prices of the messages that were accepted", `
		select s.tenant_id, s.id from sessions s
		left join (select m.tenant_id, m.session_id, sum(m.price) as due from messages m
			where exists (select 1 from attempts a where a.tenant_id = m.tenant_id and a.session_id = m.session_id and a.n = m.n and a.outcome = 1)
			group by 1, 2) d on d.tenant_id = s.tenant_id and d.session_id = s.id
		left join (select tenant_id, session_id, sum(amount) as captured from ledger_transfers where kind = 'capture' group by 1, 2) c
			on c.tenant_id = s.tenant_id and c.session_id = s.id
		where coalesce(d.due, 0) <> coalesce(c.captured, 0)`},
	{"I19", "the price of a message is its parts by the price pinned for its country", `
		select m.tenant_id, m.session_id, m.n from messages m join sessions s on s.tenant_id = m.tenant_id and s.id = m.session_id
		where m.price is distinct from m.parts * (s.prices ->> m.country)::bigint`},
	{"I20", "a transfer's key is used once", `
		select tenant_id, idem_key from ledger_transfers group by 1, 2 having count(*) > 1`},
	{"I21", "every reload by hand has its audit entry", `
		select t.tenant_id, t.id from ledger_transfers t where t.actor_id is not null and t.kind in ('topup', 'gift', 'correct_up', 'correct_down', 'expire')
		and not exists (select 1 from audit a where a.tenant_id = t.tenant_id and a.deed = 'reload_credits' and a.object = 'transfer ' || t.id)`},
	{"I21", "the ledger and the audit can only grow", `
		select c.relname, t.trigger as missing from pg_class c cross join (values ('append_only'), ('no_truncate')) t(trigger)
			where c.oid in ('ledger_transfers'::regclass, 'ledger_entries'::regclass, 'audit'::regclass) and not exists (select 1 from pg_trigger g
				where g.tgrelid = c.oid and g.tgname = t.trigger and g.tgenabled in ('O', 'A'))
		union all
		select r.role || ' may ' || p.privilege, t.name from (values ('tidings_app'), ('tidings_platform')) r(role)
			cross join (values ('ledger_transfers'), ('ledger_entries'), ('ledger_accounts'), ('audit')) t(name)
			cross join (values ('insert'), ('update'), ('delete'), ('truncate')) p(privilege)
			where has_table_privilege(r.role, t.name, p.privilege) and not (p.privilege = 'insert' and t.name in ('ledger_transfers', 'audit'))`},
	{"D20", "the people of a list are counted right", `
		select l.tenant_id, l.id, l.people, m.n from lists l
		left join lateral (select count(*) as n from list_members m where m.tenant_id = l.tenant_id and m.list_id = l.id) m on true
		where l.people <> m.n`},
	{"D36", "every row of an imported file is accounted for, once", `
		select tenant_id, id, rows from imports where state = 'done'
		and rows <> fresh + changed + same + duplicate + opted_out + invalid`},
	{"I22", "every tenant table is walled: forced row-level security with both checks, composite foreign keys, roles without privilege", `
		select c.relname as what, 'row-level security' as missing from pg_class c join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and t.attnum > 0
			where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
		union all
		select c.relname, 'policy ' || r.role from pg_class c join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id' and t.attnum > 0
			cross join (values ('tidings_app')) r(role)
			where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not exists (select 1 from pg_policy p
				where p.polrelid = c.oid and r.role::regrole = any(p.polroles) and p.polqual is not null and p.polwithcheck is not null)
		union all
		select k.conrelid::regclass::text, k.conname from pg_constraint k
			join pg_attribute t on t.attrelid = k.conrelid and t.attname = 'tenant_id'
			join pg_attribute f on f.attrelid = k.confrelid and f.attname = 'tenant_id'
			where k.contype = 'f' and k.connamespace = 'public'::regnamespace and not t.attnum = any(k.conkey)
		union all
		select c.relname, 'owned by a role of the program' from pg_class c
			where c.relnamespace = 'public'::regnamespace and c.relowner in ('tidings_app'::regrole, 'tidings_platform'::regrole)
		union all
		select c.relname, 'view without security_invoker' from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
			and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e')
			and not coalesce(c.reloptions @> array['security_invoker=true'] or c.reloptions @> array['security_invoker=on'], false)
		union all
		select f.proname, 'search_path of a function with the rights of its owner' from pg_proc f where f.pronamespace = 'public'::regnamespace
			and f.prosecdef and not exists (select 1 from pg_depend d where d.objid = f.oid and d.deptype = 'e') and not coalesce(array_to_string(f.proconfig, ',') ~ '(^|,)search_path=', false)
		union all
		select rolname, 'role with privilege' from pg_roles where rolname in ('tidings_app', 'tidings_platform') and (rolsuper or rolbypassrls)`},
}

// String shows the rule and its rows, for the terminal.
func (b Broken) String() string {
	return b.Rule + ": " + b.Says + "\n    " + strings.Join(b.Rows, "\n    ")
}
