-- How messages leave: mark, submit, record, receipts. The mark is the only
-- statement that permits a write to a carrier; it is a function here so that two
-- versions of the program share it.
create sequence worker_seq;
create table workers(
  id bigint primary key default nextval('worker_seq'),
  name text not null default '',
  started_at timestamptz not null default clock_timestamp(),
  buried_at timestamptz);
create index on workers(id) where buried_at is null;
grant select, insert, update on workers to tidings_platform;
grant usage on sequence worker_seq to tidings_platform;

-- Part of a session with one window and one gateway. The counters live here, so
-- that no row is hot; they always add up to last_n - first_n + 1.
create table batches(
  tenant_id bigint not null,
  id bigint generated always as identity,
  session_id bigint not null,
  country text not null,
  gateway_id smallint not null references gateways,
  due_at timestamptz not null,
  not_after timestamptz,                            -- null: no window ends it
  first_n int not null,
  last_n int not null check (last_n >= first_n),
  next_n int not null,                              -- the first message never marked
  pending int not null check (pending >= 0),
  retrying int not null default 0 check (retrying >= 0),
  submitting int not null default 0 check (submitting >= 0),
  accepted int not null default 0 check (accepted >= 0),
  unknown int not null default 0 check (unknown >= 0),
  delivered int not null default 0,
  undelivered int not null default 0,
  rejected int not null default 0,
  suppressed int not null default 0,
  cancelled int not null default 0,
  expired int not null default 0,
  presumed_unsent int not null default 0,
  missed int not null default 0,
  primary key (tenant_id, id),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id),
  constraint counters_add_up check (pending + retrying + submitting + accepted + unknown + delivered
    + undelivered + rejected + suppressed + cancelled + expired + presumed_unsent + missed = last_n - first_n + 1)
) with (fillfactor = 50);
create index on batches(tenant_id, session_id);

-- One text to one person. States: 0 pending, 1 trying again, 2 submitting,
-- 3 accepted, 4 unknown; final: 10 delivered, 11 undelivered, 12 rejected,
-- 13 suppressed, 14 cancelled, 15 expired, 16 presumed unsent, 17 window missed.
create table messages(
  tenant_id bigint not null,
  session_id bigint not null,
  n int not null,
  batch_id bigint not null,
  contact_id uuid,
  number bigint not null,
  number_hash bytea not null,
  country text not null,
  text text not null,
  parts smallint not null check (parts > 0),
  price bigint not null check (price >= 0),
  state smallint not null default 0 check (state in (0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 17)),
  attempts smallint not null default 0,
  tries smallint not null default 0,                -- attempts that count: throttling does not
  first_at timestamptz,                             -- first hand-over
  final_at timestamptz,
  code text,                                        -- the last answer of a carrier
  primary key (tenant_id, session_id, n),
  unique (tenant_id, session_id, number_hash),      -- I1
  foreign key (tenant_id, batch_id) references batches(tenant_id, id)
) with (fillfactor = 70);

-- I8: a final state never changes.
create function keep_final() returns trigger language plpgsql as $$ begin
  if old.state >= 10 and new.state is distinct from old.state then
    raise exception 'message % of session % is final', old.n, old.session_id using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger keep_final before update of state on messages
  for each row when (old.state >= 10) execute function keep_final();

create table retries(                               -- messages in state 1, and when
  tenant_id bigint not null,
  session_id bigint not null,
  n int not null,
  batch_id bigint not null,
  next_at timestamptz not null,
  primary key (tenant_id, session_id, n));
create index on retries(tenant_id, session_id, batch_id, next_at);

-- The journal, written before the wire. Outcome: null in flight, 1 accepted,
-- 2 known not accepted, 3 refused for good, 4 unknown.
create table attempts(
  tenant_id bigint not null,
  session_id bigint not null,
  n int not null,
  attempt smallint not null,
  batch_id bigint not null,
  worker_id bigint not null,
  gateway_id smallint not null,
  marked_at timestamptz not null default clock_timestamp(),
  outcome smallint check (outcome in (1, 2, 3, 4)),
  code text,
  provider_id text,
  ended_at timestamptz,
  primary key (tenant_id, session_id, n, attempt));
