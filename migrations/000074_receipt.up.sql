-- A receipt that says that the carrier gave up waiting, or does not know, is kept
-- apart (15): DELIVRD beats it while both wait. And what speaks of two people is
-- two receipts, whatever ids the carrier gives: none at all, or the same twice.
alter table receipts drop constraint receipts_state_check,
  add constraint receipts_state_check check (state in (1, 10, 11, 15)),
  drop constraint receipts_gateway_id_provider_id_state_month_key,
  add constraint receipts_once unique (gateway_id, provider_id, number, state, month);
