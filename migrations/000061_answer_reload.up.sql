-- A request for credits can be taken back by who asked, or declined by staff with a reason.
alter table reload_requests
  add column answered_name text not null default '',
  add column answer text not null default '';
create index on reload_requests(asked_at) where answered_at is null;
create index on reload_proposals(proposed_at) where decided_at is null;
-- What a tenant uses in a week, without the many small charges of a session.
create index on ledger_transfers(tenant_id, created_at) where kind <> 'capture';

-- When automatic validation was switched, by whom and why. A session asks for
-- the switch as it stood when it was submitted (D6).
create table validation_switches(
  tenant_id bigint not null references tenants,
  at timestamptz not null,
  automatic boolean not null,
  by_id uuid not null,
  by_name text not null,
  reason text not null,
  primary key (tenant_id, at));
select wall('validation_switches');
revoke insert, update, delete on validation_switches from tidings_app;
revoke update, delete on validation_switches from tidings_platform;
