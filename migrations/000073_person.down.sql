alter table messages drop constraint one_message_per_person,
  add constraint messages_tenant_id_session_id_number_hash_key unique (tenant_id, session_id, number_hash);
