drop function mark_v4;
create or replace function mark_v2(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language plpgsql set synchronous_commit = on set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_sender text; b batches; v_to int; v_now timestamptz;
  v_again int[]; v_ns int[]; v_stop int[]; v_fresh int; v_stopped_again int;
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
  update batches x set next_n = greatest(x.next_n, v_to + 1),
      pending = x.pending - v_fresh - (cardinality(v_stop) - v_stopped_again),
      retrying = x.retrying - cardinality(v_again),
      suppressed = x.suppressed + cardinality(v_stop),
      submitting = x.submitting + v_fresh + cardinality(v_again) - v_stopped_again
    where x.tenant_id = p_tenant and x.id = p_batch;
end $$;
create or replace function mark_v1(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language sql as $$ select * from mark_v2(p_worker, p_tenant, p_session, p_batch, p_limit) $$;
alter table sessions drop column tripped;
alter table batches drop column marked;
drop function same_incarnation, wal_timeline;
drop table stops, guards, incarnations;
