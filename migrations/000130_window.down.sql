-- Whoever is in flight by a window is in flight by an attempt again.
drop function mark_v6, record_v3, hold_outcomes;
drop index receipts_waiting, receipts_once;
update receipts set id = coalesce(id, nextval('receipt_seq')), look_at = coalesce(look_at, received_at);
alter table receipts drop constraint receipts_check, alter column look_at set not null, alter column id drop default, alter column id set not null;
drop sequence receipt_seq;
alter table receipts alter column id add generated always as identity;
select setval(pg_get_serial_sequence('receipts', 'id'), (select coalesce(max(id), 0) + 1 from receipts));
drop trigger keep_final on messages;
create trigger keep_final before update of state on messages
  for each row when (old.state >= 10) execute function keep_final();
delete from receipts r using receipts x where r.gateway_id = x.gateway_id and r.provider_id = x.provider_id and r.number = x.number
  and r.state = x.state and r.month = x.month and r.id > x.id;
alter table receipts add primary key (id), add foreign key (gateway_id) references gateways,
  add constraint receipts_once unique (gateway_id, provider_id, number, state, month);

create temporary table was on commit drop as select * from flights where attempt = 1 and not exists (select from attempts a
  where a.tenant_id = flights.tenant_id and a.session_id = flights.session_id and a.n = flights.n);
drop view journal, flights;
drop trigger attempt_follows on attempts;
drop function attempt_follows;
alter table attempt_parts drop constraint attempt_parts_tenant_id_session_id_n_fkey;
alter table attempts drop constraint one_live, drop column place, add column batch_id bigint, add column ended_at timestamptz;
insert into attempts(tenant_id, session_id, n, attempt, worker_id, gateway_id, marked_at)
  select tenant_id, session_id, n, attempt, worker_id, gateway_id, marked_at from was;
update messages m set state = 2, attempts = 1, first_at = was.marked_at from was
  where m.tenant_id = was.tenant_id and m.session_id = was.session_id and m.n = was.n;
update attempts a set batch_id = m.batch_id, ended_at = case when a.outcome is not null then a.marked_at end from messages m
  where m.tenant_id = a.tenant_id and m.session_id = a.session_id and m.n = a.n;
alter table attempts alter column batch_id set not null, add primary key (tenant_id, session_id, n, attempt);
create unique index one_live on attempts(tenant_id, session_id, n) where outcome is distinct from 2;
alter table attempt_parts add foreign key (tenant_id, session_id, n, attempt) references attempts(tenant_id, session_id, n, attempt) on delete cascade;
drop table windows;

-- The functions as they were.
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
grant execute on function record_v1 to tidings_platform;
revoke execute on function record_v1 from public;
create function record_v2(p_tenant bigint, p_session bigint, p_flush text, p_n int[], p_attempt smallint[],
  p_outcome smallint[], p_state smallint[], p_counts boolean[], p_code text[], p_provider text[], p_next timestamptz[])
