-- A window is what is marked. One row, written before the wire, says which
-- messages of a batch a worker has handed over; what became of each is written
-- once, as its attempt, when the answer comes. A message that is first handed
-- over is not touched for it: in flight is what waits (0) before next_n of its
-- batch. What is tried again is marked one by one, as before: its message says so
-- (2), and its attempt is there without an outcome.
--
-- Two locks of a batch keep its messages where they are. Who hands over, or keeps
-- back, what waits holds its row. Who changes what was handed over holds its
-- outcomes, an advisory lock: marks do not wait for records, and the row is locked
-- only to count. The order is session, outcomes by session and id, rows.
drop function mark_v1, mark_v2, mark_v4, mark_v5, record_v1, record_v2;

create function hold_outcomes(p_batches bigint[]) returns void language plpgsql as $$ begin
  perform pg_advisory_xact_lock(79, (x.id & 2147483647)::int) from unnest(p_batches) x(id);
end $$;

create table windows(
  tenant_id bigint not null,
  batch_id bigint not null,
  first_n int not null,
  last_n int not null check (last_n >= first_n),
  session_id bigint not null,
  worker_id bigint not null,
  gateway_id smallint not null,
  marked_at timestamptz not null,
  open int not null check (open >= 0),              -- handed over, and no outcome is known
  primary key (tenant_id, batch_id, first_n),
  foreign key (tenant_id, batch_id) references batches(tenant_id, id),
  -- I2: a message is handed over for the first time once.
  constraint one_window exclude using gist (int8range(batch_id * 2147483648 + first_n, batch_id * 2147483648 + last_n, '[]') with &&)
) with (fillfactor = 50);
create index windows_open on windows(worker_id) where open > 0;
select wall('windows');
insert into windows(tenant_id, batch_id, first_n, last_n, session_id, worker_id, gateway_id, marked_at, open)
  select tenant_id, id, first_n, next_n - 1, session_id, 0, gateway_id, due_at, 0 from batches where next_n > first_n;

-- An attempt has a place of its own when it is known that it was not accepted;
-- any other has place 0, of which there is one (I2).
alter table attempt_parts drop constraint attempt_parts_tenant_id_session_id_n_attempt_fkey,
  add foreign key (tenant_id, session_id, n) references messages(tenant_id, session_id, n);
drop index one_live;
alter table attempts drop constraint attempts_pkey, drop column batch_id, drop column ended_at,
  add column place smallint generated always as (case when outcome = 2 then attempt else 0::smallint end) stored,
  add constraint one_live primary key (tenant_id, session_id, n, place);

-- I2: whoever is tried again was not accepted before.
create function attempt_follows() returns trigger language plpgsql as $$ begin
  if not exists (select from attempts a where a.tenant_id = new.tenant_id and a.session_id = new.session_id and a.n = new.n
      and a.place = new.attempt - 1) then
    raise exception 'attempt % of message % of session % follows none that failed', new.attempt, new.n, new.session_id using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger attempt_follows before insert on attempts for each row when (new.attempt > 1) execute function attempt_follows();

-- Attempts in flight: the first ones by their windows, later ones by their rows.
create view flights with (security_invoker = true) as
  select w.tenant_id, w.session_id, m.n, 1::smallint as attempt, w.worker_id, w.gateway_id, w.marked_at, m.number
    from windows w cross join lateral (select m.n, m.number from messages m where m.tenant_id = w.tenant_id and m.session_id = w.session_id
      and m.n between w.first_n and w.last_n and m.state = 0 offset 0) m
    where w.open > 0
  union all
  select a.tenant_id, a.session_id, a.n, a.attempt, a.worker_id, a.gateway_id, a.marked_at, m.number
    from attempts a cross join lateral (select m.number from messages m where m.tenant_id = a.tenant_id and m.session_id = a.session_id
      and m.n = a.n limit 1) m
    where a.outcome is null;
-- Everything that was ever handed over.
create view journal with (security_invoker = true) as
  select tenant_id, session_id, n, attempt, worker_id, gateway_id, marked_at, outcome, provider_id, resend_id from attempts where outcome is not null
  union all
  select tenant_id, session_id, n, attempt, worker_id, gateway_id, marked_at, null, null, null from flights;
