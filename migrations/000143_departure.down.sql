update batches set due_at = clock_timestamp() where due_at = 'infinity';
alter table batches drop column first_portion, drop column lag_seconds;
alter table sessions drop column first_portion, drop column first_people, drop column released_at, drop column spread_hours, drop column paused_at;
