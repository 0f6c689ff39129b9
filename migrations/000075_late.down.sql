-- record_v2 as it was.
create or replace function record_v2(p_tenant bigint, p_session bigint, p_flush text, p_n int[], p_attempt smallint[],
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
        where m.tenant_id = p_tenant and m.session_id = p_session and m.n = r.n limit 1) m
      cross join lateral (select a.ctid as place, a.batch_id, a.gateway_id, a.marked_at from attempts a
        where a.tenant_id = p_tenant and a.session_id = p_session and a.n = r.n and a.attempt = r.attempt
          and (a.outcome is null or (a.outcome = 4 and r.outcome <> 4)) limit 1) a),
    done as (update attempts a set outcome = r.outcome, code = r.code, provider_id = coalesce(r.provider, a.provider_id), ended_at = clock_timestamp()
      from r where a.ctid = r.attempt_place),
    moved as (update messages m set state = r.state, code = coalesce(r.code, m.code), tries = m.tries + r.counts::int,
        final_at = case when r.state >= 10 then clock_timestamp() end
      from r where m.ctid = r.message_place and r.was in (2, 4)),
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
