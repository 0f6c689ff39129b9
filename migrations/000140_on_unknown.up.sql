-- What becomes of a message that a route's carrier never answered for is said by
-- the route: held, sent again under the same idempotency key, sent again after
-- hours without a receipt, or held until a person decides.
alter table gateways drop constraint gateways_on_unknown_check,
  add constraint gateways_on_unknown_check check (on_unknown in ('hold', 'idempotent_retry', 'retry_if_no_receipt_after', 'operator')),
  add column unknown_hours int not null default 6 check (unknown_hours between 1 and 47);
-- Customers are told what becomes of theirs.
grant select (on_unknown, unknown_hours) on gateways to tidings_app;

-- By which rule messages were sent again; empty: by the decision of a person.
alter table resends add column policy text not null default '' check (policy in ('', 'idempotent_retry', 'retry_if_no_receipt_after'));
