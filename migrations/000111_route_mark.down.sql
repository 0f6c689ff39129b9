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
drop function mark_v5;