returns int language plpgsql set synchronous_commit = on set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare v_changed int; v_charge bigint; v_cancelled boolean;
begin
  -- What comes back to a cancelled session is not tried again. The share lock
  -- makes a cancellation and this take turns.
  select s.state = 'cancelled' into v_cancelled from sessions s where s.tenant_id = p_tenant and s.id = p_session for share;
  -- Messages always in the order of n, then batches in the order of id: two of
  -- these cannot wait for each other. Whoever changes an attempt holds its
  -- message, so that below nothing moves from its place (ctid).
  perform 1 from (select n from unnest(p_n) n order by n) r
    cross join lateral (select from messages m where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n for update) m;
  -- The limits keep each look-up one by the primary key, driven by the answers,
  -- whatever the planner knows of a table that was filled a second ago.
  with r as materialized (select r.*, m.was, m.number, m.price, m.place as message_place,
        a.place as attempt_place, a.batch_id, a.gateway_id, a.marked_at, case when r.to_state = 1 and v_cancelled then 14 else r.to_state end as state
      from unnest(p_n, p_attempt, p_outcome, p_state, p_counts, p_code, p_provider, p_next) as r(n, attempt, outcome, to_state, counts, code, provider, next_at)
      cross join lateral (select m.ctid as place, m.state as was, m.number, m.price from messages m
        where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n and m.state in (2, 4) limit 1) m
      cross join lateral (select a.ctid as place, a.batch_id, a.gateway_id, a.marked_at from attempts a
        where a.tenant_id = p_tenant and a.session_id = p_session and a.n = r.n and a.attempt = r.attempt
          and (a.outcome is null or (a.outcome = 4 and r.outcome <> 4)) limit 1) a),
    done as (update attempts a set outcome = r.outcome, code = r.code, provider_id = coalesce(r.provider, a.provider_id), ended_at = clock_timestamp()
      from r where a.ctid = r.attempt_place),
    moved as (update messages m set state = r.state, code = coalesce(r.code, m.code), tries = m.tries + r.counts::int,
        final_at = case when r.state >= 10 then clock_timestamp() end
      from r where m.ctid = r.message_place),
    again as (insert into retries(tenant_id, session_id, n, batch_id, next_at)
      select p_tenant, p_session, r.n, r.batch_id, r.next_at from r where r.state = 1),
    lost as (insert into unknowns(gateway_id, number, tenant_id, session_id, n, attempt, marked_at)
      select r.gateway_id, r.number, p_tenant, p_session, r.n, r.attempt, r.marked_at from r where r.outcome = 4),
    found as (delete from unknowns x using r where x.tenant_id = p_tenant and x.session_id = p_session
      and x.n = r.n and x.attempt = r.attempt and r.outcome <> 4 and r.was = 4),
    sums as (select r.batch_id, count(*) filter (where r.was = 2) as was_submitting, count(*) filter (where r.was = 4) as was_unknown,
        count(*) filter (where r.state = 1) as retrying, count(*) filter (where r.state = 3) as accepted, count(*) filter (where r.state = 4) as unknown,
        count(*) filter (where r.state = 11) as undelivered, count(*) filter (where r.state = 12) as rejected,
        count(*) filter (where r.state = 14) as cancelled from r group by 1),
    held as (select s.* from (select * from sums order by batch_id) s
      cross join lateral (select from batches b where b.tenant_id = p_tenant and b.id = s.batch_id for update) b),
    counted as (update batches b set submitting = b.submitting - s.was_submitting, unknown = b.unknown - s.was_unknown + s.unknown,
        retrying = b.retrying + s.retrying, accepted = b.accepted + s.accepted, undelivered = b.undelivered + s.undelivered,
        rejected = b.rejected + s.rejected, cancelled = b.cancelled + s.cancelled
      from held s where b.tenant_id = p_tenant and b.id = s.batch_id)
  select count(*), coalesce(sum(r.price) filter (where r.outcome = 1), 0) into v_changed, v_charge from r;
  if v_charge > 0 then
    insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason)
      values (p_tenant, 'capture', p_session, v_charge, 'capture:' || p_flush || ':' || p_session, 'Tidings', 'accepted by the operator');
  end if;
  return v_changed;
end $$;
grant execute on function record_v2 to tidings_platform;
revoke execute on function record_v2 from public;
create function mark_v4(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_gateway smallint, p_limit int, p_clock timestamptz)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language plpgsql set synchronous_commit = on set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_sender text; b batches; v_to int; v_now timestamptz;
  v_again int[]; v_ns int[]; v_stop int[]; v_fresh int; v_stopped_again int;
