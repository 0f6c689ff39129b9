drop function record_v1;
drop function mark_v1;
drop table inbound, receipts, unknowns, attempt_parts, attempts, retries, messages, batches, workers;
drop sequence worker_seq;
drop function keep_final;
