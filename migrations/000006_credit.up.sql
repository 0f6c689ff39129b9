-- The ledger: double-entry, append-only. The program may only insert transfers;
-- a kind of transfer says from which account to which; one trigger moves the
-- balances. Amounts are thousandths of a credit.
create table ledger_accounts(
  tenant_id bigint not null references tenants,
  kind text not null check (kind in ('available', 'reserved', 'spent', 'cash_in', 'adjust')),
  session_id bigint not null default 0,             -- of reserved; 0 otherwise
  balance bigint not null default 0,
  version bigint not null default 0,
  primary key (tenant_id, kind, session_id),
  constraint enough_credits check (kind not in ('available', 'reserved') or balance >= 0));
create table ledger_transfers(
  tenant_id bigint not null references tenants,
  id bigint generated always as identity,
  kind text not null check (kind in ('topup', 'gift', 'reserve', 'capture', 'release', 'refund', 'correct_up', 'correct_down', 'expire')),
  session_id bigint check ((session_id is not null) = (kind in ('reserve', 'capture', 'release', 'refund'))),
  amount bigint not null check (amount > 0),
  idem_key text not null,
  actor text not null,
  actor_id uuid,
  reason text not null,
  reference text not null default '',
  note text not null default '',
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id),
  unique (tenant_id, idem_key),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id));
create index on ledger_transfers(tenant_id, session_id, kind);
create table ledger_entries(
  tenant_id bigint not null,
  transfer_id bigint not null,
  kind text not null,
  session_id bigint not null default 0,
  amount bigint not null,
  balance_after bigint not null,
  version bigint not null,
  primary key (tenant_id, kind, session_id, version),
  foreign key (tenant_id, transfer_id) references ledger_transfers(tenant_id, id),
  foreign key (tenant_id, kind, session_id) references ledger_accounts(tenant_id, kind, session_id));
create index on ledger_entries(tenant_id, transfer_id);

create function ledger_apply() returns trigger language plpgsql security definer set search_path = public as $$
declare v_from text; v_to text; r record;
begin
  case new.kind
    when 'topup' then v_from := 'cash_in'; v_to := 'available';
    when 'gift', 'correct_up' then v_from := 'adjust'; v_to := 'available';
    when 'correct_down', 'expire' then v_from := 'available'; v_to := 'adjust';
    when 'reserve' then v_from := 'available'; v_to := 'reserved';
    when 'capture' then v_from := 'reserved'; v_to := 'spent';
    when 'release' then v_from := 'reserved'; v_to := 'available';
    when 'refund' then v_from := 'spent'; v_to := 'available';
  end case;
  -- In alphabetical order always, so that two transfers cannot wait for each other.
  for r in select k, case when k = v_from then -new.amount else new.amount end as amount,
      case when k = 'reserved' then new.session_id else 0 end as session_id
      from unnest(array[least(v_from, v_to), greatest(v_from, v_to)]) with ordinality as u(k, o) order by o loop
    insert into ledger_accounts(tenant_id, kind, session_id) values (new.tenant_id, r.k, r.session_id) on conflict do nothing;
    with u as (update ledger_accounts set balance = balance + r.amount, version = version + 1
        where tenant_id = new.tenant_id and kind = r.k and session_id = r.session_id returning balance, version)
    insert into ledger_entries select new.tenant_id, new.id, r.k, r.session_id, r.amount, u.balance, u.version from u;
  end loop;
  return null;
end $$;
create trigger ledger_apply after insert on ledger_transfers for each row execute function ledger_apply();
create trigger append_only before update or delete on ledger_transfers for each row execute function refuse_change();
create trigger no_truncate before truncate on ledger_transfers execute function refuse_change();
create trigger append_only before update or delete on ledger_entries for each row execute function refuse_change();
create trigger no_truncate before truncate on ledger_entries execute function refuse_change();

create table reload_requests(                       -- a customer asks for credits
  tenant_id bigint not null references tenants,
  id uuid not null,
  amount bigint not null check (amount > 0),
  reference text not null default '',
  note text not null default '',
  asked_by uuid not null,
  asked_name text not null,
  asked_at timestamptz not null default now(),
  answered_at timestamptz,
  transfer_id bigint,
  primary key (tenant_id, id),
  foreign key (tenant_id, transfer_id) references ledger_transfers(tenant_id, id));
select wall('ledger_accounts'), wall('ledger_transfers'), wall('ledger_entries'), wall('reload_requests');
revoke insert, update, delete on ledger_accounts, ledger_entries from tidings_app, tidings_platform;
revoke update, delete on ledger_transfers from tidings_app, tidings_platform;
do $$ begin  -- the trigger runs as the owner, who is behind the same wall
  execute format('create policy ledger on ledger_accounts to %I using (true) with check (true)', current_user);
  execute format('create policy ledger on ledger_entries to %I using (true) with check (true)', current_user);
end $$;
revoke execute on function ledger_apply from public;
