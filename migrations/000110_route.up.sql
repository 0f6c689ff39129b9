-- A gateway is a route: what an administrator wants of it, which messages take
-- it, and how its carrier is reached. Secrets are encrypted by the program.
alter table gateways
  add column environment boolean not null default false,       -- given by TIDINGS_SMPP, read-only here
  add column state text not null default 'on' check (state in ('on', 'draining', 'off')),
  add column settings jsonb not null default '{}',
  add column secrets bytea,
  add column countries text[] not null default '{}',           -- empty: all
  add column kinds text[] not null default '{}',
  add column senders text[] not null default '{}',
  add column weight int not null default 100 check (weight between 0 and 1000),
  add column cost_micros bigint not null default 0 check (cost_micros >= 0),
  add column cost_currency text not null default '' check (cost_currency ~ '^([A-Z]{3})?$'),
  add column validity_hours int not null default 48 check (validity_hours between 1 and 168),
  add column retry_hours int not null default 48 check (retry_hours between 1 and 168),
  add column on_unknown text not null default 'hold' check (on_unknown = 'hold'),  -- never sent again by itself
  add column revision int not null default 1,                  -- of the settings: workers connect anew when it grows
  add column updated_at timestamptz not null default now(),
  add column updated_by text not null default '';
update gateways set environment = true;
-- A tenant's own work chooses a route; how the route is reached is not its business.
revoke select on gateways from tidings_app;
grant select (id, name, kind, environment, state, countries, kinds, senders, weight, retry_hours) on gateways to tidings_app;

-- How a gateway is, as each worker that runs it sees it. Rows of buried workers count for nothing.
create table gateway_status(
  gateway_id smallint not null references gateways,
  worker_id bigint not null references workers,
  at timestamptz not null,
  status jsonb not null,
  primary key (gateway_id, worker_id)) with (fillfactor = 50);
-- The last protocol units, when somebody asked to see them. No text and no number of a person is in them.
create table gateway_traces(
  gateway_id smallint not null references gateways,
  worker_id bigint not null references workers,
  at timestamptz not null,
  lines jsonb not null,
  primary key (gateway_id, worker_id));
grant select, insert, update, delete on gateway_status, gateway_traces to tidings_platform;
