-- How fast may be sent, in parts a second. A route's limit is one of its settings.
create table limits(
  tenant_id bigint not null references tenants,
  sender text not null default '',                  -- empty: everything the tenant sends
  parts_per_second int not null check (parts_per_second between 1 and 1000000),
  primary key (tenant_id, sender));
select wall('limits');
revoke insert, update, delete on limits from tidings_app; -- nobody sets his own

-- What all workers share of a speed: the parts that may leave now, and what a
-- carrier has asked for. A worker takes some for a tenth of a second at a time, so
-- that no row is hot. Nothing here is worth a wait for the disk.
create table paces(
  key text primary key,                             -- route/3, tenant/5, sender/5/NORDFARE
  tokens float8 not null default 0,
  counted_at timestamptz,                           -- tokens were counted up to here; null: never
  slow float8 not null default 0,                   -- parts a second since the carrier asked for fewer; 0: it did not
  borne float8 not null default 0,                  -- what it bore for a while before
  asked_at timestamptz,
  paused_until timestamptz,
  raised_at timestamptz) with (fillfactor = 50);
grant select, insert, update on paces to tidings_platform;