begin
  -- I26: whoever asks goes by the same clock as the windows below.
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
  if not same_incarnation() then return; end if; -- I25
  perform 1 from stops k where k.lifted_at is null
    and (k.scope = 'all' or k.tenant = p_tenant or k.gateway_id = b.gateway_id or k.country = b.country or k.sender = lower(v_sender));
  if found then return; end if;
  v_now := clock_timestamp();
  if v_now < b.due_at or v_now >= coalesce(b.not_after, 'infinity') then return; end if;

  select coalesce(array_agg(d.n order by d.n), '{}') into v_again from (select r.n from retries r
    where r.tenant_id = p_tenant and r.session_id = p_session and r.batch_id = p_batch and r.next_at <= v_now
    order by r.next_at, r.n limit p_limit for update skip locked) d;
  delete from retries r using (select q.place from unnest(v_again) a(n)
    cross join lateral (select q.ctid as place from retries q where q.tenant_id = p_tenant and q.session_id = p_session and q.n = a.n limit 1) q) q
    where r.ctid = q.place;
  v_to := least(b.last_n, b.next_n + (p_limit - cardinality(v_again)) - 1);
  v_ns := v_again || array(select generate_series(b.next_n, v_to));
  -- Each message is found by its primary key: the limits keep it so, whatever
  -- the planner knows of a table that was filled a second ago. Once they are
  -- locked none moves from its place (ctid).
  perform 1 from (select n from unnest(v_ns) n order by n) r
    cross join lateral (select from messages m where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n for update) m;

  -- I5: asked again at each hand-over.
  select coalesce(array_agg(m.n), '{}') into v_stop from unnest(v_ns) r(n)
    cross join lateral (select m.n, m.number_hash from messages m
      where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n and m.state in (0, 1) limit 1) m
    where (select true from suppressions x where x.tenant_id = p_tenant and x.number_hash = m.number_hash limit 1);
  if cardinality(v_stop) > 0 then
    update messages m set state = 13, final_at = v_now from (select m.place from unnest(v_stop) r(n)
      cross join lateral (select m.ctid as place from messages m where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n limit 1) m) r
      where m.ctid = r.place;
  end if;
  v_stopped_again := (select count(*) from unnest(v_stop) x where x = any(v_again));

  return query
  with r as materialized (select m.place from unnest(v_ns) r(n)
      cross join lateral (select m.ctid as place from messages m
        where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n and m.state in (0, 1) limit 1) m),
    u as (update messages m set state = 2, attempts = m.attempts + 1, first_at = coalesce(m.first_at, v_now)
      from r where m.ctid = r.place returning m.n, m.attempts, m.number, m.text, m.parts, m.tries),
    a as (insert into attempts(tenant_id, session_id, n, attempt, batch_id, worker_id, gateway_id, marked_at)
      select p_tenant, p_session, u.n, u.attempts, p_batch, p_worker, b.gateway_id, v_now from u)
  select u.n, u.attempts, u.number, v_sender, u.text, u.parts, u.tries, b.not_after from u order by u.n;
  get diagnostics v_fresh = row_count;

  v_fresh := v_fresh - (cardinality(v_again) - v_stopped_again);
  update batches x set next_n = greatest(x.next_n, v_to + 1), marked = x.marked + v_fresh + cardinality(v_again) - v_stopped_again,
      pending = x.pending - v_fresh - (cardinality(v_stop) - v_stopped_again),
      retrying = x.retrying - cardinality(v_again),
      suppressed = x.suppressed + cardinality(v_stop),
      submitting = x.submitting + v_fresh + cardinality(v_again) - v_stopped_again
    where x.tenant_id = p_tenant and x.id = p_batch;
end $$;
grant execute on function mark_v4 to tidings_platform;
revoke execute on function mark_v4 from public;
create function mark_v5(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_gateway smallint, p_limit int, p_clock timestamptz)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language plpgsql set synchronous_commit = on as $$
begin
  perform 1 from gateways g where g.id = p_gateway and g.state = 'on' for share;
  if not found then return; end if;
  return query select * from mark_v4(p_worker, p_tenant, p_session, p_batch, p_gateway, p_limit, p_clock);
end $$;
grant execute on function mark_v5 to tidings_platform;
revoke execute on function mark_v5 from public;
create function mark_v2(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language sql set synchronous_commit = on as
  $$ select m.* from batches b cross join lateral mark_v5(p_worker, p_tenant, p_session, p_batch, b.gateway_id, p_limit, clock_timestamp()) m
    where b.tenant_id = p_tenant and b.id = p_batch $$;
grant execute on function mark_v2 to tidings_platform;
revoke execute on function mark_v2 from public;
create function mark_v1(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language sql set synchronous_commit = on as
  $$ select m.* from batches b cross join lateral mark_v5(p_worker, p_tenant, p_session, p_batch, b.gateway_id, p_limit, clock_timestamp()) m
    where b.tenant_id = p_tenant and b.id = p_batch $$;
grant execute on function mark_v1 to tidings_platform;
revoke execute on function mark_v1 from public;
