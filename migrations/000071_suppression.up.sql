-- Who opted out since a session began, among all who ever did.
create index suppressions_lately on suppressions(tenant_id, created_at) where kind = 'opted_out';
