-- A stop of every campaign whose text holds some words. The mark need not read
-- texts: pressing it stops the campaigns under way, and none starts.
alter table stops drop constraint stops_scope_check, drop constraint stops_check,
  add column pattern text check (length(pattern) between 4 and 80),
  add constraint stops_scope_check check (scope in ('all', 'tenant', 'gateway', 'country', 'sender', 'text')),
  add constraint stops_check check ((scope = 'tenant') = (tenant is not null) and (scope = 'gateway') = (gateway_id is not null)
    and (scope = 'country') = (country is not null) and (scope = 'sender') = (sender is not null) and (scope = 'text') = (pattern is not null));

-- Whether a text may not leave. A stop and this take turns: whoever asks and then
-- starts is found by the stop, or finds it.
create function text_stopped(p_text text) returns boolean language plpgsql security definer set search_path = public as $$ begin
  perform pg_advisory_xact_lock_shared(78, 0);
  return exists (select from stops k where k.lifted_at is null and k.scope = 'text' and position(lower(k.pattern) in lower(p_text)) > 0);
end $$;
revoke execute on function text_stopped from public;
grant execute on function text_stopped to tidings_app, tidings_platform;
