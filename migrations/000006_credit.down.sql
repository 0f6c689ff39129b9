drop table reload_requests, ledger_entries, ledger_transfers, ledger_accounts;
drop function ledger_apply;
