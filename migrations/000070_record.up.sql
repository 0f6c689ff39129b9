-- record_v2 writes what record_v1 writes, and finds each answer by its primary
-- key. The first one read the whole range between the lowest and the highest
-- number of a flush, and answers of several batches at once made that most of a
-- session. Row by row with a generic plan: no statistics of a table that was
-- filled a second ago can lead it astray. Two versions of the program may run
-- side by side.
create function record_v2(p_tenant bigint, p_session bigint, p_flush text, p_n int[], p_attempt smallint[],
  p_outcome smallint[], p_state smallint[], p_counts boolean[], p_code text[], p_provider text[], p_next timestamptz[])
returns int language plpgsql set synchronous_commit = on set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  v_now timestamptz := clock_timestamp(); v_cancelled boolean; v_charge bigint := 0;
  r record; a record; m record; v_state smallint;
  v_batch bigint[] := '{}'; v_was smallint[] := '{}'; v_is smallint[] := '{}';
begin
  -- What comes back to a cancelled session is not tried again. The share lock
  -- makes a cancellation and this take turns.
  select s.state = 'cancelled' into v_cancelled from sessions s where s.tenant_id = p_tenant and s.id = p_session for share;
  -- Messages always in the order of n, then batches in the order of id: two of
  -- these cannot wait for each other.
  for r in select * from unnest(p_n, p_attempt, p_outcome, p_state, p_counts, p_code, p_provider, p_next)
      as u(n, attempt, outcome, state, counts, code, provider, next_at) order by n, attempt loop
    select x.state, x.number, x.price into m from messages x
      where x.tenant_id = p_tenant and x.session_id = p_session and x.n = r.n for update;
    -- A known answer may correct unknown, never the reverse.
    update attempts x set outcome = r.outcome, code = r.code, provider_id = coalesce(r.provider, x.provider_id), ended_at = v_now
      where x.tenant_id = p_tenant and x.session_id = p_session and x.n = r.n and x.attempt = r.attempt
        and (x.outcome is null or (x.outcome = 4 and r.outcome <> 4))
      returning x.batch_id, x.gateway_id, x.marked_at into a;
    continue when not found;
    v_state := case when r.state = 1 and v_cancelled then 14 else r.state end;
    if m.state in (2, 4) then
      update messages x set state = v_state, code = coalesce(r.code, x.code), tries = x.tries + r.counts::int,
          final_at = case when v_state >= 10 then v_now end
        where x.tenant_id = p_tenant and x.session_id = p_session and x.n = r.n;
    end if;
    if v_state = 1 then
      insert into retries(tenant_id, session_id, n, batch_id, next_at) values (p_tenant, p_session, r.n, a.batch_id, r.next_at);
    end if;
    if r.outcome = 4 then
      insert into unknowns(gateway_id, number, tenant_id, session_id, n, attempt, marked_at)
        values (a.gateway_id, m.number, p_tenant, p_session, r.n, r.attempt, a.marked_at);
    elsif m.state = 4 then
      delete from unknowns x where x.tenant_id = p_tenant and x.session_id = p_session and x.n = r.n and x.attempt = r.attempt;
    end if;
    if r.outcome = 1 then
      v_charge := v_charge + m.price;
    end if;
    v_batch := v_batch || a.batch_id; v_was := v_was || m.state; v_is := v_is || v_state;
  end loop;
  for r in select batch, count(*) filter (where was = 2) as was_submitting, count(*) filter (where was = 4) as was_unknown,
        count(*) filter (where state = 1) as retrying, count(*) filter (where state = 3) as accepted, count(*) filter (where state = 4) as unknown,
        count(*) filter (where state = 11) as undelivered, count(*) filter (where state = 12) as rejected, count(*) filter (where state = 14) as cancelled
      from unnest(v_batch, v_was, v_is) as u(batch, was, state) group by batch order by batch loop
    update batches b set submitting = b.submitting - r.was_submitting, unknown = b.unknown - r.was_unknown + r.unknown,
        retrying = b.retrying + r.retrying, accepted = b.accepted + r.accepted, undelivered = b.undelivered + r.undelivered,
        rejected = b.rejected + r.rejected, cancelled = b.cancelled + r.cancelled
      where b.tenant_id = p_tenant and b.id = r.batch;
  end loop;
  if v_charge > 0 then
    insert into ledger_transfers(tenant_id, kind, session_id, amount, idem_key, actor, reason)
      values (p_tenant, 'capture', p_session, v_charge, 'capture:' || p_flush || ':' || p_session, 'Tidings', 'accepted by the operator');
  end if;
  return cardinality(v_batch);
end $$;
grant execute on function record_v2 to tidings_platform;
revoke execute on function record_v2 from public;
