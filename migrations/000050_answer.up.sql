-- The customer's answer to a refusal travels with the session that follows it.
alter table sessions add column answer text not null default '' check (length(answer) <= 500);
