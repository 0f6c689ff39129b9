drop table validation_switches;
drop index ledger_transfers_tenant_id_created_at_idx;
drop index reload_proposals_proposed_at_idx;
drop index reload_requests_asked_at_idx;
alter table reload_requests drop column answer, drop column answered_name;
