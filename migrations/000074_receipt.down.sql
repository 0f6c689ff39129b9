update receipts set state = 11 where state = 15;
alter table receipts drop constraint receipts_state_check,
  add constraint receipts_state_check check (state in (1, 10, 11)),
  drop constraint receipts_once,
  add constraint receipts_gateway_id_provider_id_state_month_key unique (gateway_id, provider_id, state, month);