create unique index one_live on attempts(tenant_id, session_id, n) where outcome is distinct from 2;  -- I2
create index attempt_provider on attempts(gateway_id, provider_id) where provider_id is not null;
create index attempt_flying on attempts(worker_id) where outcome is null;

create table attempt_parts(                         -- of messages with two parts or more
  tenant_id bigint not null,
  session_id bigint not null,
  n int not null,
  attempt smallint not null,
  part smallint not null,
  gateway_id smallint not null,
  provider_id text not null,
  state smallint not null default 0 check (state in (0, 10, 11)),
  primary key (tenant_id, session_id, n, attempt, part),
  foreign key (tenant_id, session_id, n, attempt) references attempts(tenant_id, session_id, n, attempt) on delete cascade);
create index on attempt_parts(gateway_id, provider_id);

create table unknowns(                              -- attempts with outcome 4, for orphan receipts
  gateway_id smallint not null,
  number bigint not null,
  tenant_id bigint not null,
  session_id bigint not null,
  n int not null,
  attempt smallint not null,
  marked_at timestamptz not null,
  parts_left smallint not null default 0,           -- above 0: settled by a receipt, other parts may follow
  primary key (tenant_id, session_id, n, attempt));
create index on unknowns(gateway_id, number);

create table receipts(                              -- the inbox: acknowledged after commit
  id bigint generated always as identity primary key,
  gateway_id smallint not null references gateways,
  provider_id text not null,
  number bigint not null,
  state smallint not null check (state in (1, 10, 11)),     -- 1 is not final
  code text not null default '',
  done_at timestamptz,
  raw bytea,
  month int not null,                               -- carriers use their ids again
  received_at timestamptz not null default clock_timestamp(),
  applied_at timestamptz,
  look_at timestamptz not null default clock_timestamp(),   -- unmatched ones are looked at again, never deleted
  unique (gateway_id, provider_id, state, month));
create index receipts_new on receipts(look_at) where applied_at is null;
grant select, insert, update on receipts to tidings_platform;

create table inbound(                               -- what people answered
  id bigint generated always as identity primary key,
  gateway_id smallint not null references gateways,
  provider_id text not null default '',
  number bigint not null,
  recipient text not null,
  text text not null,
  received_at timestamptz not null default clock_timestamp(),
  handled_at timestamptz);
create index on inbound(id) where handled_at is null;
grant select, insert, update on inbound to tidings_platform;

select wall('batches'), wall('messages'), wall('retries'), wall('attempts'), wall('attempt_parts'), wall('unknowns');

