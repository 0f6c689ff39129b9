drop table gateway_traces, gateway_status;
revoke select (id, name, kind, environment, state, countries, kinds, senders, weight, retry_hours) on gateways from tidings_app;
grant select on gateways to tidings_app;
alter table gateways drop column environment, drop column state, drop column settings, drop column secrets,
  drop column countries, drop column kinds, drop column senders, drop column weight, drop column cost_micros,
  drop column cost_currency, drop column validity_hours, drop column retry_hours, drop column on_unknown,
  drop column revision, drop column updated_at, drop column updated_by;
