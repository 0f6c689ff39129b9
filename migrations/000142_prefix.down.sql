alter table batches drop column prefix;
revoke select (prefixes) on gateways from tidings_app;
alter table gateways drop column prefixes;