grant select on flights, journal to tidings_app, tidings_platform;

-- I8, after the update: a trigger before it locks each message for itself.
drop trigger keep_final on messages;
create trigger keep_final after update of state on messages
  for each row when (old.state >= 10 and new.state is distinct from old.state) execute function keep_final();

-- The inbox is a log. Only what waits for its message is looked up and told from
-- what is there; a receipt that has found its message is found by nobody.
alter table receipts drop constraint receipts_once, drop constraint receipts_pkey, drop constraint receipts_gateway_id_fkey,
  alter column look_at drop not null, alter column id drop identity, alter column id drop not null;
create sequence receipt_seq owned by receipts.id;
select setval('receipt_seq', (select coalesce(max(id), 0) + 1 from receipts));
alter table receipts alter column id set default nextval('receipt_seq'), add check (applied_at is not null or (id is not null and look_at is not null));
grant usage on sequence receipt_seq to tidings_platform;
create unique index receipts_once on receipts(gateway_id, provider_id, number, state, month) where applied_at is null;
create unique index receipts_waiting on receipts(id) where applied_at is null;

-- mark_v6 takes the next window of one batch for a worker and a gateway: due
-- retries first, then whoever follows. It gives what may now be written to the
-- wire, and nothing when the route is not on, the clocks differ (I26), the worker
-- was buried (a late backend of a dead program), the session is not sending what
-- was approved, a stop holds, the database is another (I25), or outside the window.
create function mark_v6(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_gateway smallint, p_limit int, p_clock timestamptz)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language plpgsql set synchronous_commit = on set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_sender text; b batches; v_now timestamptz; v_to int; v_again int[] := '{}'; v_stop int[]; v_stopped int := 0; v_first int := 0; v_given int;
begin
  -- A stop of the route and this take turns; it comes first, and who stops a route locks no batch.
  perform 1 from gateways g where g.id = p_gateway and g.state = 'on' for share;
  if not found then return; end if;
  if abs(extract(epoch from clock_timestamp() - p_clock)) > 2 then return; end if;
  perform 1 from workers w where w.id = p_worker and w.buried_at is null for share;
  if not found then return; end if;
  select s.sender into v_sender from sessions s
    where s.tenant_id = p_tenant and s.id = p_session and s.state = 'sending' and s.started_at is not null
      and (s.kind = 'test' or s.approved_hash = s.content_hash) for share;
  if not found then return; end if;
  select * into b from batches x where x.tenant_id = p_tenant and x.id = p_batch and x.session_id = p_session for update;
  if not found or b.gateway_id <> p_gateway then return; end if;
  -- A stop takes this lock alone: it waits for the marks that are under way, and
  -- none goes on before its commit. It locks nothing else that is locked here.
  perform pg_advisory_xact_lock_shared(78, 0);
  if not same_incarnation() then return; end if;
  perform 1 from stops k where k.lifted_at is null
    and (k.scope = 'all' or k.tenant = p_tenant or k.gateway_id = b.gateway_id or k.country = b.country or k.sender = lower(v_sender));
  if found then return; end if;
  v_now := clock_timestamp();
  if v_now < b.due_at or v_now >= coalesce(b.not_after, 'infinity') then return; end if;

  -- I5: suppressions are asked again at each hand-over.
  if b.retrying > 0 then
    select coalesce(array_agg(d.n order by d.n), '{}') into v_again from (select r.n from retries r
      where r.tenant_id = p_tenant and r.session_id = p_session and r.batch_id = p_batch and r.next_at <= v_now
      order by r.next_at, r.n limit p_limit) d;
    delete from retries r using (select q.place from unnest(v_again) a(n)
      cross join lateral (select q.ctid as place from retries q where q.tenant_id = p_tenant and q.session_id = p_session and q.n = a.n limit 1) q) q
      where r.ctid = q.place;
    with r as materialized (select m.place from unnest(v_again) r(n)
        cross join lateral (select m.ctid as place, m.number_hash from messages m
          where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n and m.state = 1 limit 1) m
        where (select true from suppressions x where x.tenant_id = p_tenant and x.number_hash = m.number_hash limit 1)),
      u as (update messages m set state = 13, final_at = v_now from r where m.ctid = r.place returning 1)
    select count(*) into v_stopped from u;
  end if;
  v_to := least(b.last_n, b.next_n + (p_limit - cardinality(v_again)) - 1);
  if v_to >= b.next_n then
    v_first := v_to - b.next_n + 1;
    select coalesce(array_agg(m.n), '{}') into v_stop from messages m
      where m.tenant_id = p_tenant and m.session_id = p_session and m.n between b.next_n and v_to
        and (select true from suppressions x where x.tenant_id = p_tenant and x.number_hash = m.number_hash limit 1);
    if cardinality(v_stop) > 0 then
      update messages m set state = 13, final_at = v_now
        where m.tenant_id = p_tenant and m.session_id = p_session and m.n between b.next_n and v_to and m.n = any(v_stop);
    end if;
    insert into windows(tenant_id, batch_id, first_n, last_n, session_id, worker_id, gateway_id, marked_at, open)
      values (p_tenant, p_batch, b.next_n, v_to, p_session, p_worker, p_gateway, v_now, v_first - cardinality(v_stop));
  end if;

  -- Each message to try again is found by its primary key, and then by its place
  -- (ctid), whatever the planner knows of a table that was filled a second ago.
  if cardinality(v_again) > 0 then
    return query
    with r as materialized (select m.place from unnest(v_again) r(n)
        cross join lateral (select m.ctid as place from messages m
          where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n and m.state = 1 limit 1) m),
      u as (update messages m set state = 2, attempts = m.attempts + 1 from r where m.ctid = r.place
        returning m.n, m.attempts, m.number, m.text, m.parts, m.tries),
      a as (insert into attempts(tenant_id, session_id, n, attempt, worker_id, gateway_id, marked_at)
        select p_tenant, p_session, u.n, u.attempts, p_worker, p_gateway, v_now from u)
    select u.n, u.attempts, u.number, v_sender, u.text, u.parts, u.tries, b.not_after from u order by u.n;
  end if;
  if v_first > 0 then
    return query select m.n, 1::smallint, m.number, v_sender, m.text, m.parts, m.tries, b.not_after from messages m
      where m.tenant_id = p_tenant and m.session_id = p_session and m.n between b.next_n and v_to and m.state = 0 order by m.n;
  end if;

  v_given := v_first + cardinality(v_again) - v_stopped - coalesce(cardinality(v_stop), 0);
  update batches x set next_n = b.next_n + v_first, marked = x.marked + v_given,
      pending = x.pending - v_first, retrying = x.retrying - cardinality(v_again),
      suppressed = x.suppressed + v_stopped + coalesce(cardinality(v_stop), 0), submitting = x.submitting + v_given
    where x.tenant_id = p_tenant and x.id = p_batch;
