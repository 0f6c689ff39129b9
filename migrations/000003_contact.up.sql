create table lists(
  tenant_id bigint not null references tenants,
  id uuid not null,
  name text not null check (length(name) between 1 and 60),
  country text not null check (country ~ '^[A-Z]{2}$'),
  consent_source text not null default '',
  consent_note text not null default '',
  people bigint not null default 0,                 -- kept by import and removal in the same transaction
  created_at timestamptz not null default now(),
  used_at timestamptz,
  primary key (tenant_id, id));
create unique index list_name on lists(tenant_id, lower(name));

create table contacts(
  tenant_id bigint not null references tenants,
  id uuid not null,
  number bigint not null check (number between 1000000 and 999999999999999),   -- E.164 without +
  number_hash bytea not null,                       -- keyed, as in suppressions
  country text not null,
  first_name text not null default '',
  last_name text not null default '',
  fields jsonb not null default '{}',               -- custom fields: key -> text
  name_key text collate "C" not null default '',    -- lower "first last", for prefix search (leakproof operators)
  last_key text collate "C" not null default '',    -- lower "last first"
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id));
create unique index contact_number on contacts(tenant_id, number);
create index contact_name on contacts(tenant_id, name_key, id);
create index contact_last on contacts(tenant_id, last_key, id);

create table list_members(
  tenant_id bigint not null,
  list_id uuid not null,
  contact_id uuid not null,
  added_at timestamptz not null default now(),
  primary key (tenant_id, list_id, contact_id),
  foreign key (tenant_id, list_id) references lists(tenant_id, id) on delete cascade,
  foreign key (tenant_id, contact_id) references contacts(tenant_id, id) on delete cascade);
create index on list_members(tenant_id, contact_id);

create table suppressions(
  tenant_id bigint not null references tenants,
  number_hash bytea not null,
  kind text not null check (kind in ('opted_out', 'excluded', 'npai', 'complaint')),
  number bigint,                                    -- null once the person was erased
  source text not null,                             -- in words: "STOP", "import of …", "by hand"
  created_at timestamptz not null default clock_timestamp(),
  created_by uuid,
  primary key (tenant_id, number_hash));

create table imports(
  tenant_id bigint not null references tenants,
  id uuid not null,
  list_id uuid,
  list_name text not null default '',
  state text not null check (state in ('uploading', 'columns', 'checking', 'checked', 'running', 'done', 'failed', 'cancelled')),
  file_name text not null,
  bytes bigint not null default 0,
  encoding text not null default '',
  separator text not null default '',
  has_header boolean not null default true,
  country text not null default '',
  consent_source text not null default '',
  consent_note text not null default '',
  columns jsonb not null default '[]',              -- what each column is
  settings jsonb not null default '{}',
  rows bigint not null default 0,
  read_rows bigint not null default 0,
  fresh bigint not null default 0,                  -- new
  changed bigint not null default 0,
  same bigint not null default 0,
  duplicate bigint not null default 0,
  opted_out bigint not null default 0,
  invalid bigint not null default 0,
  failure text not null default '',
  created_by uuid,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (tenant_id, id));
create table import_chunks(                         -- the file, as it came, in pieces
  tenant_id bigint not null,
  import_id uuid not null,
  seq int not null,
  data bytea not null,
  primary key (tenant_id, import_id, seq),
  foreign key (tenant_id, import_id) references imports(tenant_id, id) on delete cascade);
alter table import_chunks alter column data set storage external;
create table import_rejects(
  tenant_id bigint not null,
  import_id uuid not null,
  row_no bigint not null,
  reason text not null,
  cells text[] not null,
  primary key (tenant_id, import_id, row_no),
  foreign key (tenant_id, import_id) references imports(tenant_id, id) on delete cascade);
create unlogged table import_rows(                  -- parsed rows between check and import
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
select wall('lists'), wall('contacts'), wall('list_members'), wall('suppressions'), wall('imports'),
  wall('import_chunks'), wall('import_rejects'), wall('import_rows');
