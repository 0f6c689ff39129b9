-- What a route says that codes of its carrier mean, in place of what they usually do.
alter table gateways add column codes jsonb not null default '[]';
grant select (validity_hours) on gateways to tidings_app;