end $$;

-- record_v3 writes the answers of one session: attempts, states, counters and the
-- charge, all or nothing. Replaying it changes and charges nothing: an answer is
-- for the last attempt of a message, while it is in flight, or nobody knows and
-- the answer does. It returns how many changed.
create function record_v3(p_tenant bigint, p_session bigint, p_flush text, p_n int[], p_attempt smallint[],
  p_outcome smallint[], p_state smallint[], p_counts boolean[], p_code text[], p_provider text[], p_next timestamptz[])
returns int language plpgsql set synchronous_commit = on set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare v_changed int; v_charge bigint; v_cancelled boolean; v_batches bigint[];
begin
  -- What comes back to a cancelled session is not tried again. The share lock
  -- makes a cancellation and this take turns.
  select s.state = 'cancelled' into v_cancelled from sessions s where s.tenant_id = p_tenant and s.id = p_session for share;
  select array_agg(distinct m.batch_id order by m.batch_id) into v_batches from unnest(p_n) r(n)
    cross join lateral (select m.batch_id from messages m where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n limit 1) m;
  perform hold_outcomes(v_batches);
  -- Nothing that was handed over of these batches moves from its place (ctid) now. The limits keep each
  -- look-up one by the primary key, driven by the answers, whatever the planner
  -- knows of a table that was filled a second ago.
  with r as materialized (select r.*, m.place, m.was, m.number, m.price, m.batch_id, w.place as window_place, a.place as attempt_place,
        coalesce(w.worker_id, a.worker_id) as worker_id, coalesce(w.gateway_id, a.gateway_id) as gateway_id, coalesce(w.marked_at, a.marked_at) as marked_at,
        case when r.to_state = 1 and v_cancelled then 14 else r.to_state end as state
      from unnest(p_n, p_attempt, p_outcome, p_state, p_counts, p_code, p_provider, p_next) as r(n, attempt, outcome, to_state, counts, code, provider, next_at)
      cross join lateral (select m.ctid as place, m.state as was, m.number, m.price, m.batch_id from messages m
        where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n and m.attempts + (m.state = 0)::int = r.attempt
          and (m.state in (0, 2) or (m.state = 4 and r.outcome <> 4)) limit 1) m
      left join lateral (select w.ctid as place, w.last_n, w.worker_id, w.gateway_id, w.marked_at from windows w
        where m.was = 0 and w.tenant_id = p_tenant and w.batch_id = m.batch_id and w.first_n <= r.n order by w.first_n desc limit 1) w on true
      left join lateral (select a.ctid as place, a.worker_id, a.gateway_id, a.marked_at from attempts a
        where m.was <> 0 and a.tenant_id = p_tenant and a.session_id = p_session and a.n = r.n and a.place = 0 limit 1) a on true
      where a.place is not null or w.last_n >= r.n),
    wrote as (insert into attempts(tenant_id, session_id, n, attempt, worker_id, gateway_id, marked_at, outcome, code, provider_id)
      select p_tenant, p_session, r.n, r.attempt, r.worker_id, r.gateway_id, r.marked_at, r.outcome, r.code, r.provider from r where r.was = 0),
    done as (update attempts a set outcome = r.outcome, code = r.code, provider_id = coalesce(r.provider, a.provider_id)
      from r where a.ctid = r.attempt_place),
    moved as (update messages m set state = r.state, attempts = r.attempt, tries = m.tries + r.counts::int, code = coalesce(r.code, m.code),
        first_at = coalesce(m.first_at, r.marked_at), final_at = case when r.state >= 10 then clock_timestamp() end
      from r where m.ctid = r.place),
    again as (insert into retries(tenant_id, session_id, n, batch_id, next_at)
      select p_tenant, p_session, r.n, r.batch_id, r.next_at from r where r.state = 1),
    lost as (insert into unknowns(gateway_id, number, tenant_id, session_id, n, attempt, marked_at)
      select r.gateway_id, r.number, p_tenant, p_session, r.n, r.attempt, r.marked_at from r where r.outcome = 4),
    found as (delete from unknowns x using r where x.tenant_id = p_tenant and x.session_id = p_session
      and x.n = r.n and x.attempt = r.attempt and r.outcome <> 4 and r.was = 4),
    closed as (update windows w set open = w.open - c.answers from (select window_place, count(*) as answers from r where was = 0 group by 1) c
      where w.ctid = c.window_place),
    sums as (select r.batch_id, count(*) filter (where r.was in (0, 2)) as was_submitting, count(*) filter (where r.was = 4) as was_unknown,
        count(*) filter (where r.state = 1) as retrying, count(*) filter (where r.state = 3) as accepted, count(*) filter (where r.state = 4) as unknown,
        count(*) filter (where r.state = 11) as undelivered, count(*) filter (where r.state = 12) as rejected,
        count(*) filter (where r.state = 14) as cancelled from r group by 1),
    counted as (update batches b set submitting = b.submitting - s.was_submitting, unknown = b.unknown - s.was_unknown + s.unknown,
        retrying = b.retrying + s.retrying, accepted = b.accepted + s.accepted, undelivered = b.undelivered + s.undelivered,
        rejected = b.rejected + s.rejected, cancelled = b.cancelled + s.cancelled
      from sums s where b.tenant_id = p_tenant and b.id = s.batch_id)
  select count(*), coalesce(sum(r.price) filter (where r.outcome = 1), 0) into v_changed, v_charge from r;
  if v_charge > 0 then
    insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason)
      values (p_tenant, 'capture', p_session, v_charge, 'capture:' || p_flush || ':' || p_session, 'Tidings', 'accepted by the operator');
  end if;
  return v_changed;
end $$;
grant execute on function mark_v6, record_v3 to tidings_platform;
revoke execute on function mark_v6, record_v3 from public;
