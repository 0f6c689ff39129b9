alter table attempts drop column resend_id;
drop table resends;
drop index message_contact;
alter table sessions drop column reached_by, drop column unsure_of, drop column not_reached_by, drop column again;
alter table campaigns drop column whom, drop column reached_by;
