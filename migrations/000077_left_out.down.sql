create index list_members_tenant_id_contact_id_idx on list_members(tenant_id, contact_id);
drop index list_members_of_contact;
create unique index contact_number_alone on contacts(tenant_id, number);
drop index contact_number;
alter index contact_number_alone rename to contact_number;
