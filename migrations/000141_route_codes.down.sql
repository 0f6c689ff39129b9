revoke select (validity_hours) on gateways from tidings_app;
alter table gateways drop column codes;
