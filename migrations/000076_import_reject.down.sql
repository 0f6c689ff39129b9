drop index import_reject_kind;
