create table price_lists(
  id bigint generated always as identity primary key,
  name text not null,
  created_at timestamptz not null default now());
create table prices(
  price_list_id bigint not null references price_lists on delete cascade,
  country text not null check (country ~ '^[A-Z]{2}$'),
  price bigint not null check (price >= 0),        -- thousandths of a credit for one part
  primary key (price_list_id, country));
grant select, insert, update, delete on price_lists, prices to tidings_platform;
grant select on price_lists, prices to tidings_app;

create table tenants(
  id bigint generated always as identity primary key,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$'),
  name text not null check (length(name) between 2 and 80),
  country text not null check (country ~ '^[A-Z]{2}$'),
  zone text not null,
  auto_validation boolean not null default false,   -- D6
  price_list_id bigint not null references price_lists,
  low_balance bigint,
  created_at timestamptz not null default now());
alter table tenants enable row level security;
alter table tenants force row level security;
create policy tenant on tenants to tidings_app using (id = nullif(current_setting('app.tenant', true), '')::bigint);
create policy platform on tenants to tidings_platform using (true) with check (true);
grant select, update (name, country, zone, low_balance) on tenants to tidings_app;
grant select, insert, update on tenants to tidings_platform;

create table users(
  id uuid primary key,
  email text not null unique check (email = lower(email) and length(email) <= 254),
  name text not null check (length(name) between 1 and 80),
  password_hash text not null,
  staff text not null default '' check (staff in ('', 'moderator', 'admin')),
  theme text not null default '' check (theme in ('', 'light', 'dark')),
  created_at timestamptz not null default now(),
  disabled_at timestamptz);
create table members(
  tenant_id bigint not null references tenants,
  user_id uuid not null references users,
  role text not null check (role in ('owner', 'sender', 'author', 'viewer')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id));
create index on members(user_id);
select wall('members');
grant select, insert, update on users to tidings_platform;

-- The members of a tenant may read each other's names ("ask Maren Lund").
alter table users enable row level security;
alter table users force row level security;
create policy platform on users to tidings_platform using (true) with check (true);
create policy tenant on users for select to tidings_app using (exists (
  select 1 from members m where m.user_id = users.id
    and m.tenant_id = nullif(current_setting('app.tenant', true), '')::bigint));
grant select (id, name, email, disabled_at) on users to tidings_app;

create table logins(
  token_hash bytea primary key,                     -- SHA-256 of the cookie's value
  user_id uuid not null references users,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ip text not null default '',
  agent text not null default '');
create index on logins(user_id);
create table throttles(                             -- generic cell rate: the theoretical arrival time
  key text primary key,
  tat timestamptz not null);
grant select, insert, update, delete on logins, throttles to tidings_platform;

create table audit_heads(
  tenant_id bigint primary key,                     -- 0 is the platform
  seq bigint not null,
  hash bytea not null);
create table audit(
  tenant_id bigint not null,
  seq bigint not null,
  at timestamptz not null,
  actor_id uuid,
  actor text not null,
  deed text not null,
  object text not null,
  before text not null default '',
  after text not null default '',
  reason text not null default '',
  ip text not null default '',
  hash bytea not null,                              -- SHA-256 of the previous hash and this entry
  primary key (tenant_id, seq));
select wall('audit'), wall('audit_heads');
revoke update, delete on audit from tidings_app, tidings_platform;
create function refuse_change() returns trigger language plpgsql as $$ begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on audit for each row execute function refuse_change();
create trigger no_truncate before truncate on audit execute function refuse_change();

create table form_tokens(                           -- a repeated post shows what the first one did (D2)
  tenant_id bigint not null,
  token text not null check (length(token) between 16 and 64),
  deed text not null,
  result text not null default '',
  created_at timestamptz not null default now(),
  primary key (tenant_id, token));
select wall('form_tokens');
