-- Who was reached by earlier sendings decides who gets the next one: a version
-- leaves them out unless somebody chose otherwise, a correction goes to them
-- alone (D32). Sendings are named, never people: what is known of them at the
-- start decides.
alter table campaigns
  add column whom text not null default '' check (whom in ('', 'again', 'unsure')),
  add column reached_by bigint[] not null default '{}';   -- of a correction: the sendings whose people get it
alter table sessions
  add column reached_by bigint[] not null default '{}',
  add column unsure_of bigint[] not null default '{}',
  add column not_reached_by bigint[] not null default '{}',
  add column again boolean not null default false;

-- The people a sending reached, in the order in which an audience is walked.
create index message_contact on messages(tenant_id, session_id, contact_id);

-- A person had messages sent again of which nobody knew whether they arrived (D34).
create table resends(
  tenant_id bigint not null references tenants,
  id bigint generated always as identity,
  session_id bigint not null,
  at timestamptz not null,
  actor text not null,
  actor_id uuid,
  reason text not null check (length(reason) between 10 and 500),
  messages int not null check (messages > 0),
  primary key (tenant_id, id),
  foreign key (tenant_id, session_id) references sessions(tenant_id, id));
select wall('resends');
revoke update, delete on resends from tidings_app, tidings_platform;
-- Its attempts have outcome 2 by that decision, not by an answer: the first text may have arrived.
alter table attempts add column resend_id bigint,
  add constraint attempt_resend foreign key (tenant_id, resend_id) references resends(tenant_id, id);
