drop function mark_v2;
