-- Two roles that own nothing and cannot bypass row-level security:
-- tidings_app sees one tenant at a time (setting app.tenant), tidings_platform
-- sees what runs across tenants (dispatch, review, sign-in). The program signs
-- in as the owner and takes one of them for every transaction.
do $$ begin
  begin create role tidings_app nologin nobypassrls;
  exception when duplicate_object or unique_violation then null; end;
  begin create role tidings_platform nologin nobypassrls;
  exception when duplicate_object or unique_violation then null; end;
  if not pg_has_role(current_user, 'tidings_app', 'member') then
    execute format('grant tidings_app to %I', current_user);
  end if;
  if not pg_has_role(current_user, 'tidings_platform', 'member') then
    execute format('grant tidings_platform to %I', current_user);
  end if;
end $$;
grant usage on schema public to tidings_app, tidings_platform;

-- wall puts the two walls round a tenant table: forced row-level security, and
-- the grants. Called by every migration that makes one.
create function wall(t regclass) returns void language plpgsql as $$ begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy tenant on %s to tidings_app using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::bigint) with check (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::bigint)', t);
  execute format('create policy platform on %s to tidings_platform using (true) with check (true)', t);
  execute format('grant select, insert, update, delete on %s to tidings_app, tidings_platform', t);
end $$;
revoke all on function wall from public;
