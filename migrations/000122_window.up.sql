-- The page that saved a draft last, and which of its saves that was: a page is
-- never in conflict with itself, though the answer to one of its saves got lost.
alter table campaigns add column saved_window text not null default '', add column saved_turn int not null default 0;
