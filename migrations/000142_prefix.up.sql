-- Routes by operator: the beginnings of numbers that take one, "33634"; empty: all.
alter table gateways add column prefixes text[] not null default '{}';
grant select (prefixes) on gateways to tidings_app;
-- The beginning that all numbers of a batch share, where a route goes by it.
alter table batches add column prefix text not null default '';
