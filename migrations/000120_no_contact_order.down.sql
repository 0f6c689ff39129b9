create index message_contact on messages(tenant_id, session_id, contact_id);
