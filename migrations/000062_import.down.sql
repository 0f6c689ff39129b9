drop function new_id();
drop table import_rows;
create unlogged table import_rows(
  tenant_id bigint not null,
  import_id uuid not null,
  row_no bigint not null,
  number bigint not null,
  number_hash bytea not null,
  country text not null,
  first_name text not null,
  last_name text not null,
  fields jsonb not null,
  primary key (tenant_id, import_id, row_no));
select wall('import_rows');
alter table import_rejects drop column kind;
drop index import_open, import_ended, import_newest;
alter table imports drop column checked, drop column unverified, drop column attempt, drop column tries,
  drop column worked_at, drop column at_row, drop column passed, drop column staged, drop column at_number, drop column forgotten;
