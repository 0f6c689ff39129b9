-- How a session leaves: a small part first, whose receipts are awaited; evenly over
-- hours. Batches have their place in that: what waits for the first part is due
-- at infinity until the rest is released, then so many seconds after it.
alter table sessions
  add column first_portion boolean not null default false,      -- as it was confirmed
  add column first_people int not null default 0,               -- who went first; 0: nobody
  add column released_at timestamptz,                           -- the rest follows; null while the first part is awaited
  add column spread_hours int not null default 0 check (spread_hours between 0 and 24),
  add column paused_at timestamptz;                             -- while it is
alter table batches
  add column first_portion boolean not null default false,
  add column lag_seconds int not null default 0 check (lag_seconds >= 0);
