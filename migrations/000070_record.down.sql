drop function record_v2;
