alter table resends drop column policy;
revoke select (on_unknown) on gateways from tidings_app;
alter table gateways drop column unknown_hours, drop constraint gateways_on_unknown_check;
update gateways set on_unknown = 'hold' where on_unknown <> 'hold';
alter table gateways add constraint gateways_on_unknown_check check (on_unknown = 'hold');
