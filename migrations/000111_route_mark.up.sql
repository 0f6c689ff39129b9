-- mark_v5 does what mark_v4 does, for a route that is on: after a route was drained
-- or turned off nothing is marked for it. The share lock makes a stop of the route
-- and this take turns; it comes first, and who stops a route locks no batch. Older
-- versions of the program obey too.
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

create or replace function mark_v2(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language sql set synchronous_commit = on as
  $$ select m.* from batches b cross join lateral mark_v5(p_worker, p_tenant, p_session, p_batch, b.gateway_id, p_limit, clock_timestamp()) m
    where b.tenant_id = p_tenant and b.id = p_batch $$;

create or replace function mark_v1(p_worker bigint, p_tenant bigint, p_session bigint, p_batch bigint, p_limit int)
returns table(n int, attempt smallint, number bigint, sender text, body text, parts smallint, tries smallint, not_after timestamptz)
language sql set synchronous_commit = on as
  $$ select m.* from batches b cross join lateral mark_v5(p_worker, p_tenant, p_session, p_batch, b.gateway_id, p_limit, clock_timestamp()) m
    where b.tenant_id = p_tenant and b.id = p_batch $$;
