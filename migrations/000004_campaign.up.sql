create table senders(
  tenant_id bigint not null references tenants,
  name text not null,
  countries text[] not null default '{}',           -- where it is approved; empty: everywhere
  approved_at timestamptz,
  primary key (tenant_id, name));

create table campaigns(
  tenant_id bigint not null references tenants,
  id uuid not null,
  name text not null check (length(name) between 1 and 80),
  kind text not null default '' check (kind in ('', 'marketing', 'service')),
  sender text not null default '',
  text text not null default '' check (length(text) <= 4000),
  revision bigint not null default 1,               -- grows with every saved change
  tested_revision bigint not null default 0,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_by uuid not null,
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (tenant_id, id));
create index on campaigns(tenant_id, updated_at desc, id) where deleted_at is null;
create table campaign_lists(
  tenant_id bigint not null,
  campaign_id uuid not null,
  list_id uuid not null,
  excluded boolean not null default false,
  primary key (tenant_id, campaign_id, list_id),
  foreign key (tenant_id, campaign_id) references campaigns(tenant_id, id) on delete cascade,
  foreign key (tenant_id, list_id) references lists(tenant_id, id) on delete cascade);

create table test_numbers(                          -- own, verified numbers (D41)
  tenant_id bigint not null references tenants,
  number bigint not null,
  name text not null check (length(name) between 1 and 80),
  code_hash bytea,
  code_expires_at timestamptz,
  code_tries int not null default 0,
  verified_at timestamptz,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, number));

create table gateways(
  id smallint generated always as identity primary key,
  name text not null unique,
  kind text not null);
grant select, insert, update on gateways to tidings_platform;
grant select on gateways to tidings_app;

-- One sending of a campaign: an immutable copy of everything that decides what
-- goes out, with its schedule, validation, money and progress.
create table sessions(
  tenant_id bigint not null references tenants,
  id bigint generated always as identity,
  campaign_id uuid,                                 -- null for a code sent to verify a number
  kind text not null check (kind in ('campaign', 'test')),
  number int not null,                              -- 1, 2, 3 … within the campaign and kind
  state text not null check (state in ('validating', 'refused', 'approved', 'scheduled', 'starting',
    'waiting_credits', 'held', 'sending', 'paused', 'stopped', 'cancelled', 'completed')),
  reason text not null default '',                  -- why it is held, paused, stopped or cancelled
  -- the copy
  name text not null,
  message_kind text not null check (message_kind in ('marketing', 'service')),
  sender text not null,
  text text not null,
  lists uuid[] not null default '{}',
  excluded uuid[] not null default '{}',
  follow boolean not null default true,             -- D20: counted again at start, else frozen at submission
  frozen_at timestamptz,                            -- people added later are left out when not following
  -- the schedule (D14–D16)
  mode text not null check (mode in ('now', 'scheduled')),
  wall_time timestamp,
  zone text not null default '',
  fold text not null default '' check (fold in ('', 'first', 'second')),
  tzdata text not null default '',
  starts_at timestamptz not null,
  hold_after timestamptz,                           -- D21: null starts as soon as the rules allow
  -- the quote, thousandths of a credit
  people int not null default 0,
  parts bigint not null default 0,
  price bigint not null default 0,
  prices jsonb not null default '{}',               -- country -> price of one part, pinned (D25)
  missing bigint not null default 0,                -- while waiting for credits
  -- validation (D10)
  content_hash bytea not null,
  approved_hash bytea,
  approved_at timestamptz,
  approved_by uuid,                                 -- null with approved_at: automatic
  submitted_by uuid,
  submitted_at timestamptz not null default now(),
  token text not null,                              -- one-time: a repeated confirmation finds it (D2)
  started_at timestamptz,                           -- first hand-over allowed
  ended_at timestamptz,                             -- completed, cancelled or refused
  settled_at timestamptz,                           -- its account is zero
  primary key (tenant_id, id),
  foreign key (tenant_id, campaign_id) references campaigns(tenant_id, id),
  unique (tenant_id, campaign_id, kind, number),
  unique (tenant_id, token),
  constraint nobody_approves_his_own check (approved_by is null or approved_by is distinct from submitted_by),
  -- The database refuses a sending session without an approval for exactly this content.
  constraint approved_before_sending check (kind = 'test'
    or state in ('validating', 'refused', 'cancelled')
    or (approved_at is not null and approved_hash is not null and approved_hash = content_hash)));
create unique index one_session_under_way on sessions(tenant_id, campaign_id)
  where kind = 'campaign' and state not in ('refused', 'cancelled', 'completed');   -- D7
create index on sessions(starts_at) where state in ('approved', 'scheduled', 'starting', 'waiting_credits');
create index on sessions(tenant_id, id) where state in ('sending', 'paused', 'stopped') or settled_at is null;

create table session_events(                        -- what happened, for the timeline
  tenant_id bigint not null,
  session_id bigint not null,
  seq bigint generated always as identity,
  at timestamptz not null,
  actor text not null,
  state text not null,                              -- the state after it
  title text not null,
  note text not null default '',
  primary key (tenant_id, session_id, seq),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id) on delete cascade);
create table session_progress(                      -- samples for the chart
  tenant_id bigint not null,
  session_id bigint not null,
  at timestamptz not null,
  sent int not null,
  delivered int not null,
  final int not null,
  primary key (tenant_id, session_id, at),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id) on delete cascade);

create table checks(                                -- automatic findings about a session (D12)
  tenant_id bigint not null,
  session_id bigint not null,
  code text not null,
  level text not null check (level in ('blocking', 'warning', 'hint')),
  title text not null,
  evidence text not null default '',
  primary key (tenant_id, session_id, code),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id) on delete cascade);
create table reviews(                               -- the moderation of a session
  tenant_id bigint not null,
  session_id bigint not null,
  due_at timestamptz not null,                      -- D13
  risk text not null default 'low' check (risk in ('low', 'medium', 'high')),
  claimed_by uuid,
  claimed_name text not null default '',
  claimed_until timestamptz,
  decision text not null default '' check (decision in ('', 'approved', 'refused', 'cancelled')),
  decided_by uuid,
  decided_name text not null default '',
  decided_at timestamptz,
  family text not null default '' check (family in ('', 'technical', 'conduct')),
  reasons text[] not null default '{}',
  instruction text not null default '',
  note text not null default '',                    -- for staff only
  answer text not null default '',                  -- the customer's, on resubmission
  primary key (tenant_id, session_id),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id) on delete cascade);
create index on reviews(due_at) where decision = '';
create index on reviews(decided_at desc) where decision <> '';
select wall('senders'), wall('campaigns'), wall('campaign_lists'), wall('test_numbers'), wall('sessions'),
  wall('session_events'), wall('session_progress'), wall('checks'), wall('reviews');
