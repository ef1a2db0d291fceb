-- Edits of single objects: what an edit is held against, deletion that keeps the history of runs,
-- and the result of the last connection test.

alter table profiles add column deleted_at timestamptz;
alter table profiles add column tested_at timestamptz;
alter table profiles add column test jsonb;             -- checks of the last test, no secrets
alter table mappings add column changed_at timestamptz not null default now();
alter table mappings add column deleted_at timestamptz;
alter table instances add column deleted_at timestamptz;
