-- I1, with the number first. Led by tenant and session, its index looked as good
-- as the primary key to a planner that knew nothing yet of a new session, and it
-- read the whole session for one message.
alter table messages drop constraint messages_tenant_id_session_id_number_hash_key,
  add constraint one_message_per_person unique (number_hash, session_id, tenant_id);
