drop table polls;
alter table unknowns drop column asked, drop column asked_at;
