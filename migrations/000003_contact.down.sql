drop table import_rows, import_rejects, import_chunks, imports, suppressions, list_members, contacts, lists;