-- mark_v1 takes the next window of one batch: at most p_limit messages, due
-- retries first. It writes the attempts and returns what may now be written to
-- the wire. Nothing comes back when the worker was buried (a late backend of a
-- dead program), when the session is not sending, or outside the window.
create function mark_v1(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language plpgsql set synchronous_commit = on set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
  v_sender text; b batches; v_to int; v_now timestamptz;
  v_again int[]; v_ns int[]; v_stop int[]; v_fresh int; v_stopped_again int; v_lo int; v_hi int;
begin
  perform 1 from workers w where w.id = p_worker and w.buried_at is null for share;
  if not found then return; end if;
  select s.sender into v_sender from sessions s
    where s.tenant_id = p_tenant and s.id = p_session and s.state = 'sending' and s.started_at is not null
      and (s.kind = 'test' or s.approved_hash = s.content_hash) for share;
  if not found then return; end if;
  select * into b from batches x where x.tenant_id = p_tenant and x.id = p_batch and x.session_id = p_session for update;
  v_now := clock_timestamp();
  if not found or v_now < b.due_at or v_now >= coalesce(b.not_after, 'infinity') then return; end if;

  with due as (select r.n from retries r where r.tenant_id = p_tenant and r.session_id = p_session
      and r.batch_id = p_batch and r.next_at <= v_now order by r.next_at, r.n limit p_limit for update skip locked),
    gone as (delete from retries r using due where r.tenant_id = p_tenant and r.session_id = p_session and r.n = due.n returning r.n)
  select coalesce(array_agg(gone.n order by gone.n), '{}') into v_again from gone;
  v_to := least(b.last_n, b.next_n + (p_limit - cardinality(v_again)) - 1);
  v_ns := v_again || array(select generate_series(b.next_n, v_to));
  -- Every statement below names the range of its numbers as well: that keeps it
  -- on a few pages of the primary key, whatever the planner knows of a table
  -- that was filled a second ago.
  v_lo := (select min(x) from unnest(v_ns) x); v_hi := (select max(x) from unnest(v_ns) x);

  -- I5: asked again at each hand-over.
  select coalesce(array_agg(m.n), '{}') into v_stop from messages m
    where m.tenant_id = p_tenant and m.session_id = p_session and m.n between v_lo and v_hi and m.n = any(v_ns) and m.state in (0, 1)
      and exists (select 1 from suppressions x where x.tenant_id = p_tenant and x.number_hash = m.number_hash);
  if cardinality(v_stop) > 0 then
    update messages m set state = 13, final_at = v_now
      where m.tenant_id = p_tenant and m.session_id = p_session and m.n between v_lo and v_hi and m.n = any(v_stop);
  end if;
  v_stopped_again := (select count(*) from unnest(v_stop) x where x = any(v_again));

  return query
  with u as (update messages m set state = 2, attempts = m.attempts + 1, first_at = coalesce(m.first_at, v_now)
      where m.tenant_id = p_tenant and m.session_id = p_session and m.n between v_lo and v_hi and m.n = any(v_ns) and m.state in (0, 1)
      returning m.n, m.attempts, m.number, m.text, m.parts, m.tries),
    a as (insert into attempts(tenant_id, session_id, n, attempt, batch_id, worker_id, gateway_id, marked_at)
      select p_tenant, p_session, u.n, u.attempts, p_batch, p_worker, b.gateway_id, v_now from u)
  select u.n, u.attempts, u.number, v_sender, u.text, u.parts, u.tries, b.not_after from u order by u.n;
  get diagnostics v_fresh = row_count;

  v_fresh := v_fresh - (cardinality(v_again) - v_stopped_again);
  update batches x set next_n = greatest(x.next_n, v_to + 1),
      pending = x.pending - v_fresh - (cardinality(v_stop) - v_stopped_again),
      retrying = x.retrying - cardinality(v_again),
      suppressed = x.suppressed + cardinality(v_stop),
      submitting = x.submitting + v_fresh + cardinality(v_again) - v_stopped_again
    where x.tenant_id = p_tenant and x.id = p_batch;
end $$;

-- record_v1 writes the answers of one session: outcomes, states, counters and
-- the charge, all or nothing. Replaying it changes and charges nothing: a known
-- answer may correct unknown, never the reverse. It returns how many changed.
-- Sets of the size of a window are joined by hashing, since the planner cannot
-- know how many rows of that size there are.
create function record_v1(p_tenant bigint, p_session bigint, p_flush text, p_n int[], p_attempt smallint[],
  p_outcome smallint[], p_state smallint[], p_counts boolean[], p_code text[], p_provider text[], p_next timestamptz[])
returns int language plpgsql set synchronous_commit = on set plan_cache_mode = force_custom_plan
  set enable_nestloop = off set enable_mergejoin = off as $$
declare
  v_changed int; v_charge bigint; v_cancelled boolean;
  v_lo int := (select min(x) from unnest(p_n) x); v_hi int := (select max(x) from unnest(p_n) x);
begin
  -- What comes back to a cancelled session is not tried again. The share lock
  -- makes a cancellation and this take turns.
  select s.state = 'cancelled' into v_cancelled from sessions s where s.tenant_id = p_tenant and s.id = p_session for share;
  -- Always in the order of n: two of these cannot wait for each other.
  perform 1 from messages m where m.tenant_id = p_tenant and m.session_id = p_session and m.n between v_lo and v_hi and m.n = any(p_n) order by m.n for update;
  with r as (select * from unnest(p_n, p_attempt, p_outcome, p_state, p_counts, p_code, p_provider, p_next)
      as r(n, attempt, outcome, state, counts, code, provider, next_at) order by n),
    done as (update attempts a set outcome = r.outcome, code = r.code, provider_id = coalesce(r.provider, a.provider_id), ended_at = clock_timestamp()
      from r where a.tenant_id = p_tenant and a.session_id = p_session and a.n between v_lo and v_hi and a.n = r.n and a.attempt = r.attempt
        and (a.outcome is null or (a.outcome = 4 and r.outcome <> 4))
      returning a.n, a.attempt, a.batch_id, a.gateway_id, a.marked_at, r.outcome, r.state, r.counts, r.code, r.next_at),
    old as (select m.n, m.state, m.number, m.price, d.batch_id, d.outcome,
        case when d.state = 1 and v_cancelled then 14 else d.state end as new_state, d.counts, d.code, d.next_at, d.attempt, d.gateway_id, d.marked_at
      from messages m join done d on m.n = d.n where m.tenant_id = p_tenant and m.session_id = p_session and m.n between v_lo and v_hi),
    moved as (update messages m set state = old.new_state, code = coalesce(old.code, m.code),
        tries = m.tries + case when old.counts then 1 else 0 end,
        final_at = case when old.new_state >= 10 then clock_timestamp() end
      from old where m.tenant_id = p_tenant and m.session_id = p_session and m.n between v_lo and v_hi and m.n = old.n and m.state in (2, 4)),
    again as (insert into retries(tenant_id, session_id, n, batch_id, next_at)
      select p_tenant, p_session, old.n, old.batch_id, old.next_at from old where old.new_state = 1),
    lost as (insert into unknowns(gateway_id, number, tenant_id, session_id, n, attempt, marked_at)
      select old.gateway_id, old.number, p_tenant, p_session, old.n, old.attempt, old.marked_at from old where old.outcome = 4),
    found as (delete from unknowns x using old where x.tenant_id = p_tenant and x.session_id = p_session
      and x.n = old.n and x.attempt = old.attempt and old.outcome <> 4),
    sums as (select old.batch_id, count(*) filter (where old.state = 2) as was_submitting, count(*) filter (where old.state = 4) as was_unknown,
        count(*) filter (where new_state = 1) as retrying, count(*) filter (where new_state = 3) as accepted,
        count(*) filter (where new_state = 4) as unknown, count(*) filter (where new_state = 11) as undelivered,
        count(*) filter (where new_state = 12) as rejected, count(*) filter (where new_state = 14) as cancelled from old group by 1),
    held as (select b.id from batches b join sums s on b.tenant_id = p_tenant and b.id = s.batch_id order by b.id for update of b),
    counted as (update batches b set submitting = b.submitting - s.was_submitting, unknown = b.unknown - s.was_unknown + s.unknown,
        retrying = b.retrying + s.retrying, accepted = b.accepted + s.accepted, undelivered = b.undelivered + s.undelivered,
        rejected = b.rejected + s.rejected, cancelled = b.cancelled + s.cancelled
      from sums s join held on held.id = s.batch_id where b.tenant_id = p_tenant and b.id = s.batch_id)
  select count(*), coalesce(sum(old.price) filter (where old.outcome = 1), 0) into v_changed, v_charge from old;
  if v_charge > 0 then
    insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason)
      values (p_tenant, 'capture', p_session, v_charge, 'capture:' || p_flush || ':' || p_session, 'Tidings', 'accepted by the operator');
  end if;
  return v_changed;
end $$;
grant execute on function mark_v1, record_v1 to tidings_platform;
revoke execute on function mark_v1, record_v1 from public;
