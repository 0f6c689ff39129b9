-- Whether messages may leave at all, and what an administrator has stopped.

-- The database that this one is: a restore or a promotion makes it another, in
-- which messages may wait that have left already (I25). One row, as confirmed.
create table incarnations(
  one boolean primary key default true check (one),
  system_identifier bigint not null,
  timeline_id int not null,
  alive_at timestamptz not null default clock_timestamp(), -- a worker has last seen that it is the same
  found_at timestamptz);                                   -- a worker has found that it is another
-- The timeline that is written now. The one of the last checkpoint lags behind a promotion.
create function wal_timeline() returns int language sql volatile as
  $$ select ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int $$;
create function same_incarnation() returns boolean language sql volatile as
  $$ select exists (select from incarnations i where i.timeline_id = wal_timeline() and i.system_identifier = (select s.system_identifier from pg_control_system() s)) $$;
insert into incarnations(system_identifier, timeline_id) select s.system_identifier, wal_timeline() from pg_control_system() s;
grant select, update on incarnations to tidings_platform;

-- Why a worker hands nothing over at present; it opens again by itself. What a
-- worker has not said for a while is of one that has gone.
create table guards(
  worker text not null,
  kind text not null check (kind in ('clock', 'disk')),
  reason text not null,
  closed_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(),
  primary key (worker, kind));
grant select, insert, update, delete on guards to tidings_platform;

-- The kill switch (D35). While a stop holds, no mark permits what it covers.
create table stops(
  id uuid primary key,
  scope text not null check (scope in ('all', 'tenant', 'gateway', 'country', 'sender')),
  tenant bigint references tenants,
  gateway_id smallint references gateways,
  country text check (country ~ '^[A-Z]{2}$'),
  sender text check (sender = lower(sender)),
  reason text not null,
  token text not null unique,                       -- a repeated press finds it
  stopped_by uuid not null,
  stopped_name text not null,
  stopped_at timestamptz not null default clock_timestamp(),
  lifted_by uuid,
  lifted_name text not null default '',
  lifted_at timestamptz,
  lift_reason text not null default '',
  check ((scope = 'tenant') = (tenant is not null) and (scope = 'gateway') = (gateway_id is not null)
    and (scope = 'country') = (country is not null) and (scope = 'sender') = (sender is not null)),
  constraint another_lifts check (lifted_by <> stopped_by));
create index stops_hold on stops(stopped_at) where lifted_at is null;
grant select, insert, update on stops to tidings_platform;

alter table batches add column marked bigint not null default 0; -- how often a message of it was handed over
alter table sessions add column tripped text[] not null default '{}'; -- the stop rules that have paused it

-- mark_v4 does what mark_v2 does, for the gateway that will carry the window and
-- with the clock of who asks. It gives nothing while a guard is closed or a stop
-- holds. Older versions of the program obey too: their marks are made of it.
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

create or replace function mark_v2(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language sql set synchronous_commit = on as
  $$ select m.* from batches b cross join lateral mark_v4(p_worker, p_tenant, p_session, p_batch, b.gateway_id, p_limit, clock_timestamp()) m
    where b.tenant_id = p_tenant and b.id = p_batch $$;

create or replace function mark_v1(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language sql set synchronous_commit = on as
  $$ select m.* from batches b cross join lateral mark_v4(p_worker, p_tenant, p_session, p_batch, b.gateway_id, p_limit, clock_timestamp()) m
    where b.tenant_id = p_tenant and b.id = p_batch $$;
