-- A gateway is a route: what an administrator wants of it, which messages take
-- it, and how its carrier is reached. Secrets are encrypted by the program.
alter table gateways
  add column environment boolean not null default false,       -- given by TIDINGS_SMPP, read-only here
  add column state text not null default 'on' check (state in ('on', 'draining', 'off')),
  add column settings jsonb not null default '{}',
  add column secrets bytea,
  add column countries text[] not null default '{}',           -- empty: all
  add column kinds text[] not null default '{}',
  add column senders text[] not null default '{}',
  add column weight int not null default 100 check (weight between 0 and 1000),
  add column cost_micros bigint not null default 0 check (cost_micros >= 0),
  add column cost_currency text not null default '' check (cost_currency ~ '^([A-Z]{3})?$'),
  add column validity_hours int not null default 48 check (validity_hours between 1 and 168),
  add column retry_hours int not null default 48 check (retry_hours between 1 and 168),
  add column on_unknown text not null default 'hold' check (on_unknown = 'hold'),  -- never sent again by itself
  add column revision int not null default 1,                  -- of the settings: workers connect anew when it grows
  add column updated_at timestamptz not null default now(),
  add column updated_by text not null default '';
update gateways set environment = true;
-- A tenant's own work chooses a route; how the route is reached is not its business.
revoke select on gateways from tidings_app;
grant select (id, name, kind, environment, state, countries, kinds, senders, weight, retry_hours) on gateways to tidings_app;

-- How a gateway is, as each worker that runs it sees it. Rows of buried workers count for nothing.
create table gateway_status(
  gateway_id smallint not null references gateways,
  worker_id bigint not null references workers,
  at timestamptz not null,
  status jsonb not null,
  primary key (gateway_id, worker_id)) with (fillfactor = 50);
-- The last protocol units, when somebody asked to see them. No text and no number of a person is in them.
create table gateway_traces(
  gateway_id smallint not null references gateways,
  worker_id bigint not null references workers,
  at timestamptz not null,
  lines jsonb not null,
  primary key (gateway_id, worker_id));
grant select, insert, update, delete on gateway_status, gateway_traces to tidings_platform;

-- mark_v3 does what mark_v2 does, for the gateway that will carry the window: a
-- batch that was moved to another route, or whose route was stopped, gives
-- nothing. The share lock makes a stop and this take turns. Two versions of the
-- program may run side by side.
create function mark_v3(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_gateway smallint, p_limit int)
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
  if not found or b.gateway_id <> p_gateway or v_now < b.due_at or v_now >= coalesce(b.not_after, 'infinity') then return; end if;
  perform 1 from gateways g where g.id = p_gateway and g.state = 'on' for share;
  if not found then return; end if;

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
grant execute on function mark_v3 to tidings_platform;
revoke execute on function mark_v3 from public;
