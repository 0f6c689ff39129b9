create or replace function same_incarnation() returns boolean language sql volatile as
  $$ select exists (select from incarnations i where i.timeline_id = wal_timeline() and i.system_identifier = (select s.system_identifier from pg_control_system() s)) $$;
drop function own_system;
