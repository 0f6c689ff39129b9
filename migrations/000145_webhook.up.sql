-- What carriers posted, by quarter of a minute: the pages that take it are no
-- workers, so no status of a worker speaks of it. The last hour is kept.
create table gateway_webhooks(
  gateway_id smallint not null references gateways,
  at timestamptz not null,
  receipts int not null,
  texts int not null,
  last_receipt timestamptz,
  primary key (gateway_id, at));
grant select, insert, update, delete on gateway_webhooks to tidings_platform;
