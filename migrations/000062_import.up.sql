-- Where the work on an import stands, so that another worker can go on with it.
alter table imports
  add column checked jsonb not null default '{}',   -- counts of the check, to compare with what was written
  add column unverified bigint not null default 0,
  add column attempt int not null default 0,        -- the job that may write; an older one stops
  add column tries int not null default 0,          -- taken up again without getting on
  add column worked_at timestamptz not null default now(),
  add column at_row bigint not null default 0,      -- last row of the file that was read
  add column passed bigint not null default 0,      -- how many rows that were
  add column staged bigint not null default 0,      -- those of them that hold a number
  add column forgotten boolean not null default false, -- the rejected rows were removed
  add column at_number bigint not null default 0;   -- last number that the present step has passed
create index import_open on imports(worked_at) where state not in ('done', 'failed', 'cancelled');
create index import_ended on imports(finished_at) where finished_at is not null and not forgotten;
create index import_newest on imports(tenant_id, created_at);

alter table import_rejects add column kind text not null default '';

-- In the order of numbers: duplicates stand side by side, and steps of the
-- import write to contacts in the order of its index.
drop table import_rows;
create unlogged table import_rows(
  tenant_id bigint not null,
  import_id uuid not null,
  number bigint not null,
  row_no bigint not null,
  number_hash bytea not null,
  country text not null,
  first_name text not null,
  last_name text not null,
  name_key text collate "C" not null,
  last_key text collate "C" not null,
  fields jsonb not null,
  primary key (tenant_id, import_id, number, row_no));
select wall('import_rows');

-- new_id is sms.NewID for people made in the database: a UUID version 7.
create function new_id() returns uuid language sql volatile as $$
  select encode(set_byte(b, 6, get_byte(b, 6) & 15 | 112), 'hex')::uuid
  from (select overlay(uuid_send(gen_random_uuid()) placing
    substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6) as b) x $$;
