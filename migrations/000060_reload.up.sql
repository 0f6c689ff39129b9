-- Above a limit a second administrator must agree (D27): the first one's wish waits here.
create table reload_proposals(
  tenant_id bigint not null references tenants,
  id uuid not null,
  kind text not null check (kind in ('topup', 'gift', 'correct_up', 'correct_down', 'expire')),
  amount bigint not null check (amount > 0),
  reference text not null default '',
  note text not null default '',
  start_waiting boolean not null default true,
  request_id uuid,
  proposed_by uuid not null,
  proposed_name text not null,
  proposed_at timestamptz not null,
  decided_by uuid,
  decided_name text not null default '',
  decided_at timestamptz,
  agreed boolean,
  transfer_id bigint,
  primary key (tenant_id, id),
  foreign key (tenant_id, transfer_id) references ledger_transfers(tenant_id, id),
  foreign key (tenant_id, request_id) references reload_requests(tenant_id, id),
  constraint two_persons check (decided_by is null or not coalesce(agreed, false) or decided_by <> proposed_by));
select wall('reload_proposals');
