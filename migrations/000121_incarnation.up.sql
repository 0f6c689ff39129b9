-- A connection is to one system for as long as it lives: it asks once, since the
-- answer is read from a file. And plans are kept from one mark to the next.
create function own_system() returns bigint language plpgsql volatile as $$
declare v text := current_setting('app.system', true);
begin
  if coalesce(v, '') = '' then
    v := set_config('app.system', (select s.system_identifier::text from pg_control_system() s), false);
  end if;
  return v;
end $$;
create or replace function same_incarnation() returns boolean language plpgsql volatile as $$
begin
  perform 1 from incarnations i where i.one and i.timeline_id = wal_timeline() and i.system_identifier = own_system();
  return found;
end $$;
