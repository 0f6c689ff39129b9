-- How many rows need which repair, and the first of each, without reading their cells.
create index import_reject_kind on import_rejects(tenant_id, import_id, kind, row_no);
