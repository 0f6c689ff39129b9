drop function record_v2;
alter table messages set (fillfactor = 70);
