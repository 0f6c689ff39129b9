-- Led by tenant and session this index looked as good as the primary key to a planner that knew nothing yet of a new
-- session (see 000073). Who was reached is asked by the number.
drop index message_contact;
