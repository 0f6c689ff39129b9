-- What a carrier was asked about that can be asked: messages without an answer,
-- and accepted ones without a receipt.
alter table unknowns add column asked smallint not null default 0, add column asked_at timestamptz;
create table polls(
  tenant_id bigint not null,
  session_id bigint not null,
  n int not null,
  times smallint not null default 1,
  primary key (tenant_id, session_id, n),
  foreign key (tenant_id, session_id, n) references messages(tenant_id, session_id, n));
select wall('polls');
