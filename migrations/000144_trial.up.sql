-- A text that staff send to a number by one route, to see that it works. It is of
-- no tenant, costs nobody anything, and is in no figure of a campaign. Written
-- before the wire, as everything is: whoever has taken it may write it, once.
create table trials(
  id uuid primary key,
  n int generated always as identity,               -- names it to the carrier
  gateway_id smallint not null references gateways,
  number bigint not null,
  country text not null,
  sender text not null,
  text text not null,
  parts smallint not null,
  token text not null unique,                       -- a repeated press finds it
  asked_by uuid,
  asked_name text not null,
  asked_at timestamptz not null default clock_timestamp(),
  worker_id bigint,
  written_at timestamptz,
  answered_at timestamptz,
  took_us bigint not null default 0,                -- from writing to the answer, by one clock
  outcome smallint check (outcome in (1, 2, 3, 4)), -- accepted, refused, not sent, unknown
  code text not null default '',
  detail text not null default '',
  provider_ids text[] not null default '{}',
  receipt_state smallint check (receipt_state in (1, 10, 11)),
  receipt_code text not null default '',
  receipt_at timestamptz);
create index on trials(gateway_id, asked_at);
grant select, insert, update on trials to tidings_platform;
