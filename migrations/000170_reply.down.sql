delete from sessions where kind = 'reply';
alter table sessions drop constraint sessions_kind_check, add constraint sessions_kind_check check (kind in ('campaign', 'test'));
drop table readmissions;
drop index suppressions_kind;
drop index suppressions_all;
alter table suppressions drop column session_id;
drop table replies;
