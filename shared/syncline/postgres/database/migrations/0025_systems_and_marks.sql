-- Which system a stream's ledger is about, and which systems a run began with: null is not known yet,
-- and what names none. The connector names a system by its address, and the table in it.
alter table streams add column ledger_system text;
alter table runs add column source_system text;
alter table runs add column target_system text;

-- The mark of this database: it only grows, and is published. A database whose mark is lower than
-- the newest published one was restored to an earlier time.
create table installation (
  single boolean primary key default true check (single),
  id uuid not null default gen_random_uuid(),
  mark bigint not null default 0
);
insert into installation default values;
