-- What people answered, at the tenant they answered to, and what it was read as (D38).
create table replies(
  tenant_id bigint not null references tenants,
  id bigint generated always as identity,
  inbound_id bigint not null unique references inbound,
  number bigint,                                    -- null once the person was erased
  number_hash bytea not null,
  session_id bigint,                                -- the sending it answers, as far as is known
  text text not null,
  reading text not null check (reading in ('stop', 'start', 'help', 'doubtful', 'other')),
  received_at timestamptz not null,
  answer text not null default '',                  -- what we said to it, or why nothing
  decision text not null default '' check (decision in ('', 'stop', 'nothing')),   -- of a doubtful one
  decided_at timestamptz,
  decided_by uuid,
  primary key (tenant_id, id),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id),
  constraint decided check ((decision = '') = (decided_at is null)));
create index replies_doubtful on replies(tenant_id, id) where reading = 'doubtful' and decision = '';
create index replies_person on replies(tenant_id, number_hash, id);
select wall('replies');

-- The sending that made somebody opt out.
alter table suppressions add column session_id bigint,
  add foreign key (tenant_id, session_id) references sessions(tenant_id, id);
-- The page of one kind, and of all, the newest first.
create index suppressions_kind on suppressions(tenant_id, kind, created_at, number_hash);
create index suppressions_all on suppressions(tenant_id, created_at, number_hash);

-- A number that was taken back in: by the person's START, by somebody with proof of
-- a new consent, or because it is worth another try. Never changed afterwards.
create table readmissions(
  tenant_id bigint not null references tenants,
  id bigint generated always as identity,
  number_hash bytea not null,
  kind text not null,                               -- of the suppression that ended
  source text not null,                             -- and where that had come from
  suppressed_at timestamptz not null,
  at timestamptz not null default clock_timestamp(),
  by_id uuid,                                       -- null: the person's own text
  proof text not null check (length(proof) between 1 and 300),
  primary key (tenant_id, id));
create index readmissions_person on readmissions(tenant_id, number_hash, id);
select wall('readmissions');
revoke update, delete on readmissions from tidings_app, tidings_platform;

-- Answers to STOP and HELP are sessions too, of one message each, whose words are
-- ours and approved.
alter table sessions drop constraint sessions_kind_check, add constraint sessions_kind_check check (kind in ('campaign', 'test', 'reply'));
